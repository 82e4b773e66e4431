#pragma once
// ECS in tests: clusters of services, answered after a while of virtual time, failing as told.

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ports/ecs_api.hpp"
#include "support/virtual_loop.hpp"

namespace tocsin::test {

class FakeEcs final : public ports::EcsApi {
 public:
  using Failure = ports::EcsFailure;

  explicit FakeEcs(VirtualLoop& loop) : loop_(loop) {}

  struct Service {
    ports::EcsService facts;
    bool listed = true;
    bool missing = false;  // answered in failures
    bool absent = false;   // not answered at all
  };
  // A steady service of `count` tasks.
  Service& add(const std::string& cluster, const std::string& name, std::int64_t count = 2) {
    Service service;
    service.facts.name = name;
    service.facts.arn = arn_of(cluster, name);
    service.facts.controller = "ECS";
    service.facts.snapshot.created = loop_.now() - std::chrono::hours{1};
    service.facts.snapshot.desired = service.facts.snapshot.running = count;
    deployment::Deployment primary;
    primary.id = "ecs-svc/1";
    primary.primary = true;
    primary.task_definition = "web:1";
    primary.desired = primary.running = count;
    primary.created = service.facts.snapshot.created;
    primary.rollout = deployment::RolloutState::completed;
    service.facts.snapshot.deployments = {std::move(primary)};
    return clusters[cluster][name] = std::move(service);
  }

  void list_services(const std::string& cluster, const std::string& next, MonoTime /*deadline*/,
                     Answer<ports::EcsServiceNames> answer) override {
    note("list " + cluster);
    ports::EcsServiceNames page;
    if (const auto token = next_token.find(next); token != next_token.end()) {
      page.next = token->second;
      reply<ports::EcsServiceNames>("list", std::move(page), std::move(answer));
      return;
    }
    std::size_t skip = next.empty() ? 0 : std::stoul(next);
    for (const auto& [name, service] : clusters[cluster]) {
      if (!service.listed) continue;
      if (skip > 0) {
        --skip;
      } else if (page.arns.size() == page_size) {
        page.next = std::to_string((next.empty() ? 0 : std::stoul(next)) + page_size);
        break;
      } else {
        page.arns.push_back(service.facts.arn);
      }
    }
    reply<ports::EcsServiceNames>("list", std::move(page), std::move(answer));
  }

  void describe_services(const std::string& cluster, const std::vector<std::string>& names,
                         bool /*tags*/, MonoTime /*deadline*/,
                         Answer<ports::EcsServices> answer) override {
    note("describe " + cluster + " " + std::to_string(names.size()));
    most_names = std::max(most_names, names.size());
    ports::EcsServices out;
    out.now = loop_.now() + server_ahead;
    for (const std::string& name : names) {
      ++described[name];
      const auto found = clusters[cluster].find(name);
      if (found == clusters[cluster].end() || found->second.missing) {
        out.missing.push_back(arn_of(cluster, name));
      } else if (!found->second.absent) {
        out.found.insert(out.found.begin(), found->second.facts);  // in no order to rely on
      }
    }
    reply<ports::EcsServices>("describe", std::move(out), std::move(answer));
  }

  void describe_service_deployments(const std::vector<std::string>& arns, MonoTime /*deadline*/,
                                    Answer<ServiceDeployments> answer) override {
    note("deployments " + std::to_string(arns.size()));
    ServiceDeployments out;
    for (const std::string& arn : arns) {
      if (const auto found = deployments.find(arn); found != deployments.end()) {
        out.insert(*found);
      }
    }
    reply<ServiceDeployments>("deployments", std::move(out), std::move(answer));
  }

  void list_stopped_tasks(const std::string& cluster, const std::string& service,
                          const std::string& next, MonoTime /*deadline*/,
                          Answer<ports::EcsTaskArns> answer) override {
    note("stopped " + cluster + " " + service);
    ports::EcsTaskArns page;
    const std::vector<deployment::Task>& all = tasks[service];
    const std::size_t turn = next.empty() ? 0 : std::stoul(next);
    const std::size_t begin = turn < empty_pages ? 0 : (turn - empty_pages) * page_size;
    for (std::size_t i = begin; turn >= empty_pages && i < all.size() && i < begin + page_size;
         ++i) {
      page.arns.push_back(all[i].arn);
    }
    if (turn < empty_pages || begin + page_size < all.size()) page.next = std::to_string(turn + 1);
    reply<ports::EcsTaskArns>("stopped", std::move(page), std::move(answer));
  }

  void describe_tasks(const std::string& cluster, const std::vector<std::string>& arns,
                      MonoTime /*deadline*/,
                      Answer<std::vector<deployment::Task>> answer) override {
    note("tasks " + cluster + " " + std::to_string(arns.size()));
    std::vector<deployment::Task> out;
    for (const auto& [service, all] : tasks) {
      for (const deployment::Task& task : all) {
        if (std::ranges::find(arns, task.arn) != arns.end()) out.push_back(task);
      }
    }
    reply<std::vector<deployment::Task>>("tasks", std::move(out), std::move(answer));
  }

  void describe_task_definition(const std::string& arn, MonoTime /*deadline*/,
                                Answer<ports::EcsTaskDefinition> answer) override {
    note("definition " + arn);
    reply<ports::EcsTaskDefinition>("definition", definitions[arn], std::move(answer));
  }

  std::map<std::string, std::map<std::string, Service>> clusters;  // by name
  std::map<std::string, std::vector<deployment::Task>> tasks;      // stopped, by service
  std::map<std::string, ports::EcsTaskDefinition> definitions;     // by ARN
  ServiceDeployments deployments;
  std::size_t page_size = 100;
  std::size_t empty_pages = 0;                    // of stopped tasks, before the first that has any
  std::map<std::string, std::string> next_token;  // by that of the call: of lists, instead of pages
  Milliseconds latency{20};
  Milliseconds server_ahead{0};
  // What becomes of a call: "list", "describe", ...; null: all are answered.
  std::function<std::optional<Failure>(const std::string& call)> fate;

  std::vector<std::string> calls;
  std::map<std::string, int> described;  // how often, by service
  std::size_t most_names = 0;
  int in_flight = 0;
  int most_in_flight = 0;

 private:
  static std::string arn_of(const std::string& cluster, const std::string& name) {
    return fmt::format("arn:aws:ecs:us-east-1:1:service/{}/{}", cluster, name);
  }
  void note(std::string call) {
    calls.push_back(std::move(call));
    most_in_flight = std::max(most_in_flight, ++in_flight);
  }
  template <typename T>
  void reply(const std::string& call, T value, Answer<T> answer) {
    std::optional<Failure> failure = fate ? fate(call) : std::nullopt;
    loop_.call_at(loop_.mono_now() + latency,
                  [this, value = std::move(value), failure = std::move(failure),
                   answer = std::move(answer)]() mutable {
                    --in_flight;
                    if (failure) {
                      answer(std::unexpected(std::move(*failure)));
                    } else {
                      answer(std::move(value));
                    }
                  });
  }

  VirtualLoop& loop_;
};

}  // namespace tocsin::test

#include "sim/ecs_cloud.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tocsin::test {
namespace {

using namespace std::chrono_literals;
using ports::EcsFailure;
using ports::EcsFailureKind;

// The budget of one account and region: calls a second, and at one time.
constexpr std::size_t kPerSecond = 5;
constexpr int kInFlight = 4;
constexpr auto kWindow = 10;  // seconds
constexpr std::size_t kPast = 4;
constexpr std::size_t kPage = 25;

std::string last_part(const std::string& arn) { return arn.substr(arn.rfind('/') + 1); }

}  // namespace

EcsCloud::EcsCloud(VirtualLoop& loop, std::string region, std::uint64_t seed, Broken broken)
    : loop_(loop),
      region_(std::move(region)),
      random_(seed),
      broken_(std::move(broken)),
      epoch_(loop.now() -
             std::chrono::duration_cast<Milliseconds>(loop.mono_now().time_since_epoch())) {}

Instant EcsCloud::now() const {
  return epoch_ + std::chrono::duration_cast<Milliseconds>(loop_.mono_now().time_since_epoch());
}

std::string EcsCloud::arn_of(const std::string& cluster, const std::string& name) const {
  return fmt::format("arn:aws:ecs:{}:1:service/{}/{}", region_, cluster, name);
}

void EcsCloud::add(const std::string& cluster, const std::string& name, EcsTruth::Traits traits) {
  clusters_[cluster].emplace(name,
                             Service{EcsTruth(name, random_.next(), traits, now()), {}, {}, 0});
}

void EcsCloud::forget_caller() {
  in_flight_ = 0;
  recent_.clear();
  for (auto& [cluster, services] : clusters_) {
    for (auto& [name, service] : services) service.asked = 0;
  }
}

void EcsCloud::set_calm(bool calm) {
  live();
  for (auto& [cluster, services] : clusters_) {
    for (auto& [name, service] : services) service.truth.set_calm(calm);
  }
}

void EcsCloud::live() {
  for (auto& [cluster, services] : clusters_) {
    for (auto& [name, service] : services) service.truth.live_until(now());
  }
}

void EcsCloud::begin_call() {
  ++calls_;
  const MonoTime at = loop_.mono_now();
  while (!recent_.empty() && at - recent_.front() >= Milliseconds{1s} * kWindow) {
    recent_.pop_front();
  }
  recent_.push_back(at);
  if (recent_.size() > kPerSecond * kWindow + kInFlight) {
    broken_(fmt::format("{} calls in {} s to {}", recent_.size(), kWindow, region_));
  }
  if (++in_flight_ > kInFlight) {
    broken_(fmt::format("{} calls at one time to {}", in_flight_, region_));
  }
}

std::optional<EcsFailure> EcsCloud::failure(const char* call) {
  if (faults.throttled && random_.chance(2, 3)) {
    return EcsFailure{EcsFailureKind::throttled, fmt::format("{}: Rate exceeded", call)};
  }
  if (faults.denied) {
    return EcsFailure{EcsFailureKind::denied, fmt::format("{} is not allowed", call)};
  }
  if (faults.unanswered || odd()) {
    return EcsFailure{EcsFailureKind::unanswered, fmt::format("{}: HTTP 503", call)};
  }
  return std::nullopt;
}

template <typename T>
void EcsCloud::reply(const char* call, MonoTime deadline, T value, Answer<T> answer,
                     std::function<void()> then) {
  auto failed = failure(call);
  Microseconds latency = 20ms;
  if (faults.slow) latency = Milliseconds{static_cast<std::int64_t>(random_.below(25'000))};
  MonoTime at = loop_.mono_now() + latency;
  if (at >= deadline) {
    at = deadline;
    failed = EcsFailure{EcsFailureKind::unanswered, fmt::format("{}: no answer in time", call)};
  }
  loop_.call_at(at, [this, value = std::move(value), failed = std::move(failed),
                     then = std::move(then), answer = std::move(answer)]() mutable {
    --in_flight_;
    if (then) then();
    if (failed) {
      answer(std::unexpected(std::move(*failed)));
    } else {
      answer(std::move(value));
    }
  });
}

// Pages that leave services out, name some twice, name what is not there, or never end.
void EcsCloud::list_services(const std::string& cluster, const std::string& next, MonoTime deadline,
                             Answer<ports::EcsServiceNames> answer) {
  begin_call();
  ports::EcsServiceNames page;
  const std::size_t from = next.empty() ? 0 : std::stoul(next);
  std::size_t index = 0;
  for (auto& [name, service] : clusters_[cluster]) {
    service.truth.live_until(now());
    if (!service.truth.listed() || index++ < from) continue;
    if (index > from + kPage) {
      page.next = std::to_string(from + kPage);
      break;
    }
    if (odd()) continue;
    page.arns.push_back(arn_of(cluster, name));
    if (odd()) page.arns.push_back(arn_of(cluster, name));
  }
  if (odd()) page.arns.push_back(arn_of(cluster, fmt::format("ghost-{}", random_.below(1000))));
  if (odd()) page.next = next.empty() ? "0" : next;
  reply<ports::EcsServiceNames>("ListServices", deadline, std::move(page), std::move(answer));
}

void EcsCloud::describe(const std::string& cluster, const std::string& name, Service& service,
                        ports::EcsServices& out) {
  service.truth.live_until(now());
  const auto truth = service.truth.seen();
  if (!truth) {
    service.past.clear();
    out.missing.push_back(name);
    return;
  }
  // Not twice without an answer between: two denials in a row are believed.
  const bool lately = service.denied && loop_.mono_now() - *service.denied < Milliseconds{2min};
  if (!lately && odd() && may_deny && may_deny(cluster, name)) {
    service.denied = loop_.mono_now();
    out.missing.push_back(name);
    return;
  }
  ports::EcsService shown;
  shown.snapshot = *truth;
  if (!service.past.empty() && odd()) {
    shown.snapshot = service.past.at(random_.below(service.past.size()));
  }
  service.past.push_back(*truth);
  if (service.past.size() > kPast) service.past.pop_front();
  shown.name = name;
  shown.controller = "ECS";
  shown.tags = {{"owner", "team-" + std::string(1, name.back())}};
  if (const std::string id = service.truth.service_deployment_id(); !id.empty()) {
    shown.service_deployment = "arn:aws:ecs:r:1:service-deployment/" + id;
  }
  out.found.insert(out.found.begin(), std::move(shown));  // in no order to rely on
}

void EcsCloud::describe_services(const std::string& cluster, const std::vector<std::string>& names,
                                 bool /*tags*/, MonoTime deadline,
                                 Answer<ports::EcsServices> answer) {
  begin_call();
  if (names.empty() || names.size() > kMostServices) {
    broken_(fmt::format("{} names in one describe", names.size()));
  }
  ports::EcsServices out;
  out.now = std::chrono::floor<std::chrono::seconds>(now());  // a Date header
  std::vector<Service*> asked;
  for (const std::string& name : names) {
    const auto found = clusters_[cluster].find(name);
    if (found == clusters_[cluster].end()) {
      out.missing.push_back(arn_of(cluster, name));
      continue;
    }
    Service& service = found->second;
    asked.push_back(&service);
    if (++service.asked > 1 && loop_.mono_now() - changed_ > Milliseconds{30s}) {
      broken_(fmt::format("{}/{} is asked about while it is being asked about", cluster, name));
    }
    if (odd()) continue;  // absent: a partial failure
    describe(cluster, name, service, out);
  }
  for (ports::EcsService& one : out.found) one.arn = arn_of(cluster, one.name);
  const auto then = [asked = std::move(asked)] {
    for (Service* service : asked) service->asked -= service->asked > 0 ? 1 : 0;
  };
  reply<ports::EcsServices>("DescribeServices", deadline, std::move(out), std::move(answer), then);
}

void EcsCloud::describe_service_deployments(const std::vector<std::string>& arns, MonoTime deadline,
                                            Answer<ServiceDeployments> answer) {
  begin_call();
  ServiceDeployments out;
  for (auto& [cluster, services] : clusters_) {
    for (auto& [name, service] : services) {
      const std::string id = service.truth.service_deployment_id();
      for (const std::string& arn : arns) {
        if (!id.empty() && last_part(arn) == id) out[arn] = service.truth.service_deployment();
      }
    }
  }
  reply<ServiceDeployments>("DescribeServiceDeployments", deadline, std::move(out),
                            std::move(answer));
}

void EcsCloud::list_stopped_tasks(const std::string& cluster, const std::string& service,
                                  const std::string& /*next*/, MonoTime deadline,
                                  Answer<ports::EcsTaskArns> answer) {
  begin_call();
  ports::EcsTaskArns out;
  if (const auto found = clusters_[cluster].find(service); found != clusters_[cluster].end()) {
    for (const deployment::Task& task : found->second.truth.stopped()) out.arns.push_back(task.arn);
  }
  reply<ports::EcsTaskArns>("ListTasks", deadline, std::move(out), std::move(answer));
}

void EcsCloud::describe_tasks(const std::string& cluster, const std::vector<std::string>& arns,
                              MonoTime deadline, Answer<std::vector<deployment::Task>> answer) {
  begin_call();
  std::vector<deployment::Task> out;
  for (const auto& [name, service] : clusters_[cluster]) {
    for (const deployment::Task& task : service.truth.stopped()) {
      if (std::ranges::find(arns, task.arn) != arns.end()) out.push_back(task);
    }
  }
  reply<std::vector<deployment::Task>>("DescribeTasks", deadline, std::move(out),
                                       std::move(answer));
}

void EcsCloud::describe_task_definition(const std::string& arn, MonoTime deadline,
                                        Answer<ports::EcsTaskDefinition> answer) {
  begin_call();
  ports::EcsTaskDefinition out;
  out.images = {{"app", "registry.example.com/shop/" + last_part(arn)}};
  reply<ports::EcsTaskDefinition>("DescribeTaskDefinition", deadline, std::move(out),
                                  std::move(answer));
}

}  // namespace tocsin::test

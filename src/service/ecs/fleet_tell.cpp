// What is said of clusters as a whole: that they are watched, that they cannot be looked at, and
// how often they are.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "alert/announcement.hpp"
#include "base/json_writer.hpp"
#include "service/ecs/fleet.hpp"

namespace tocsin::service {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kReason = "ecs";
constexpr std::string_view kUncovered = "ecs_uncovered:";
// Of what may pass by itself.
constexpr Milliseconds kTellAfter = 5min;
constexpr std::size_t kMostNamed = 10;

// "prod: 2 services are watched: api, web", "prod in eu-west-1: no service is there to be watched"
std::string watched_words(const std::string& cluster, const std::string& account,
                          std::vector<std::string> services) {
  const std::string where = cluster + (account.empty() ? "" : " in " + account);
  const std::size_t all = services.size();
  if (all == 0) {
    return where + ": no service is there to be watched yet";
  }
  services.resize(std::min(all, kMostNamed));
  return fmt::format(
      "{}: {} watched: {}{}", where,
      all == 1 ? "1 service is" : fmt::format("{} services are", all), fmt::join(services, ", "),
      all > services.size() ? fmt::format(" and {} more", all - services.size()) : "");
}

}  // namespace

std::string Fleet::key_of(const Member& member, ClusterPoller::Call call) {
  constexpr std::array<std::string_view, 3> kCalls{"", ":list", ":service_deployments"};
  return fmt::format(
      "ecs:{}/{}#{}{}", member.account == nullptr ? member.config.region : member.account->name,
      short_name(member.config.name), member.number, kCalls.at(static_cast<std::size_t>(call)));
}

// --- Troubles. ---

// Of an earlier process or configuration, or of a service that is not followed any more.
bool Fleet::is_trouble_of_now(const std::string& key) const {
  if (key.starts_with(kUncovered)) {
    return !settled() || ports_.watch.follows(std::string_view(key).substr(kUncovered.size()));
  }
  if (key.starts_with("ecs_slow:") || key.starts_with("ecs_policy:")) {
    return std::ranges::any_of(members_, [&](const auto& member) {
      return member->account != nullptr && key.find(':' + member->account->name) != key.npos;
    });
  }
  using enum ClusterPoller::Call;
  return std::ranges::any_of(members_, [&](const auto& member) {
    return key == key_of(*member, describe) || key == key_of(*member, list) ||
           key == key_of(*member, service_deployments);
  });
}

void Fleet::forget_troubles() {
  std::vector<std::string> old;
  for (const auto& [key, trouble] : ports_.troubles.all()) {
    if (key.starts_with("ecs") && !is_trouble_of_now(key)) {
      old.push_back(key);
    }
  }
  for (const std::string& key : old) {
    ports_.troubles.clear(key, "that is not watched any more");
  }
}

void Fleet::tell_of_uncovered(const std::string& monitor, const std::string& controller) {
  const std::string key = std::string(kUncovered) + monitor;
  if (controller == "ECS") {
    ports_.troubles.clear(key, "its deployments are made by ECS now");
    return;
  }
  ports_.troubles.raise(key, kReason, alert::Severity::warning,
                        fmt::format("{} is not covered: its deployments are made by {}, not by ECS "
                                    "itself; leave it out with services: {{exclude: [...]}}",
                                    monitor, controller));
}

void Fleet::tell_of_failures(Member& member) {
  if (member.unconnected) {
    tell_of_failure(member, ClusterPoller::Call::describe, *member.unconnected);
  }
  for (const auto& [call, failing] : member.failing) {
    tell_of_failure(member, call, failing);
  }
}

void Fleet::tell_of_failure(Member& member, ClusterPoller::Call call, const Failing& failing) {
  if (failing.passing && ports_.clock.now() - failing.since < kTellAfter) {
    return;
  }
  using enum ClusterPoller::Call;
  const auto [severity, text] = [call]() -> std::pair<alert::Severity, std::string_view> {
    switch (call) {
      case describe:
        return {alert::Severity::critical,
                "the ECS cluster {} cannot be looked at, nobody hears of its deployments: {}"};
      case list:
        return {alert::Severity::critical,
                "the services of the ECS cluster {} cannot be listed, new ones are not seen: {}"};
      case service_deployments:
        break;
    }
    return {alert::Severity::warning,
            "how far blue/green deployments of the ECS cluster {} are is not known, their end may "
            "be told early: {}"};
  }();
  ports_.troubles.raise(key_of(member, call), kReason, severity,
                        fmt::format(fmt::runtime(text), member.config.name, failing.message));
}

// --- That it is watched. ---

void Fleet::announce(Member& member) {
  member.announced = true;
  const auto when = member.config.announce_start;
  std::vector<std::string> services = member.follower->services();
  std::ranges::sort(member.resumed);
  const bool as_before = member.known_before && services == member.resumed;
  using When = config::EcsCluster::AnnounceStart;
  if (when == When::never || (when == When::changed && as_before)) {
    return;
  }
  const std::string cluster(short_name(member.config.name));
  alert::Event event;
  event.type = alert::to_string(alert::EventType::monitor_started);
  event.severity = alert::info(alert::EventType::monitor_started).severity;
  event.monitor = cluster;
  event.kind = "ecs";
  event.labels = member.config.notes->labels;
  if (std::ranges::none_of(event.labels, [](const auto& one) { return one.first == "cluster"; })) {
    event.labels.emplace_back("cluster", cluster);
    std::ranges::sort(event.labels);
  }
  event.at = ports_.clock.now();
  event.state = "watched";
  event.key = fmt::format("{}#{}/{}/{}", cluster, member.number, event.type, unix_ms(born_));
  std::string list;
  JsonWriter w(list);
  w.array();
  std::ranges::for_each(services, [&](const std::string& name) { w.value(name); });
  w.end_array();
  event.extra.emplace_back("services", std::move(list));
  const auto add = [&](std::string name, std::string_view text) {
    std::string json;
    append_json_string(json, text);
    event.extra.emplace_back(std::move(name), std::move(json));
  };
  add("cluster", cluster);
  add("region", member.account->region);
  add("environment", member.config.environment.empty() ? cluster : member.config.environment);
  event.message =
      watched_words(cluster, member.long_names ? member.account->name : "", std::move(services));
  std::vector<std::string> channels;
  if (!ports_.watch.silenced_by(cluster, event.kind, event.labels)) {
    channels = alert::note_recipients(member.config.notes->notify,
                                      alert::EventType::monitor_started, event.severity);
  }
  ports_.watch.publish(std::move(event), channels);
}

void Fleet::log_line(Member& member) {
  const MonoTime now = ports_.clock.mono_now();
  if (member.config.log_interval > 0ms && now >= member.next_line) {
    member.next_line = now + Microseconds{member.config.log_interval};
    ports_.log.info(fmt::format("{}: {}", member.config.name, member.follower->summary()));
  }
}

// --- How often. ---

// More services than the budget can look at within their interval, or an account that AWS
// throttles: everything is looked at less often, and that is said.
void Fleet::look_at_pace() {
  struct Pace {
    Milliseconds interval{0};
    std::size_t services = 0;
  };
  std::map<const EcsAccount*, Pace> paces;
  std::map<const CallBudget*, double> wanted;  // calls a second; accounts may share a budget
  for (const auto& member : members_) {
    if (member->poller == nullptr) {
      continue;
    }
    const std::size_t services = member->poller->services();
    const auto batches =
        (services + ports::EcsApi::kMostServices - 1) / ports::EcsApi::kMostServices;
    const double seconds = static_cast<double>(member->config.check_interval.count()) / 1000;
    wanted[&member->account->budget] += static_cast<double>(batches) / seconds;
    Pace& pace = paces[member->account];
    pace.interval = std::max(pace.interval, member->config.check_interval);
    pace.services += services;
  }
  for (const auto& [account, pace] : paces) {
    tell_of_pace(*account, pace.services, pace.interval, wanted.at(&account->budget));
  }
}

void Fleet::tell_of_pace(const EcsAccount& account, std::size_t services, Milliseconds interval,
                         double wanted) {
  const CallBudget& budget = account.budget;
  const double share = std::max(1.0, wanted / budget.per_second());
  const Milliseconds possible{
      static_cast<std::int64_t>(static_cast<double>(interval.count()) * share)};
  const Milliseconds now = std::max(budget.stretched(interval), possible);
  const std::string key = "ecs_slow:" + account.name;
  if (now * 20 <= interval * 21) {
    ports_.troubles.clear(
        key, fmt::format("ECS services in {} are looked at in time again", account.name));
    return;
  }
  const std::string why =
      budget.stretch() > 1 ? "AWS throttles the account"
                           : fmt::format("that needs {:.1f} calls a second and {:.0f} are allowed",
                                         wanted, budget.per_second());
  ports_.troubles.raise(
      key, kReason, alert::Severity::warning,
      fmt::format("{} ECS services in {} are looked at every {} instead of {}: {}", services,
                  account.name, format_duration(now / 1s * 1s), format_duration(interval), why));
}

}  // namespace tocsin::service

// Which services a follower follows, under which names, and what it says of them all.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/json_writer.hpp"
#include "check/assertions.hpp"
#include "check/json.hpp"
#include "service/ecs/cluster_follower.hpp"

namespace tocsin::service {
namespace {

using deployment::Phase;

// Calls take turns within the budget of their account.
constexpr Milliseconds kOnTime = std::chrono::seconds{1};
// Deleted services that are kept in mind over a restart.
constexpr std::size_t kMostGone = 200;

std::string text_of(const deployment::Selection& selection) {
  std::string tags;
  for (const auto& [key, value] : selection.tags) {
    tags += fmt::format(" {}={}", key, value);
  }
  return fmt::format("{} - {} -{}", fmt::join(selection.include, " "),
                     fmt::join(selection.exclude, " "), tags);
}

void add_label(alert::Labels& labels, const std::string& key, std::string_view value) {
  const bool known = std::ranges::any_of(labels, [&](const auto& one) { return one.first == key; });
  if (!known && !value.empty()) {
    labels.emplace_back(key, value);
  }
}

// What is configured holds; then where it runs; then its own tags.
alert::Labels labels_of(const alert::Labels& configured, std::string_view cluster,
                        std::string_view service, const deployment::Tags& tags) {
  alert::Labels labels = configured;
  add_label(labels, "cluster", cluster);
  add_label(labels, "service", service);
  for (const auto& [key, value] : tags) {
    add_label(labels, key, value);
  }
  std::ranges::sort(labels);
  return labels;
}

std::shared_ptr<const check::Assertions> no_assertions() {
  static const auto kNone = std::make_shared<const check::Assertions>();
  return kNone;
}

}  // namespace

ClusterFollower::ClusterFollower(Ports ports, FollowedCluster cluster, Hooks hooks)
    : ports_(ports),
      cluster_(std::move(cluster)),
      hooks_(std::move(hooks)),
      memo_name_(fmt::format("ecs:{}/{} {} [{}]", cluster_.region, short_name(cluster_.config.name),
                             cluster_.config.role_arn, text_of(cluster_.config.services))),
      environment_(cluster_.config.environment.empty()
                       ? std::string(short_name(cluster_.config.name))
                       : cluster_.config.environment),
      alive_(std::make_shared<bool>(true)) {
  auto plan = std::make_shared<schedule::Plan>();
  plan->when = schedule::EveryPlan{cluster_.config.check_interval};
  plan->tolerance = std::max<Milliseconds>(kOnTime, cluster_.config.check_interval / 10);
  plan_ = std::move(plan);
  recall();
}

ClusterFollower::~ClusterFollower() { *alive_ = false; }

// --- What is known of them all, over restarts. ---

void ClusterFollower::recall() {
  const auto& memos = ports_.watch.memos();
  const auto found = memos.find(memo_name_);
  const auto value =
      found == memos.end() ? fail(ErrorCode::not_found, "") : check::parse_json(found->second);
  if (!value) {
    return;
  }
  fleet_since_ = from_unix_ms(value->find("since_ms").integer().value_or(0));
  for (check::JsonItems item(value->find("gone")); item.next();) {
    ServiceMemory& memory = services_[item.key()].memory;
    memory.state = deployment::parse_service_state(item.value().text());
    memory.cluster = cluster_.config.name;
    memory.name = item.key();
  }
}

ports::MemoRow ClusterFollower::memo() const {
  std::string text;
  JsonWriter w(text);
  w.object().field("since_ms", unix_ms(fleet_since_.value_or(Instant{}))).key("gone").object();
  std::size_t gone = 0;
  for (const auto& [name, followed] : services_) {
    if (followed.memory.state.phase == Phase::gone && gone++ < kMostGone) {
      w.key(name).raw(deployment::to_json(followed.memory.state));
    }
  }
  w.end_object().end_object();
  return {memo_name_, std::move(text)};
}

void ClusterFollower::fleet_complete(Instant now) {
  if (!fleet_since_) {
    fleet_since_ = now;
    ports_.watch.keep(memo());
  }
}

void ClusterFollower::resume(const std::string& monitor, ServiceMemory memory) {
  Followed& followed = services_[memory.name];
  followed.memory = std::move(memory);
  const Phase phase = followed.memory.state.phase;
  if (phase == Phase::gone) {  // a kill fell between its end and its removal
    ports_.watch.abandon(monitor);
    return;
  }
  if (hooks_.claim && !hooks_.claim(followed.memory.arn)) {
    ports_.watch.abandon(monitor);
    ports_.watch.unfollow(monitor, {});
    return;
  }
  followed.monitor = monitor;
  const config::Monitor config = monitor_of(monitor, followed, followed.memory);
  if (const auto taken = ports_.watch.follow(config); !taken) {
    ports_.watch.abandon(monitor);
    followed.monitor.clear();
    return;
  }
  followed.notes = config.notes;
}

std::map<std::string, ServiceMemory> ClusterFollower::memories() const {
  std::map<std::string, ServiceMemory> out;
  for (const auto& [name, followed] : services_) {
    if (!followed.monitor.empty()) {
      out.emplace(followed.monitor, followed.memory);
    }
  }
  return out;
}

config::Monitor ClusterFollower::monitor_of(const std::string& name, const Followed& service,
                                            const ServiceMemory& after) const {
  config::Monitor out;
  out.name = name;
  check::CheckSpec spec;
  spec.target = check::EcsCheck{std::string(short_name(after.cluster)), after.name, cluster_.region,
                                parts_of_arn(after.arn).account};
  spec.assertions = no_assertions();
  out.check = std::make_shared<const check::CheckSpec>(std::move(spec));
  out.plan = plan_;
  out.notes = service.notes;
  if (out.notes == nullptr) {
    config::MonitorNotes notes = *cluster_.config.notes;
    notes.labels = labels_of(notes.labels, short_name(after.cluster), after.name, after.tags);
    notes.flapping = false;  // the rules know flapping of their own
    out.notes = std::make_shared<const config::MonitorNotes>(std::move(notes));
  }
  return out;
}

// The watch follows it from now on, with its tags as they are.
void ClusterFollower::adopt(Followed& service, const ServiceMemory& after) {
  config::MonitorNotes notes = *cluster_.config.notes;
  notes.flapping = false;
  notes.labels = labels_of(notes.labels, short_name(after.cluster), after.name, after.tags);
  const bool known = !service.monitor.empty();
  if (known && service.notes != nullptr && *service.notes == notes) {
    return;
  }
  if (hooks_.claim && !hooks_.claim(after.arn)) {
    return;  // another entry reaches it by another way, and came first
  }
  service.notes = std::make_shared<const config::MonitorNotes>(std::move(notes));
  const ArnParts arn = parts_of_arn(after.arn);
  const std::string plain = fmt::format("{}/{}", short_name(after.cluster), after.name);
  const std::string full = fmt::format("{}@{}/{}", plain, cluster_.region, arn.account);
  std::string name = known ? service.monitor : cluster_.long_names ? full : plain;
  if (!ports_.watch.follow(monitor_of(name, service, after))) {
    name = full;  // a configured monitor has the plain name
    if (const auto followed = ports_.watch.follow(monitor_of(name, service, after)); !followed) {
      ports_.log.error("an ECS service cannot be followed: " + followed.error().message,
                       {{"service", after.arn}});
      name.clear();
    }
  }
  service.monitor = name;
}

// Deployments that something else than ECS makes look like none.
void ClusterFollower::cover(const std::string& name, Followed& service, const Look& look) {
  if (std::holds_alternative<deployment::Missing>(look.observation.seen) &&
      service.memory.state.phase == Phase::fresh && cluster_.config.services.names(name) &&
      !std::exchange(service.warned_missing, true)) {
    ports_.log.warn("AWS does not know a service that the configuration names",
                    {{"cluster", cluster_.config.name}, {"service", name}});
  }
  if (!look.service) {
    return;
  }
  const std::string& controller = look.service->controller;
  service.uncovered = controller == "ECS" ? std::string() : controller;
}

void ClusterFollower::tell_of_cover(Followed& service, const Look& look) {
  if (!look.service || service.monitor.empty()) {
    return;
  }
  const bool before = std::exchange(service.told_uncovered, !service.uncovered.empty());
  if (!before && service.told_uncovered && hooks_.uncovered) {
    hooks_.uncovered(service.monitor, service.uncovered);
  } else if (!service.told_uncovered && hooks_.covered && (before || !service.looked)) {
    hooks_.covered(service.monitor);
  }
  service.looked = true;
}

void ClusterFollower::unclaim(const std::string& arn) {
  if (hooks_.unclaim) {
    hooks_.unclaim(arn);
  }
}

void ClusterFollower::let_go(const std::string& service) {
  const auto found = services_.find(service);
  if (found == services_.end()) {
    return;
  }
  if (found->second.busy) {
    found->second.leaves = true;
    return;
  }
  if (!found->second.monitor.empty()) {
    ports_.watch.unfollow(found->second.monitor, {});
    unclaim(found->second.memory.arn);
  }
  services_.erase(found);
}

bool ClusterFollower::goes_on(const ports::EcsService& service) const {
  const auto found = services_.find(service.name);
  if (found == services_.end()) {
    return true;
  }
  const deployment::ServiceState& state = found->second.memory.state;
  const deployment::Deployment* primary = service.snapshot.primary();
  return state.phase != Phase::stable || (primary != nullptr && primary->id != state.deployment);
}

bool ClusterFollower::is_gone(const std::string& service) const {
  const auto found = services_.find(service);
  return found != services_.end() &&
         (found->second.memory.state.phase == Phase::gone || found->second.unknown_to_aws);
}

std::vector<std::string> ClusterFollower::services() const {
  std::vector<std::string> out;
  for (const auto& [name, followed] : services_) {
    if (!followed.monitor.empty()) {
      out.push_back(name);
    }
  }
  return out;
}

std::string ClusterFollower::summary() const {
  std::map<std::string, std::size_t> counts;
  std::size_t all = 0;
  for (const auto& [name, followed] : services_) {
    if (followed.monitor.empty()) {
      continue;
    }
    ++all;
    const deployment::ServiceState& state = followed.memory.state;
    const bool recovering = state.phase == Phase::stable && state.recovery.going_on;
    ++counts[recovering ? "recovering" : std::string(to_string(state.phase))];
  }
  std::string parts;
  for (const auto& [state, count] : counts) {
    parts += fmt::format("{}{} {}", parts.empty() ? ": " : ", ", count, state);
  }
  return fmt::format("{} services{}", all, parts);
}

}  // namespace tocsin::service

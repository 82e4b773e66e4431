// Which monitors there are: taken over from the configuration, kept by name over a reload.

#include <algorithm>
#include <utility>

#include "alert/change_message.hpp"
#include "base/hash.hpp"
#include "service/watch_impl.hpp"

namespace tocsin::service {
namespace {

bool same_target(const check::CheckSpec& a, const check::CheckSpec& b) {
  if (a.target.index() != b.target.index()) {
    return false;
  }
  if (const auto* http = std::get_if<check::HttpCheck>(&a.target)) {
    const auto& other = std::get<check::HttpCheck>(b.target);
    return http->url == other.url && *http->options == *other.options;
  }
  if (std::holds_alternative<check::EcsCheck>(a.target)) {
    return true;
  }
  if (const auto* heartbeat = std::get_if<check::HeartbeatCheck>(&a.target)) {
    return *heartbeat == std::get<check::HeartbeatCheck>(b.target);
  }
  const auto& tcp = std::get<check::TcpCheck>(a.target);
  const auto& other = std::get<check::TcpCheck>(b.target);
  return tcp.host == other.host && tcp.port == other.port && tcp.send == other.send &&
         tcp.expect == other.expect && tcp.family == other.family;
}

bool same_plan(const schedule::Plan& a, const schedule::Plan& b) {
  if (a.when.index() != b.when.index()) {
    return false;
  }
  if (const auto* every = std::get_if<schedule::EveryPlan>(&a.when)) {
    return *every == std::get<schedule::EveryPlan>(b.when);
  }
  if (const auto* delay = std::get_if<schedule::DelayPlan>(&a.when)) {
    return *delay == std::get<schedule::DelayPlan>(b.when);
  }
  return false;  // a cron plans from the present moment anyway: nothing to keep
}

}  // namespace

std::uint32_t Watch::Impl::take_slot(const config::Monitor& monitor) {
  std::uint32_t id = 0;
  if (free_slots_.empty()) {
    id = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    id = free_slots_.back();
    free_slots_.pop_back();
  }
  Slot& s = slots_[id];
  s.self = id;
  s.in_use = true;
  s.config = monitor;
  s.adopt_kind();
  s.hash = stable_hash(monitor.name);
  ++stats_.monitors;
  stats_.count(s.shown);
  return id;
}

void Watch::Impl::drop_runs(std::uint32_t id) {
  Slot& s = slots_[id];
  ++s.generation;
  if (s.counters.running > 0) {
    stats_.counters.running -= s.counters.running;
    stats_.counters.skip(schedule::Skip::interrupted) += s.counters.running;
    s.counters.skip(schedule::Skip::interrupted) += s.counters.running;
    s.counters.running = 0;
    recorder_.touch(id);
  }
  s.retry_running = s.manual_running = false;
  s.retry_at = MonoTime{};
}

void Watch::Impl::release_slot(std::uint32_t id) {
  drop_runs(id);
  agenda_.remove(id);
  Slot& s = slots_[id];
  --stats_.monitors;
  stats_.forget(s.shown);
  stats_.paused -= s.paused ? 1 : 0;
  const std::uint32_t generation = s.generation;
  const std::uint32_t incarnation = s.incarnation;
  s = Slot{};
  s.generation = generation;
  s.incarnation = incarnation + 1;
  free_slots_.push_back(id);
}

void Watch::Impl::remove_monitor(std::uint32_t id) {
  Slot& s = slots_[id];
  const Instant now = ports_.clock.now();
  ports::WriteBatch batch;
  batch.removed.push_back(s.config.name);
  Change change;
  change.from = s.state.state;
  change.at = now;
  const alert::Step step = alert::close_removed(s.state, now);
  if (step.event) {
    alert::Event event = make_event(s, step, now, "monitor_removed", "");
    event.message = alert::removed_message(s.config.name);
    change.reason = "monitor_removed";
    change.message = "removed from the configuration";
    change.state = step.next;
    change.state_changed = true;
    Telling telling;
    tell_recovery(s, event, now, telling);
    batch.outbox = std::move(telling.outbox);
    change.events.push_back(std::move(event));
  }
  open_.erase(id);
  timed_.erase(id);
  recorder_.submit_removal(id, std::move(batch), std::move(change));
  release_slot(id);
}

void Watch::Impl::park_monitor(std::uint32_t id) {
  drop_runs(id);
  ports::MonitorRecord record = record_of(id);
  open_.erase(id);
  timed_.erase(id);
  recorder_.release(id);
  ports::WriteBatch batch;
  batch.monitors.push_back(record);
  recorder_.submit(std::move(batch), {});
  std::string name = record.name;
  parked_.insert_or_assign(std::move(name), Parked{std::move(record), true});
  release_slot(id);
}

// It goes on where it was. Meanwhile nothing was planned: there was no schedule.
bool Watch::Impl::unpark_monitor(std::uint32_t id, Instant now) {
  Slot& s = slots_[id];
  auto parked = parked_.extract(s.config.name);
  if (parked.empty()) {
    return false;
  }
  stats_.forget(s.shown);
  s.restore(std::move(parked.mapped().record));
  stats_.count(s.shown);
  stats_.paused += s.paused ? 1 : 0;
  s.accounted_until = now;
  if (s.pinged()) {
    timer::excuse(*s.beat, s.heartbeat_rules(), now);  // its pings were refused
    resume_beat(id, now);
  }
  if (parked.mapped().counted) {
    s.durable.counters = s.counters;
  } else {
    resume_accounting(id, now);
  }
  plan_first(id);
  resume_incident(id);
  return true;
}

// Every file is read again, and these are in none.
void Watch::Impl::remove_parked() {
  std::vector<std::string> gone;
  std::map<std::string, ports::MonitorRecord> incidents;
  for (auto& [name, parked] : parked_) {
    gone.push_back(name);
    if (parked.record.state.incident_open()) {
      incidents.emplace(name, std::move(parked.record));
    }
  }
  parked_.clear();
  forget_removed(gone, incidents);
}

void Watch::Impl::replace_config(std::uint32_t id, const config::Monitor& monitor) {
  Slot& s = slots_[id];
  const bool keeps_runs = same_target(*s.config.check, *monitor.check);
  const bool keeps_plan = s.has_plan && same_plan(*s.config.plan, *monitor.plan);
  s.config = monitor;
  s.adopt_kind();
  if (!keeps_runs) {
    drop_runs(id);
  }
  if (s.pinged()) {
    resume_beat(id, wall_of(ports_.clock.mono_now()));
    plan_beat(id);
    return;
  }
  if (monitor.plan->retry_every <= Milliseconds{0}) {
    s.retry_at = MonoTime{};
  }
  const bool waits_for_run =
      std::holds_alternative<schedule::DelayPlan>(monitor.plan->when) && s.counters.running > 0;
  if (!keeps_plan && !waits_for_run) {
    plan_first(id);
  }
  index_due(id);
}

void Watch::Impl::sort_names() {
  std::ranges::sort(by_name_, {}, [this](std::uint32_t id) -> const std::string& {
    return slots_[id].config.name;
  });
}

void Watch::Impl::reload(const config::Config& config) {
  limits_ = config.settings.limits;
  ++stats_.reloads;
  std::vector<std::uint32_t> names;
  names.reserve(config.monitors.size());
  const Instant now = wall_of(last_wake_);
  const auto leave = [&](std::uint32_t id) {
    config.whole ? remove_monitor(id) : park_monitor(id);
  };
  std::vector<std::uint32_t> found = take_found(config);
  // Both lists are in name order: one walk finds what stays, goes and comes.
  auto old = by_name_.begin();
  for (const config::Monitor& monitor : config.monitors) {
    while (old != by_name_.end() && slots_[*old].config.name < monitor.name) {
      leave(*old++);
    }
    if (old != by_name_.end() && slots_[*old].config.name == monitor.name) {
      replace_config(*old, monitor);
      names.push_back(*old++);
      continue;
    }
    const std::uint32_t id = take_slot(monitor);
    if (!unpark_monitor(id, now)) {
      plan_first(id);
    }
    names.push_back(id);
  }
  while (old != by_name_.end()) {
    leave(*old++);
  }
  if (config.whole) {
    remove_parked();
  }
  by_name_ = std::move(names);
  by_name_.insert(by_name_.end(), found.begin(), found.end());
  sort_names();
  whole_ = config.whole;
  index_beats();
  index_children();
  maintenance_ = config.maintenance;
  gates_ = config.settings.self.gate;
  ++quiet_epoch_;
  for (const std::uint32_t id : open_) {
    timed_[id] = Instant{};  // who is to be told may have changed
  }
  alert_tick(now);
  arm();
}

}  // namespace tocsin::service

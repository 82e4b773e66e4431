#include "service/watch.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "alert/change_message.hpp"
#include "base/hash.hpp"
#include "service/watch_impl.hpp"

namespace tocsin::service {

void Histogram::add(Microseconds value) {
  std::size_t bucket = 0;
  while (bucket < kBoundsMs.size() && value > Milliseconds{kBoundsMs[bucket]}) {
    ++bucket;
  }
  ++counts[bucket];
  ++total;
  sum_us += value.count();
}

Watch::Impl::Impl(Ports ports, std::uint64_t seed)
    : ports_(ports),
      recorder_(ports.store, ports.clock, ports.log,
                {.record = [this](std::uint32_t id) -> std::optional<Snapshot> {
                   if (id >= slots_.size() || !slots_[id].in_use) {
                     return std::nullopt;
                   }
                   return Snapshot{record_of(id), slots_[id].incarnation, slots_[id].accounted()};
                 },
                 .written =
                     [this](const Touched& touched) {
                       Slot& s = slots_[touched.slot];
                       if (s.in_use && s.incarnation == touched.incarnation) {
                         s.settle(touched.accounted);
                       }
                     },
                 .apply = [this](Change& change) { apply(change); },
                 .deliver =
                     [this](std::vector<ports::OutboxRow> rows) {
                       if (deliver_) {
                         deliver_(std::move(rows));
                       }
                     }},
                {}),
      ids_(seed) {}

ports::MonitorRecord Watch::Impl::record_of(std::uint32_t id) const {
  const Slot& s = slots_[id];
  const std::string* newer =
      s.outcome_count > 0 ? recorder_.outcome_in_flight(id, s.incarnation) : nullptr;
  return s.record(newer != nullptr ? *newer : s.last_json);
}

// Runs planned while the process was down are counted, and what the store has is added up.
void Watch::Impl::resume_accounting(std::uint32_t id, Instant now) {
  Slot& s = slots_[id];
  if (!s.pinged() && s.accounted_until != Instant{} && s.accounted_until < now) {
    const std::uint64_t missed =
        schedule::count_planned(*s.config.plan, s.hash, s.accounted_until, now);
    if (missed > 0) {
      s.counters.planned += missed;
      s.counters.skip(schedule::Skip::process_down) += missed;
      recorder_.touch(id);
    }
  }
  s.accounted_until = now;
  s.durable.counters = s.counters;  // derived from what is stored, as the next start would
  stats_.counters.planned += s.counters.planned;
  stats_.counters.on_time += s.counters.on_time;
  stats_.counters.late += s.counters.late;
  for (std::size_t i = 0; i < schedule::kSkipKinds; ++i) {
    stats_.counters.skipped[i] += s.counters.skipped[i];
  }
  stats_.counters.retries += s.counters.retries;
  stats_.counters.manual += s.counters.manual;
}

Result<void> Watch::Impl::start(const config::Config& config) {
  limits_ = config.settings.limits;
  last_wake_ = ports_.clock.mono_now();
  wall_lead_ = ports_.clock.now().time_since_epoch() - last_wake_.time_since_epoch();
  for (const config::Monitor& monitor : config.monitors) {
    by_name_.push_back(take_slot(monitor));
  }
  sort_names();
  std::vector<std::string> gone;
  std::map<std::string, ports::MonitorRecord> incidents_gone;
  const Result<void> loaded = ports_.store.load([&](ports::MonitorRecord record) {
    const std::size_t at = lower_bound(record.name);
    if (at == by_name_.size() || slots_[by_name_[at]].config.name != record.name) {
      if (record.kind == check::kKindNames[kFoundKind]) {
        std::string name = record.name;
        left_behind_.emplace(std::move(name), std::move(record));
        return;
      }
      if (!config.whole) {
        std::string name = record.name;
        parked_.emplace(std::move(name), Parked{std::move(record)});
        return;
      }
      gone.push_back(record.name);
      if (record.state.incident_open()) {
        incidents_gone.emplace(record.name, std::move(record));
      }
      return;
    }
    Slot& s = slots_[by_name_[at]];
    stats_.forget(s.shown);
    s.restore(std::move(record));
    stats_.count(s.shown);
    stats_.paused += s.paused ? 1 : 0;
  });
  if (!loaded) {
    return std::unexpected(loaded.error());
  }
  const Instant now = wall_of(last_wake_);
  listens_since_ = last_wake_;
  whole_ = config.whole;
  index_beats();
  for (const std::uint32_t id : by_name_) {
    resume_accounting(id, now);
    resume_beat(id, now);
    plan_first(id);
    resume_incident(id);
  }
  index_children();
  maintenance_ = config.maintenance;
  gates_ = config.settings.self.gate;
  if (auto silences = load_silences(); !silences) {
    return silences;
  }
  if (auto memos = load_memos(); !memos) {
    return memos;
  }
  refresh_quiet(now);
  forget_removed(gone, incidents_gone);
  next_housekeeping_ = last_wake_;
  // Answered long before the first check could end.
  ports_.store.read_events({.limit = 1}, [this](Result<std::vector<ports::EventRow>> newest) {
    if (newest && !newest->empty()) {
      ids_.resume_after(newest->front().id);
    }
  });
  arm();
  return {};
}

// Monitors that left the configuration while the process was down go like in a reload.
void Watch::Impl::forget_removed(const std::vector<std::string>& gone,
                                 const std::map<std::string, ports::MonitorRecord>& incidents) {
  for (const std::string& name : gone) {
    ports::WriteBatch batch;
    batch.removed.push_back(name);
    Change change;
    change.at = ports_.clock.now();
    if (const auto found = incidents.find(name); found != incidents.end()) {
      const ports::MonitorRecord& record = found->second;
      const alert::Step step = alert::close_removed(record.state, change.at);
      alert::Event event;
      event.id = ids_.next(change.at);
      event.type = alert::to_string(*step.event);
      event.severity = alert::info(*step.event).severity;
      event.monitor = name;
      event.kind = record.kind;
      event.at = change.at;
      event.state = alert::to_string(step.next.state);
      event.reason = "monitor_removed";
      event.message = alert::removed_message(name);
      event.incident = event.key = alert::incident_id(name, record.state.incident_opened);
      event.outage = step.outage;
      change.from = record.state.state;
      change.reason = event.reason;
      change.message = "removed from the configuration";
      change.state = step.next;
      change.state_changed = true;
      // Its entries of `notify` are gone with it: everybody who was told of the opening hears this.
      if (const auto memory = alert::parse_alert_memory(record.alerting); memory.incident) {
        Telling telling;
        address(event, memory.incident->told, change.at, telling);
        batch.outbox = std::move(telling.outbox);
      }
      change.events.push_back(std::move(event));
    }
    recorder_.submit_removal(Change::kNoSlot, std::move(batch), std::move(change));
  }
}

void Watch::Impl::stop(std::move_only_function<void()> done) {
  stopping_ = true;
  if (timer_ != 0) {
    ports_.loop.cancel(timer_);
    timer_ = 0;
  }
  for (const std::uint32_t id : by_name_) {
    Slot& s = slots_[id];
    if (s.counters.running > 0) {
      stats_.counters.running -= s.counters.running;
      stats_.counters.skip(schedule::Skip::interrupted) += s.counters.running;
      s.counters.skip(schedule::Skip::interrupted) += s.counters.running;
      s.counters.running = 0;
      recorder_.touch(id);
    }
  }
  recorder_.flush(std::move(done));
}

MonitorView Watch::Impl::view(std::size_t index) const {
  const Slot& s = slots_[by_name_[index]];
  MonitorView out;
  out.config = &s.config;
  out.state = s.shown;
  out.last_json = s.last_json;
  out.last_duration = s.last_duration;
  out.counters = s.shown_counters();
  out.buckets = &s.buckets;
  out.next_run = s.has_plan ? s.planned : Instant{};
  out.heartbeat = s.shown_beat.get();
  out.paused = s.paused;
  out.silenced = !s.paused && quiet_name(s).has_value();
  out.flapping = s.alerting && s.alerting->flap.flapping;
  out.incident = s.alerting && s.alerting->incident ? &*s.alerting->incident : nullptr;
  if (s.alerting && s.found()) {
    const auto wrong = std::ranges::find_if(s.alerting->topics, &alert::Topic::wrong);
    out.incident = wrong == s.alerting->topics.end() ? nullptr : &wrong->latest;
  }
  return out;
}

std::size_t Watch::Impl::lower_bound(std::string_view name) const {
  const auto at = std::ranges::lower_bound(by_name_, name, {}, [this](std::uint32_t id) {
    return std::string_view(slots_[id].config.name);
  });
  return static_cast<std::size_t>(at - by_name_.begin());
}

void Watch::Impl::set_paused(std::uint32_t id, bool paused, ports::Store::Done done) {
  Slot& s = slots_[id];
  if (recorder_.degraded()) {
    done(fail(ErrorCode::unavailable, "the store refuses writes: " + recorder_.health().error));
    return;
  }
  const bool before = std::exchange(s.paused, paused);
  Change change;
  change.slot = id;
  change.incarnation = s.incarnation;
  change.state = s.state;
  change.accounted = s.accounted();
  change.from = s.state.state;
  change.at = ports_.clock.now();
  ports::WriteBatch batch;
  batch.monitors.push_back(record_of(id));
  const std::uint32_t incarnation = s.incarnation;
  if (before != paused) {
    paused ? ++stats_.paused : --stats_.paused;
  }
  change.done = [this, id, incarnation, before, paused,
                 done = std::move(done)](Result<void> result) mutable {
    Slot& now = slots_[id];
    if (!result && now.incarnation == incarnation && now.paused != before) {
      now.paused = before;  // refused, so it never was
      paused ? --stats_.paused : ++stats_.paused;
    }
    done(std::move(result));
  };
  recorder_.submit(std::move(batch), std::move(change));
}

Watch::Watch(Ports ports, std::uint64_t seed) : impl_(std::make_unique<Impl>(ports, seed)) {}
Watch::~Watch() = default;

Result<void> Watch::start(const config::Config& config) { return impl_->start(config); }
void Watch::reload(const config::Config& config) { impl_->reload(config); }
void Watch::stop(std::move_only_function<void()> done) { impl_->stop(std::move(done)); }

std::size_t Watch::size() const { return impl_->by_name_.size(); }
MonitorView Watch::view(std::size_t index) const { return impl_->view(index); }
std::size_t Watch::lower_bound(std::string_view name) const { return impl_->lower_bound(name); }
const WatchStats& Watch::stats() const { return impl_->stats_; }
StoreHealth Watch::store_health() const { return impl_->recorder_.health(); }

std::size_t Watch::find(std::string_view name) const {
  const std::size_t at = lower_bound(name);
  return at < size() && impl_->slot(impl_->by_name_[at]).config.name == name ? at : size();
}

std::vector<alert::Event> Watch::journaled_events() const {
  return impl_->recorder_.journaled_events();
}

void Watch::set_paused(std::string_view name, bool paused, ports::Store::Done done) {
  const std::size_t at = find(name);
  if (at == size()) {
    done(fail(ErrorCode::not_found, "there is no monitor named '" + std::string(name) + "'"));
    return;
  }
  impl_->set_paused(impl_->by_name_[at], paused, std::move(done));
}

void Watch::check_now(std::string_view name,
                      std::move_only_function<void(Result<std::string>)> done) {
  const std::size_t at = find(name);
  if (at == size()) {
    done(fail(ErrorCode::not_found, "there is no monitor named '" + std::string(name) + "'"));
    return;
  }
  impl_->check_now(impl_->by_name_[at], std::move(done));
}

std::vector<FoundRecord> Watch::left_behind() const { return impl_->left_behind(); }
Result<void> Watch::follow(const config::Monitor& monitor) { return impl_->follow(monitor); }
void Watch::abandon(std::string_view name) { impl_->abandon(name); }

const std::map<std::string, std::string>& Watch::memos() const { return impl_->memos_; }
void Watch::keep(ports::MemoRow memo) {
  ports::WriteBatch batch;
  impl_->keep_in_mind({std::move(memo)}, batch);
  impl_->recorder_.submit(std::move(batch), {});
}
bool Watch::follows(std::string_view name) const {
  const std::size_t at = find(name);
  return at < size() && impl_->slot(impl_->by_name_[at]).found();
}
bool Watch::takes_findings(std::string_view name) {
  return follows(name) && impl_->takes_findings(impl_->by_name_[find(name)]);
}
void Watch::report(std::string_view name, Finding finding) {
  if (follows(name)) {
    impl_->report(impl_->by_name_[find(name)], std::move(finding));
  }
}
void Watch::unfollow(std::string_view name, Finding finding) {
  if (follows(name)) {
    impl_->unfollow(impl_->by_name_[find(name)], std::move(finding));
  }
}

void Watch::ping(const PingOf& of, timer::Ping ping, ports::Store::Done done) {
  impl_->ping(of, std::move(ping), std::move(done));
}

void Watch::on_notifications(Deliver deliver) { impl_->deliver_ = std::move(deliver); }
void Watch::record_delivered(ports::WriteBatch batch) {
  impl_->recorder_.submit_delivered(std::move(batch));
}

// Commits end in the order in which they began: an empty one ends behind all that is under way.
void Watch::when_durable(ports::Store::Done done) {
  impl_->recorder_.submit_command({}, std::move(done));
}

void Watch::acknowledge(std::string_view name,
                        const std::optional<alert::Acknowledgement>& acknowledgement,
                        ports::Store::Done done) {
  const std::size_t at = find(name);
  if (at == size()) {
    done(fail(ErrorCode::not_found, "there is no monitor named '" + std::string(name) + "'"));
    return;
  }
  impl_->acknowledge(impl_->by_name_[at], acknowledgement, std::move(done));
}

void Watch::add_silence(alert::Silence silence, SilenceDone done) {
  impl_->add_silence(std::move(silence), std::move(done));
}
void Watch::end_silence(std::string_view id, ports::Store::Done done) {
  impl_->end_silence(id, std::move(done));
}
const std::vector<alert::Silence>& Watch::silences() const { return impl_->silences_; }

void Watch::publish(alert::Event event, const std::vector<std::string>& channels,
                    std::move_only_function<void()> shown) {
  impl_->publish(std::move(event), channels, std::move(shown));
}

std::optional<std::string> Watch::silenced_by(std::string_view name, std::string_view kind,
                                              const alert::Labels& labels) const {
  return impl_->silenced_by(name, kind, labels);
}

void Watch::publish(ports::OutboxRow row) {
  ports::WriteBatch batch;
  batch.outbox.push_back(std::move(row));
  impl_->recorder_.submit(std::move(batch), {});
}

void Watch::hide(std::vector<std::string> secrets) {
  impl_->redactor_ = Redactor(std::move(secrets));
}
const Redactor& Watch::redactor() const { return impl_->redactor_; }

void Watch::on_change(std::move_only_function<void(const StateChange&)> observer) {
  impl_->observer_ = std::move(observer);
}

}  // namespace tocsin::service

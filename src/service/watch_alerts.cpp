// Who is told: the ledger of each open incident, settled after outcomes, once a second, and when
// somebody asks. The rules are alert/announcement.hpp; here is what they need to know.

#include <algorithm>
#include <utility>

#include "alert/change_message.hpp"
#include "base/json_writer.hpp"
#include "service/watch_impl.hpp"

namespace tocsin::service {
namespace {

// Whose verdict others wait for is looked at this often.
constexpr Milliseconds kLookAgainAfter{1000};
// Open incidents in one turn of the loop: below a millisecond.
constexpr std::size_t kSettledPerTurn = 500;
constexpr std::size_t kLookedAtPerTurn = 10'000;

std::string json_text(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

bool last_known_failed(const alert::MonitorState& state) {
  return state.known_count > 0 && (state.failures & 1U) != 0;
}

}  // namespace

alert::AlertMemory& Watch::Impl::memory_of(Slot& s) {
  if (!s.alerting) {
    s.alerting = std::make_unique<alert::AlertMemory>();
  }
  return *s.alerting;
}

void Watch::Impl::forget_if_empty(Slot& s) {
  if (s.alerting && s.alerting->empty()) {
    s.alerting.reset();
  }
}

void Watch::Impl::address(const alert::Event& event, const std::vector<std::string>& channels,
                          Instant now, Telling& telling) {
  for (ports::OutboxRow& row : notification::address(event, channels)) {
    row.created = now;
    telling.outbox.push_back(std::move(row));
  }
}

// --- What holds an incident back. ---

// Found once per monitor and change of what is silenced: there may be many of both.
std::optional<std::string> Watch::Impl::quiet_name(const Slot& s) const {
  if (s.paused) {
    return "paused";
  }
  if (s.quiet.as_of != quiet_epoch_) {
    const std::string_view kind = check::kind_of(*s.config.check);
    const auto by = std::ranges::find_if(quiet_, [&](const auto& entry) {
      return entry.second->matches(s.config.name, kind, s.config.notes->labels);
    });
    s.quiet = {quiet_epoch_, static_cast<std::uint32_t>(by - quiet_.begin())};
  }
  return s.quiet.by < quiet_.size() ? std::optional(quiet_[s.quiet.by].first) : std::nullopt;
}

std::optional<std::string> Watch::Impl::silenced_by(std::string_view name, std::string_view kind,
                                                    const alert::Labels& labels) const {
  const auto by = std::ranges::find_if(
      quiet_, [&](const auto& entry) { return entry.second->matches(name, kind, labels); });
  return by != quiet_.end() ? std::optional(by->first) : std::nullopt;
}

bool Watch::Impl::is_gate(const Slot& s) const {
  return std::ranges::find(gates_, s.config.name) != gates_.end();
}

Watch::Impl::ParentVerdict Watch::Impl::ask_parents(const Slot& s) const {
  ParentVerdict verdict = ask_parents(s, s.config.notes->depends_on);
  if (verdict.hold == alert::Hold::parent_down || gates_.empty() || is_gate(s)) {
    return verdict;
  }
  ParentVerdict gate = ask_parents(s, gates_);
  const bool decides = gate.hold == alert::Hold::parent_down || verdict.hold == alert::Hold::none;
  return decides ? gate : verdict;
}

Watch::Impl::ParentVerdict Watch::Impl::ask_parents(const Slot& s,
                                                    const std::vector<std::string>& names) const {
  ParentVerdict verdict;
  for (const std::string& name : names) {
    const std::size_t at = lower_bound(name);
    if (at == by_name_.size() || slots_[by_name_[at]].config.name != name) {
      continue;
    }
    const Slot& parent = slots_[by_name_[at]];
    if (parent.paused) {  // nobody looks at it: its end would never come
      continue;
    }
    if (parent.state.incident_open()) {
      return {alert::Hold::parent_down, name, by_name_[at], {}};
    }
    // Not looked at since this one began to fail, or looked at and not decided yet.
    // Who only listens to it cannot look: what it said last holds.
    const bool unsettled = !parent.passive() && (parent.last_started < s.state.first_failure ||
                                                 last_known_failed(parent.state));
    if (unsettled && verdict.hold == alert::Hold::none) {
      const auto looks = static_cast<std::int64_t>(parent.config.thresholds.fail_count);
      verdict = {alert::Hold::waits_for_parent, name, by_name_[at],
                 parent.config.check->timeout * looks};
    }
    // Back since our last look: what we know of the child may be the parent's outage.
    if (!s.passive() && verdict.hold == alert::Hold::none &&
        parent.state.state == alert::State::up && s.last_started < parent.state.since) {
      verdict = {alert::Hold::waits_for_parent, name, s.self, s.config.check->timeout};
    }
  }
  return verdict;
}

alert::Hold Watch::Impl::find_hold(std::uint32_t id, alert::Announcement& incident, Instant now) {
  Slot& s = slots_[id];
  if (!s.config.notes->depends_on.empty() || !gates_.empty()) {
    const ParentVerdict verdict = ask_parents(s);
    if (verdict.hold == alert::Hold::parent_down) {
      incident.held_by = verdict.name;
      incident.wait_until = Instant{};
      return verdict.hold;
    }
    if (verdict.hold == alert::Hold::waits_for_parent) {
      if (incident.hold != verdict.hold) {
        incident.wait_until = now + verdict.wait;
      }
      if (now < incident.wait_until) {
        incident.held_by = verdict.name;
        look_again(verdict.look_at);
        return verdict.hold;
      }
    }
  }
  if (auto name = quiet_name(s)) {
    incident.held_by = std::move(*name);
    return alert::Hold::silenced;
  }
  if (s.alerting->flap.flapping && !s.alerting->flap_told.empty()) {
    incident.held_by.clear();
    return alert::Hold::flapping;
  }
  incident.held_by.clear();
  return alert::Hold::none;
}

void Watch::Impl::look_again(std::uint32_t id) {
  Slot& s = slots_[id];
  if (s.passive() || s.retry_running || s.paused || stopping_) {
    return;
  }
  const MonoTime now = ports_.clock.mono_now();
  const bool just_looked = s.last_started > ports_.clock.now() - kLookAgainAfter;
  const MonoTime when = just_looked ? now + kLookAgainAfter : now;
  if (s.retry_waits() && s.retry_at <= when) {
    return;
  }
  s.retry_at = when;
  index_due(id);
  if (s.retry_at < armed_for_) {
    arm();
  }
}

// --- Settling. ---

bool Watch::Impl::settle_incident(std::uint32_t id, Instant now, Telling& telling) {
  Slot& s = slots_[id];
  alert::Announcement& incident = *s.alerting->incident;
  const alert::Hold before = incident.hold;
  incident.hold = find_hold(id, incident, now);
  bool changed = before != incident.hold;
  const auto& recipients = s.config.notes->notify;
  if (const auto due = alert::due_openings(incident, recipients, now); !due.empty()) {
    address(incident.opening, due, now, telling);
    incident.told.insert(incident.told.end(), due.begin(), due.end());
    incident.last_told = std::max(incident.last_told, now);
    changed = true;
  }
  if (alert::reminder_due(incident, s.config.notes->remind_every, now)) {
    incident.last_told = now;
    alert::Event event = event_of(s, alert::EventType::still_down, now);
    event.severity = incident.opening.severity;
    event.reason = check::to_string(s.state.reason);
    event.outage = std::max(now - s.state.first_failure, Milliseconds{0});
    event.message =
        alert::change_message(s.config.name, alert::EventType::still_down, "", event.outage);
    address(event, alert::followers(incident, recipients, alert::EventType::still_down), now,
            telling);
    telling.events.push_back(std::move(event));
    changed = true;
  }
  if (const auto next = alert::next_look(incident, recipients, s.config.notes->remind_every)) {
    timed_[id] = *next;
  } else {
    timed_.erase(id);
  }
  return changed;
}

void Watch::Impl::count_flap(std::uint32_t id, const alert::Step& step, check::Status status,
                             Instant now, Telling& telling) {
  Slot& s = slots_[id];
  const bool changed =
      step.event == alert::EventType::went_down || step.event == alert::EventType::recovered;
  if (!changed && (!s.alerting || s.alerting->flap == alert::FlapMemory{})) {
    return;
  }
  alert::AlertMemory& memory = memory_of(s);
  const alert::FlapStep flap = s.config.notes->flapping
                                   ? alert::count_change(memory.flap, status, changed)
                                   : alert::stop_flapping(memory.flap);
  memory.flap = flap.next;
  if (!flap.event) {
    return;
  }
  alert::Event event = event_of(s, *flap.event, now);
  event.message = alert::change_message(s.config.name, *flap.event, "", std::nullopt);
  if (*flap.event == alert::EventType::flapping_started) {
    if (!quiet_name(s)) {  // it is about the incidents: told to whom they would be told
      memory.flap_told =
          alert::note_recipients(s.config.notes->notify, *flap.event, s.config.notes->severity);
    }
    address(event, memory.flap_told, now, telling);
  } else {
    event.message += s.state.incident_open() ? "; it is down" : "; it is up";
    address(event, std::exchange(memory.flap_told, {}), now, telling);
  }
  telling.events.push_back(std::move(event));
}

// What a judged outcome leads to. `opening` is the event of the step, if it made one.
void Watch::Impl::tell_of(std::uint32_t id, const alert::Step& step, check::Status status,
                          Instant now, alert::Event* event, Telling& telling) {
  Slot& s = slots_[id];
  count_flap(id, step, status, now, telling);
  if (event != nullptr && step.event == alert::EventType::went_down) {
    event->severity = s.config.notes->severity;
    alert::AlertMemory& memory = memory_of(s);
    memory.incident.emplace();
    memory.incident->opening = *event;
    memory.incident->last_told = now;
    open_.insert(id);
    settle_incident(id, now, telling);
    if (const alert::Hold hold = memory.incident->hold; hold != alert::Hold::none) {
      event->extra.emplace_back("held", json_text(alert::to_string(hold)));
      event->extra.emplace_back("held_by", json_text(memory.incident->held_by));
    }
  } else if (event != nullptr && step.event == alert::EventType::recovered) {
    tell_recovery(s, *event, now, telling);
    open_.erase(id);
    timed_.erase(id);
  } else if (event != nullptr && !quiet_name(s)) {
    address(*event,
            alert::note_recipients(s.config.notes->notify, *step.event, s.config.notes->severity),
            now, telling);
  }
  if (s.alerting && s.alerting->incident && step.event != alert::EventType::went_down) {
    settle_incident(id, now, telling);
  }
  forget_if_empty(s);
}

void Watch::Impl::tell_recovery(Slot& s, const alert::Event& event, Instant now, Telling& telling) {
  if (!s.alerting || !s.alerting->incident) {
    return;
  }
  address(
      event,
      alert::followers(*s.alerting->incident, s.config.notes->notify, alert::EventType::recovered),
      now, telling);
  s.alerting->incident.reset();
}

// Children whose incident waits for what this monitor was found to be.
void Watch::Impl::settle_children(std::uint32_t id, bool changed) {
  if (!gates_.empty() && is_gate(slots_[id])) {
    if (changed || !slots_[id].state.incident_open()) {
      settle_held();
    }
    return;
  }
  const auto found = children_.find(slots_[id].config.name);
  if (found == children_.end()) {
    return;
  }
  for (const std::uint32_t child : found->second) {
    if (open_.contains(child)) {
      settle_now(child, ports_.clock.now());
    }
  }
}

// All that a gate holds back may be thousands: a share in each turn of the loop, see settle_due().
void Watch::Impl::settle_held() {
  for (const std::uint32_t id : open_) {
    const auto& incident = slots_[id].alerting->incident;
    if (!incident) {
      continue;  // of one with topics: looked at every second while it is held
    }
    const alert::Hold hold = incident->hold;
    if (hold == alert::Hold::parent_down || hold == alert::Hold::waits_for_parent) {
      timed_[id] = Instant{};
      settle_next_ = 0;
    }
  }
}

void Watch::Impl::settle_now(std::uint32_t id, Instant now) {
  Telling telling;
  const bool changed =
      slots_[id].found() ? settle_topics(id, now, telling) : settle_incident(id, now, telling);
  if (!changed) {
    return;
  }
  submit_telling(id, now, std::move(telling), nullptr);
}

void Watch::Impl::submit_telling(std::uint32_t id, Instant now, Telling telling,
                                 ports::Store::Done done) {
  const Slot& s = slots_[id];
  Change change;
  change.slot = id;
  change.incarnation = s.incarnation;
  change.state = s.state;
  change.accounted = s.accounted();
  change.from = s.state.state;
  change.at = now;
  change.events = std::move(telling.events);
  change.done = std::move(done);
  ports::WriteBatch batch;
  batch.outbox = std::move(telling.outbox);
  batch.monitors.push_back(record_of(id));
  recorder_.submit(std::move(batch), std::move(change));
}

// --- Once a second. ---

void Watch::Impl::refresh_quiet(Instant now) {
  const auto before = std::exchange(quiet_, {});
  for (const alert::Silence& silence : silences_) {
    if (silence.active(now)) {
      quiet_.emplace_back(silence.id, &silence.match);
    }
  }
  for (const alert::Maintenance& window : maintenance_) {
    if (window.active(now)) {
      quiet_.emplace_back(window.name, &window.match);
    }
  }
  using Entry = decltype(quiet_)::value_type;  // a silence never changes, a window by reload alone
  if (!std::ranges::equal(quiet_, before, {}, &Entry::first, &Entry::first)) {
    ++quiet_epoch_;
  }
}

void Watch::Impl::alert_tick(Instant now) {
  refresh_quiet(now);
  drop_old_silences(now);
  if (!settle_next_) {
    settle_next_ = 0;
  }
  settle_due(now);
}

// Everything may be due at once: a turn of the loop settles a share, the next turns the rest.
void Watch::Impl::settle_due(Instant now) {
  if (!settle_next_) {
    return;
  }
  std::vector<std::uint32_t> share;
  auto at = timed_.lower_bound(*settle_next_);
  for (std::size_t looked = 0; at != timed_.end() && looked < kLookedAtPerTurn; ++at, ++looked) {
    if (share.size() == kSettledPerTurn) {
      break;
    }
    if (at->second <= now) {
      share.push_back(at->first);
    }
  }
  settle_next_ = at == timed_.end() ? std::nullopt : std::optional(at->first);
  for (const std::uint32_t id : share) {
    settle_now(id, now);
  }
}

// --- Start and reload. ---

void Watch::Impl::index_children() {
  children_.clear();
  for (const std::uint32_t id : by_name_) {
    for (const std::string& parent : slots_[id].config.notes->depends_on) {
      children_[parent].push_back(id);
    }
  }
}

// A store of an older version knows of incidents that nobody was told of: they are told now.
void Watch::Impl::resume_incident(std::uint32_t id) {
  Slot& s = slots_[id];
  if (s.found()) {
    index_topics(id);
    return;
  }
  if (!s.state.incident_open()) {
    if (s.alerting) {
      s.alerting->incident.reset();
      forget_if_empty(s);
    }
    return;
  }
  alert::AlertMemory& memory = memory_of(s);
  if (!memory.incident) {
    alert::Event opening = event_of(s, alert::EventType::went_down, s.state.incident_opened);
    opening.severity = s.config.notes->severity;
    opening.reason = check::to_string(s.state.reason);
    opening.message =
        alert::change_message(s.config.name, alert::EventType::went_down, "", std::nullopt);
    memory.incident.emplace();
    memory.incident->opening = std::move(opening);
    memory.incident->last_told = ports_.clock.now();
  }
  open_.insert(id);
  timed_[id] = Instant{};
}

// --- Sinks, and what is not of a monitor. ---

void Watch::Impl::report_outcome(const Slot& s, check::Status status, const std::string& outcome,
                                 Instant at, std::vector<ports::OutboxRow>& outbox) const {
  for (const config::ReportTo& to : s.config.notes->report) {
    if (!config::reports(to.on, status)) {
      continue;
    }
    outbox.push_back(
        notification::report(to.sink,
                             {s.config.name, std::string(check::kind_of(*s.config.check)),
                              s.config.notes->labels, outcome},
                             s.outcome_count, at));
  }
}

void Watch::Impl::publish(alert::Event event, const std::vector<std::string>& channels,
                          std::move_only_function<void()> shown) {
  const Instant now = ports_.clock.now();
  if (event.id.empty()) {
    event.id = ids_.next(now);
  }
  if (event.key.empty()) {
    event.key = event.id;
  }
  Telling telling;
  address(event, channels, now, telling);
  Change change;
  change.at = now;
  change.shown = std::move(shown);
  change.events.push_back(std::move(event));
  ports::WriteBatch batch;
  batch.outbox = std::move(telling.outbox);
  recorder_.submit(std::move(batch), std::move(change));
}

// --- Commands. ---

Result<void> Watch::Impl::load_silences() {
  auto rows = ports_.store.load_silences();
  if (!rows) {
    return std::unexpected(std::move(rows).error());
  }
  for (const ports::SilenceRow& row : *rows) {
    if (auto silence = alert::parse_silence(row.json)) {
      silences_.push_back(std::move(*silence));
    } else {
      ports_.log.error("a stored silence cannot be read; it does not hold",
                       {{"silence", row.id}, {"error", silence.error().message}});
    }
  }
  return {};
}

void Watch::Impl::acknowledge(std::uint32_t id,
                              const std::optional<alert::Acknowledgement>& acknowledgement,
                              ports::Store::Done done) {
  Slot& s = slots_[id];
  std::vector<alert::Announcement*> open;
  if (s.alerting && s.alerting->incident) {
    open.push_back(&*s.alerting->incident);
  } else if (s.alerting) {
    for (alert::Topic& topic : s.alerting->topics) {
      if (topic.wrong()) {
        open.push_back(&topic.latest);
      }
    }
  }
  if (open.empty()) {
    done(fail(ErrorCode::conflict, "'" + s.config.name + "' has no open incident"));
    return;
  }
  if (recorder_.degraded()) {
    done(fail(ErrorCode::unavailable, "the store refuses writes: " + recorder_.health().error));
    return;
  }
  for (alert::Announcement* incident : open) {
    incident->acknowledgement = acknowledgement;
  }
  submit_telling(id, ports_.clock.now(), {}, std::move(done));
}

void Watch::Impl::add_silence(alert::Silence silence, SilenceDone done) {
  const Instant now = ports_.clock.now();
  silence.id = ids_.next(now);
  silence.created = now;
  ports::WriteBatch batch;
  batch.silences.push_back({silence.id, alert::to_json(silence)});
  recorder_.submit_command(std::move(batch),
                           [this, silence, done = std::move(done)](Result<void> result) mutable {
                             if (!result) {
                               done(std::unexpected(std::move(result).error()));
                               return;
                             }
                             silences_.push_back(silence);
                             refresh_quiet(ports_.clock.now());
                             done(std::move(silence));
                           });
}

void Watch::Impl::end_silence(std::string_view id, ports::Store::Done done) {
  const auto found = std::ranges::find(silences_, id, &alert::Silence::id);
  if (found == silences_.end()) {
    done(fail(ErrorCode::not_found, "there is no silence '" + std::string(id) + "'"));
    return;
  }
  ports::WriteBatch batch;
  batch.ended_silences.emplace_back(id);
  recorder_.submit_command(std::move(batch), [this, id = std::string(id),
                                              done = std::move(done)](Result<void> result) mutable {
    if (result) {
      std::erase_if(silences_, [&](const alert::Silence& silence) { return silence.id == id; });
      alert_tick(ports_.clock.now());
      arm();
    }
    done(std::move(result));
  });
}

void Watch::Impl::drop_old_silences(Instant now) {
  ports::WriteBatch batch;
  std::erase_if(silences_, [&](const alert::Silence& silence) {
    const bool old = silence.until + kKeepEndedSilences < now;
    if (old) {
      batch.ended_silences.push_back(silence.id);
    }
    return old;
  });
  if (!batch.ended_silences.empty()) {
    recorder_.submit_command(std::move(batch), [](Result<void>) {});
    refresh_quiet(now);
  }
}

}  // namespace tocsin::service

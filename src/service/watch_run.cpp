// One check: started, finished, judged, made durable, announced.

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <utility>

#include "alert/change_message.hpp"
#include "base/json_writer.hpp"
#include "service/redaction.hpp"
#include "service/watch_impl.hpp"

namespace tocsin::service {
namespace {

// Judged this much after its deadline, a heartbeat's event says that it is late.
constexpr Milliseconds kLateAfter{60'000};

// What changes in an outcome that our own stall spoiled: the target is not to blame.
void make_interrupted(check::Outcome& outcome) {
  outcome.status = check::Status::unknown;
  outcome.reason = check::Reason::interrupted;
  outcome.message = "Tocsin itself did not run for part of this check; it is not judged";
}

}  // namespace

// After a kill nothing but the store can tell of this run: it is shown once the store has it.
void Watch::Impl::note_start(std::uint32_t id) {
  Slot& s = slots_[id];
  ++s.noted;
  Change change;
  change.slot = id;
  change.incarnation = s.incarnation;
  change.state = s.state;
  change.accounted = s.accounted();
  change.from = s.state.state;
  change.at = ports_.clock.now();
  ports::WriteBatch batch;
  batch.monitors.push_back(record_of(id));
  recorder_.submit(std::move(batch), std::move(change));
}

void Watch::Impl::start_run(std::uint32_t id, Start start, ManualDone manual) {
  Slot& s = slots_[id];
  const Run run{id,         s.generation,       start.origin,
                start.late, ports_.clock.now(), ports_.clock.mono_now()};
  switch (start.origin) {
    case check::Origin::scheduled:
    case check::Origin::pushed:
      ++s.counters.running;
      ++stats_.counters.running;
      if (!start.derived) {
        note_start(id);
      }
      break;
    case check::Origin::retry:
      ++s.counters.retries;
      ++stats_.counters.retries;
      s.retry_running = true;
      break;
    case check::Origin::manual:
      ++s.counters.manual;
      ++stats_.counters.manual;
      s.manual_running = true;
      break;
  }
  ++stats_.in_flight;
  ports_.prober.start(s.config.check,
                      [this, run, manual = std::move(manual)](check::Outcome outcome) mutable {
                        finish_run(run, std::move(outcome), std::move(manual));
                      });
}

void Watch::Impl::settle_run(Slot& s, const Run& run) {
  switch (run.origin) {
    case check::Origin::scheduled:
    case check::Origin::pushed:
      --s.counters.running;
      --stats_.counters.running;
      ++(run.late ? s.counters.late : s.counters.on_time);
      ++(run.late ? stats_.counters.late : stats_.counters.on_time);
      return;
    case check::Origin::retry:
      s.retry_running = false;
      return;
    case check::Origin::manual:
      s.manual_running = false;
      return;
  }
}

void Watch::Impl::excuse_own_stall(const Run& run, check::Outcome& outcome) const {
  const bool slept = run.began < woke_from_sleep_ && woke_from_sleep_ != MonoTime{};
  if (slept && outcome.status == check::Status::down) {
    make_interrupted(outcome);
  }
}

void Watch::Impl::finish_run(const Run& run, check::Outcome outcome, ManualDone manual) {
  --stats_.in_flight;
  Slot& s = slots_[run.slot];
  if (stopping_ || !s.in_use || s.generation != run.generation) {
    if (manual) {
      manual(fail(ErrorCode::cancelled, "the monitor changed or Tocsin stopped during the check"));
    }
    return;
  }
  settle_run(s, run);
  outcome.origin = run.origin;
  outcome.started = run.started;
  outcome.duration = ports_.clock.mono_now() - run.began;
  if (outcome.timings.total) {
    outcome.duration = *outcome.timings.total;
  }
  excuse_own_stall(run, outcome);
  redact(outcome, redactor_);
  ++stats_.outcomes[static_cast<std::size_t>(outcome.status)];
  stats_.duration_by_kind[s.config.check->target.index()].add(outcome.duration);
  const check::Status status = outcome.status;
  judge(run, std::move(outcome), std::move(manual));
  plan_retry(run.slot, status);
  const bool delayed = std::holds_alternative<schedule::DelayPlan>(s.config.plan->when);
  if (delayed && run.origin == check::Origin::scheduled) {
    const auto& plan = std::get<schedule::DelayPlan>(s.config.plan->when);
    plan_at(run.slot, wall_of(ports_.clock.mono_now()) + plan.delay);
  }
  const auto next = agenda_.earliest();
  if ((next && next->due < armed_for_) || (settle_next_ && ports_.clock.mono_now() < armed_for_)) {
    arm();
  }
}

void Watch::Impl::judge(const Run& run, check::Outcome outcome, ManualDone manual) {
  Slot& s = slots_[run.slot];
  const Instant at = outcome.started + std::chrono::duration_cast<Milliseconds>(outcome.duration);
  // A job may run for hours: what it was found to be is as of its end.
  const Instant started = s.pinged() ? at : outcome.started;
  alert::Step step =
      alert::judge(s.state, s.config.thresholds, outcome.status, outcome.reason, started, at);
  Change change;
  change.slot = run.slot;
  change.incarnation = s.incarnation;
  change.has_outcome = true;
  change.from = s.state.state;
  change.state_changed = step.state_changed;
  change.at = at;
  change.duration = outcome.duration;
  change.reason = check::to_string(outcome.reason);
  change.last_json = check::to_json(outcome);
  std::optional<alert::Event> event;
  change.accounted = s.accounted();
  if (step.event) {
    event = make_event(s, step, at, change.reason, outcome.message);
    if (*step.event == alert::EventType::went_down && !outcome.evidence.empty()) {
      event->extra.emplace_back("evidence", std::move(outcome.evidence));
    }
    if (const Milliseconds late = ports_.clock.now() - at; s.pinged() && late > kLateAfter) {
      event->late = late;
    }
  }
  change.message = std::move(outcome.message);
  s.state = change.state = step.next;
  ++s.outcome_count;
  s.last_started = started;
  if (s.pinged()) {
    change.beat = std::make_shared<const timer::Heartbeat>(*s.beat);
  }

  ports::WriteBatch batch;
  Telling telling;
  tell_of(run.slot, step, outcome.status, ports_.clock.now(), event ? &*event : nullptr, telling);
  report_outcome(s, outcome.status, change.last_json, at, telling.outbox);
  batch.outbox = std::move(telling.outbox);
  if (event) {
    change.events.push_back(std::move(*event));
  }
  std::ranges::move(telling.events, std::back_inserter(change.events));
  const bool of_schedule =
      run.origin == check::Origin::scheduled || run.origin == check::Origin::pushed;
  if (of_schedule) {  // retries and manual checks would weigh double
    const alert::Closed closed =
        alert::count_outcome(s.buckets, at, outcome.status, outcome.duration);
    for (std::size_t i = 0; i < closed.count; ++i) {
      batch.rollups.push_back({s.config.name, closed.buckets[i]});
    }
  }
  batch.monitors.push_back(s.record(change.last_json));
  batch.outcomes.push_back({s.config.name, s.outcome_count, change.last_json});
  if (manual) {
    change.done = [manual = std::move(manual), json = change.last_json](Result<void>) mutable {
      manual(std::move(json));
    };
  }
  recorder_.submit(std::move(batch), std::move(change));
  settle_children(run.slot, step.event.has_value());
}

void Watch::Impl::plan_retry(std::uint32_t id, check::Status latest) {
  Slot& s = slots_[id];
  const Milliseconds every = s.config.plan->retry_every;
  if (every <= Milliseconds{0}) {
    return;
  }
  s.retry_at = alert::wants_retry(s.state, latest) ? ports_.clock.mono_now() + every : MonoTime{};
  index_due(id);
}

alert::Event Watch::Impl::make_event(const Slot& s, const alert::Step& step, Instant at,
                                     std::string_view reason, std::string_view message) {
  alert::Event event = event_of(s, *step.event, at);
  event.state = alert::to_string(step.next.state);
  event.reason = reason;
  event.outage = step.outage;
  event.message = alert::change_message(s.config.name, *step.event, message, step.outage);
  event.incident =
      step.incident == Instant{} ? std::string() : alert::incident_id(s.config.name, step.incident);
  event.key = event.incident.empty() ? event.id : event.incident;
  return event;
}

alert::Event Watch::Impl::event_of(const Slot& s, alert::EventType type, Instant at) {
  alert::Event event;
  event.id = ids_.next(at);
  event.type = alert::to_string(type);
  event.severity = alert::info(type).severity;
  event.monitor = s.config.name;
  event.kind = check::kind_of(*s.config.check);
  event.labels = s.config.notes->labels;
  event.at = at;
  event.state = alert::to_string(s.state.state);
  if (s.state.incident_open()) {
    event.incident = alert::incident_id(s.config.name, s.state.incident_opened);
  }
  event.key = event.incident.empty() ? event.id : event.incident;
  const config::MonitorNotes& notes = *s.config.notes;
  const auto add = [&](std::string_view name, const std::string& text) {
    if (!text.empty()) {
      std::string json;
      append_json_string(json, text);
      event.extra.emplace_back(name, std::move(json));
    }
  };
  add("description", notes.description);
  add("runbook", notes.runbook);
  add("dashboard", notes.dashboard);
  return event;
}

void Watch::Impl::apply(Change& change) {
  if (change.slot != Change::kNoSlot) {
    Slot& s = slots_[change.slot];
    if (s.in_use && s.incarnation == change.incarnation) {
      s.settle(change.accounted);
      if (change.beat) {
        s.shown_beat = std::move(change.beat);
      }
      stats_.forget(s.shown);
      s.shown = change.state;
      stats_.count(s.shown);
      if (change.has_outcome) {
        s.last_json = std::move(change.last_json);
        s.last_duration = change.duration;
      }
    }
  }
  if (change.state_changed || !change.events.empty()) {
    announce(change);
  }
  if (change.shown) {
    change.shown();
  }
}

void Watch::Impl::announce(const Change& change) {
  stats_.events += change.events.size();
  if (!observer_) {
    return;
  }
  StateChange seen;
  seen.from = change.from;
  seen.to = change.state.state;
  seen.at = change.at;
  auto event = change.events.begin();
  if (change.state_changed || change.slot == Change::kNoSlot) {
    const bool of_change = event != change.events.end();
    seen.monitor = of_change ? std::string_view(event->monitor)
                             : std::string_view(slots_[change.slot].config.name);
    seen.reason = change.reason;
    seen.message = change.message;
    seen.event = of_change ? &*event++ : nullptr;
    observer_(seen);
  }
  // Further events: reminders, flapping. The state is as it was.
  for (; event != change.events.end(); ++event) {
    seen.monitor = event->monitor;
    seen.from = seen.to;
    seen.reason = event->reason;
    seen.message = event->message;
    seen.event = &*event;
    observer_(seen);
  }
}

void Watch::Impl::check_now(std::uint32_t id, ManualDone done) {
  if (slots_[id].passive()) {
    done(fail(ErrorCode::conflict,
              "'" + slots_[id].config.name +
                  (slots_[id].pinged() ? "' is a heartbeat: its job pings, nothing is checked"
                                       : "' is looked at together with its cluster")));
    return;
  }
  if (slots_[id].manual_running) {
    done(fail(ErrorCode::conflict, "a manual check of this monitor is already running"));
    return;
  }
  start_run(id, {.origin = check::Origin::manual}, std::move(done));
}

}  // namespace tocsin::service

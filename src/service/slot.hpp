#pragma once
// One monitor inside the watch: what is judged (may be ahead of the store) and what may be shown.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include "alert/memory.hpp"
#include "alert/state.hpp"
#include "alert/uptime.hpp"
#include "config/model.hpp"
#include "ports/store.hpp"
#include "schedule/counters.hpp"
#include "timer/heartbeat.hpp"

namespace tocsin::service {

// What a record says of planned runs.
struct Accounted {
  schedule::Counters counters;
  // Runs so far whose planned time a restart could not derive from record and schedule: of a
  // monitor without a record, behind a delay, outside the phase. Their start is written by itself.
  std::uint32_t noted = 0;
};

struct Slot {
  config::Monitor config;
  std::uint64_t hash = 0;         // of the name: the schedule's phase
  std::uint32_t generation = 0;   // a run that carries an older one is dropped when it answers
  std::uint32_t incarnation = 0;  // of the slot: a change of an earlier monitor is not applied
  std::uint32_t self = 0;         // its own number
  bool in_use = false;
  bool paused = false;
  bool retry_running = false;
  bool manual_running = false;

  // By which entry of what is silenced now, as of which state of that list; found when asked for.
  struct Quiet {
    std::uint32_t as_of = 0;
    std::uint32_t by = 0;
  };
  mutable Quiet quiet;

  // Judged: after the last finished check.
  alert::MonitorState state;
  schedule::Counters counters;
  std::uint32_t noted = 0;  // as in Accounted
  alert::OpenBuckets buckets;
  std::unique_ptr<alert::AlertMemory> alerting;  // null: nothing to remember
  std::unique_ptr<timer::Heartbeat> beat;        // null: not a heartbeat
  std::string memory;  // what who found it remembers of it; nobody here reads it
  std::uint64_t outcome_count = 0;
  Instant accounted_until{};
  Instant last_started{};

  // Shown: after the last durable one.
  alert::MonitorState shown;
  std::string last_json;
  Microseconds last_duration{0};
  std::shared_ptr<const timer::Heartbeat> shown_beat;  // null: none yet, or not a heartbeat
  Accounted durable;
  bool recorded = false;  // with the store's record a restart can derive what was planned since

  // Planned.
  bool has_plan = false;
  bool derived = false;  // the next planned run follows from the schedule alone
  Instant planned{};     // the next planned run
  MonoTime due{};        // the same on the monotonic clock
  MonoTime retry_at{};   // epoch: no retry waits

  // Nothing is run: its outcomes are pings and deadlines that pass, or come from who looks at it.
  [[nodiscard]] bool passive() const { return check::is_passive(*config.check); }
  [[nodiscard]] bool pinged() const { return beat != nullptr; }
  // No configuration names it: it was found (watch_found.cpp).
  [[nodiscard]] bool found() const {
    return std::holds_alternative<check::EcsCheck>(config.check->target);
  }
  [[nodiscard]] timer::Rules heartbeat_rules() const {
    return {*config.plan, std::get<check::HeartbeatCheck>(config.check->target)};
  }
  // Of a configuration that was just taken over: what only its kind has.
  void adopt_kind();
  [[nodiscard]] bool retry_waits() const { return retry_at != MonoTime{}; }
  // What a kill cannot take back: finished and skipped runs as they are durable, and those running
  // that a restart would know of. A run that ended is running until its end is durable.
  [[nodiscard]] schedule::Counters shown_counters() const;
  [[nodiscard]] Accounted accounted() const { return {counters, noted}; }
  // A record that says this is durable. May come late: then nothing changes.
  void settle(const Accounted& record);
  // The durable form of the judged state. `last` is the outcome JSON that goes with it.
  [[nodiscard]] ports::MonitorRecord record(const std::string& last) const;
  void restore(ports::MonitorRecord record);
};

inline schedule::Counters Slot::shown_counters() const {
  const auto ended = [](const schedule::Counters& c) {
    return c.on_time + c.late + c.skip(schedule::Skip::interrupted);
  };
  schedule::Counters out = durable.counters;
  out.running =
      counters.running + (ended(counters) - ended(durable.counters)) - (noted - durable.noted);
  out.planned = out.on_time + out.late + out.skipped_total() + out.running;
  return out;
}

inline void Slot::settle(const Accounted& record) {
  const auto over = [](const schedule::Counters& c) {
    return c.on_time + c.late + c.skipped_total();
  };
  recorded = true;
  durable.noted = std::max(durable.noted, record.noted);
  if (over(record.counters) >= over(durable.counters)) {
    durable.counters = record.counters;
  }
}

inline void Slot::adopt_kind() {
  if (!std::holds_alternative<check::HeartbeatCheck>(config.check->target)) {
    beat.reset();
    shown_beat.reset();
  } else if (beat == nullptr) {
    beat = std::make_unique<timer::Heartbeat>();
  }
}

inline ports::MonitorRecord Slot::record(const std::string& last) const {
  ports::MonitorRecord out;
  out.name = config.name;
  out.kind = std::string(check::kind_of(*config.check));
  out.state = state;
  out.counters = counters;
  out.accounted_until = accounted_until;
  out.buckets = buckets;
  out.paused = paused;
  out.outcome_count = outcome_count;
  out.last_started = last_started;
  out.last_json = last;
  if (alerting) {
    out.alerting = alert::to_json(*alerting);
  }
  out.memory = beat ? timer::to_json(*beat) : memory;
  return out;
}

inline void Slot::restore(ports::MonitorRecord record) {
  state = shown = record.state;
  counters = record.counters;
  // Runs that were going when the process died.
  counters.skip(schedule::Skip::interrupted) += counters.running;
  counters.running = 0;
  accounted_until = record.accounted_until;
  buckets = record.buckets;
  paused = record.paused;
  outcome_count = record.outcome_count;
  last_started = record.last_started;
  last_json = std::move(record.last_json);
  if (!record.alerting.empty()) {
    alerting = std::make_unique<alert::AlertMemory>(alert::parse_alert_memory(record.alerting));
    if (!found()) {  // of another kind that had its name
      alerting->topics.clear();
    }
  }
  if (found()) {
    memory = std::move(record.memory);
  } else if (beat) {
    *beat = timer::parse_heartbeat(record.memory);
    shown_beat = std::make_shared<const timer::Heartbeat>(*beat);
  }
  recorded = true;
}

}  // namespace tocsin::service

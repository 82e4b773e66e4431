#pragma once
// What is known of one heartbeat, and when it is too late: pure rules of (state, rules, ping or
// moment). Passive: the caller brings pings and asks judge_due() at next_due(). Times are wall
// clock; shift() keeps elapsed time true when the wall clock steps.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "check/outcome.hpp"
#include "check/spec.hpp"
#include "schedule/plan.hpp"

namespace tocsin::timer {

enum class Action : std::uint8_t { success, start, fail, log };
[[nodiscard]] std::string_view to_string(Action action);

struct Ping {
  Action action = Action::success;
  std::optional<int> exit_status;  // how success or fail was said, when it was by a number
  std::string rid;                 // of the run; "" is a run of its own
  std::string text;                // what the job said, bounded by the caller
  Instant at{};
};

// A run that started and has not ended.
struct OpenRun {
  std::string rid;
  Instant first{};   // its limit counts from here: a second start of it extends nothing
  Instant latest{};  // its duration counts from here
  bool operator==(const OpenRun&) const = default;
};

// What a start or a log said last: shown with the next alert.
struct Said {
  Action action = Action::log;
  Instant at{};
  std::string text;
  bool operator==(const Said&) const = default;
};

// All that is remembered of a heartbeat beside its monitor's state. Durable.
struct Heartbeat {
  Instant last_ping{};        // success or fail; epoch 0: none yet
  Instant expected{};         // when the next ping is awaited; epoch 0: not awaited
  Instant deadline{};         // of `expected`, with what the rules allow beyond it
  std::vector<OpenRun> runs;  // in order of their first start, at most kMostRuns
  std::optional<Said> said;
  std::string plan;        // the schedule that `expected` follows (name_of)
  Milliseconds window{0};  // what `deadline` allowed when it was set
  bool operator==(const Heartbeat&) const = default;
};

inline constexpr std::size_t kMostRuns = 100;

// Borrowed for the call. The plan is an interval or a cron: a DelayPlan expects nothing.
struct Rules {
  const schedule::Plan& plan;
  const check::HeartbeatCheck& options;
};

// What a ping or a deadline says about the job.
struct Verdict {
  check::Status status = check::Status::up;
  check::Reason reason = check::Reason::none;
  std::string message;  // one sentence; "" when up
  Instant began{};      // of the run that it is about; `at` when no run was timed
  Instant at{};         // the ping, or the deadline that passed
  bool timed = false;   // it is about a run whose start is known
  // Of a deadline: how many later expectations passed before `now`, too, and are not judged.
  std::uint64_t skipped = 0;
};

struct Applied {
  bool accepted = true;  // false: a start beyond kMostRuns; nothing changed
  std::optional<Verdict> verdict;
};

// The rules:
// - A success or a failure ends its run and is what was expected: the next one is awaited an
//   interval later, or at the next match of the cron. One that comes a little before a match (at
//   most 30 s and a quarter of the time to the match after it) counts for that match: clocks
//   differ.
// - A start opens a run. While any run is open nothing else is awaited; each has its own limit,
//   max_runtime or else grace, from its first start.
// - A log changes nothing but what was said.
// - Until the first success or failure nothing is awaited; the limit of a run holds all the same.
[[nodiscard]] Applied apply(Heartbeat& beat, const Rules& rules, Ping ping);

// The earliest moment at which judge_due() would say something; nullopt: none until a ping.
[[nodiscard]] std::optional<Instant> next_due(const Heartbeat& beat, const Rules& rules);

// The verdict of the earliest deadline that is not after `now`; nullopt when there is none. Call
// again until there is none. What is judged is over: a run is forgotten (a late ping of it is one
// of its own), an expectation moves on to the next whose deadline lies after `now`.
[[nodiscard]] std::optional<Verdict> judge_due(Heartbeat& beat, const Rules& rules, Instant now);

// The wall clock stepped; both are readings of the same moment. What was left of every limit is
// left of it afterwards; matches of a cron that were jumped over are not awaited.
void shift(Heartbeat& beat, const Rules& rules, Instant before, Instant after);

// The rules may have changed (reload), or time passed unseen (start). A schedule that changed
// awaits nothing before `now`; times after `now` come of a clock that was wrong and become `now`.
void adopt(Heartbeat& beat, const Rules& rules, Instant now);

// Nobody could ping for a while, through a fault that was not the job's: open runs are forgotten,
// and nothing is awaited before `now`.
void excuse(Heartbeat& beat, const Rules& rules, Instant now);

// The schedule as text: the same for the same schedule, in any process.
[[nodiscard]] std::string name_of(const schedule::Plan& plan);

// {last_ping_ms,expected_ms,deadline_ms,window_ms,plan,runs[{rid,first_ms,latest_ms}],
// said{action,at_ms,text}}; "" when there is nothing to remember.
[[nodiscard]] std::string to_json(const Heartbeat& beat);
// Reads what to_json wrote; what is missing or of another kind keeps its default.
[[nodiscard]] Heartbeat parse_heartbeat(std::string_view json);

}  // namespace tocsin::timer

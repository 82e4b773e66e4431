#pragma once
// How outcomes become a monitor's state: pure rules of (state, outcome, now).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "check/outcome.hpp"

namespace tocsin::alert {

enum class State : std::uint8_t { fresh, up, down, unknown };  // fresh is shown as "new"
[[nodiscard]] std::string_view to_string(State state);
[[nodiscard]] std::optional<State> parse_state(std::string_view name);

// `fail_after: 3` is 3 of 3 in a row; `3 of 5` is any 3 among the last 5 known outcomes.
struct Thresholds {
  std::uint8_t fail_count = 3;
  std::uint8_t fail_window = 3;  // >= fail_count, at most 32
  std::uint8_t recover_after = 1;
  bool operator==(const Thresholds&) const = default;
};

// All of a monitor's alerting memory. Durable; small, because there may be 100,000.
struct MonitorState {
  State state = State::fresh;
  check::Reason reason = check::Reason::none;  // why it is down or unknown
  std::uint8_t known_count = 0;                // how many bits of `failures` are filled, at most 32
  std::uint16_t ups_in_row = 0;
  std::uint16_t unknowns_in_row = 0;
  std::uint32_t failures = 0;  // the last known outcomes, newest in bit 0, 1 = down
  Instant since{};             // when `state` was entered
  // The open incident: from went_down until recovered, also through `unknown`. Epoch 0: none.
  Instant incident_opened{};
  Instant first_failure{};  // start of the current run of failures; the outage counts from here

  [[nodiscard]] bool incident_open() const { return incident_opened != Instant{}; }
  bool operator==(const MonitorState&) const = default;
};

// What people may want to hear of. Closed list, docs/events.md; stored by name.
enum class EventType : std::uint8_t { went_down, recovered, became_unknown };
[[nodiscard]] std::string_view to_string(EventType type);

struct Step {
  MonitorState next;
  bool state_changed = false;
  std::optional<EventType> event;
  // Of `recovered`: from the first failure that led to it to the start of the first success.
  std::optional<Milliseconds> outage;
};

// The rules (docs/semantics of states): unknown outcomes count neither as failure nor success, fill
// no place in the window, never close an incident; the state becomes unknown after fail_count of them
// in a row. From `fresh`, fail_count and recover_after 1 apply. `at` is the outcome's end.
[[nodiscard]] Step judge(const MonitorState& state, const Thresholds& thresholds,
                         check::Status status, check::Reason reason, Instant started, Instant at);

// The configuration dropped the monitor: an open incident closes (event `recovered`, reason shown as
// monitor_removed), which resolves pages.
[[nodiscard]] Step close_removed(const MonitorState& state, Instant at);

// Whether a failed check should be repeated at retry_every: the verdict is not settled yet.
[[nodiscard]] bool wants_retry(const MonitorState& state, check::Status latest);

}  // namespace tocsin::alert

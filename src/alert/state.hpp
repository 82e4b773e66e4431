#pragma once
// How outcomes become a monitor's state: pure rules of (state, outcome, now).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "alert/event_type.hpp"
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
  check::Reason reason = check::Reason::none;  // of the latest outcome that says why; none when up
  std::uint8_t known_count = 0;                // how many bits of `failures` are filled, at most 32
  std::uint16_t ups_in_row = 0;
  std::uint16_t unknowns_in_row = 0;
  std::uint32_t failures = 0;  // the last known outcomes, newest in bit 0, 1 = down
  Instant since{};             // when `state` was entered
  // The open incident: from went_down until recovered, also through `unknown`. Epoch 0: none.
  Instant incident_opened{};
  // Start of the run of failures without a success between them that opened the incident, or that
  // may open one: the outage counts from here. Frozen while an incident is open.
  Instant first_failure{};
  // Start of the current run of successes while an incident is open; epoch 0: none yet.
  Instant first_success{};

  [[nodiscard]] bool incident_open() const { return incident_opened != Instant{}; }
  bool operator==(const MonitorState&) const = default;
};

struct Step {
  MonitorState next;
  bool state_changed = false;
  std::optional<EventType> event;
  // Of `recovered`: from the start of the first failure to the start of the first success; 0 when
  // the wall clock stepped back meanwhile.
  std::optional<Milliseconds> outage;
  // The incident that the event belongs to, by its opening; epoch 0: none (became_unknown alone).
  Instant incident{};
};

// The rules:
// - An outcome is known when it is up or down. Known outcomes fill the window of the last
//   fail_window; a down one that makes fail_count failures in it opens an incident: went_down.
// - While an incident is open, recover_after successes without a failure between them close it:
//   recovered. The window starts empty after it, so that one new failure is one.
// - Without an open incident the first success makes `up`, from fresh and from unknown, silently.
// - Unknown outcomes count neither as failure nor success, fill no place in the window, interrupt
// no
//   run of either, open and close nothing. fail_count of them in a row make `unknown`:
//   became_unknown. An open incident stays open meanwhile; the next failure is then `down` again
//   without an event, and a success counts towards its recovery.
// Thresholds may change between calls; the current ones are applied to what is remembered. Values
// outside their limits are taken as the nearest allowed. `started` and `at` are the outcome's begin
// and end; they may lie before those of earlier outcomes. Allocates nothing.
[[nodiscard]] Step judge(const MonitorState& state, const Thresholds& thresholds,
                         check::Status status, check::Reason reason, Instant started, Instant at);

// The configuration dropped the monitor: an open incident closes (event `recovered`, reason shown
// as monitor_removed), which resolves pages. Without an open incident nothing changes.
[[nodiscard]] Step close_removed(const MonitorState& state, Instant at);

// Whether a check should be repeated at retry_every: it failed and no incident is open, so the
// verdict is not settled yet. `state` is the one after judging `latest`. Unknown outcomes are not
// repeated: the fault is ours, and more checks would add to it.
[[nodiscard]] bool wants_retry(const MonitorState& state, check::Status latest);

}  // namespace tocsin::alert

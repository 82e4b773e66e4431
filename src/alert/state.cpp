#include "alert/state.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

namespace tocsin::alert {
namespace {

constexpr unsigned kWindowLimit = 32;

// Thresholds within their limits, in the width of the sums below.
struct Limits {
  explicit Limits(const Thresholds& t)
      : fail_count(std::clamp<unsigned>(t.fail_count, 1, kWindowLimit)),
        window(std::clamp<unsigned>(t.fail_window, fail_count, kWindowLimit)),
        recover_after(std::max<unsigned>(t.recover_after, 1)) {}
  unsigned fail_count;
  unsigned window;
  unsigned recover_after;
};

void count_up(std::uint16_t& counter) {
  if (counter < std::numeric_limits<std::uint16_t>::max()) {
    ++counter;
  }
}

void push_known(MonitorState& state, bool failed) {
  state.failures = (state.failures << 1U) | (failed ? 1U : 0U);
  state.known_count = static_cast<std::uint8_t>(std::min<unsigned>(state.known_count + 1U, 32));
}

unsigned failures_in_window(const MonitorState& state, const Limits& limits) {
  const auto mask = static_cast<std::uint32_t>((std::uint64_t{1} << limits.window) - 1);
  return static_cast<unsigned>(std::popcount(state.failures & mask));
}

bool last_known_failed(const MonitorState& state) {
  return state.known_count > 0 && (state.failures & 1U) != 0;
}

void enter(Step& step, State entered, check::Reason reason, Instant at) {
  step.next.reason = reason;
  if (step.next.state != entered) {
    step.next.state = entered;
    step.next.since = at;
    step.state_changed = true;
  }
}

void close_incident(Step& step, Instant recovered_at) {
  MonitorState& next = step.next;
  step.event = EventType::recovered;
  step.incident = next.incident_opened;
  step.outage = std::max(recovered_at - next.first_failure, Milliseconds{0});
  next.incident_opened = next.first_failure = next.first_success = Instant{};
  next.failures = 0;
  next.known_count = 0;
}

void judge_up(Step& step, const Limits& limits, Instant started, Instant at) {
  MonitorState& next = step.next;
  count_up(next.ups_in_row);
  push_known(next, false);
  if (!next.incident_open()) {
    next.first_failure = Instant{};
    enter(step, State::up, check::Reason::none, at);
    return;
  }
  if (next.ups_in_row == 1 || next.first_success == Instant{}) {
    next.first_success = started;
  }
  if (next.ups_in_row >= limits.recover_after) {
    close_incident(step, next.first_success);
    enter(step, State::up, check::Reason::none, at);
  }
}

void judge_down(Step& step, const Limits& limits, check::Reason reason, Instant started,
                Instant at) {
  MonitorState& next = step.next;
  const bool continues = last_known_failed(next) && next.first_failure != Instant{};
  next.ups_in_row = 0;
  next.first_success = Instant{};
  push_known(next, true);
  if (next.incident_open()) {
    enter(step, State::down, reason, at);
    return;
  }
  if (!continues) {
    next.first_failure = started;
  }
  if (failures_in_window(next, limits) < limits.fail_count) {
    return;
  }
  // Epoch 0 says that no incident is open; a machine whose clock was never set starts there.
  next.incident_opened = std::max(at, from_unix_ms(1));
  step.event = EventType::went_down;
  step.incident = next.incident_opened;
  enter(step, State::down, reason, at);
}

void judge_unknown(Step& step, const Limits& limits, check::Reason reason, Instant at) {
  MonitorState& next = step.next;
  count_up(next.unknowns_in_row);
  if (next.unknowns_in_row < limits.fail_count && next.state != State::unknown) {
    return;
  }
  const bool entered = next.state != State::unknown;
  enter(step, State::unknown, reason, at);
  if (entered) {
    step.event = EventType::became_unknown;
    step.incident = next.incident_opened;
  }
}

}  // namespace

Step judge(const MonitorState& state, const Thresholds& thresholds, check::Status status,
           check::Reason reason, Instant started, Instant at) {
  Step step;
  step.next = state;
  const Limits limits{thresholds};
  if (status == check::Status::unknown) {
    judge_unknown(step, limits, reason, at);
    return step;
  }
  step.next.unknowns_in_row = 0;
  if (status == check::Status::up) {
    judge_up(step, limits, started, at);
  } else {
    judge_down(step, limits, reason, started, at);
  }
  return step;
}

Step close_removed(const MonitorState& state, Instant at) {
  Step step;
  step.next = state;
  if (!state.incident_open()) {
    return step;
  }
  close_incident(step, state.first_success != Instant{} ? state.first_success : at);
  step.next.ups_in_row = 0;
  step.next.unknowns_in_row = 0;
  enter(step, State::fresh, check::Reason::none, at);
  return step;
}

bool wants_retry(const MonitorState& state, check::Status latest) {
  return latest == check::Status::down && !state.incident_open();
}

std::string_view to_string(State state) {
  switch (state) {
    case State::fresh:
      return "new";
    case State::up:
      return "up";
    case State::down:
      return "down";
    case State::unknown:
      return "unknown";
  }
  return "unknown";
}

std::optional<State> parse_state(std::string_view name) {
  for (const State state : {State::fresh, State::up, State::down, State::unknown}) {
    if (to_string(state) == name) {
      return state;
    }
  }
  return std::nullopt;
}

}  // namespace tocsin::alert

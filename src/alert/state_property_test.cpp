// Random histories against an oracle that keeps every outcome in a list, and against invariants.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "alert/state.hpp"
#include "base/random.hpp"

namespace tocsin::alert {
namespace {

using namespace std::chrono_literals;
using check::Reason;
using check::Status;

constexpr std::uint64_t kSeed = 4242;

struct Seen {
  Status status;
  Instant started;
};

// The rules once more, over lists and without any cleverness.
class Oracle {
 public:
  State state = State::fresh;
  bool incident = false;
  std::optional<EventType> event;
  std::optional<Milliseconds> outage;

  void take(const Thresholds& t, Status status, Instant started) {
    event.reset();
    outage.reset();
    all_.push_back({status, started});
    if (status == Status::unknown) {
      if (trailing(all_, Status::unknown) >= t.fail_count && state != State::unknown) {
        state = State::unknown;
        event = EventType::became_unknown;
      }
      return;
    }
    known_.push_back({status, started});
    if (incident) {
      in_incident(t, status);
    } else {
      outside(t, status);
    }
  }

 private:
  static std::size_t trailing(const std::vector<Seen>& list, Status status) {
    const auto end = std::find_if(list.rbegin(), list.rend(),
                                  [status](const Seen& s) { return s.status != status; });
    return static_cast<std::size_t>(end - list.rbegin());
  }

  void in_incident(const Thresholds& t, Status status) {
    if (status == Status::down) {
      state = State::down;
      return;
    }
    const std::size_t ups = trailing(known_, Status::up);
    if (ups < t.recover_after) return;
    const Instant first_success = known_[known_.size() - ups].started;
    event = EventType::recovered;
    outage = std::max(first_success - first_failure_, Milliseconds{0});
    state = State::up;
    incident = false;
    known_.clear();
  }

  void outside(const Thresholds& t, Status status) {
    if (status == Status::up) {
      state = State::up;
      return;
    }
    const std::size_t size = std::min<std::size_t>(known_.size(), t.fail_window);
    const auto failures =
        std::count_if(known_.end() - static_cast<std::ptrdiff_t>(size), known_.end(),
                      [](const Seen& s) { return s.status == Status::down; });
    if (failures < t.fail_count) return;
    first_failure_ = known_[known_.size() - trailing(known_, Status::down)].started;
    event = EventType::went_down;
    state = State::down;
    incident = true;
  }

  std::vector<Seen> all_;
  std::vector<Seen> known_;  // since the last recovery
  Instant first_failure_{};
};

Thresholds random_thresholds(Random& random) {
  Thresholds t;
  t.fail_count = static_cast<std::uint8_t>(1 + random.below(random.chance(1, 10) ? 32 : 4));
  t.fail_window = static_cast<std::uint8_t>(t.fail_count + random.below(33U - t.fail_count));
  if (random.chance(1, 2)) {
    t.fail_window = std::min<std::uint8_t>(t.fail_window, t.fail_count + 2);
  }
  t.recover_after = static_cast<std::uint8_t>(1 + random.below(4));
  return t;
}

// Runs of the same status, as real targets have them.
Status random_status(Random& random, Status last) {
  if (random.chance(1, 2)) return last;
  constexpr std::array kAll{Status::up, Status::down, Status::unknown};
  return kAll.at(random.below(3));
}

// What holds after every step whatever the rules' details.
void check_invariants(const MonitorState& before, const Step& step, Status status) {
  const MonitorState& after = step.next;
  const bool opened = !before.incident_open() && after.incident_open();
  const bool closed = before.incident_open() && !after.incident_open();
  ASSERT_EQ(opened, step.event == EventType::went_down);
  ASSERT_EQ(closed, step.event == EventType::recovered);
  ASSERT_EQ(step.outage.has_value(), closed);
  ASSERT_TRUE(!opened || status == Status::down);
  ASSERT_TRUE(!closed || status == Status::up);
  ASSERT_TRUE(after.state != State::up || !after.incident_open());
  ASSERT_TRUE(after.state != State::fresh || !after.incident_open());
  ASSERT_TRUE(after.state != State::down || after.incident_open());
  ASSERT_EQ(step.event == EventType::became_unknown,
            after.state == State::unknown && before.state != State::unknown);
  ASSERT_EQ(step.state_changed, before.state != after.state);
  ASSERT_TRUE(step.state_changed || before.since == after.since);
  if (before.incident_open() && after.incident_open()) {
    ASSERT_EQ(before.incident_opened, after.incident_opened);
    ASSERT_EQ(before.first_failure, after.first_failure);
  }
  if (step.outage) {
    ASSERT_GE(*step.outage, 0ms);
  }
}

void play(Random& random, bool thresholds_change, bool clock_steps) {
  Oracle oracle;
  MonitorState state;
  Thresholds thresholds = random_thresholds(random);
  Instant now = from_unix_ms(1'700'000'000'000);
  Status status = Status::up;
  std::string history;
  for (int i = 0; i < 120; ++i) {
    if (thresholds_change && random.chance(1, 15)) thresholds = random_thresholds(random);
    now += Milliseconds{static_cast<std::int64_t>(1 + random.below(90'000))};
    if (clock_steps && random.chance(1, 20)) now -= 3h;
    status = random_status(random, status);
    history += check::to_string(status).front();
    SCOPED_TRACE(fmt::format("seed {} history {} thresholds {} of {}, {}", kSeed, history,
                             thresholds.fail_count, thresholds.fail_window,
                             thresholds.recover_after));
    const Step step = judge(state, thresholds, status, Reason::connect, now, now + 5s);
    oracle.take(thresholds, status, now);
    check_invariants(state, step, status);
    if (::testing::Test::HasFatalFailure()) return;
    ASSERT_EQ(step.event, oracle.event);
    ASSERT_EQ(step.next.state, oracle.state);
    ASSERT_EQ(step.next.incident_open(), oracle.incident);
    ASSERT_EQ(step.outage, oracle.outage);
    state = step.next;
  }
}

TEST(JudgeProperty, AgreesWithTheListOfOutcomes) {
  Random random(kSeed);
  for (int i = 0; i < 500; ++i) {
    play(random, false, false);
    if (HasFatalFailure()) return;
  }
}

TEST(JudgeProperty, AgreesWhileThresholdsChangeAndClocksStep) {
  Random random(kSeed + 1);
  for (int i = 0; i < 500; ++i) {
    play(random, true, true);
    if (HasFatalFailure()) return;
  }
}

TEST(JudgeProperty, ARunOfSuccessesNeverHasAnIncident) {
  Random random(kSeed);
  for (int i = 0; i < 100; ++i) {
    MonitorState state;
    for (int n = 0; n < 100; ++n) {
      const Step step =
          judge(state, random_thresholds(random), Status::up, Reason::none, Instant{}, Instant{});
      ASSERT_EQ(step.event, std::nullopt);
      ASSERT_EQ(step.next.state, State::up);
      state = step.next;
    }
  }
}

TEST(JudgeProperty, CountersSaturateInVeryLongRuns) {
  MonitorState ups, unknowns;
  const Thresholds slow{1, 1, 255};
  ups = judge(ups, slow, Status::down, Reason::connect, Instant{}, Instant{}).next;
  for (int i = 0; i < 70'000; ++i) {
    ups = judge(ups, slow, Status::up, Reason::none, Instant{}, Instant{}).next;
    unknowns = judge(unknowns, slow, Status::unknown, Reason::resolver, Instant{}, Instant{}).next;
  }
  EXPECT_EQ(ups.ups_in_row, 65'535U);
  EXPECT_EQ(ups.state, State::up);
  EXPECT_EQ(unknowns.unknowns_in_row, 65'535U);
}

}  // namespace
}  // namespace tocsin::alert

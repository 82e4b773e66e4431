// Random pings, moments of judgement, clock steps and restarts against an oracle that knows only
// elapsed time: nothing is judged early, nothing twice, nothing is missed.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/random.hpp"
#include "timer/heartbeat.hpp"

namespace tocsin::timer {
namespace {

using namespace std::chrono_literals;
using check::Reason;

constexpr std::uint64_t kSeed = 7071;
constexpr Milliseconds kEvery = 10min;
constexpr Milliseconds kGrace = 3min;
constexpr Milliseconds kMaxRuntime = 7min;

// In elapsed milliseconds. Of an interval alone, whose rules need no calendar.
struct Oracle {
  std::optional<std::int64_t> deadline;
  std::map<std::string, std::int64_t> runs;  // rid -> limit

  [[nodiscard]] std::optional<std::int64_t> due() const {
    std::optional<std::int64_t> out;
    for (const auto& [rid, limit] : runs) out = std::min(out.value_or(limit), limit);
    return runs.empty() ? deadline : out;
  }
};

class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed) {
    plan_.when = schedule::EveryPlan{kEvery};
    options_.grace = kGrace;
    options_.max_runtime = kMaxRuntime;
  }

  void step() {
    elapsed_ += static_cast<std::int64_t>(random_.below(240'000));
    switch (random_.below(8)) {
      case 0:
        ping(Action::start);
        break;
      case 1:
      case 2:
        ping(Action::success);
        break;
      case 3:
        ping(Action::fail);
        break;
      case 4:
        ping(Action::log);
        break;
      case 5:
        step_clock();
        break;
      case 6:
        restart();
        break;
      default:
        break;
    }
    judge();
  }

 private:
  [[nodiscard]] Instant now() const { return Instant{Milliseconds{elapsed_ + lead_}}; }
  [[nodiscard]] Rules rules() const { return {plan_, options_}; }

  void ping(Action action) {
    const std::string rid = random_.chance(1, 3) ? "" : fmt::format("r{}", random_.below(4));
    const Applied applied = apply(beat_, rules(), {action, std::nullopt, rid, "", now()});
    ASSERT_TRUE(applied.accepted);
    ASSERT_EQ(applied.verdict.has_value(), action == Action::success || action == Action::fail);
    if (action == Action::start) {
      oracle_.runs.try_emplace(rid, elapsed_ + kMaxRuntime.count());
    } else if (applied.verdict) {
      ASSERT_EQ(applied.verdict->timed, oracle_.runs.erase(rid) == 1);
      oracle_.deadline = elapsed_ + (kEvery + kGrace).count();
    }
  }

  void step_clock() {
    const Instant before = now();
    lead_ += static_cast<std::int64_t>(random_.below(86'400'000)) - 43'200'000;
    shift(beat_, rules(), before, now());
  }

  void restart() {
    beat_ = parse_heartbeat(to_json(beat_));
    const Heartbeat before = beat_;
    adopt(beat_, rules(), now());
    ASSERT_EQ(beat_, before);
  }

  void judge() {
    const auto expected = oracle_.due();
    const auto due = next_due(beat_, rules());
    ASSERT_EQ(due.has_value(), expected.has_value());
    if (due) {
      ASSERT_EQ(unix_ms(*due) - lead_, *expected);
    }
    if (random_.chance(1, 4)) return;  // nobody looks: the machine sleeps
    while (true) {
      const auto next = oracle_.due();
      const auto verdict = judge_due(beat_, rules(), now());
      ASSERT_EQ(verdict.has_value(), next && *next <= elapsed_);
      if (!verdict) return;
      ASSERT_EQ(unix_ms(verdict->at) - lead_, *next);
      settle(*verdict, *next);
    }
  }

  // The oracle takes over the next expectation after checking what must hold of it.
  void settle(const Verdict& verdict, std::int64_t judged) {
    if (verdict.reason == Reason::timeout) {
      std::erase_if(oracle_.runs, [&](const auto& run) { return run.second == judged; });
    } else {
      ASSERT_EQ(verdict.reason, Reason::expired);
      ASSERT_GT(unix_ms(beat_.deadline) - lead_, elapsed_);
    }
    const std::int64_t next = unix_ms(beat_.deadline) - lead_;
    ASSERT_GT(next, judged);
    if (oracle_.deadline && verdict.reason == Reason::expired) {
      ASSERT_EQ((next - *oracle_.deadline) % kEvery.count(), 0);
      ASSERT_EQ((next - *oracle_.deadline) / kEvery.count(),
                static_cast<std::int64_t>(verdict.skipped) + 1);
    }
    oracle_.deadline = next;
  }

  Random random_;
  schedule::Plan plan_;
  check::HeartbeatCheck options_;
  Heartbeat beat_;
  Oracle oracle_;
  std::int64_t elapsed_ = 1'000'000'000;
  std::int64_t lead_ = 1'700'000'000'000;
};

TEST(HeartbeatProperty, NothingIsJudgedEarlyTwiceOrNever) {
  for (std::uint64_t i = 0; i < 300; ++i) {
    World world(kSeed + i);
    for (int step = 0; step < 400; ++step) {
      ASSERT_NO_FATAL_FAILURE(world.step()) << "seed " << kSeed + i << ", step " << step;
    }
  }
}

}  // namespace
}  // namespace tocsin::timer

// The embedded timers under power cuts: at every write, truncation and sync of a workload the power
// goes, once with nothing of what was not synced and once with parts of it. Every arm that was
// answered is there afterwards with its exact start and length; nothing is there that nobody asked
// for.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "adapters/store_sqlite/timers_sqlite.hpp"
#include "base/random.hpp"
#include "contract/timer_store_harness.hpp"
#include "support/fault_vfs.hpp"

namespace tocsin::test {
namespace {

using namespace std::chrono_literals;
using ports::TimerMark;
using store_sqlite::TimersSqlite;
using timer::Timer;
using Kind = FaultPlan::Kind;

constexpr int kIds = 12;
constexpr int kSteps = 60;

// What a store may hold of an id: the last answer, or anything that was asked for after it.
struct Expected {
  std::optional<Timer> answered;
  std::vector<std::optional<Timer>> doubtful;
};

class TimerFaults : public ::testing::Test {
 protected:
  TimerFaults() { loop_.stand_still(); }

  Result<std::unique_ptr<TimersSqlite>> open(const std::string& path, bool through_faults) {
    store_sqlite::TimersSqliteOptions options;
    options.path = path;
    options.vfs = through_faults ? vfs_.name() : "";
    options.key = {3, 4};
    options.gather = Microseconds{0};  // the loop's time stands still
    options.slack = 10;                // so that the log is written anew all the time
    return TimersSqlite::open(loop_, loop_, std::move(options), log_);
  }

  // Groups of arms, some of one id twice, and disarms, until the store refuses.
  void work(TimersSqlite& store, std::uint64_t seed) {
    Random random(seed);
    bool refused = false;
    for (int step = 0; step < kSteps && !refused; ++step) {
      std::size_t asked = 0;
      std::size_t answered = 0;
      const std::uint64_t group = 1 + random.below(5);
      for (std::uint64_t i = 0; i < group; ++i, ++asked) {
        const std::string id = "timer-" + std::to_string(random.below(kIds));
        Expected& of = expected_[id];
        if (random.chance(1, 8)) {
          of.doubtful.emplace_back();
          store.disarm(id, [&](const Result<std::optional<Timer>>& was) {
            ++answered;
            refused = refused || !was;
            if (was) {
              of = {};
            }
          });
          continue;
        }
        Timer arm;
        arm.id = id;
        arm.start = store.time().now;
        arm.seconds = static_cast<std::int64_t>(1'000 + random.below(100'000));
        of.doubtful.emplace_back(arm);
        store.arm(id, arm.seconds, [&, arm](const Result<ports::Armed>& armed) {
          ++answered;
          refused = refused || !armed;
          if (armed) {
            EXPECT_EQ(armed->timer, arm);
            of.answered = arm;
            std::erase_if(of.doubtful, [&](const auto& other) { return other == arm; });
          }
        });
      }
      ASSERT_TRUE(loop_.run_until([&] { return answered == asked; }));
      loop_.advance(100ms);
    }
  }

  void check(const std::string& path, const std::string& what) {
    auto store = open(path, false);
    ASSERT_TRUE(store) << what << ": " << store.error().message;
    for (const auto& [id, of] : expected_) {
      const auto found = find(loop_, **store, id).value();
      const bool fine =
          found == of.answered || std::ranges::find(of.doubtful, found) != of.doubtful.end();
      EXPECT_TRUE(fine) << what << ": " << id << " is "
                        << (found ? std::to_string(found->seconds) : "gone") << ", answered was "
                        << (of.answered ? std::to_string(of.answered->seconds) : "gone");
    }
    EXPECT_LE(list_all(loop_, **store, "", 100).size(), expected_.size()) << what;
  }

  // False when the plan's moment never came.
  bool one(FaultPlan plan, std::uint64_t seed) {
    const TemporaryFolder folder(TemporaryFolder::Where::memory);
    const std::string path = folder.file("timers.db");
    expected_.clear();
    vfs_.set_plan(plan);
    if (auto store = open(path, true)) {
      work(**store, seed);
    }
    const bool struck = vfs_.struck();
    vfs_.restart(seed);
    check(path, fmt::format("kind {} at {} seed {}", static_cast<int>(plan.kind), plan.at, seed));
    return struck;
  }

  PumpLoop loop_;
  NullLogger log_;
  FaultVfs vfs_{"timer-faults"};
  std::map<std::string, Expected> expected_;
};

TEST_F(TimerFaults, APowerCutAtAnyMomentLosesNoAnsweredArmAndInventsNone) {
  std::uint64_t moments = 0;
  for (std::uint64_t at = 1; !HasFatalFailure() && !HasNonfatalFailure(); ++at) {
    const bool empty = one({Kind::power_cut, at, 0}, 2 * at);
    if (!one({Kind::power_cut, at, 0}, 2 * at + 1) && !empty) {
      break;
    }
    moments = at;
  }
  EXPECT_GT(moments, 100U);
}

TEST_F(TimerFaults, AWriteThatFailsOnceIsSaidAndLosesNothing) {
  for (std::uint64_t at = 1; !HasNonfatalFailure(); ++at) {
    if (!one({Kind::fail_once, at, 0}, at)) {
      break;
    }
  }
}

TEST_F(TimerFaults, TheLogStaysShortHoweverOftenTimersAreArmed) {
  const TemporaryFolder folder(TemporaryFolder::Where::memory);
  auto store = open(folder.file("timers.db"), false);
  ASSERT_TRUE(store) << store.error().message;
  for (int i = 0; i < 500; ++i) {
    std::size_t answered = 0;
    for (int id = 0; id < 600; ++id) {
      (*store)->arm("timer-" + std::to_string((i + id) % 100), 60,
                    [&](const Result<ports::Armed>& armed) { answered += armed ? 1U : 0U; });
    }
    ASSERT_TRUE(loop_.run_until([&] { return answered == 600; }));
  }
  // 300,000 arms of 100 timers are 6 MB of entries.
  EXPECT_LT((*store)->stats().bytes, 2'000'000U);
  EXPECT_EQ(list_all(loop_, **store, "", 100).size(), 100U);
}

}  // namespace
}  // namespace tocsin::test

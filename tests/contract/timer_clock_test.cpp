// The embedded timers on clocks that misbehave, and the size of their groups.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "adapters/store_sqlite/timers_sqlite.hpp"
#include "base/random.hpp"
#include "contract/timer_store_harness.hpp"

namespace tocsin::test {
namespace {

using namespace std::chrono_literals;
using store_sqlite::TimersSqlite;

class TimerClocks : public ::testing::Test {
 protected:
  TimerClocks() {
    loop_.stand_still();
    open(0us);
  }
  void open(Microseconds gather) {
    store_.reset();
    store_sqlite::TimersSqliteOptions options;
    options.path = folder_.file(file_);
    options.key = {3, 4};
    options.gather = gather;
    auto opened = TimersSqlite::open(loop_, loop_, std::move(options), log_);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
    store_->watch([](std::string_view) { return true; });
  }
  // Time passes, in which the store's own timers run once a second at most.
  void pass(Milliseconds span) {
    loop_.advance(span);
    loop_.run_due();
  }

  TemporaryFolder folder_{TemporaryFolder::Where::memory};
  std::string file_ = "timers.db";
  PumpLoop loop_;
  NullLogger log_;
  std::unique_ptr<TimersSqlite> store_;
};

TEST_F(TimerClocks, NothingExpiresEarlyOrTwiceHoweverTheWallClockStepsAndTheMachineSleeps) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Random random(seed);
    file_ = fmt::format("timers-{}.db", seed);
    open(0us);
    std::map<std::string, Milliseconds> ends;  // by the time that really passed
    std::set<std::string> told;
    Milliseconds passed{0};
    for (int step = 0; step < 300; ++step) {
      const std::string what = fmt::format("seed {} step {}", seed, step);
      const auto choice = random.below(10);
      if (choice < 3) {
        const auto id = fmt::format("{}-{}", seed, step);
        const auto seconds = static_cast<std::int64_t>(1 + random.below(7'200));
        ASSERT_TRUE(arm(loop_, *store_, id, seconds)) << what;
        ends[id] = passed + std::chrono::seconds{seconds};
      } else if (choice < 5) {
        // A step is seen within a second; a restart after that keeps what it meant.
        const auto by = static_cast<std::int64_t>(random.below(40'000'000)) - 20'000'000;
        loop_.advance_wall(Milliseconds{by});
        pass(1s);
        passed += 1s;
      } else if (choice < 6) {
        open(0us);
      } else {
        const Milliseconds span{static_cast<std::int64_t>(random.below(3'600'000))};
        pass(span);  // busy or asleep: both clocks go on
        passed += span;
      }
      for (const timer::Timer& timer : take_due(loop_, *store_)) {
        // A restart goes by the wall clock, which may be corrected by less than a step.
        EXPECT_LE(ends.at(timer.id), passed + 1s) << what << ": early";
        EXPECT_TRUE(told.insert(timer.id).second) << what << ": twice";
        EXPECT_THAT(mark(loop_, *store_,
                         {{timer, ports::TimerMark::Kind::claimed, store_->time().now, false},
                          {timer, ports::TimerMark::Kind::told, {}, false}}),
                    testing::Each(true));
      }
      for (const auto& [id, end] : ends) {
        EXPECT_TRUE(end + 1s > passed || told.contains(id)) << what << ": late";
      }
      ASSERT_FALSE(HasFailure()) << what;
    }
    EXPECT_GT(told.size(), 20U);
  }
}

TEST_F(TimerClocks, AStepShowsInAnswersAndMovesNoTimer) {
  ASSERT_TRUE(arm(loop_, *store_, "job", 100));
  loop_.advance_wall(1h);
  pass(10s);
  const auto time = store_->time();
  const auto found = find(loop_, *store_, "job").value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->deadline() - time.now, 90s);
  EXPECT_EQ(time.lead, -1h);
}

// --- Groups. ---

TEST_F(TimerClocks, AGroupWaitsAMomentForThoseWhoWereJustAnswered) {
  open(1s);
  int answered = 0;
  const auto ask = [&](const std::string& id) {
    store_->arm(id, 60, [&](const Result<ports::Armed>& armed) { answered += armed ? 1 : 0; });
  };
  ask("a");
  ask("b");
  ASSERT_TRUE(loop_.run_until([&] { return answered == 2; }));
  const auto commits = store_->stats().commits;
  ask("a");
  bool turned = false;
  loop_.post([&turned] { turned = true; });
  ASSERT_TRUE(loop_.run_until([&turned] { return turned; }));
  EXPECT_EQ(answered, 2) << "b may come back";
  ask("b");
  ASSERT_TRUE(loop_.run_until([&] { return answered == 4; }));
  EXPECT_EQ(store_->stats().commits, commits + 1) << "both in one";
  ask("a");
  loop_.advance(1s);
  ASSERT_TRUE(loop_.run_until([&] { return answered == 5; })) << "b did not";
  ask("a");
  ASSERT_TRUE(loop_.run_until([&] { return answered == 6; })) << "alone, nobody is waited for";
}

}  // namespace
}  // namespace tocsin::test

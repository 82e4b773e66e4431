#include "service/ecs/call_budget.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "support/virtual_loop.hpp"

namespace tocsin::service {
namespace {

using namespace std::chrono_literals;

class CallBudgetTest : public ::testing::Test {
 protected:
  // Asks for `count` calls that take `each`; their starts go to started_.
  void ask(int count, Milliseconds each) {
    for (int i = 0; i < count; ++i) {
      EXPECT_TRUE(budget_.ask([this, each] {
        started_.push_back(loop_.mono_now() - begin_);
        most_ = std::max(most_, ++running_);
        loop_.call_at(loop_.mono_now() + each, [this] {
          --running_;
          budget_.finished();
        });
      }));
    }
  }

  test::VirtualLoop loop_;
  CallBudget budget_{loop_, loop_, {.per_second = 5, .in_flight = 4, .waiting = 100}};
  MonoTime begin_ = loop_.mono_now();
  std::vector<Microseconds> started_;
  int running_ = 0;
  int most_ = 0;
};

TEST_F(CallBudgetTest, CallsAreSpreadEvenlyBehindAFirstFew) {
  ask(24, 10ms);
  loop_.run_for(10s);
  ASSERT_EQ(started_.size(), 24U);
  EXPECT_EQ(started_[3], 0ms);
  EXPECT_EQ(started_[4], 200ms);
  EXPECT_EQ(started_[23], 4000ms);
  EXPECT_EQ(budget_.calls(), 24U);
}

TEST_F(CallBudgetTest, NoMoreAreInFlightThanAllowedHoweverSlowTheAnswers) {
  ask(12, 30s);
  loop_.run_for(29s);
  EXPECT_EQ(started_.size(), 4U);
  loop_.run_for(70s);
  EXPECT_EQ(started_.size(), 12U);
  EXPECT_EQ(most_, 4);
}

TEST_F(CallBudgetTest, TimeThatWasNotUsedIsNotSavedUp) {
  loop_.run_for(1h);
  begin_ = loop_.mono_now();
  ask(10, 1ms);
  loop_.run_for(1s);
  EXPECT_LE(started_.size(), 9U);
}

TEST_F(CallBudgetTest, TooManyThatWaitAreRefused) {
  ask(100, 1s);
  EXPECT_FALSE(budget_.ask([] {}));
}

TEST_F(CallBudgetTest, ThrottlingStretchesIntervalsAndCalmShrinksThemSlowly) {
  EXPECT_EQ(budget_.stretched(15s), 15s);
  budget_.throttled();
  budget_.throttled();  // of the same moment
  EXPECT_EQ(budget_.stretched(15s), 30s);
  loop_.run_for(10s);
  budget_.throttled();
  EXPECT_EQ(budget_.stretched(15s), 60s);
  for (int i = 0; i < 100; ++i) {
    loop_.run_for(10s);
    budget_.throttled();
  }
  EXPECT_EQ(budget_.stretched(15s), 5min);
  EXPECT_EQ(budget_.stretched(10min), 10min) << "never shorter than it was meant to be";
  budget_.answered();
  EXPECT_EQ(budget_.stretched(15s), 5min) << "not at once";
  for (int i = 0; i < 100; ++i) {
    loop_.run_for(10s);
    budget_.answered();
  }
  EXPECT_EQ(budget_.stretched(15s), 15s);
}

TEST_F(CallBudgetTest, NothingIsStretchedFurtherThanItShows) {
  budget_.serve(15s);
  budget_.serve(1min);
  for (int i = 0; i < 100; ++i) {
    loop_.run_for(10s);
    budget_.throttled();
  }
  EXPECT_EQ(budget_.stretched(15s), 5min);
  loop_.run_for(40s);
  budget_.answered();
  EXPECT_EQ(budget_.stretched(15s), 4min) << "the first calm minute shows";
}

}  // namespace
}  // namespace tocsin::service

#include "timer/timeline.hpp"

#include <gtest/gtest.h>

namespace tocsin::timer {
namespace {

using namespace std::chrono_literals;

constexpr Instant kWall = from_unix_ms(1'700'000'000'000);
constexpr MonoTime kMono{1000s};

TEST(Timeline, IsTheWallClockToBeginWith) {
  const Timeline line(kWall, kMono, 0ms);
  EXPECT_EQ(line.at(kMono), kWall);
  EXPECT_EQ(line.at(kMono + 5s), kWall + 5s);
}

TEST(Timeline, AStepOfTheWallClockMovesNoTimerAndIsRemembered) {
  Timeline line(kWall, kMono, 0ms);
  EXPECT_TRUE(line.observe(kWall + 10s + 1h, kMono + 10s));
  EXPECT_EQ(line.at(kMono + 10s), kWall + 10s);
  EXPECT_EQ(line.lead(), -1h);
  EXPECT_EQ(line.wall_of(kWall + 10s), kWall + 10s + 1h);
  EXPECT_FALSE(line.observe(kWall + 11s + 1h, kMono + 11s));
}

TEST(Timeline, TheClocksOwnCorrectionsChangeNothing) {
  Timeline line(kWall, kMono, 0ms);
  EXPECT_FALSE(line.observe(kWall + 10s + 999ms, kMono + 10s));
  EXPECT_FALSE(line.observe(kWall + 10s - 999ms, kMono + 10s));
  EXPECT_EQ(line.lead(), 0ms);
}

TEST(Timeline, ManySmallCorrectionsAddUpToAStep) {
  Timeline line(kWall, kMono, 0ms);
  int steps = 0;
  for (int second = 1; second <= 30; ++second) {
    steps += line.observe(kWall + second * 1100ms, kMono + second * 1s) ? 1 : 0;
  }
  EXPECT_EQ(steps, 3);
  EXPECT_EQ(line.lead(), -3s);
}

TEST(Timeline, ARestartGoesOnWhereTheStepHadLeftIt) {
  Timeline line(kWall, kMono, 0ms);
  ASSERT_TRUE(line.observe(kWall + 1h, kMono));
  const Timeline next(kWall + 1h + 60s, MonoTime{5s}, line.lead());
  EXPECT_EQ(next.at(MonoTime{5s}), kWall + 60s);
}

}  // namespace
}  // namespace tocsin::timer

#include "timer/answer.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace tocsin::timer {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart = from_unix_ms(1'700'000'000'700);

Timer timer_of(std::int64_t seconds) {
  Timer timer;
  timer.id = "job";
  timer.start = kStart;
  timer.seconds = seconds;
  return timer;
}

TEST(TimerAnswer, AtTheArmEverythingRemains) {
  const Answer answer = answer_of(timer_of(10), kStart, 0ms);
  EXPECT_EQ(answer.start, 1'700'000'000);
  EXPECT_EQ(answer.now, 1'700'000'000);
  EXPECT_EQ(answer.remaining, 10);
}

TEST(TimerAnswer, StartPlusSecondsMinusNowIsWhatRemainsRoundedUpAtEveryMoment) {
  const Timer timer = timer_of(10);
  for (Milliseconds passed{0}; passed < 10s; passed += 37ms) {
    const Answer answer = answer_of(timer, kStart + passed, 0ms);
    EXPECT_EQ(answer.start, 1'700'000'000);
    EXPECT_EQ(answer.start + answer.seconds - answer.now, answer.remaining);
    EXPECT_EQ(answer.remaining, (10'000 - passed.count() + 999) / 1000);
    EXPECT_GE(answer.remaining, 1) << "a running timer never shows 0";
  }
}

TEST(TimerAnswer, FollowsTheWallClockOfToday) {
  const Answer answer = answer_of(timer_of(10), kStart + 4s, -1h);
  EXPECT_EQ(answer.start, 1'700'000'000 + 3600);
  EXPECT_EQ(answer.now, answer.start + 4);
  EXPECT_EQ(answer.remaining, 6);
}

}  // namespace
}  // namespace tocsin::timer

// What the real loop promises; simulations run on a virtual one of the same port.

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "adapters/clock_system/clock_system.hpp"
#include "adapters/loop_asio/loop_asio.hpp"

namespace tocsin {
namespace {

class LoopContract : public testing::Test {
 protected:
  MonoTime in(Milliseconds delay) const { return clock_.mono_now() + delay; }

  adapters::ClockSystem clock_;
  adapters::LoopAsio loop_;
};

TEST_F(LoopContract, RunsPostsInOrderAndNeverInline) {
  std::string seen;
  loop_.post([&] {
    loop_.post([&] { seen += 'c'; });
    seen += 'a';
  });
  loop_.post([&] { seen += 'b'; });
  loop_.call_at(in(Milliseconds{20}), [&] { loop_.stop(); });
  EXPECT_EQ(seen, "");
  loop_.run();
  EXPECT_EQ(seen, "abc");
}

TEST_F(LoopContract, RunsTimersInOrderOfTimeAndNeverEarly) {
  std::string seen;
  const MonoTime begun = clock_.mono_now();
  const auto at = [&](Milliseconds delay, char mark) {
    loop_.call_at(begun + delay, [&, delay, mark] {
      EXPECT_GE(clock_.mono_now(), begun + delay);
      seen += mark;
    });
  };
  at(Milliseconds{30}, 'd');
  at(Milliseconds{10}, 'b');
  at(Milliseconds{10}, 'c');
  at(Milliseconds{-1'000}, 'a');
  loop_.call_at(begun + Milliseconds{40}, [&] { loop_.stop(); });
  loop_.run();
  EXPECT_EQ(seen, "abcd");
}

TEST_F(LoopContract, RunsATimerMadeByATimerAtItsOwnTime) {
  std::string seen;
  loop_.call_at(in(Milliseconds{0}), [&] {
    seen += 'a';
    loop_.call_at(in(Milliseconds{30}), [&] {
      seen += 'c';
      loop_.stop();
    });
    loop_.call_at(in(Milliseconds{10}), [&] { seen += 'b'; });
  });
  loop_.run();
  EXPECT_EQ(seen, "abc");
}

TEST_F(LoopContract, DropsCancelledTimersAlsoWithinTheSameTurn) {
  std::string seen;
  const MonoTime when = in(Milliseconds{10});
  ports::TimerId second = 0;
  loop_.call_at(when, [&] {
    seen += 'a';
    loop_.cancel(second);
  });
  second = loop_.call_at(when, [&] { seen += 'b'; });
  loop_.cancel(loop_.call_at(when, [&] { seen += 'x'; }));
  loop_.cancel(0);
  loop_.cancel(12'345);
  loop_.call_at(in(Milliseconds{30}), [&] { loop_.stop(); });
  loop_.run();
  EXPECT_EQ(seen, "a");
}

TEST_F(LoopContract, LetsPostsThroughWhileTimersAreAlwaysDue) {
  int rounds = 0;
  std::move_only_function<void()> again;
  again = [&] {
    ++rounds;
    loop_.call_at(clock_.mono_now(), [&] { again(); });
  };
  again();
  std::thread outsider([&] { loop_.post([&] { loop_.stop(); }); });
  loop_.run();
  outsider.join();
  EXPECT_GT(rounds, 0);
}

TEST_F(LoopContract, RunsPostsFromManyThreadsOnItsOwnThreadInEachOnesOrder) {
  constexpr int kThreads = 4;
  constexpr int kEach = 5'000;
  std::vector<int> last(kThreads, -1);
  int left = kThreads * kEach;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int j = 0; j < kEach; ++j) {
        loop_.post([&, i, j] {
          EXPECT_EQ(last[i], j - 1);
          last[i] = j;
          if (--left == 0) {
            loop_.stop();
          }
        });
      }
    });
  }
  loop_.run();
  EXPECT_EQ(left, 0);
  for (std::thread& thread : threads) {
    thread.join();
  }
}

TEST_F(LoopContract, StopsFromAnotherThread) {
  std::thread outsider([&] { loop_.stop(); });
  loop_.run();
  outsider.join();
}

TEST(LoopEnd, DestroysWhatDidNotRunAndTakesNothingMore) {
  const auto token = std::make_shared<int>(0);
  {
    adapters::LoopAsio loop;
    loop.call_at(MonoTime::max(), [token] { FAIL(); });
    loop.post([token] { FAIL(); });
    EXPECT_EQ(token.use_count(), 3);
    loop.stop();
    loop.post([token] { FAIL(); });
    EXPECT_EQ(token.use_count(), 3);
  }
  EXPECT_EQ(token.use_count(), 1);
}

TEST(SystemClock, TellsTheTime) {
  const adapters::ClockSystem clock;
  EXPECT_GT(clock.now(), from_unix_ms(1'700'000'000'000));
  const MonoTime first = clock.mono_now();
  EXPECT_LE(first, clock.mono_now());
}

}  // namespace
}  // namespace tocsin

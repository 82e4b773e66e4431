#include "adapters/loop_asio/timer_heap.hpp"

#include <gtest/gtest.h>

#include <map>

#include "base/random.hpp"

namespace tocsin::adapters {
namespace {

using std::chrono::seconds;

TEST(TimerHeap, GivesDueTimersInOrderOfTimeThenOfMaking) {
  TimerHeap heap;
  std::string ran;
  heap.add(MonoTime{seconds{2}}, [&] { ran += 'c'; });
  heap.add(MonoTime{seconds{1}}, [&] { ran += 'a'; });
  heap.add(MonoTime{seconds{1}}, [&] { ran += 'b'; });
  heap.add(MonoTime{seconds{9}}, [&] { ran += 'x'; });
  while (ports::Task task = heap.pop_due(MonoTime{seconds{2}})) {
    task();
  }
  EXPECT_EQ(ran, "abc");
  EXPECT_EQ(heap.earliest(), MonoTime{seconds{9}});
}

TEST(TimerHeap, IgnoresIdsThatRanOrWereCancelledWhenTheirSlotIsUsedAgain) {
  TimerHeap heap;
  const auto first = heap.add(MonoTime{seconds{1}}, [] {});
  EXPECT_TRUE(heap.remove(first));
  const auto second = heap.add(MonoTime{seconds{1}}, [] {});
  EXPECT_NE(first, second);
  EXPECT_FALSE(heap.remove(first));
  EXPECT_FALSE(heap.remove(0));
  EXPECT_FALSE(heap.remove(~std::uint64_t{0}));
  EXPECT_EQ(heap.size(), 1U);
  EXPECT_TRUE(heap.remove(second));
  EXPECT_EQ(heap.earliest(), std::nullopt);
}

TEST(TimerHeap, AgreesWithASortedMapUnderRandomUse) {
  constexpr std::uint64_t kSeed = 7;
  Random random(kSeed);
  TimerHeap heap;
  std::map<std::pair<MonoTime, int>, ports::TimerId> model;
  std::vector<int> expected;
  std::vector<int> seen;
  MonoTime now{};
  for (int step = 0; step < 20'000; ++step) {
    const auto choice = random.below(10);
    if (choice < 6) {
      const MonoTime when = now + Microseconds{static_cast<std::int64_t>(random.below(1000))};
      model[{when, step}] = heap.add(when, [&seen, step] { seen.push_back(step); });
    } else if (choice < 9 && !model.empty()) {
      const auto victim =
          std::next(model.begin(), static_cast<std::ptrdiff_t>(random.below(model.size())));
      ASSERT_TRUE(heap.remove(victim->second)) << "seed " << kSeed << " step " << step;
      model.erase(victim);
    } else {
      now += Microseconds{static_cast<std::int64_t>(random.below(500))};
      while (!model.empty() && model.begin()->first.first <= now) {
        expected.push_back(model.begin()->first.second);
        model.erase(model.begin());
      }
      while (ports::Task task = heap.pop_due(now)) {
        task();
      }
      ASSERT_EQ(seen, expected) << "seed " << kSeed << " step " << step;
    }
    ASSERT_EQ(heap.size(), model.size());
  }
}

}  // namespace
}  // namespace tocsin::adapters

#include "timer/table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "base/random.hpp"

namespace tocsin::timer {
namespace {

using namespace std::chrono_literals;

constexpr Instant kBase = from_unix_ms(1'700'000'000'123);
constexpr SipKey kKey{1, 2};

std::vector<std::string> expired(Table& table, Instant now) {
  std::vector<std::string> ids;
  for (auto number = table.pop_expired(now); number != Table::kNone;
       number = table.pop_expired(now)) {
    ids.emplace_back(table.id(number));
  }
  return ids;
}

using Ids = std::vector<std::string>;

TEST(TimerTable, KeepsAllThatIsKnownOfATimer) {
  Table table(kKey, kBase);
  Timer timer{"job", kBase + 7ms, kLongestSeconds, kBase + 9ms, true, true, {}};
  timer.missed = {kBase + 1ms, kBase + 2ms, kBase};
  const auto number = table.put(timer);
  EXPECT_EQ(table.get(number), timer);
  EXPECT_EQ(table.find("job"), number);
  const Timer plain{"job", kBase + 8ms, 1, {}, false, false, {}};
  EXPECT_EQ(table.put(plain), number);
  EXPECT_EQ(table.get(number), plain);
  EXPECT_EQ(table.size(), 1U);
}

TEST(TimerTable, ATimerThatIsArmedAgainExpiresAtItsNewEndOnly) {
  Table table(kKey, kBase);
  const auto number = table.put("job", kBase, 10);
  table.queue(number, kBase);
  table.put("job", kBase + 9s, 10);
  table.queue(number, kBase + 9s);
  EXPECT_EQ(expired(table, kBase + 18999ms), Ids{});
  EXPECT_EQ(expired(table, kBase + 19s), (Ids{"job"}));
  EXPECT_EQ(expired(table, kBase + 60s), Ids{});
}

TEST(TimerTable, AnEarlierEndCountsAtOnce) {
  Table table(kKey, kBase);
  const auto number = table.put("job", kBase, 1'000'000);
  table.queue(number, kBase);
  table.put("job", kBase, 5);
  table.queue(number, kBase);
  EXPECT_LE(table.next_due(), kBase + 5s);
  EXPECT_EQ(expired(table, kBase + 5s), (Ids{"job"}));
  EXPECT_EQ(expired(table, kBase + 1'000'001s), Ids{});
}

TEST(TimerTable, HandsOutInOrderOfDeadlinesToTheMillisecond) {
  Table table(kKey, kBase);
  for (const int ms : {700, 3, 999, 500}) {
    table.queue(table.put("job-" + std::to_string(ms), kBase + Milliseconds{ms}, 100), kBase);
  }
  EXPECT_EQ(expired(table, kBase + 100s + 2ms), Ids{});
  EXPECT_EQ(expired(table, kBase + 101s), (Ids{"job-3", "job-500", "job-700", "job-999"}));
}

TEST(TimerTable, WhatIsArmedLongAndShortInTurnsDoesNotPileUp) {
  Table table(kKey, kBase);
  const auto number = table.put("job", kBase, kLongestSeconds);
  Instant now = kBase;
  for (int i = 0; i < 3'000'000; ++i) {
    table.put("job", now, i % 2 == 0 ? 5'000'000 : 300);
    table.queue(number, now);
    if (i % 2 == 1) {
      now += 300s;
      EXPECT_EQ(table.pop_expired(now), number);
    }
  }
  EXPECT_LT(table.bytes(), 20'000'000U);
}

TEST(TimerTable, WhatIsArmedAgainWithinItsLastSecondDoesNotPileUp) {
  Table table(kKey, kBase);
  table.queue(table.put("job", kBase, 1), kBase);
  const std::size_t before = table.bytes();
  Instant now = kBase;
  for (int i = 0; i < 10'000; ++i) {
    now += 100ms;
    table.queue(table.put("job", now, 1), now);
    EXPECT_EQ(table.pop_expired(now), Table::kNone);
  }
  EXPECT_LT(table.bytes(), before + 1'000);
  // More of them in a second than are counted.
  for (int i = 0; i < 1'000; ++i) {
    now += 1ms;
    table.queue(table.put("job", now, 1), now);
  }
  EXPECT_EQ(expired(table, now + 999ms), Ids{});
  EXPECT_EQ(expired(table, now + 1s), (Ids{"job"}));
}

TEST(TimerTable, EntriesOfATimerThatIsGoneMeanNothingToTheNextOfItsNumber) {
  Table table(kKey, kBase);
  Instant now = kBase;
  for (int i = 0; i < 1'000; ++i) {
    const auto number = table.put("gone", now, 1);
    table.queue(number, now);
    table.erase(number);
    table.queue(table.put("job", now, 1), now);
    now += 10ms;
    EXPECT_EQ(table.pop_expired(now), Table::kNone);
    table.erase(table.find("job"));
  }
  table.queue(table.put("job", now, 1), now);
  EXPECT_EQ(expired(table, now + 999ms), Ids{});
  EXPECT_EQ(expired(table, now + 1s), (Ids{"job"}));
  EXPECT_EQ(expired(table, now + 1h), Ids{});
}

// Against a model that looks at everything.
struct Model {
  std::map<std::string, std::pair<Instant, bool>> timers;  // deadline, queued

  Ids expired(Instant now) {
    std::vector<std::pair<Instant, std::string>> due;
    for (auto& [id, timer] : timers) {
      if (timer.second && timer.first <= now) {
        due.emplace_back(timer.first, id);
        timer.second = false;
      }
    }
    std::ranges::sort(due);
    Ids ids;
    for (auto& [deadline, id] : due) {
      ids.push_back(id);
    }
    return ids;
  }
};

TEST(TimerTable, DoesAsAModelThatLooksAtEverything) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    Table table(SipKey{seed, 0}, kBase);
    Model model;
    Instant now = kBase;
    for (int step = 0; step < 4'000; ++step) {
      const std::string id = "t" + std::to_string(random.below(300));
      const auto what = random.below(10);
      if (what < 6) {
        const auto seconds =
            static_cast<std::int64_t>(1 + random.below(std::uint64_t{1} << random.below(24)));
        const auto number = table.put(id, now, seconds);
        const bool watched = random.below(4) != 0;
        const bool was = model.timers.contains(id) && model.timers[id].second;
        model.timers[id] = {now + std::chrono::seconds{seconds}, watched || was};
        if (watched || was) {
          table.queue(number, now);
        }
      } else if (what < 7) {
        const auto number = table.find(id);
        ASSERT_EQ(number != Table::kNone, model.timers.contains(id));
        if (number != Table::kNone) {
          table.erase(number);
          model.timers.erase(id);
        }
      } else {
        now += Milliseconds{
            static_cast<std::int64_t>(random.below(std::uint64_t{1} << random.below(30)))};
        Ids ours = expired(table, now);
        Ids theirs = model.expired(now);
        std::ranges::sort(ours);  // of one deadline any order
        std::ranges::sort(theirs);
        ASSERT_EQ(ours, theirs) << "seed " << seed << " step " << step;
      }
      ASSERT_EQ(table.size(), model.timers.size());
    }
    for (const auto& [id, timer] : model.timers) {
      const auto number = table.find(id);
      ASSERT_NE(number, Table::kNone);
      EXPECT_EQ(table.deadline(number), timer.first);
      EXPECT_EQ(table.queued(number), timer.second);
    }
  }
}

}  // namespace
}  // namespace tocsin::timer

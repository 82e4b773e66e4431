#include "alert/uptime.hpp"

#include <gtest/gtest.h>

#include <map>
#include <utility>
#include <vector>

#include "base/random.hpp"

namespace tocsin::alert {
namespace {

using namespace std::chrono_literals;
using check::Status;

constexpr std::uint64_t kSeed = 99;

Instant at(std::string_view text) { return *parse_rfc3339(text); }

TEST(Tally, CountsDurationsOfKnownOutcomesOnly) {
  Tally tally;
  tally.add(Status::up, 200us);
  tally.add(Status::down, 500us);
  tally.add(Status::unknown, 9000us);
  tally.add(Status::up, -5us);
  EXPECT_EQ(tally, (Tally{2, 1, 1, 700, 500}));
  tally.add(Status::down, std::chrono::hours{2});
  EXPECT_EQ(tally.duration_us_max, 0xFFFFFFFFU);
}

TEST(Tally, MergingIsCountingTogether) {
  Tally a, b, both;
  a.add(Status::up, 3us);
  b.add(Status::down, 8us);
  b.add(Status::unknown, 1us);
  both.add(Status::up, 3us);
  both.add(Status::down, 8us);
  both.add(Status::unknown, 1us);
  a.merge(b);
  EXPECT_EQ(a, both);
}

TEST(Uptime, ClosesTheHourAndTheDayAtTheirUtcEdges) {
  OpenBuckets open;
  EXPECT_EQ(count_outcome(open, at("2025-01-01T22:59:59.999Z"), Status::up, 10us).count, 0U);
  const Closed hour = count_outcome(open, at("2025-01-01T23:00:00Z"), Status::down, 20us);
  ASSERT_EQ(hour.count, 1U);
  EXPECT_EQ(hour.buckets[0].level, RollupLevel::hour);
  EXPECT_EQ(hour.buckets[0].start, at("2025-01-01T22:00:00Z"));
  EXPECT_EQ(hour.buckets[0].tally, (Tally{1, 0, 0, 10, 10}));
  const Closed both = count_outcome(open, at("2025-01-03T00:00:00Z"), Status::up, 1us);
  ASSERT_EQ(both.count, 2U);
  EXPECT_EQ(both.buckets[1].level, RollupLevel::day);
  EXPECT_EQ(both.buckets[1].start, at("2025-01-01T00:00:00Z"));
  EXPECT_EQ(both.buckets[1].tally, (Tally{1, 1, 0, 30, 20}));
}

TEST(Uptime, ASmallStepBackCountsIntoWhatIsOpen) {
  OpenBuckets open;
  count_outcome(open, at("2025-01-02T00:00:01Z"), Status::up, 1us);
  EXPECT_EQ(count_outcome(open, at("2025-01-01T23:59:59Z"), Status::down, 1us).count, 0U);
  EXPECT_EQ(open.hour_start, at("2025-01-02T00:00:00Z"));
  EXPECT_EQ(open.hour.down, 1U);
  EXPECT_EQ(open.day.down, 1U);
}

TEST(Uptime, AClockThatWasYearsAheadBlocksNothing) {
  OpenBuckets open;
  count_outcome(open, at("2031-05-05T12:00:00Z"), Status::up, 1us);
  const Closed closed = count_outcome(open, at("2025-01-01T12:00:00Z"), Status::down, 1us);
  EXPECT_EQ(closed.count, 2U);
  EXPECT_EQ(open.hour_start, at("2025-01-01T12:00:00Z"));
  EXPECT_EQ(open.day_start, at("2025-01-01T00:00:00Z"));
  EXPECT_EQ(last_hour(open, at("2025-01-01T12:00:00Z")), 0.0);
}

TEST(Uptime, IsNullWhereNobodyWatched) {
  EXPECT_EQ(ratio(0, 0), std::nullopt);
  EXPECT_EQ(ratio(3, 1), 0.75);
  OpenBuckets open;
  EXPECT_EQ(last_hour(open, at("2025-01-01T00:00:00Z")), std::nullopt);
  count_outcome(open, at("2025-01-01T00:00:00Z"), Status::unknown, 1us);
  EXPECT_EQ(last_hour(open, at("2025-01-01T00:00:00Z")), std::nullopt);
  count_outcome(open, at("2025-01-01T00:00:00Z"), Status::up, 1us);
  EXPECT_EQ(last_hour(open, at("2025-01-01T00:59:59Z")), 1.0);
  EXPECT_EQ(last_hour(open, at("2025-01-01T01:00:00Z")), std::nullopt);
}

TEST(Uptime, TheLastHourHoldsWhenTheClockStepsBack) {
  OpenBuckets open;
  count_outcome(open, at("2025-01-01T12:00:00Z"), Status::up, 1us);
  EXPECT_EQ(last_hour(open, at("2025-01-01T11:30:00Z")), 1.0);
  count_outcome(open, at("2025-01-01T11:30:00Z"), Status::down, 1us);
  EXPECT_EQ(last_hour(open, at("2025-01-01T11:30:00Z")), 0.5);
}

struct Counted {
  Instant at;
  Status status;
};

std::optional<double> slow_last_hour(const std::vector<Counted>& all, Instant now) {
  constexpr std::int64_t kSlotMs = 300'000;
  std::uint64_t up = 0, down = 0;
  for (const Counted& c : all) {
    const std::int64_t age = unix_ms(now) / kSlotMs - unix_ms(c.at) / kSlotMs;
    if (age < 12) {
      up += c.status == Status::up ? 1 : 0;
      down += c.status == Status::down ? 1 : 0;
    }
  }
  return ratio(up, down);
}

TEST(UptimeProperty, BucketsAndTheLastHourAgreeWithTheListOfOutcomes) {
  Random random(kSeed);
  using Key = std::pair<RollupLevel, Instant>;
  for (int round = 0; round < 30; ++round) {
    OpenBuckets open;
    std::map<Key, Tally> stored, expected;
    std::vector<Counted> all;
    Instant now = at("2025-02-27T00:00:00Z");
    const std::uint64_t pace = 1 + random.below(9'000'000);
    for (int i = 0; i < 300; ++i) {
      now += Milliseconds{static_cast<std::int64_t>(random.below(pace))};
      const auto status = static_cast<Status>(random.below(3));
      const Microseconds duration{static_cast<std::int64_t>(random.below(5000))};
      const Closed closed = count_outcome(open, now, status, duration);
      for (std::size_t n = 0; n < closed.count; ++n) {
        const ClosedBucket& bucket = closed.buckets.at(n);
        ASSERT_TRUE(stored.emplace(Key{bucket.level, bucket.start}, bucket.tally).second)
            << "seed " << kSeed << ": a bucket closed twice while the clock ran forward";
      }
      using std::chrono::floor;
      expected[{RollupLevel::hour, floor<std::chrono::hours>(now)}].add(status, duration);
      expected[{RollupLevel::day, floor<std::chrono::days>(now)}].add(status, duration);
      all.push_back({now, status});
      const Instant asked = now + Milliseconds{static_cast<std::int64_t>(random.below(4'000'000))};
      ASSERT_EQ(last_hour(open, asked), slow_last_hour(all, asked)) << "seed " << kSeed;
    }
    stored[{RollupLevel::hour, open.hour_start}] = open.hour;
    stored[{RollupLevel::day, open.day_start}] = open.day;
    ASSERT_EQ(stored, expected) << "seed " << kSeed << " round " << round;
  }
}

TEST(UptimeProperty, NothingIsLostOrDoubledWhateverTheClockDoes) {
  Random random(kSeed);
  OpenBuckets open;
  std::array<Tally, 2> merged;
  Instant now = at("2025-02-27T00:00:00Z");
  for (int i = 0; i < 5000; ++i) {
    now += Milliseconds{static_cast<std::int64_t>(random.below(600'000))};
    if (random.chance(1, 50)) {
      now += Milliseconds{static_cast<std::int64_t>(random.below(400'000'000)) - 200'000'000};
    }
    const Closed closed = count_outcome(open, now, Status::up, 1us);
    for (std::size_t n = 0; n < closed.count; ++n) {
      merged.at(static_cast<std::size_t>(closed.buckets.at(n).level))
          .merge(closed.buckets.at(n).tally);
    }
    ASSERT_EQ(merged[0].up + open.hour.up, static_cast<std::uint32_t>(i + 1)) << "seed " << kSeed;
    ASSERT_EQ(merged[1].up + open.day.up, static_cast<std::uint32_t>(i + 1)) << "seed " << kSeed;
  }
}

}  // namespace
}  // namespace tocsin::alert

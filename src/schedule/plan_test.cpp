#include "schedule/plan.hpp"

#include <gtest/gtest.h>

#include "base/hash.hpp"
#include "base/random.hpp"
#include "schedule/cron.hpp"

namespace tocsin::schedule {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kSeed = 7;

Plan every(Milliseconds interval) {
  Plan plan;
  plan.when = EveryPlan{interval};
  return plan;
}
Plan cron(std::string_view text, std::string_view zone = "UTC") {
  Plan plan;
  plan.when = CronPlan{std::make_shared<const Cron>(*Cron::parse(text, *find_zone(zone)))};
  return plan;
}
Plan delay(Milliseconds value) {
  Plan plan;
  plan.when = DelayPlan{value};
  return plan;
}
Instant at(std::string_view text) { return *parse_rfc3339(text); }

TEST(Schedule, AnIntervalIsDueWhereItsHashSaysOnTheWallClock) {
  EXPECT_EQ(next_planned(every(60s), 61'500, from_unix_ms(0)), from_unix_ms(1500));
  EXPECT_EQ(next_planned(every(60s), 61'500, from_unix_ms(1499)), from_unix_ms(1500));
  EXPECT_EQ(next_planned(every(60s), 61'500, from_unix_ms(1500)), from_unix_ms(61'500));
  EXPECT_EQ(next_planned(every(60s), 60'000, from_unix_ms(0)), from_unix_ms(60'000));
}

TEST(Schedule, ThePhaseDependsOnNothingButHashAndInterval) {
  Random random(kSeed);
  for (int i = 0; i < 2000; ++i) {
    const Plan plan = every(Milliseconds{1 + static_cast<std::int64_t>(random.below(100'000'000))});
    const std::int64_t interval = std::get<EveryPlan>(plan.when).every.count();
    const std::uint64_t hash = random.next();
    const Instant after = from_unix_ms(static_cast<std::int64_t>(random.below(8'000'000'000'000)) -
                                       4'000'000'000'000);
    const Instant next = *next_planned(plan, hash, after);
    ASSERT_GT(next, after) << "seed " << kSeed;
    ASSERT_LE(next - after, Milliseconds{interval});
    const std::int64_t rest = unix_ms(next) % interval;
    ASSERT_EQ(static_cast<std::uint64_t>(rest < 0 ? rest + interval : rest),
              hash % static_cast<std::uint64_t>(interval));
    ASSERT_EQ(next_planned(plan, hash, next), next + Milliseconds{interval});
  }
}

TEST(Schedule, CountsWhatNextWouldMeet) {
  Random random(kSeed);
  const std::vector<Plan> plans{every(7ms),
                                every(60s),
                                every(1h),
                                cron("*/7 * * * *"),
                                cron("30 2 * * *", "Europe/Zurich"),
                                cron("*/10 * 3 * * *")};
  for (int i = 0; i < 300; ++i) {
    const Plan& plan = plans.at(random.below(plans.size()));
    const std::uint64_t hash = random.next();
    const Instant after = at("2025-10-25T00:00:00Z") +
                          Milliseconds{static_cast<std::int64_t>(random.below(90'000'000))};
    std::uint64_t count = 0;
    Instant last = after;
    const std::uint64_t runs = random.below(300);
    while (count < runs) {
      last = *next_planned(plan, hash, last);
      ++count;
    }
    ASSERT_EQ(count_planned(plan, hash, after, last), count) << "seed " << kSeed << " turn " << i;
    ASSERT_EQ(count_planned(plan, hash, after, last + 1ms),
              count + (*next_planned(plan, hash, last) == last + 1ms ? 1 : 0));
    ASSERT_EQ(count_planned(plan, hash, last, after), 0U);
  }
}

TEST(Schedule, AdjacentRangesCountEveryRunOnce) {
  const Plan plan = cron("*/5 * * * *", "Australia/Lord_Howe");
  const Instant begin = at("2025-04-05T00:00:00Z");
  std::uint64_t parts = 0;
  for (int hour = 0; hour < 48; ++hour) {
    parts += count_planned(plan, 1, begin + hour * 1h, begin + (hour + 1) * 1h);
  }
  EXPECT_EQ(parts, count_planned(plan, 1, begin, begin + 48h));
  EXPECT_EQ(parts, 48U * 12U);
}

TEST(Schedule, ADelayPlansNothingByItself) {
  EXPECT_EQ(next_planned(delay(30s), 1, from_unix_ms(0)), std::nullopt);
  EXPECT_EQ(count_planned(delay(30s), 1, from_unix_ms(0), from_unix_ms(1'000'000)), 0U);
  EXPECT_EQ(shortest_gap(delay(30s), from_unix_ms(0)), std::nullopt);
}

TEST(Schedule, OnTimeMeansWithinAHundredMillisecondsOrOnePercent) {
  const Instant planned = at("2025-01-01T00:00:00Z");
  EXPECT_EQ(on_time_tolerance(every(1s), planned), 100ms);
  EXPECT_EQ(on_time_tolerance(every(60s), planned), 600ms);
  EXPECT_EQ(on_time_tolerance(delay(30s), planned), 300ms);
  EXPECT_EQ(on_time_tolerance(cron("0 * * * *"), planned), 36s);
  EXPECT_EQ(on_time_tolerance(cron("* * * * * *"), planned), 100ms);
  Plan chosen = every(60s);
  chosen.tolerance = 5s;
  EXPECT_EQ(on_time_tolerance(chosen, planned), 5s);
}

TEST(Schedule, TheShortestGapOfAnIntervalIsTheInterval) {
  EXPECT_EQ(shortest_gap(every(90s), from_unix_ms(0)), 90s);
  EXPECT_EQ(shortest_gap(cron("0,5 * * * *"), from_unix_ms(0)), 5min);
}

TEST(Schedule, TheFirstRunComesWithinAMinuteOrTheIntervalAndIsSpread) {
  const Instant now = at("2025-01-01T00:00:00Z");
  Random random(kSeed);
  for (const Milliseconds interval : {1000ms, 30'000ms, 60'000ms, 3'600'000ms}) {
    const Milliseconds window = std::min<Milliseconds>(interval, 60s);
    int early = 0;
    for (int i = 0; i < 1000; ++i) {
      const std::uint64_t hash = random.next();
      for (const Plan& plan : {every(interval), delay(interval)}) {
        const Instant first = first_run(plan, hash, now);
        ASSERT_GE(first, now);
        ASSERT_LE(first, now + window);
        early += first < now + window / 2 ? 1 : 0;
      }
    }
    EXPECT_NEAR(early, 1000, 150) << interval.count();
  }
}

TEST(Schedule, TheFirstRunOfAShortIntervalKeepsItsPhase) {
  const Instant now = at("2025-01-01T00:00:00.123Z");
  for (const std::string_view name : {"a", "b", "c"}) {
    EXPECT_EQ(first_run(every(60s), stable_hash(name), now),
              next_planned(every(60s), stable_hash(name), now));
  }
}

TEST(Schedule, RunAtStartComesWithinTenSeconds) {
  const Instant now = at("2025-01-01T00:00:00Z");
  Random random(kSeed);
  for (Plan plan : {every(1h), every(20s), every(2s), delay(1h), cron("0 3 * * *")}) {
    plan.run_at_start = true;
    for (int i = 0; i < 100; ++i) {
      const Instant first = first_run(plan, random.next(), now);
      ASSERT_GE(first, now);
      ASSERT_LE(first, now + 10s);
    }
  }
}

TEST(Schedule, ACronRunsAtItsOwnTimesFromTheBeginning) {
  EXPECT_EQ(first_run(cron("0 3 * * *"), 1, at("2025-01-01T04:00:00Z")),
            at("2025-01-02T03:00:00Z"));
  EXPECT_EQ(first_run(cron("0 0 30 2 *"), 1, at("2025-01-01T04:00:00Z")), kNever);
}

TEST(Schedule, AfterAClockStepIntervalsGoOnFromTheNewTime) {
  const Instant noon = at("2025-01-01T12:00:00Z");
  for (const Plan& plan : {every(60s), cron("*/5 * * * *")}) {
    EXPECT_EQ(resume_after_step(plan, noon, noon + 1h), noon + 1h);
    EXPECT_EQ(resume_after_step(plan, noon, noon - 1h), noon - 1h);
  }
}

TEST(Schedule, FixedTimesAreNotRepeatedByABackwardStep) {
  const Instant noon = at("2025-01-01T12:00:00Z");
  const Plan plan = cron("30 11 * * *");
  EXPECT_EQ(resume_after_step(plan, noon, noon - 1h), noon);
  EXPECT_EQ(resume_after_step(plan, noon, noon + 1h), noon + 1h);
}

TEST(Schedule, ALongBackwardStepCorrectsAWrongClock) {
  const Instant wrong = at("2031-01-01T12:00:00Z");
  const Instant right = at("2025-01-01T12:00:00Z");
  const Plan plan = cron("30 11 * * *");
  EXPECT_EQ(next_planned(plan, 1, resume_after_step(plan, wrong, right)),
            at("2025-01-02T11:30:00Z"));
}

}  // namespace
}  // namespace tocsin::schedule

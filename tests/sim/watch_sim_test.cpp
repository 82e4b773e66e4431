// Whole watches on virtual time: schedules, faults, kills, clock steps, sleep.

#include <gtest/gtest.h>

#include <cstdio>
#include <ctime>

#include "sim/seed.hpp"
#include "sim/world.hpp"

namespace tocsin::test {
namespace {

using namespace std::chrono_literals;

#define EXPECT_HEALTHY(world, seed) \
  EXPECT_TRUE((world).healthy()) << (world).problem() << "; replay with TOCSIN_SEED=" << (seed)

// One life from its seed: says the seed beforehand, so that even a crash can be replayed, and
// afterwards what it took.
class LongLife {
 public:
  explicit LongLife(std::uint64_t seed) : began_(std::clock()) {
    std::printf("seed %llu; replay with TOCSIN_SEED\n", static_cast<unsigned long long>(seed));
    std::fflush(stdout);
  }
  ~LongLife() {
    std::printf("%.1f s of CPU time\n",
                static_cast<double>(std::clock() - began_) / CLOCKS_PER_SEC);
  }
  LongLife(const LongLife&) = delete;
  LongLife& operator=(const LongLife&) = delete;

 private:
  std::clock_t began_;
};

// Random trouble between stretches of virtual time: the store refuses, the process dies or stops,
// the clock steps, the machine sleeps.
void live_with_faults(World& world, Random& random, Milliseconds total, Milliseconds stretch) {
  for (Milliseconds lived{0}; lived < total && world.healthy(); lived += stretch) {
    world.run_for(stretch);
    switch (random.below(8)) {
      case 0:
        world.store->refuse();
        break;
      case 1:
        world.store->accept();
        break;
      case 2:
        world.store->accept();
        world.run_for(30s);  // the journal is memory: only without it must nothing be lost
        world.kill();
        world.boot();
        break;
      case 3:
        world.store->accept();
        world.run_for(30s);
        world.shut_down();
        world.boot();
        break;
      case 4:
        world.step_wall(random.chance(1, 2) ? 1h : -1h);
        break;
      case 5:
        world.loop.suspend(10min);
        break;
      default:
        break;
    }
  }
  world.store->accept();
}

TEST(WatchSim, AThousandMonitorsLiveThroughADayOfFaults) {
  const std::uint64_t seed = seed_or(20260101);
  const LongLife life(seed);
  World world({.seed = seed, .monitors = 1000, .shortest_interval = 60s});
  Random random(seed ^ 0xABCDEF);
  world.boot();
  live_with_faults(world, random, Milliseconds{24h} / divisor(), 40min);
  world.expect_recovery(30min);
  EXPECT_HEALTHY(world, seed);
  EXPECT_GT(world.checks(), 200'000U / static_cast<unsigned>(divisor()));
}

TEST(WatchSim, FiftyMonitorsLiveThroughThirtyDaysOfFaults) {
  const std::uint64_t seed = seed_or(20260201);
  const LongLife life(seed);
  World world({.seed = seed, .monitors = 50, .shortest_interval = 60s});
  Random random(seed ^ 0xABCDEF);
  world.boot();
  live_with_faults(world, random, Milliseconds{30 * 24h} / divisor(), 6h);
  world.expect_recovery(30min);
  EXPECT_HEALTHY(world, seed);
  EXPECT_GT(world.checks(), 400'000U / static_cast<unsigned>(divisor()));
}

TEST(WatchSim, ManySeedsOfShortLives) {
  const std::uint64_t first = seed_or(1);
  const std::uint64_t last = first + from_environment("TOCSIN_SIM_SEEDS", 40);
  for (std::uint64_t seed = first; seed < last; ++seed) {
    World world({.seed = seed, .monitors = 8, .shortest_interval = 10s});
    world.prober.set_faults({.flip = 300, .glitch = 500, .unknown = 500, .hang = 200});
    Random random(seed);
    world.boot();
    live_with_faults(world, random, 2h, 2min);
    world.expect_recovery(20min);
    ASSERT_TRUE(world.healthy()) << world.problem() << "; replay with TOCSIN_SEED=" << seed;
  }
}

TEST(WatchSim, OneSeedGivesOneTrace) {
  std::uint64_t traces[2] = {};
  for (std::uint64_t& trace : traces) {
    World world({.seed = 4711, .monitors = 30, .shortest_interval = 10s});
    Random random(4711);
    world.boot();
    live_with_faults(world, random, 3h, 5min);
    trace = world.trace();
    EXPECT_NE(trace, 0U);
  }
  EXPECT_EQ(traces[0], traces[1]);
}

TEST(WatchSim, AnotherSeedGivesAnotherTrace) {
  std::uint64_t traces[2] = {};
  for (std::uint64_t i = 0; i < 2; ++i) {
    World world({.seed = 100 + i, .monitors = 30, .shortest_interval = 10s});
    world.boot();
    world.run_for(3h);
    traces[i] = world.trace();
  }
  EXPECT_NE(traces[0], traces[1]);
}

// --- One rule each, on a quiet fleet ---

struct QuietWorld : World {
  QuietWorld(std::size_t monitors, Milliseconds every)
      : World({.seed = 5, .monitors = monitors, .shortest_interval = every, .varied = false}) {
    prober.heal();
    boot();
  }
};

TEST(WatchSim, ADayAtOneMinutePlansExactlyItsMinutes) {
  QuietWorld world(20, 60s);
  world.run_for(24h);
  for (std::size_t i = 0; i < world.watch->size(); ++i) {
    const auto counters = world.watch->view(i).counters;
    EXPECT_EQ(counters.planned, 1440U);
    EXPECT_EQ(counters.on_time, counters.planned - counters.running);
  }
  EXPECT_HEALTHY(world, 5);
}

TEST(WatchSim, AWallClockStepMakesNoBurstAndPlansNoRunsForTheTimeBetween) {
  for (const Milliseconds step : {Milliseconds{1h}, Milliseconds{-1h}}) {
    QuietWorld world(600, 60s);
    world.run_for(10min);
    const auto before = world.watch->stats().counters;
    world.forget_peak();
    world.step_wall(step);
    world.run_for(10min);
    const auto after = world.watch->stats().counters;
    // 600 monitors over 60 s are 10 a second; the phases are derived anew, so one may come early.
    EXPECT_LE(world.most_starts_in_a_second(), 60U);
    EXPECT_NEAR(static_cast<double>(after.planned - before.planned), 6000.0, 600.0);
    EXPECT_EQ(after.skipped_total(), before.skipped_total());
    EXPECT_EQ(after.late, before.late);
    EXPECT_HEALTHY(world, 5);
  }
}

TEST(WatchSim, TenMinutesOfSleepAreCountedAsNotWatchedAndNotCaughtUp) {
  QuietWorld world(600, 60s);
  world.run_for(10min);
  const auto before = world.watch->stats().counters;
  world.forget_peak();
  world.loop.suspend(10min);
  world.run_for(10min);
  const auto after = world.watch->stats().counters;
  EXPECT_LE(world.most_starts_in_a_second(), 60U);
  const auto down = static_cast<std::size_t>(schedule::Skip::process_down);
  EXPECT_NEAR(static_cast<double>(after.skipped[down] - before.skipped[down]), 6000.0, 60.0);
  EXPECT_NEAR(static_cast<double>(after.planned - before.planned), 12'000.0, 60.0);
  EXPECT_EQ(after.late, before.late);
  EXPECT_HEALTHY(world, 5);
}

TEST(WatchSim, ARestartKeepsPhaseStateAndCountersAndCountsTheTimeDown) {
  QuietWorld world(50, 60s);
  world.prober.force("m00007", check::Status::down);
  world.run_for(30min);
  ASSERT_EQ(world.view("m00007").state.state, alert::State::down);
  const auto before = world.view("m00003").counters;
  const Instant phase = world.view("m00003").next_run;
  const auto incident = world.view("m00007").state.incident_opened;
  world.kill();
  world.loop.run_for(10min);
  world.boot();
  EXPECT_EQ(world.view("m00007").state.state, alert::State::down);
  EXPECT_EQ(world.view("m00007").state.incident_opened, incident);
  EXPECT_EQ((world.view("m00003").next_run - phase) % 60s, 0ms);
  const auto down = static_cast<std::size_t>(schedule::Skip::process_down);
  EXPECT_EQ(world.view("m00003").counters.skipped[down], 10U);
  world.run_for(30min);
  const auto after = world.view("m00003").counters;
  EXPECT_EQ(after.planned, before.planned + 40);
  EXPECT_TRUE(after.balanced());
  EXPECT_HEALTHY(world, 5);
}

TEST(WatchSim, NothingIsAnnouncedTwiceOverAKill) {
  QuietWorld world(5, 10s);
  world.prober.force("m00001", check::Status::down);
  world.run_for(5min);
  world.kill();
  world.boot();
  world.run_for(5min);
  world.prober.release("m00001");
  world.run_for(5min);
  EXPECT_EQ(world.events_of("m00001").size(), 2U);
  EXPECT_HEALTHY(world, 5);
}

TEST(WatchSim, WhileTheStoreRefusesChecksGoOnAndEventsAreHeldAndCommittedLater) {
  QuietWorld world(20, 10s);
  world.run_for(5min);
  const auto planned = world.watch->stats().counters.planned;
  world.store->refuse();
  world.prober.force("m00004", check::Status::down);
  world.run_for(5min);
  EXPECT_TRUE(world.watch->store_health().degraded);
  EXPECT_EQ(world.view("m00004").state.state, alert::State::down);
  EXPECT_EQ(world.watch->journaled_events().size(), 1U);
  EXPECT_NEAR(static_cast<double>(world.watch->stats().counters.planned - planned), 600.0, 20.0);
  EXPECT_EQ(world.watch->stats().counters.late, 0U);
  world.store->accept();
  world.run_for(10s);
  EXPECT_FALSE(world.watch->store_health().degraded);
  EXPECT_TRUE(world.watch->journaled_events().empty());
  ASSERT_EQ(world.events_of("m00004").size(), 1U);
  world.kill();
  world.boot();
  EXPECT_EQ(world.view("m00004").state.state, alert::State::down);
  EXPECT_HEALTHY(world, 5);
}

TEST(WatchSim, ABusyWatchLeavesTheJournalAsSoonAsTheStoreTakesWrites) {
  QuietWorld world(2000, 1s);  // 2,000 checks a second
  world.store->set_commit_latency(100ms);
  world.run_for(10s);
  world.store->refuse();
  world.prober.force("m00004", check::Status::down);
  world.run_for(60s);
  ASSERT_TRUE(world.watch->store_health().degraded);
  world.store->accept();
  world.run_for(5s);
  EXPECT_FALSE(world.watch->store_health().degraded);
  EXPECT_EQ(world.events_of("m00004").size(), 1U);
  world.run_for(5s);
  world.kill();
  world.boot();
  EXPECT_EQ(world.view("m00004").state.state, alert::State::down);
  EXPECT_HEALTHY(world, 5);
}

TEST(WatchSim, ThousandsOfHangingTargetsDelayNoHealthyOne) {
  World world({.seed = 9, .monitors = 4000, .shortest_interval = 30s, .varied = false});
  world.prober.set_faults({.flip = 0, .glitch = 0, .unknown = 0, .hang = 0});
  for (std::size_t i = 0; i < 2000; ++i) {
    world.prober.force_hang(world.config.monitors[i].name);
  }
  world.boot();
  world.run_for(10min);
  for (std::size_t i = 2000; i < 4000; ++i) {
    const auto view = world.watch->view(i);
    ASSERT_EQ(view.counters.late, 0U) << view.config->name;
    ASSERT_EQ(view.counters.skipped_total(), 0U) << view.config->name;
    ASSERT_EQ(view.state.state, alert::State::up) << view.config->name;
  }
  EXPECT_HEALTHY(world, 9);
}

}  // namespace
}  // namespace tocsin::test

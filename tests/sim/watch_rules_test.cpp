// One rule of the watch each, on virtual time.

#include <gtest/gtest.h>

#include <optional>
#include <utility>

#include "schedule/cron.hpp"
#include "sim/world.hpp"

namespace tocsin::test {
namespace {

using namespace std::chrono_literals;

// A fleet without trouble of its own whose plans a test may change before it boots.
struct Fleet : World {
  explicit Fleet(std::size_t monitors, Milliseconds every = 10s)
      : World({.seed = 3, .monitors = monitors, .shortest_interval = every, .varied = false}) {
    prober.heal();
  }
  schedule::Plan& plan(std::size_t index) {
    auto changed = std::make_shared<schedule::Plan>(*config.monitors[index].plan);
    config.monitors[index].plan = changed;
    return *changed;
  }
  [[nodiscard]] schedule::Counters counters(const std::string& name) const {
    return view(name).counters;
  }
};

std::uint64_t skipped(const schedule::Counters& counters, schedule::Skip why) {
  return counters.skipped[static_cast<std::size_t>(why)];
}

TEST(WatchRules, ARunThatIsDueWhileTheLastIsGoingIsSkippedAsOverlap) {
  Fleet world(1, 4s);
  world.prober.force_hang("m00000");  // every check takes 10 s
  world.boot();
  world.run_for(120s);
  world.run_for(1s);  // skipped runs are shown with the next sweep
  const auto counters = world.counters("m00000");
  EXPECT_EQ(counters.planned, 30U);
  EXPECT_NEAR(static_cast<double>(skipped(counters, schedule::Skip::overlap)), 20.0, 1.0);
  EXPECT_TRUE(counters.balanced());
}

TEST(WatchRules, MaxOverlapLetsThatManyRunsGoAtTheSameTime) {
  Fleet world(1, 4s);
  world.plan(0).max_overlap = 3;
  world.prober.force_hang("m00000");
  world.boot();
  world.run_for(120s);
  EXPECT_EQ(skipped(world.counters("m00000"), schedule::Skip::overlap), 0U);
  EXPECT_EQ(world.counters("m00000").planned, 30U);
}

TEST(WatchRules, ADelayRunsThatLongAfterTheEndOfTheLastRun) {
  Fleet world(1);
  world.plan(0).when = schedule::DelayPlan{20s};
  world.prober.force_hang("m00000");  // 10 s each
  world.boot();
  world.run_for(20s);  // the first run comes within the delay
  const auto before = world.counters("m00000").planned;
  world.run_for(5min);
  EXPECT_EQ(world.counters("m00000").planned - before, 10U);
  EXPECT_EQ(world.counters("m00000").skipped_total(), 0U);
}

TEST(WatchRules, AFailureIsRetriedAtRetryEveryUntilTheVerdictAndCountedApart) {
  Fleet world(1, 60s);
  world.plan(0).retry_every = 2s;
  world.boot();
  world.run_for(5min);
  world.prober.force("m00000", check::Status::down);
  const MonoTime began = world.loop.mono_now();
  while (world.view("m00000").state.state != alert::State::down &&
         world.loop.mono_now() < began + 10min) {
    world.run_for(100ms);
  }
  // The first failure comes within 60 s, the two that make it three within 4 s more.
  EXPECT_LT(world.loop.mono_now() - began, 66s);
  EXPECT_EQ(world.counters("m00000").retries, 2U);
  world.run_for(10min);
  EXPECT_EQ(world.counters("m00000").retries, 2U);
}

TEST(WatchRules, APausedMonitorCountsItsRunsAsPausedAlsoOverAKill) {
  Fleet world(2);
  world.boot();
  world.run_for(60s);
  Result<void> answer = fail(ErrorCode::internal, "not answered");
  world.watch->set_paused("m00001", true, [&](Result<void> result) { answer = std::move(result); });
  world.run_for(1s);
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(world.view("m00001").paused);
  world.kill();
  world.boot();
  ASSERT_TRUE(world.view("m00001").paused);
  const auto before = world.counters("m00001");
  world.run_for(100s);
  const auto after = world.counters("m00001");
  EXPECT_EQ(skipped(after, schedule::Skip::paused) - skipped(before, schedule::Skip::paused), 10U);
  EXPECT_EQ(after.on_time, before.on_time);
  world.watch->set_paused("m00001", false, [](const Result<void>&) {});
  world.run_for(100s);
  EXPECT_GT(world.counters("m00001").on_time, after.on_time);
}

// Killed at every moment around the first run: what was shown is a promise.
TEST(WatchRules, AKillBeforeTheFirstOutcomeForgetsNoRunThatWasShown) {
  for (const bool delay : {false, true}) {
    for (const auto every :
         {Milliseconds{60s}, Milliseconds{24h}}) {  // on its phase, and with a first run of its own
      std::uint64_t most = 0;
      for (Milliseconds after{0}; after < 4ms; after += 1ms) {
        Fleet world(1, every);
        if (delay) {
          world.plan(0).when = schedule::DelayPlan{every};
        }
        world.prober.force_hang("m00000");
        world.boot();
        while (world.checks() == 0) {
          world.run_for(1ms);
        }
        world.run_for(after);  // a commit takes 2 ms
        const auto shown = world.counters("m00000");
        most = std::max(most, shown.running);
        EXPECT_EQ(shown.planned, shown.running);
        world.kill();
        world.boot();
        EXPECT_GE(world.counters("m00000").planned, shown.planned)
            << delay << " " << every.count() << " " << after.count();
        EXPECT_TRUE(world.healthy()) << world.problem();
      }
      EXPECT_EQ(most, 1U) << "the run is shown once it is durable";
    }
  }
}

TEST(WatchRules, ARunBehindADelayIsNotForgottenByAKill) {
  Fleet world(1);
  world.plan(0).when = schedule::DelayPlan{20s};
  world.boot();
  world.run_for(5min);
  world.prober.force_hang("m00000");
  while (world.counters("m00000").running == 0) {
    world.run_for(1ms);
  }
  const auto shown = world.counters("m00000");
  world.kill();
  world.boot();
  const auto after = world.counters("m00000");
  EXPECT_EQ(after.planned, shown.planned);
  EXPECT_EQ(skipped(after, schedule::Skip::interrupted), 1U);
}

TEST(WatchRules, SkippedRunsAreShownOnceAKillCannotForgetThem) {
  Fleet world(1, 4s);
  world.prober.force_hang("m00000");
  world.boot();
  for (int i = 0; i < 300; ++i) {
    world.run_for(100ms);
    const auto shown = world.counters("m00000");
    world.kill();
    world.boot();
    EXPECT_GE(skipped(world.counters("m00000"), schedule::Skip::overlap),
              skipped(shown, schedule::Skip::overlap));
    EXPECT_GE(world.counters("m00000").planned, shown.planned);
  }
  EXPECT_TRUE(world.healthy()) << world.problem();
}

TEST(WatchRules, APauseIsRefusedWhileTheStoreRefuses) {
  Fleet world(1);
  world.boot();
  world.run_for(30s);
  world.store->refuse();
  world.run_for(30s);
  Result<void> answer;
  world.watch->set_paused("m00000", true, [&](Result<void> result) { answer = std::move(result); });
  world.run_for(1s);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
  EXPECT_FALSE(world.view("m00000").paused);
}

// What is dropped from the outbox must not come back, so its answer waits for the disk.
TEST(WatchRules, DurableIsSaidWhenWhatWentBeforeIsOnTheDisk) {
  Fleet world(1);
  world.boot();
  world.run_for(30s);
  const auto stored = [&] { return world.store->contents().outbox.contains("sink/1"); };
  ports::OutboxRow row;
  row.key = "sink/1";
  row.target = "sink";
  row.payload = "{}";
  row.sink = true;
  world.watch->publish(row);
  world.run_for(1s);
  ASSERT_TRUE(stored());
  ports::WriteBatch dropped;
  dropped.delivered = {"sink/1"};
  world.watch->record_delivered(dropped);
  std::optional<bool> there;
  world.watch->when_durable([&](Result<void> result) { there = result.has_value() && stored(); });
  EXPECT_FALSE(there.has_value());
  world.run_for(1s);
  EXPECT_EQ(there, false);
  world.store->refuse();
  world.run_for(30s);
  Result<void> answer;
  world.watch->when_durable([&](Result<void> result) { answer = std::move(result); });
  world.run_for(1s);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
}

// Everything is down and every reminder is due at one moment, because the clock was set forward.
TEST(WatchRules, ManyOpenIncidentsAreSettledInSharesAndNoneIsForgotten) {
  constexpr std::size_t kMonitors = 5000;
  Fleet world(kMonitors, 60s);
  auto notes = std::make_shared<config::MonitorNotes>(*world.config.monitors[0].notes);
  notes->remind_every = 30min;
  for (config::Monitor& monitor : world.config.monitors) {
    monitor.notes = notes;
    monitor.thresholds.fail_count = monitor.thresholds.fail_window = 1;
    world.prober.force(monitor.name, check::Status::down);
  }
  world.boot();
  world.run_for(61s);
  ASSERT_EQ(world.watch->stats().monitors_by_state[static_cast<std::size_t>(alert::State::down)],
            kMonitors);
  world.step_wall(1h);
  std::uint64_t most = 0;
  std::uint64_t before = world.store->stats().queued;
  for (const MonoTime until = world.loop.mono_now() + 3s; world.loop.run_one(until);) {
    const std::uint64_t queued = world.store->stats().queued;
    most = queued > before ? std::max(most, queued - before) : most;
    before = queued;
  }
  EXPECT_LE(most, 1000U) << "the loop stands still for that long";
  std::size_t reminders = 0;
  for (const auto& [id, row] : world.store->contents().events) {
    reminders += row.type == "still_down" ? 1U : 0U;
  }
  EXPECT_EQ(reminders, kMonitors);
}

TEST(WatchRules, ACheckOnDemandAnswersItsOutcomeAndIsCountedApart) {
  Fleet world(1, 60s);
  world.boot();
  world.run_for(2min);
  const auto before = world.counters("m00000");
  std::string json;
  Result<std::string> second;
  world.watch->check_now("m00000", [&](Result<std::string> answer) { json = answer.value(); });
  world.watch->check_now("m00000", [&](Result<std::string> answer) { second = std::move(answer); });
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
  world.run_for(1s);
  EXPECT_NE(json.find(R"("origin":"manual")"), std::string::npos) << json;
  EXPECT_EQ(world.counters("m00000").manual, 1U);
  EXPECT_LE(world.counters("m00000").planned, before.planned + 1);
}

TEST(WatchRules, RunsBeyondTheBoundOnChecksInFlightAreSkippedAsOverload) {
  Fleet world(50);
  world.config.settings.limits.concurrent_checks = 10;
  for (const auto& monitor : world.config.monitors) {
    world.prober.force_hang(monitor.name);
  }
  world.boot();
  world.run_for(60s);
  EXPECT_LE(world.prober.in_flight(), 10U);
  EXPECT_GT(skipped(world.watch->stats().counters, schedule::Skip::overload), 100U);
  EXPECT_TRUE(world.watch->stats().counters.balanced());
}

TEST(WatchRules, TheFirstCheckComesWithinAMinuteHoweverLongTheInterval) {
  Fleet world(50, 1h);
  world.boot();
  world.run_for(60s);
  EXPECT_EQ(world.checks(), 50U);
  EXPECT_LE(world.most_starts_in_a_second(), 8U);  // spread, not at once
}

TEST(WatchRules, RunAtStartChecksWithinTenSecondsAlsoAfterARestart) {
  Fleet world(20, 1h);
  for (std::size_t i = 0; i < 20; ++i) {
    world.plan(i).run_at_start = true;
  }
  world.boot();
  world.run_for(10s);
  EXPECT_EQ(world.checks(), 20U);
  world.shut_down();
  world.boot();
  world.run_for(10s);
  EXPECT_EQ(world.checks(), 40U);
}

TEST(WatchRules, AnOrderlyStopCountsChecksInFlightAsInterrupted) {
  Fleet world(1);
  world.prober.force_hang("m00000");
  world.boot();
  world.run_for(12s);
  ASSERT_EQ(world.counters("m00000").running, 1U);
  world.shut_down();
  world.boot();
  EXPECT_EQ(world.counters("m00000").running, 0U);
  EXPECT_EQ(skipped(world.counters("m00000"), schedule::Skip::interrupted), 1U);
  EXPECT_TRUE(world.counters("m00000").balanced());
}

TEST(WatchRules, AFailureOfACheckDuringWhichTheMachineSleptBlamesNoTarget) {
  Fleet world(1);
  world.config.monitors[0].thresholds = {1, 1, 1};
  world.boot();
  world.run_for(30s);
  world.prober.force_hang("m00000");
  while (world.prober.in_flight() == 0) {
    world.run_for(100ms);
  }
  world.loop.suspend(10min);
  world.run_for(1s);
  EXPECT_NE(world.view("m00000").last_json.find("interrupted"), std::string_view::npos)
      << world.view("m00000").last_json;
  EXPECT_NE(world.view("m00000").state.state, alert::State::down);
}

TEST(WatchRules, AReloadKeepsPhaseStateAndCounters) {
  Fleet world(10, 60s);
  world.prober.force("m00002", check::Status::down);
  world.boot();
  world.run_for(10min);
  const auto before = world.counters("m00002");
  const Instant next = world.view("m00002").next_run;
  world.watch->reload(world.config);
  EXPECT_EQ(world.view("m00002").state.state, alert::State::down);
  EXPECT_EQ(world.view("m00002").next_run, next);
  EXPECT_EQ(world.counters("m00002"), before);
  world.run_for(10min);
  EXPECT_EQ(world.counters("m00002").planned, before.planned + 10);
  EXPECT_EQ(world.events_of("m00002").size(), 1U);
}

TEST(WatchRules, AnOutageIsToldWithWhatWasSeen) {
  Fleet world(3);
  world.prober.force("m00001", check::Status::down);
  world.boot();
  world.run_for(2min);
  const std::string seen = R"("evidence":{"status":500,"body":"oops"})";
  const auto& contents = world.store->contents();
  ASSERT_EQ(contents.events.size(), 1U);
  EXPECT_NE(contents.events.begin()->second.json.find(seen), std::string::npos);
  ASSERT_EQ(contents.outbox.size(), 1U);
  EXPECT_NE(contents.outbox.begin()->second.payload.find(seen), std::string::npos);
  EXPECT_TRUE(world.healthy()) << world.problem();
}

TEST(WatchRules, AMonitorThatIsRemovedClosesItsIncident) {
  for (const bool while_running : {true, false}) {
    Fleet world(3);
    world.prober.force("m00001", check::Status::down);
    world.boot();
    world.run_for(2min);
    ASSERT_EQ(world.events_of("m00001").size(), 1U);
    config::Config less = world.config;
    less.monitors.erase(less.monitors.begin() + 1);
    if (while_running) {
      world.watch->reload(less);
    } else {
      world.shut_down();
      world.config = less;
      world.boot();
    }
    world.run_for(1s);
    EXPECT_EQ(world.events_of("m00001"), (std::vector<std::string>{"went_down", "recovered"}));
    EXPECT_NE(world.store->contents().events.rbegin()->second.json.find("monitor_removed"),
              std::string::npos);
    EXPECT_EQ(world.watch->size(), 2U);
    EXPECT_FALSE(world.store->contents().monitors.contains("m00001"));
    EXPECT_TRUE(world.healthy()) << world.problem();
  }
}

TEST(WatchRules, AMonitorThatComesBackAfterARemovalStartsAnew) {
  Fleet world(3);
  world.boot();
  world.run_for(2min);
  config::Config less = world.config;
  less.monitors.erase(less.monitors.begin() + 1);
  world.watch->reload(less);
  world.watch->reload(world.config);
  world.run_for(1s);
  EXPECT_EQ(world.view("m00001").state.state, alert::State::fresh);
  world.run_for(1min);
  EXPECT_EQ(world.view("m00001").state.state, alert::State::up);
  EXPECT_LE(world.counters("m00001").planned, 7U);
  EXPECT_EQ(world.store->contents().monitors.at("m00001").counters.planned,
            world.counters("m00001").planned);
}

TEST(WatchRules, ANewIntervalIsPlannedFromTheReloadOn) {
  Fleet world(1, 60s);
  world.boot();
  world.run_for(10min);
  const auto before = world.counters("m00000").planned;
  world.plan(0).when = schedule::EveryPlan{10s};
  world.watch->reload(world.config);
  world.run_for(10min);
  EXPECT_NEAR(static_cast<double>(world.counters("m00000").planned - before), 60.0, 1.0);
}

TEST(WatchRules, AFixedCronRunsOnceInTheNightWhoseHourComesTwice) {
  auto zone = schedule::find_zone("Europe/Zurich");
  ASSERT_TRUE(zone.has_value());
  auto cron = schedule::Cron::parse("30 2 * * *", *zone);
  Fleet world(1);
  world.plan(0).when = schedule::CronPlan{std::make_shared<const schedule::Cron>(std::move(*cron))};
  // To 2026-10-24T12:00Z, the day before clocks go back in Zurich.
  world.loop.run_until(world.loop.mono_now() + Milliseconds{296 * 24h + 12h});
  world.boot();
  world.run_for(24h);
  const auto counters = world.counters("m00000");
  EXPECT_EQ(counters.planned, 1U);
  EXPECT_EQ(counters.on_time, 1U);
}

}  // namespace
}  // namespace tocsin::test

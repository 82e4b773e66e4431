// One rule of who is told each, on virtual time.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schedule/cron.hpp"
#include "sim/world.hpp"

namespace tocsin::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kParent = "m00000";
constexpr const char* kChild = "m00001";

// Monitors without trouble of their own; what they tell is read from the outbox.
struct Told : World {
  Told() : World({.seed = 3, .monitors = 2, .shortest_interval = 5s, .varied = false}) {
    prober.heal();
    for (config::Monitor& monitor : config.monitors) {
      monitor.thresholds.fail_count = monitor.thresholds.fail_window = 1;
    }
  }
  config::MonitorNotes& notes(std::size_t index) {
    auto changed = std::make_shared<config::MonitorNotes>(*config.monitors[index].notes);
    config.monitors[index].notes = changed;
    return *changed;
  }
  // The second depends on the first, which is looked at once an hour.
  void make_family() {
    notes(1).depends_on = {kParent};
    auto plan = std::make_shared<schedule::Plan>(*config.monitors[0].plan);
    plan->when = schedule::EveryPlan{1h};
    config.monitors[0].plan = plan;
  }
  // Since the last call: "went_down m00000", in order.
  std::vector<std::string> news() {
    std::map<std::uint64_t, std::string> in_order;
    for (const auto& [key, number] : store->contents().outbox_order) {
      const auto row = store->contents().outbox.find(key);
      if (row == store->contents().outbox.end() || number < read_) continue;
      const auto event = alert::parse_event(row->second.payload);
      in_order[number] = event->type + " " + event->monitor;
    }
    std::vector<std::string> out;
    for (auto& [number, text] : in_order) {
      read_ = number + 1;
      out.push_back(std::move(text));
    }
    return out;
  }

 private:
  std::uint64_t read_ = 0;
};

TEST(AlertRules, AChildAsksItsParentAndIsNotToldWhenThatIsDown) {
  Told world;
  world.make_family();
  world.boot();
  world.run_for(2h);
  ASSERT_THAT(world.news(), IsEmpty());
  world.prober.force(kParent, check::Status::down);
  world.prober.force(kChild, check::Status::down);
  world.run_for(15s);  // the parent's own turn is most of an hour away
  EXPECT_THAT(world.news(), ElementsAre("went_down m00000"));
  EXPECT_EQ(world.view(kChild).incident->hold, alert::Hold::parent_down);
  EXPECT_EQ(world.view(kChild).incident->held_by, kParent);
  world.run_for(3h);
  EXPECT_THAT(world.news(), IsEmpty());
  EXPECT_TRUE(world.healthy()) << world.problem();
}

TEST(AlertRules, AChildThatIsStillDownWhenItsParentIsBackIsToldThen) {
  Told world;
  world.make_family();
  world.boot();
  world.run_for(2min);
  world.prober.force(kParent, check::Status::down);
  world.prober.force(kChild, check::Status::down);
  world.run_for(1min);
  ASSERT_THAT(world.news(), ElementsAre("went_down m00000"));
  world.prober.force(kParent, check::Status::up);
  world.run_for(1h);
  EXPECT_THAT(world.news(), ElementsAre("recovered m00000", "went_down m00001"));
  world.prober.force(kChild, check::Status::up);
  world.run_for(1min);
  EXPECT_THAT(world.news(), ElementsAre("recovered m00001"));
}

TEST(AlertRules, AChildThatIsBackBeforeItsParentIsNeverToldOf) {
  Told world;
  world.make_family();
  world.boot();
  world.run_for(2min);
  world.prober.force(kParent, check::Status::down);
  world.prober.force(kChild, check::Status::down);
  world.run_for(1min);
  world.prober.force(kChild, check::Status::up);
  world.run_for(1min);
  world.prober.force(kParent, check::Status::up);
  world.run_for(2h);
  EXPECT_THAT(world.news(), ElementsAre("went_down m00000", "recovered m00000"));
}

// At most the parent's timeout (10 s) times its fail_after (3).
TEST(AlertRules, AChildWaitsNoLongerForAParentThatNobodyCanJudge) {
  Told world;
  world.make_family();
  world.config.monitors[0].thresholds.fail_count = 3;
  world.config.monitors[0].thresholds.fail_window = 3;
  world.boot();
  world.run_for(2min);
  world.prober.force_hang(kParent);  // each look takes its whole timeout
  world.prober.force(kChild, check::Status::down);
  world.run_for(12s);
  ASSERT_EQ(world.view(kChild).incident->hold, alert::Hold::waits_for_parent);
  EXPECT_THAT(world.news(), IsEmpty());
  world.run_for(30s);
  const auto told = world.news();
  ASSERT_EQ(told.size(), 1U);  // of the parent if its third failure came first, else of the child
  EXPECT_TRUE(told[0].starts_with("went_down ")) << told[0];
}

TEST(AlertRules, AParentThatIsFineHoldsNobodyBack) {
  Told world;
  world.make_family();
  world.boot();
  world.run_for(2min);
  world.prober.force(kChild, check::Status::down);
  world.run_for(10s);
  EXPECT_THAT(world.news(), ElementsAre("went_down m00001"));
}

TEST(AlertRules, AParentThatIsPausedHoldsNobodyBack) {
  Told world;
  world.make_family();
  world.boot();
  world.run_for(2min);
  world.prober.force(kParent, check::Status::down);
  world.prober.force(kChild, check::Status::down);
  world.run_for(1min);
  ASSERT_THAT(world.news(), ElementsAre("went_down m00000"));
  world.watch->set_paused(kParent, true, [](Result<void> done) { EXPECT_TRUE(done); });
  world.run_for(1min);
  EXPECT_THAT(world.news(), ElementsAre("went_down m00001")) << "nobody will see the parent's end";
}

// Down and up again, so often.
void flap(Told& world, int times) {
  for (int i = 0; i < times; ++i) {
    world.prober.force(kParent, check::Status::down);
    world.run_for(5s);
    world.prober.force(kParent, check::Status::up);
    world.run_for(5s);
  }
}

TEST(AlertRules, WhoIsToldOfTheOutagesIsToldOfTheFlapping) {
  Told world;
  world.notes(0).flapping = true;
  world.notes(0).severity = alert::Severity::critical;
  world.notes(0).notify = {{"page", {}, {alert::Severity::critical}, 0s}};
  world.boot();
  world.run_for(1min);
  flap(world, 3);
  EXPECT_THAT(world.news(), ElementsAre("went_down m00000", "recovered m00000", "went_down m00000",
                                        "recovered m00000", "went_down m00000",
                                        "flapping_started m00000", "recovered m00000"));
  flap(world, 5);
  EXPECT_THAT(world.news(), IsEmpty());
  world.prober.force(kParent, check::Status::down);
  world.run_for(2min);
  EXPECT_THAT(world.news(), ElementsAre("flapping_ended m00000", "went_down m00000"));
}

TEST(AlertRules, FlappingThatBeganInASilenceHoldsNothingBackBehindIt) {
  Told world;
  world.notes(0).flapping = true;
  world.boot();
  world.run_for(1min);
  alert::Silence silence;
  silence.match = *alert::Selector::parse({"monitor=m00000"});
  silence.from = world.loop.now();
  silence.until = silence.from + 1min;
  world.watch->add_silence(silence, [](Result<alert::Silence> added) { EXPECT_TRUE(added); });
  flap(world, 6);
  EXPECT_THAT(world.news(), IsEmpty());
  world.run_for(2s);
  flap(world, 1);
  EXPECT_THAT(world.news(), ElementsAre("went_down m00000", "recovered m00000"))
      << "nobody was told that it flaps";
}

TEST(AlertRules, FlappingEndsWhenNobodyWantsToKnowAnyMore) {
  Told world;
  world.notes(0).flapping = true;
  world.boot();
  world.run_for(1min);
  flap(world, 4);
  (void)world.news();
  world.notes(0).flapping = false;
  world.watch->reload(world.config);
  flap(world, 1);
  EXPECT_THAT(world.news(),
              ElementsAre("flapping_ended m00000", "went_down m00000", "recovered m00000"));
  EXPECT_FALSE(world.view(kParent).flapping);
}

// 22:00 in Zurich is 21:00 UTC in January.
TEST(AlertRules, EveryMonitorDependsOnAGate) {
  Told world;
  world.make_family();
  world.notes(1).depends_on.clear();
  world.config.settings.self.gate = {kParent};
  world.boot();
  world.run_for(2h);
  world.prober.force(kParent, check::Status::down);
  world.prober.force(kChild, check::Status::down);
  world.run_for(15s);  // the gate's own turn is most of an hour away
  EXPECT_THAT(world.news(), ElementsAre("went_down m00000"));
  EXPECT_EQ(world.view(kChild).incident->held_by, kParent);
  world.prober.force(kParent, check::Status::up);
  world.run_for(1h);
  EXPECT_THAT(world.news(), ElementsAre("recovered m00000", "went_down m00001"));
  EXPECT_TRUE(world.healthy()) << world.problem();
}

// The drop-in that holds a monitor is broken for a while: nobody hears that its outage is over.
TEST(AlertRules, ABrokenDropInEndsNoOutageAndForgetsNothing) {
  for (const bool restarts : {false, true}) {
    SCOPED_TRACE(restarts);
    Told world;
    world.boot();
    world.run_for(2min);
    world.prober.force(kChild, check::Status::down);
    world.run_for(1min);
    ASSERT_THAT(world.news(), ElementsAre("went_down m00001"));
    const auto whole = world.config;
    const auto before = world.view(kChild);
    const std::string incident = before.incident->opening.incident;
    const std::uint64_t planned = before.counters.planned;
    world.config.monitors.pop_back();
    world.config.whole = false;
    world.watch->reload(world.config);
    world.run_for(1min);
    EXPECT_EQ(world.watch->find(kChild), world.watch->size()) << "neither checked nor shown";
    if (restarts) {
      world.kill();
      world.boot();
      world.run_for(1min);
    }
    EXPECT_THAT(world.news(), IsEmpty());
    world.config = whole;
    world.watch->reload(world.config);
    world.run_for(1min);
    EXPECT_THAT(world.news(), IsEmpty()) << "it is still down";
    ASSERT_NE(world.view(kChild).incident, nullptr);
    EXPECT_EQ(world.view(kChild).incident->opening.incident, incident);
    EXPECT_GT(world.view(kChild).counters.planned, planned);
    world.prober.force(kChild, check::Status::up);
    world.run_for(1min);
    EXPECT_THAT(world.news(), ElementsAre("recovered m00001"));
    EXPECT_TRUE(world.healthy()) << world.problem();
  }
}

TEST(AlertRules, WhatIsInNoFileOnceAllAreReadIsRemoved) {
  Told world;
  world.boot();
  world.run_for(2min);
  world.prober.force(kChild, check::Status::down);
  world.run_for(1min);
  ASSERT_THAT(world.news(), ElementsAre("went_down m00001"));
  world.config.monitors.pop_back();
  world.config.whole = false;
  world.watch->reload(world.config);
  world.run_for(1min);
  ASSERT_THAT(world.news(), IsEmpty());
  world.config.whole = true;
  world.watch->reload(world.config);
  world.run_for(1min);
  EXPECT_THAT(world.news(), ElementsAre("recovered m00001"));
  EXPECT_EQ(world.store->contents().monitors.size(), 1U);
}

TEST(AlertRules, AMaintenanceWindowHoldsItsMonitorsBackInItsOwnTimeZone) {
  Told world;
  world.notes(0).labels = {{"team", "shop"}};
  auto cron = schedule::Cron::parse("0 22 * * *", *schedule::find_zone("Europe/Zurich"));
  world.config.maintenance.push_back({"nightly",
                                      std::make_shared<const schedule::Cron>(std::move(*cron)),
                                      30min, *alert::Selector::parse({"team=shop"})});
  world.boot();
  world.run_for(21h - 1min);  // the world begins at midnight UTC
  world.prober.force(kParent, check::Status::down);
  world.run_for(30s);
  EXPECT_THAT(world.news(), ElementsAre("went_down m00000")) << "not yet";
  world.prober.force(kParent, check::Status::up);
  world.run_for(1min);
  EXPECT_THAT(world.news(), ElementsAre("recovered m00000"));
  world.prober.force(kParent, check::Status::down);
  world.prober.force(kChild, check::Status::down);
  world.run_for(20min);
  EXPECT_THAT(world.news(), ElementsAre("went_down m00001")) << "another team's";
  EXPECT_EQ(world.view(kParent).incident->held_by, "nightly");
  world.run_for(15min);
  EXPECT_THAT(world.news(), ElementsAre("went_down m00000")) << "still down when it ends";
}

TEST(AlertRules, WhoIsSilencedFollowsSilencesAndLabels) {
  Told world;
  world.notes(0).labels = {{"team", "shop"}};
  world.boot();
  world.run_for(1s);
  EXPECT_FALSE(world.view(kParent).silenced);
  alert::Silence silence;
  silence.match = *alert::Selector::parse({"team=shop"});
  silence.from = world.loop.now();
  silence.until = silence.from + 1h;
  std::string id;
  world.watch->add_silence(silence, [&id](Result<alert::Silence> added) { id = added->id; });
  world.run_for(1s);
  EXPECT_TRUE(world.view(kParent).silenced);
  EXPECT_FALSE(world.view(kChild).silenced);
  world.notes(0).labels = {{"team", "other"}};
  world.notes(1).labels = {{"team", "shop"}};
  world.watch->reload(world.config);
  EXPECT_FALSE(world.view(kParent).silenced);
  EXPECT_TRUE(world.view(kChild).silenced);
  world.watch->end_silence(id, [](Result<void> done) { EXPECT_TRUE(done); });
  world.run_for(1s);
  EXPECT_FALSE(world.view(kChild).silenced);
}

TEST(AlertRules, RemindersComeAtTheirDistanceUntilSomebodyAcknowledges) {
  Told world;
  world.notes(0).remind_every = 10min;
  world.boot();
  world.run_for(1min);
  world.prober.force(kParent, check::Status::down);
  world.run_for(25min);
  EXPECT_THAT(world.news(),
              ElementsAre("went_down m00000", "still_down m00000", "still_down m00000"));
  world.watch->acknowledge(kParent, alert::Acknowledgement{"ana", "", world.loop.now(), {}},
                           [](Result<void> done) { EXPECT_TRUE(done); });
  world.run_for(2h);
  EXPECT_THAT(world.news(), IsEmpty());
  world.watch->acknowledge(kParent, std::nullopt, [](Result<void> done) { EXPECT_TRUE(done); });
  world.run_for(5min);
  EXPECT_THAT(world.news(), ElementsAre("still_down m00000"));
  world.prober.force(kParent, check::Status::up);
  world.run_for(1min);
  EXPECT_THAT(world.news(), ElementsAre("recovered m00000"));
}

}  // namespace
}  // namespace tocsin::test

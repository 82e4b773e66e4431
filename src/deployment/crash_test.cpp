// Group E of the table, second half: too few tasks of what is finished.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deployment/test_story.hpp"

namespace tocsin::deployment::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

Story steady() {
  Story story;
  story.settle();
  return story;
}

Tasks tasks(std::int64_t running) { return Tasks("A", -1000).run(running); }

// A crash and its end, twice within the window.
void crash_twice(Story& story) {
  for (const int t : {30, 90}) {
    EXPECT_THAT(story.see(t, 2, {tasks(0)}),
                ElementsAre("recovering deployment=A severity=outage"));
    EXPECT_THAT(story.see(t + 30, 2, {tasks(2)}),
                ElementsAre("finished deployment=A kind=recover"));
  }
}

TEST(EcsCrash, AnOutageIsToldAtOnce) {
  Story story = steady();
  EXPECT_THAT(story.see(30, 2, {tasks(0)}), ElementsAre("recovering deployment=A severity=outage"));
  EXPECT_THAT(story.see(60, 2, {tasks(0).wait(2)}), IsEmpty());
  EXPECT_THAT(story.see(90, 2, {tasks(2)}), ElementsAre("finished deployment=A kind=recover"));
  EXPECT_EQ(story.told[0].key, story.told[1].key);
  EXPECT_EQ(story.told[1].duration, 60s);
}

TEST(EcsCrash, AShortDipIsNotTold) {
  Story story = steady();
  for (int t = 30; t < 600; t += 60) {
    EXPECT_THAT(story.see(t, 2, {tasks(1)}), IsEmpty());
    EXPECT_THAT(story.see(t + 30, 2, {tasks(2)}), IsEmpty());
  }
}

TEST(EcsCrash, TooFewTasksAreToldWhenItLasts) {
  Story story = steady();
  story.options.partial_crash_polls = 3;
  EXPECT_THAT(story.see(30, 2, {tasks(1)}), IsEmpty());
  EXPECT_THAT(story.unanswered(45), IsEmpty());
  EXPECT_THAT(story.see(60, 2, {tasks(1)}), IsEmpty());
  EXPECT_THAT(story.see(90, 2, {tasks(1)}),
              ElementsAre("recovering deployment=A severity=partial"));
  EXPECT_THAT(story.see(120, 2, {tasks(1)}), IsEmpty());
  EXPECT_THAT(story.see(150, 2, {tasks(2)}), ElementsAre("finished deployment=A kind=recover"));
}

TEST(EcsCrash, WhatGetsWorseIsToldAgainAndEndsOnce) {
  Story story = steady();
  story.see(30, 2, {tasks(1)});
  EXPECT_THAT(story.see(60, 2, {tasks(1)}),
              ElementsAre("recovering deployment=A severity=partial"));
  EXPECT_THAT(story.see(90, 2, {tasks(0)}), ElementsAre("recovering deployment=A severity=outage"));
  EXPECT_THAT(story.see(120, 2, {tasks(2)}), ElementsAre("finished deployment=A kind=recover"));
  EXPECT_EQ(story.told[0].thread, story.told[2].thread);
  EXPECT_EQ(story.told[1].key, story.told[2].key);
}

TEST(EcsCrash, MoreTasksThanWantedAreNone) {
  Story story = steady();
  EXPECT_THAT(story.see(30, 2, {tasks(4)}), IsEmpty());
  EXPECT_THAT(story.see(60, 2, {tasks(2)}), IsEmpty());
}

TEST(EcsCrash, WhatKeepsHappeningIsToldOnceAsFlapping) {
  Story story = steady();
  crash_twice(story);
  EXPECT_THAT(story.see(150, 2, {tasks(0)}),
              ElementsAre("recovering deployment=A severity=outage flapping episodes=3"));
  for (int t = 180; t < 600; t += 60) {
    EXPECT_THAT(story.see(t, 2, {tasks(2)}), IsEmpty());
    EXPECT_THAT(story.see(t + 30, 2, {tasks(1)}), IsEmpty());
  }
  EXPECT_THAT(story.see(600, 2, {tasks(2)}), IsEmpty());
  EXPECT_THAT(story.see(899, 2, {tasks(2)}), IsEmpty());
  EXPECT_THAT(story.see(900, 2, {tasks(2)}),
              ElementsAre("finished deployment=A kind=recover flapping episodes=10"));
  EXPECT_EQ(story.state.recovery, Recovery{});
}

TEST(EcsCrash, EpisodesFarApartAreNoFlapping) {
  Story story = steady();
  for (int t = 1000; t < 20'000; t += 1000) {
    EXPECT_THAT(story.see(t, 2, {tasks(0)}),
                ElementsAre("recovering deployment=A severity=outage"));
    EXPECT_THAT(story.see(t + 30, 2, {tasks(2)}),
                ElementsAre("finished deployment=A kind=recover"));
  }
}

TEST(EcsCrash, ANewDeploymentClearsIt) {
  Story story = steady();
  crash_twice(story);
  story.see(150, 2, {tasks(0)});
  EXPECT_THAT(story.see(180, 2, {Tasks("B", 170, "2").going(), tasks(0).old()}),
              ElementsAre("deploy_started deployment=B"));
  EXPECT_EQ(story.state.recovery, Recovery{});
  EXPECT_THAT(story.see(210, 2, {Tasks("B", 170, "2")}),
              ElementsAre("finished deployment=B kind=deploy"));
  EXPECT_THAT(story.see(240, 2, {Tasks("B", 170, "2").run(0)}),
              ElementsAre("recovering deployment=B severity=outage"));
}

TEST(EcsCrash, OfADaemonAlsoAnOutageMustLast) {
  Story story;
  const auto daemon = [](std::int64_t running) {
    Snapshot out = snapshot(2, {tasks(running)});
    out.scheduling = Scheduling::daemon;
    return out;
  };
  story.see(0, daemon(2));
  EXPECT_THAT(story.see(30, daemon(0)), IsEmpty());
  EXPECT_THAT(story.see(60, daemon(0)), ElementsAre("recovering deployment=A severity=outage"));
  EXPECT_THAT(story.see(90, daemon(2)), ElementsAre("finished deployment=A kind=recover"));
}

TEST(EcsCrash, AShortageThatWasMeantIsForgottenAndFoundAgainWhenItLasts) {
  Story story = steady();
  story.see(30, 2, {tasks(1)});
  EXPECT_THAT(story.see(60, 2, {tasks(1)}),
              ElementsAre("recovering deployment=A severity=partial"));
  excuse_shortage(story.state);
  EXPECT_THAT(story.see(90, 2, {tasks(1)}), IsEmpty());
  EXPECT_THAT(story.see(120, 2, {tasks(1)}),
              ElementsAre("recovering deployment=A severity=partial"));
  excuse_shortage(story.state);
  EXPECT_THAT(story.see(150, 2, {tasks(2)}), IsEmpty());
}

TEST(EcsCrash, OneWhoseTasksAllDiedUnseenIsAnOutageWhenItLasts) {
  Story story;
  story.fleet_known = true;
  story.see(0, 2, {Tasks("A", -10).run(0)});  // finished, and nothing runs
  EXPECT_THAT(story.see(30, 2, {Tasks("A", -10).run(0)}), IsEmpty());
  EXPECT_THAT(story.see(60, 2, {Tasks("A", -10).run(0)}),
              ElementsAre("recovering deployment=A severity=outage"));
}

}  // namespace
}  // namespace tocsin::deployment::test

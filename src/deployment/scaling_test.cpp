// Group E of the table, first half: a change of the desired count of what is finished.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deployment/test_story.hpp"

namespace tocsin::deployment::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

Story steady(Milliseconds debounce = 0s) {
  Story story;
  story.options.scale_debounce = debounce;
  story.settle();
  return story;
}

Tasks tasks(std::int64_t running) { return Tasks("A", -1000).run(running); }

TEST(EcsScaling, ItsStartAndItsEndAreTold) {
  Story story = steady();
  EXPECT_THAT(story.see(30, 4, {tasks(2)}), ElementsAre("scaled deployment=A from=2 to=4"));
  EXPECT_THAT(story.see(60, 4, {tasks(4).wait(1)}), IsEmpty());
  EXPECT_THAT(story.see(90, 4, {tasks(4)}), ElementsAre("finished deployment=A kind=scale"));
  EXPECT_EQ(story.told[0].key, story.told[1].key);
  EXPECT_EQ(story.told[1].duration, 60s);
}

TEST(EcsScaling, OneThatIsDoneWhenItIsSeenIsBothAtOnce) {
  Story story = steady();
  EXPECT_THAT(story.see(30, 1, {tasks(1)}),
              ElementsAre("scaled deployment=A from=2 to=1", "finished deployment=A kind=scale"));
}

TEST(EcsScaling, ADebouncedOneIsToldWhenItHolds) {
  Story story = steady(60s);
  EXPECT_THAT(story.see(30, 4, {tasks(2)}), IsEmpty());
  EXPECT_THAT(story.see(60, 6, {tasks(3)}), IsEmpty());
  EXPECT_THAT(story.see(90, 6, {tasks(4)}), IsEmpty());
  EXPECT_THAT(story.see(120, 6, {tasks(5)}), ElementsAre("scaled deployment=A from=2 to=6"));
  EXPECT_THAT(story.see(150, 6, {tasks(6)}), ElementsAre("finished deployment=A kind=scale"));
}

TEST(EcsScaling, ADebouncedOneThatIsTakenBackIsSilent) {
  Story story = steady(60s);
  EXPECT_THAT(story.see(30, 4, {tasks(2)}), IsEmpty());
  EXPECT_THAT(story.see(60, 2, {tasks(3)}), IsEmpty());
  EXPECT_THAT(story.see(120, 2, {tasks(2)}), IsEmpty());
  EXPECT_EQ(story.state.scaling, Scaling{});
}

TEST(EcsScaling, OneThatWasToldGoesOnWhenAFurtherChangeIsTakenBack) {
  Story story = steady(60s);
  story.see(30, 4, {tasks(2)});
  EXPECT_THAT(story.see(90, 4, {tasks(3)}), ElementsAre("scaled deployment=A from=2 to=4"));
  EXPECT_THAT(story.see(120, 6, {tasks(3)}), IsEmpty());
  EXPECT_THAT(story.see(150, 4, {tasks(3)}), IsEmpty());
  EXPECT_THAT(story.see(210, 4, {tasks(4)}), ElementsAre("finished deployment=A kind=scale"));
  EXPECT_EQ(story.told[0].thread, story.told[1].thread);
  EXPECT_EQ(story.told[1].duration, 120s) << "since it was told";
}

TEST(EcsScaling, OneThatAnotherReplacesIsOverWithIt) {
  Story story = steady();
  story.see(30, 4, {tasks(2)});
  story.see(60, 6, {tasks(3)});
  EXPECT_EQ(story.told[1].replaces, story.told[0].thread);
  EXPECT_NE(story.told[1].thread, story.told[0].thread);
  story.see(90, 6, {tasks(6)});
  story.see(120, 4, {tasks(4)});
  EXPECT_EQ(story.told[3].replaces, "") << "the one before was done";
}

TEST(EcsScaling, AFurtherChangeIsAFurtherScaling) {
  Story story = steady();
  EXPECT_THAT(story.see(30, 4, {tasks(2)}), ElementsAre("scaled deployment=A from=2 to=4"));
  EXPECT_THAT(story.see(60, 6, {tasks(3)}), ElementsAre("scaled deployment=A from=4 to=6"));
  EXPECT_THAT(story.see(90, 6, {tasks(6)}), ElementsAre("finished deployment=A kind=scale"));
  EXPECT_NE(story.told[0].key, story.told[1].key);
  EXPECT_EQ(story.told[2].key, story.told[1].key);
}

TEST(EcsScaling, OneThatTakesTooLongIsToldOnceHoweverOldTheDeploymentIs) {
  Story story = steady();
  story.options.timeout = 300s;
  story.see(30, 4, {tasks(2)});
  EXPECT_THAT(story.see(330, 4, {tasks(3)}), IsEmpty());
  EXPECT_THAT(story.see(331, 4, {tasks(3)}),
              ElementsAre("timeout deployment=A kind=scale age=301"));
  EXPECT_THAT(story.see(3000, 4, {tasks(3)}), IsEmpty());
  EXPECT_THAT(story.see(3030, 4, {tasks(4)}), ElementsAre("finished deployment=A kind=scale"));
  EXPECT_EQ(story.told[1].key, story.told[0].key);
}

TEST(EcsScaling, WhileItGoesOnMissingTasksAreNoCrash) {
  Story story = steady();
  story.see(30, 6, {tasks(2)});
  for (int t = 60; t < 600; t += 30) {
    EXPECT_THAT(story.see(t, 6, {tasks(3)}), IsEmpty());
  }
}

TEST(EcsScaling, WhileItGoesOnAnOutageIsTold) {
  Story story = steady();
  story.see(30, 6, {tasks(2)});
  EXPECT_THAT(story.see(60, 6, {tasks(0)}), ElementsAre("recovering deployment=A severity=outage"));
  EXPECT_THAT(story.see(90, 6, {tasks(6)}), ElementsAre("finished deployment=A kind=scale",
                                                        "finished deployment=A kind=recover"));
}

TEST(EcsScaling, FromNothingToSomethingIsNoOutage) {
  Story story;
  story.see(0, 0, {tasks(0)});
  EXPECT_THAT(story.see(30, 2, {tasks(0)}), ElementsAre("scaled deployment=A from=0 to=2"));
  EXPECT_THAT(story.see(60, 2, {tasks(0)}), IsEmpty());
  EXPECT_THAT(story.see(90, 2, {tasks(2)}), ElementsAre("finished deployment=A kind=scale"));
}

TEST(EcsScaling, ToNothingIsNoCrash) {
  Story story = steady();
  EXPECT_THAT(story.see(30, 0, {tasks(2)}), ElementsAre("scaled deployment=A from=2 to=0"));
  EXPECT_THAT(story.see(60, 0, {tasks(0)}), ElementsAre("finished deployment=A kind=scale"));
  EXPECT_THAT(story.see(90, 0, {tasks(0)}), IsEmpty());
}

TEST(EcsScaling, ANewDeploymentEndsIt) {
  Story story = steady();
  story.see(30, 4, {tasks(2)});
  EXPECT_THAT(story.see(60, 4, {Tasks("B", 50, "2").going()}),
              ElementsAre("deploy_started deployment=B"));
  EXPECT_THAT(story.see(90, 4, {Tasks("B", 50, "2").run(4)}),
              ElementsAre("finished deployment=B kind=deploy"));
}

}  // namespace
}  // namespace tocsin::deployment::test

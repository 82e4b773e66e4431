// Group D of the table: while a deployment goes on, and after it failed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "deployment/test_story.hpp"

namespace tocsin::deployment::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using Status = ServiceDeployment::Status;

// A steady service whose deployment B began at 25.
Story deploying() {
  Story story;
  story.settle();
  EXPECT_THAT(story.see(30, 2, {Tasks("B", 25, "2").going(), Tasks("A", -1000).old()}),
              ElementsAre("deploy_started deployment=B"));
  return story;
}

Snapshot shifting(ServiceDeployment shift) {
  Snapshot out = snapshot(2, {Tasks("B", 25, "2").going(2), Tasks("A", -1000).old()});
  out.rolling = false;
  out.service_deployment = std::move(shift);
  return out;
}

TEST(EcsRollout, ItIsFinishedWhenEcsSaysSoAndNotWhenCountsMatch) {
  Story story = deploying();
  EXPECT_THAT(story.see(60, 2, {Tasks("B", 25, "2").going(2)}), IsEmpty());
  EXPECT_THAT(story.see(90, 2, {Tasks("B", 25, "2")}),
              ElementsAre("finished deployment=B kind=deploy"));
  EXPECT_EQ(story.told.back().duration, 65s);
  EXPECT_EQ(story.state.finished_task_definition, "web:2");
}

TEST(EcsRollout, WhereEcsSaysNothingCountsDecide) {
  Story story;
  const auto silent = [](Tasks tasks) { return tasks.state(RolloutState::unset); };
  story.see(0, 2, {silent(Tasks("A", -1000))});
  story.see(30, 2, {silent(Tasks("B", 25).run(0)), silent(Tasks("A", -1000).old())});
  EXPECT_THAT(story.see(60, 2, {silent(Tasks("B", 25)), silent(Tasks("A", -1000).old())}),
              IsEmpty())
      << "the old one still runs";
  EXPECT_THAT(story.see(90, 2, {silent(Tasks("B", 25).wait(1))}), IsEmpty());
  EXPECT_THAT(story.see(120, 2, {silent(Tasks("B", 25))}),
              ElementsAre("finished deployment=B kind=deploy"));
}

TEST(EcsRollout, WhereTrafficIsShiftedTheServiceDeploymentDecides) {
  Story story = deploying();
  Snapshot baking = shifting({Status::going_on, "BAKE_TIME", "", false});
  baking.deployments[0].rollout = RolloutState::completed;
  EXPECT_THAT(story.see(60, baking), IsEmpty());
  EXPECT_THAT(story.see(90, shifting({Status::successful, "", "", false})),
              ElementsAre("finished deployment=B kind=deploy"));
}

TEST(EcsRollout, WhereTheServiceDeploymentIsNotKnownTheRolloutStateDecides) {
  Story story = deploying();
  Snapshot unknown = shifting({});
  unknown.service_deployment.reset();
  EXPECT_THAT(story.see(60, unknown), IsEmpty());
  unknown.deployments[0].rollout = RolloutState::completed;
  EXPECT_THAT(story.see(90, unknown), ElementsAre("finished deployment=B kind=deploy"));
}

TEST(EcsRollout, ScalingMeanwhileIsToldAndBeginsTheTimeoutAnew) {
  Story story = deploying();
  story.options.timeout = 300s;
  EXPECT_THAT(story.see(300, 4, {Tasks("B", 25, "2").going(1)}),
              ElementsAre("scaled deployment=B from=2 to=4 duringDeployment"));
  EXPECT_THAT(story.see(600, 4, {Tasks("B", 25, "2").going(1)}), IsEmpty());
  EXPECT_THAT(story.see(601, 4, {Tasks("B", 25, "2").going(1)}),
              ElementsAre("timeout deployment=B kind=deploy age=301"));
  EXPECT_THAT(story.see(700, 4, {Tasks("B", 25, "2").run(4)}),
              ElementsAre("finished deployment=B kind=deploy"));
}

TEST(EcsRollout, AFailureIsToldAtOnceAndEndsIt) {
  Story story = deploying();
  EXPECT_THAT(story.see(60, 2,
                        {Tasks("B", 25, "2").state(RolloutState::failed, "unhealthy"),
                         Tasks("A", -1000).old()}),
              ElementsAre("failed deployment=B"));
  EXPECT_THAT(
      story.see(100'000, 3,
                {Tasks("B", 25, "2").run(0).state(RolloutState::failed), Tasks("A", -1000).old()}),
      IsEmpty())
      << "neither a timeout nor a scaling";
  EXPECT_EQ(story.state.desired, 3);
}

TEST(EcsRollout, WhereTrafficIsShiftedAStopOrAFailedRollbackIsAFailure) {
  for (const Status status : {Status::stopped, Status::rollback_failed}) {
    Story story = deploying();
    const auto told = story.see(60, shifting({status, "", "stopped by ann", false}));
    ASSERT_FALSE(told.empty());
    EXPECT_EQ(told.back(), "failed deployment=B");
    EXPECT_EQ(story.told.back().reason, "stopped by ann");
  }
}

TEST(EcsRollout, TasksThatKeepFailingAreToldOnceForADeployment) {
  Story story = deploying();
  EXPECT_THAT(story.see(60, 2, {Tasks("B", 25, "2").going().fail(2)}), IsEmpty());
  EXPECT_THAT(
      story.see(90, 2, {Tasks("B", 25, "2").going().fail(3)}),
      ElementsAre("recovering deployment=B severity=deploy duringDeployment failedTasks=3"));
  EXPECT_THAT(story.see(120, 2, {Tasks("B", 25, "2").going().fail(9)}), IsEmpty());
  EXPECT_THAT(
      story.see(150, 2, {Tasks("C", 140, "3").going().fail(4)}),
      ElementsAre("deploy_started deployment=C supersedes=B",
                  "recovering deployment=C severity=deploy duringDeployment failedTasks=4"));
}

TEST(EcsRollout, ATimeoutIsToldOnceAndOnlyBeyondItsTime) {
  Story story = deploying();
  story.options.timeout = 300s;
  EXPECT_THAT(story.see(325, 2, {Tasks("B", 25, "2").going(1)}), IsEmpty());
  EXPECT_THAT(story.see(326, 2, {Tasks("B", 25, "2").going(1)}),
              ElementsAre("timeout deployment=B kind=deploy age=301"));
  EXPECT_THAT(story.see(5000, 2, {Tasks("B", 25, "2").going(1)}), IsEmpty());
  EXPECT_THAT(story.see(6000, 2, {Tasks("B", 25, "2")}),
              ElementsAre("finished deployment=B kind=deploy"));
}

TEST(EcsRollout, ARollbackHasATimeoutOfItsOwn) {
  Story story = deploying();
  story.options.timeout = 300s;
  story.see(400, 2, {Tasks("B", 25, "2").going(1)});
  const Tasks back = Tasks("C", 500).state(RolloutState::in_progress, "rolling back").run(1);
  EXPECT_THAT(story.see(510, 2, {back}), ElementsAre("rolled_back from=B to=C"));
  EXPECT_THAT(story.see(800, 2, {back}), IsEmpty());
  EXPECT_THAT(story.see(801, 2, {back}), ElementsAre("timeout deployment=C kind=deploy age=301"));
}

TEST(EcsRollout, ShiftingTrafficMayTakeAsLongAsItIsSetTo) {
  Story story = deploying();
  story.options.timeout = 300s;
  Snapshot baking = shifting({Status::going_on, "BAKE_TIME", "", false});
  baking.bake_time = 10min;
  EXPECT_THAT(story.see(925, baking), IsEmpty());
  Snapshot paused = baking;
  paused.service_deployment->waits = true;
  EXPECT_THAT(story.see(50'000, paused), IsEmpty()) << "it waits for a person";
  EXPECT_THAT(story.see(50'030, baking), ElementsAre("timeout deployment=B kind=deploy age=50005"));
}

TEST(EcsRollout, WhenWhatRanBeforeAFailureDiesTooItIsAnOutage) {
  const Tasks failed = Tasks("B", 25, "2").run(0).state(RolloutState::failed);
  Story story = deploying();
  story.see(60, 2, {failed, Tasks("A", -1000).old()});
  EXPECT_THAT(story.see(90, 2, {failed, Tasks("A", -1000).old().run(1)}), IsEmpty());
  EXPECT_THAT(story.see(120, 2, {failed, Tasks("A", -1000).old().run(0)}),
              ElementsAre("recovering deployment=B severity=outage"));
  EXPECT_THAT(story.see(150, 2, {failed, Tasks("A", -1000).old().run(0)}), IsEmpty());
  EXPECT_THAT(story.see(180, 2, {failed, Tasks("A", -1000).old()}),
              ElementsAre("finished deployment=B kind=recover"));
  EXPECT_EQ(story.state.phase, Phase::failed);
}

TEST(EcsRollout, OneThatIsFinishedAndDeadAtTheSameLookIsBoth) {
  Story story = deploying();
  story.see(60, 2, {Tasks("B", 25, "2").going(2)});
  EXPECT_THAT(
      story.see(90, 2, {Tasks("B", 25, "2").run(0)}),
      ElementsAre("finished deployment=B kind=deploy", "recovering deployment=B severity=outage"));
}

TEST(EcsRollout, ADaemonIsNotScaledByAnybody) {
  Story story;
  const auto daemon = [](std::int64_t nodes, Tasks tasks) {
    Snapshot out = snapshot(nodes, {std::move(tasks)});
    out.scheduling = Scheduling::daemon;
    return out;
  };
  story.see(0, daemon(2, Tasks("A", -1000)));
  EXPECT_THAT(story.see(30, daemon(5, Tasks("A", -1000))), IsEmpty());
  EXPECT_THAT(story.see(60, daemon(5, Tasks("B", 50, "2").going())),
              ElementsAre("deploy_started deployment=B"));
  EXPECT_THAT(story.see(90, daemon(6, Tasks("B", 50, "2").going())), IsEmpty());
  EXPECT_THAT(story.see(120, daemon(6, Tasks("B", 50, "2").run(6))),
              ElementsAre("finished deployment=B kind=deploy"));
}

}  // namespace
}  // namespace tocsin::deployment::test

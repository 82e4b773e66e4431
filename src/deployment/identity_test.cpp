// Groups A, B and C of the table: is there anything to judge, first sight, which deployment.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "deployment/test_story.hpp"

namespace tocsin::deployment::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

// --- A ---

TEST(EcsAvailability, APollWithoutAnAnswerChangesNothing) {
  Story story;
  story.settle();
  const ServiceState before = story.state;
  for (int t = 30; t < 3000; t += 30) {
    EXPECT_THAT(story.unanswered(t), IsEmpty());
    EXPECT_THAT(story.absent(t), IsEmpty());
  }
  EXPECT_EQ(story.state, before);
}

TEST(EcsAvailability, AServiceIsDeletedWhenItIsMissingOftenEnoughInARow) {
  Story story;
  story.options.missing_polls = 3;
  story.settle();
  EXPECT_THAT(story.missing(30), IsEmpty());
  EXPECT_THAT(story.missing(60), IsEmpty());
  EXPECT_THAT(story.see(90, 2, {Tasks("A", -1000)}), IsEmpty());  // it counts anew
  EXPECT_THAT(story.missing(120), IsEmpty());
  EXPECT_THAT(story.unanswered(130), IsEmpty());  // which is no answer
  EXPECT_THAT(story.missing(150), IsEmpty());
  EXPECT_THAT(story.missing(180), ElementsAre("service_deleted deployment=A"));
  EXPECT_THAT(story.missing(210), IsEmpty());
}

TEST(EcsAvailability, AServiceThatIsBeingDeletedIsDeleted) {
  for (const ServiceStatus status : {ServiceStatus::draining, ServiceStatus::inactive}) {
    Story story;
    story.settle();
    Snapshot gone = snapshot(0, {Tasks("A", -1000)});
    gone.status = status;
    EXPECT_THAT(story.see(30, gone), ElementsAre("service_deleted deployment=A"));
    EXPECT_THAT(story.see(60, gone), IsEmpty());
    EXPECT_EQ(story.state.phase, Phase::gone);
  }
}

TEST(EcsAvailability, AServiceThatWasNeverSeenIsNotDeleted) {
  Story story;
  EXPECT_THAT(story.missing(0), IsEmpty());
  EXPECT_THAT(story.missing(30), IsEmpty());
  Snapshot draining = snapshot(0, {Tasks("A", -1000)});
  draining.status = ServiceStatus::draining;
  EXPECT_THAT(story.see(60, draining), IsEmpty());
  EXPECT_THAT(story.see(90, 2, {Tasks("A", -1000)}), IsEmpty());
}

TEST(EcsAvailability, OneThatIsGoneStaysSoUntilALaterOneHasItsName) {
  Story story;
  story.settle();
  story.missing(30);
  story.missing(60);
  EXPECT_THAT(story.see(90, 2, {Tasks("A", -1000)}), IsEmpty());  // a late answer
  Snapshot later = snapshot(2, {Tasks("Z", 100)});
  later.created = second(95);
  EXPECT_THAT(story.see(120, later),
              ElementsAre("service_created deployment=Z", "deploy_started deployment=Z initial",
                          "finished deployment=Z kind=deploy"));
}

TEST(EcsAvailability, OneThatTookItsNameBetweenTwoAnswersIsAnother) {
  Story story;
  story.settle();
  Snapshot later = snapshot(2, {Tasks("Z", 100)});
  later.created = second(95);
  EXPECT_THAT(
      story.see(120, later),
      ElementsAre("service_deleted deployment=A", "service_created deployment=Z",
                  "deploy_started deployment=Z initial", "finished deployment=Z kind=deploy"));
}

TEST(EcsAvailability, AnOldLookAtOneThatHadItsNameDeletesNothing) {
  Story story;
  story.settle();
  Snapshot old = snapshot(0, {Tasks("0", -9000)});
  old.created = second(-9500);
  old.status = ServiceStatus::draining;
  EXPECT_THAT(story.see(30, old), IsEmpty());
  old.status = ServiceStatus::inactive;
  EXPECT_THAT(story.see(60, old), IsEmpty());
  EXPECT_EQ(story.state.phase, Phase::stable);
}

TEST(EcsAvailability, OneThatWasDeniedForAWhileReappearsWhenAwsInsists) {
  Story story;
  story.settle();
  story.missing(30);
  story.missing(60);
  for (int t = 90; t <= 150; t += 30) {
    EXPECT_THAT(story.see(t, 2, {Tasks("A", -1000)}), IsEmpty());
  }
  EXPECT_THAT(story.see(180, 2, {Tasks("A", -1000)}).front(),
              "service_created deployment=A reappeared");
  EXPECT_EQ(story.state.phase, Phase::stable);
  const auto key_of_latest = [&](NoticeType type) {
    const auto latest =
        std::ranges::find(story.told.rbegin(), story.told.rend(), type, &Notice::type);
    return latest == story.told.rend() ? std::string() : latest->key;
  };
  const std::string deleted = story.told.front().key;
  const std::string created = key_of_latest(NoticeType::service_created);
  story.missing(210);
  story.missing(240);
  EXPECT_NE(key_of_latest(NoticeType::service_deleted), deleted) << "it happened again";
  for (int t = 270; t <= 360; t += 30) {
    (void)story.see(t, 2, {Tasks("A", -1000)});
  }
  EXPECT_NE(key_of_latest(NoticeType::service_created), created);
}

TEST(EcsAvailability, WithoutAPrimaryDeploymentNothingIsJudged) {
  Story story;
  story.settle();
  EXPECT_THAT(story.see(30, 2, {}), IsEmpty());
  EXPECT_THAT(story.see(60, 2, {Tasks("A", -1000).old()}), IsEmpty());
  EXPECT_EQ(story.state.phase, Phase::stable);
}

// --- B ---

TEST(EcsFirstSight, OfANewServiceTheCreationAndItsDeploymentAreTold) {
  Story story;
  story.fleet_known = true;
  EXPECT_THAT(story.see(30, 1, {Tasks("A", 20).going()}),
              ElementsAre("service_created deployment=A", "deploy_started deployment=A initial"));
  EXPECT_EQ(story.state.phase, Phase::deploying);
  EXPECT_THAT(story.see(60, 1, {Tasks("A", 20).run(1)}),
              ElementsAre("finished deployment=A kind=deploy"));
}

TEST(EcsFirstSight, OfANewServiceThatIsCompleteTheEndIsToldToo) {
  Story story;
  story.fleet_known = true;
  EXPECT_THAT(story.see(30, 1, {Tasks("A", 20).run(1)}),
              ElementsAre("service_created deployment=A", "deploy_started deployment=A initial",
                          "finished deployment=A kind=deploy"));
}

TEST(EcsFirstSight, AtAColdStartADeploymentThatGoesOnIsAnnounced) {
  Story story;
  EXPECT_THAT(story.see(0, 2, {Tasks("B", -50, "2").going(1), Tasks("A", -1000).old().run(1)}),
              ElementsAre("deploy_started deployment=B inProgress"));
  EXPECT_THAT(story.see(30, 2, {Tasks("B", -50, "2")}),
              ElementsAre("finished deployment=B kind=deploy"));
}

TEST(EcsFirstSight, AtAColdStartItCanBeAdoptedInSilence) {
  Story story;
  story.options.adopt_running = true;
  EXPECT_THAT(story.see(0, 2, {Tasks("B", -50, "2").going(1)}), IsEmpty());
  EXPECT_THAT(story.see(30, 2, {Tasks("B", -50, "2")}),
              ElementsAre("finished deployment=B kind=deploy"));
}

TEST(EcsFirstSight, AtAColdStartAnOutageIsTold) {
  Story story;
  EXPECT_THAT(story.see(0, 2, {Tasks("A", -1000).run(0)}),
              ElementsAre("recovering deployment=A severity=outage"));
  EXPECT_THAT(story.see(30, 2, {Tasks("A", -1000)}),
              ElementsAre("finished deployment=A kind=recover"));
}

TEST(EcsFirstSight, AtAColdStartASteadyServiceSaysNothing) {
  for (const std::int64_t running : {1, 2, 3}) {
    Story story;
    EXPECT_THAT(story.see(0, 2, {Tasks("A", -1000).run(running)}), IsEmpty());
    EXPECT_EQ(story.state.phase, Phase::stable);
  }
  Story none;
  EXPECT_THAT(none.see(0, 0, {Tasks("A", -1000).run(0)}), IsEmpty());
}

// --- C ---

TEST(EcsIdentity, ASnapshotOlderThanOneSeenBeforeIsDropped) {
  Story story;
  story.settle();
  story.see(30, 2, {Tasks("B", 25, "2")});
  const ServiceState before = story.state;
  for (int t = 60; t <= 120; t += 30) {
    EXPECT_THAT(story.see(t, 5, {Tasks("A", -1000).run(0)}), IsEmpty());
  }
  EXPECT_EQ(story.state.desired, before.desired);
  // The fourth in a row is believed.
  EXPECT_THAT(story.see(150, 2, {Tasks("A", -1000)}),
              ElementsAre("deploy_started deployment=A", "finished deployment=A kind=deploy"));
}

TEST(EcsIdentity, ARollbackIsNoStaleReadWhateverItsDate) {
  Story story;
  story.settle();
  story.see(30, 2, {Tasks("B", 25, "2").going(), Tasks("A", -1000).old()});
  EXPECT_THAT(story.see(60, 2,
                        {Tasks("A", -1000).state(RolloutState::in_progress, "Rolling back to A."),
                         Tasks("B", 25, "2").old().state(RolloutState::failed)}),
              ElementsAre("rolled_back from=B to=A"));
}

TEST(EcsIdentity, ARollbackThatWasSupersededIsStaleLikeAnyOther) {
  const Tasks back = Tasks("C", 55).state(RolloutState::in_progress, "rolling back to A");
  Story story;
  story.settle();
  story.see(30, 2, {Tasks("B", 25, "2").going(), Tasks("A", -1000).old()});
  story.see(60, 2, {back});
  story.see(90, 2, {Tasks("D", 85, "3").going()});
  EXPECT_THAT(story.see(120, 2, {back}), IsEmpty());
  EXPECT_EQ(story.state.deployment, "D");
}

TEST(EcsIdentity, ANewerDeploymentSupersedesTheOneThatGoesOn) {
  Story story;
  story.settle();
  story.see(30, 2, {Tasks("B", 25, "2").going(), Tasks("A", -1000).old()});
  EXPECT_THAT(story.see(60, 2, {Tasks("C", 55, "3").going(), Tasks("B", 25, "2").old().going()}),
              ElementsAre("deploy_started deployment=C supersedes=B"));
  EXPECT_THAT(story.see(90, 2, {Tasks("C", 55, "3")}),
              ElementsAre("finished deployment=C kind=deploy"));
}

TEST(EcsIdentity, EachTraceOfARollbackMakesItOne) {
  const Tasks failed = Tasks("B", 25, "2").old().state(RolloutState::failed, "tasks failed");
  const Tasks gone_on = Tasks("B", 25, "2").old().going();
  const auto rolls = [](const Snapshot& seen) {
    Story story;
    story.settle();
    story.see(30, 2, {Tasks("B", 25, "2").going(), Tasks("A", -1000).old()});
    return story.see(60, seen);
  };
  // Its own reason; the service's log; the failed one beside a return to what ran before.
  EXPECT_THAT(
      rolls(snapshot(2, {Tasks("C", 55).state(RolloutState::in_progress,
                                              "ECS deployment circuit breaker: rolling back"),
                         gone_on})),
      ElementsAre("rolled_back from=B to=C"));
  Snapshot logged = snapshot(2, {Tasks("C", 55).going(), gone_on});
  logged.events = {{second(50), "(service web) ROLLING BACK to deployment A."}};
  EXPECT_THAT(rolls(logged), ElementsAre("rolled_back from=B to=C"));
  EXPECT_THAT(rolls(snapshot(2, {Tasks("C", 55).going(), failed})),
              ElementsAre("rolled_back from=B to=C"));
  // Without a trace it is somebody's deployment.
  EXPECT_THAT(rolls(snapshot(2, {Tasks("C", 55).going(), gone_on})),
              ElementsAre("deploy_started deployment=C redeploy supersedes=B"));
  EXPECT_THAT(rolls(snapshot(2, {Tasks("C", 55, "3").going(), failed})),
              ElementsAre("deploy_started deployment=C supersedes=B"));
}

TEST(EcsIdentity, ALineOfTheLogThatWasThereBeforeIsNoTrace) {
  Story story;
  Snapshot first = snapshot(2, {Tasks("A", -1000)});
  first.events = {{second(-500), "(service web) rolling back to deployment A."}};
  story.see(0, first);
  Snapshot going = snapshot(2, {Tasks("B", 25, "2").going(), Tasks("A", -1000).old()});
  going.events = first.events;
  story.see(30, going);
  Snapshot next = snapshot(2, {Tasks("C", 55, "3").going(), Tasks("B", 25, "2").old().going()});
  next.events = first.events;
  EXPECT_THAT(story.see(60, next), ElementsAre("deploy_started deployment=C supersedes=B"));
}

TEST(EcsIdentity, AFailedDeploymentMayBeFollowedByItsRollback) {
  Story story;
  story.settle();
  story.see(30, 2, {Tasks("B", 25, "2").going(), Tasks("A", -1000).old()});
  EXPECT_THAT(story.see(60, 2,
                        {Tasks("B", 25, "2").state(RolloutState::failed, "tasks failed"),
                         Tasks("A", -1000).old()}),
              ElementsAre("failed deployment=B"));
  EXPECT_EQ(story.told.back().reason, "tasks failed");
  EXPECT_THAT(
      story.see(90, 2,
                {Tasks("C", 80).going(), Tasks("B", 25, "2").old().state(RolloutState::failed)}),
      ElementsAre("rolled_back from=B to=C"));
  EXPECT_THAT(story.see(120, 2, {Tasks("C", 80)}),
              ElementsAre("finished deployment=C kind=deploy rollback"));
  EXPECT_EQ(story.told.back().thread, "B") << "in the thread of what it undoes";
}

TEST(EcsIdentity, AfterAFailureANewDeploymentIsOne) {
  Story story;
  story.settle();
  story.see(30, 2, {Tasks("B", 25, "2").state(RolloutState::failed), Tasks("A", -1000).old()});
  EXPECT_THAT(story.see(60, 2, {Tasks("C", 55, "3").going(), Tasks("A", -1000).old()}),
              ElementsAre("deploy_started deployment=C"));
}

TEST(EcsIdentity, TheSameTaskDefinitionAgainIsARedeploy) {
  Story story;
  story.settle();
  EXPECT_THAT(story.see(30, 2, {Tasks("B", 25).going(), Tasks("A", -1000).old()}),
              ElementsAre("deploy_started deployment=B redeploy"));
  EXPECT_EQ(story.told.back().previous_task_definition, "web:1");
}

TEST(EcsIdentity, DeploymentsThatCameAndWentBetweenPollsAreNamed) {
  Story story;
  story.settle();
  EXPECT_THAT(story.see(30, 2,
                        {Tasks("D", 28, "4").going(), Tasks("C", 22, "3").old().going(),
                         Tasks("B", 12, "2").old().going(), Tasks("A", -1000).old()}),
              ElementsAre("deploy_started deployment=D skipped=[C,B]"));
}

TEST(EcsIdentity, ARollbackWhoseStartAndFailureNobodySawIsTold) {
  const Tasks back = Tasks("C", 25).state(RolloutState::in_progress, "rolling back to A");
  Story story;
  story.settle();
  EXPECT_THAT(story.see(30, 2,
                        {back, Tasks("B", 12, "2").old().state(RolloutState::failed),
                         Tasks("A", -1000).old()}),
              ElementsAre("deploy_started deployment=B", "rolled_back from=B to=C"));
  Story unlisted;
  unlisted.settle();
  EXPECT_THAT(unlisted.see(30, 2, {back, Tasks("A", -1000).old()}),
              ElementsAre("rolled_back to=C"));
}

TEST(EcsIdentity, ARollbackThatNobodySawFromItsBeginToItsEndIsKnownByTheLog) {
  const auto look = [](const char* image) {
    Snapshot out = snapshot(2, {Tasks("C", 25, image)});
    out.events.push_back({second(20), "(service web) rolling back to deployment A."});
    return out;
  };
  Story story;
  story.settle();
  EXPECT_THAT(story.see(30, look("1")), ElementsAre("deploy_started deployment=C redeploy rollback",
                                                    "finished deployment=C kind=deploy rollback"));
  Story mended;
  mended.settle();
  EXPECT_THAT(mended.see(30, look("3")),
              ElementsAre("deploy_started deployment=C", "finished deployment=C kind=deploy"))
      << "after the rollback somebody deployed another";
}

TEST(EcsIdentity, WhereTrafficIsShiftedTheServiceDeploymentTellsOfARollback) {
  using Status = ServiceDeployment::Status;
  const auto shift = [](Status status) {
    Snapshot out = snapshot(2, {Tasks("B", 25, "2").going(2), Tasks("A", -1000).old()});
    out.rolling = false;
    out.service_deployment = ServiceDeployment{status, "", "alarm", false};
    return out;
  };
  Story story;
  story.settle();
  EXPECT_THAT(story.see(30, shift(Status::going_on)), ElementsAre("deploy_started deployment=B"));
  EXPECT_THAT(story.see(60, shift(Status::rolling_back)), ElementsAre("rolled_back from=B"));
  EXPECT_EQ(story.told.back().reason, "alarm");
  EXPECT_THAT(story.see(90, shift(Status::rolling_back)), IsEmpty());
  EXPECT_THAT(story.see(120, shift(Status::rolled_back)),
              ElementsAre("finished deployment=B kind=deploy rollback"));
  EXPECT_EQ(story.told.at(1).task_definition, "web:1") << "where it goes, not what failed";
  EXPECT_EQ(story.told.back().task_definition, "web:1");
}

TEST(EcsIdentity, WhereTrafficIsShiftedTheRollbackIsOneUnderWhicheverIdItGoesOn) {
  using Status = ServiceDeployment::Status;
  const auto look = [](Status status, std::initializer_list<Deployment> deployments) {
    Snapshot out = snapshot(2, deployments);
    out.rolling = false;
    out.service_deployment = ServiceDeployment{status, "", "alarm", false};
    return out;
  };
  const Tasks green = Tasks("B", 25, "2").going(2);
  for (const Tasks& blue : {Tasks("A", -1000), Tasks("C", 80)}) {
    Story story;
    story.settle();
    Tasks old_green = green;
    old_green.old();
    story.see(30, look(Status::going_on, {green, Tasks("A", -1000).old()}));
    EXPECT_THAT(story.see(60, look(Status::rolling_back, {green, Tasks("A", -1000).old()})),
                ElementsAre("rolled_back from=B"));
    EXPECT_THAT(story.see(90, look(Status::rolling_back, {blue, old_green})), IsEmpty()) << blue.id;
    EXPECT_THAT(story.see(120, look(Status::rolled_back, {blue})),
                ElementsAre("finished deployment=" + blue.id + " kind=deploy rollback"));
    EXPECT_EQ(story.told.back().task_definition, "web:1");
    EXPECT_LE(story.told.back().duration, 2min);
    EXPECT_EQ(story.told.back().thread, "B");
    for (int t = 150; t < 600; t += 30) {
      Snapshot steady = look(Status::rolled_back, {blue});
      steady.service_deployment.reset();
      EXPECT_THAT(story.see(t, steady), IsEmpty());
    }
  }
}

TEST(EcsIdentity, ADeploymentThatFinishedIsNeverDeployingAgain) {
  Story story;
  story.settle();
  EXPECT_THAT(story.see(30, 2, {Tasks("A", -1000).going(2)}), IsEmpty());
  EXPECT_THAT(story.see(5000, 2, {Tasks("A", -1000).state(RolloutState::failed)}), IsEmpty());
  EXPECT_EQ(story.state.phase, Phase::stable);
}

}  // namespace
}  // namespace tocsin::deployment::test

#include "deployment/history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "deployment/test_story.hpp"

namespace tocsin::deployment::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::vector<Image> kNoImages;

// What a store would hold.
struct Shelf {
  History history;
  std::map<std::string, Record> records;

  // How many changed.
  std::size_t hear(const Notice& notice, const std::vector<Image>& images = kNoImages) {
    const std::vector<Record> changed = history.note(notice, images);
    for (const Record& record : changed) records[record.id] = record;
    EXPECT_EQ(parse_history(to_json(history)), history) << to_json(history);
    EXPECT_LE(history.records().size(), History::kMostRecords);
    return changed.size();
  }
  void hear(const std::vector<Notice>& notices) {
    for (const Notice& notice : notices) hear(notice);
  }
};

std::map<std::string, Record> records_of(const Story& story) {
  Shelf shelf;
  shelf.hear(story.told);
  const std::map<std::string, Record> once = shelf.records;
  shelf.hear(story.told);
  EXPECT_EQ(shelf.records, once) << "the same notices a second time change nothing";
  return once;
}

// "B finished 25-90 web:1>web:2 rollback": seconds of the story.
std::vector<std::string> lines_of(const Story& story) {
  const auto seconds = [](Instant at) {
    return std::to_string((at - kScenarioBegin) / std::chrono::seconds{1});
  };
  std::vector<std::string> out;
  for (const auto& [id, record] : records_of(story)) {
    std::string line = id + " " + std::string(to_string(record.outcome));
    line += " " + seconds(record.created) + "-";
    line += record.ended == Instant{} ? "" : seconds(record.ended);
    line += " " + record.previous_task_definition + ">" + record.task_definition;
    line += record.rollback ? " rollback" : "";
    line += record.redeploy ? " redeploy" : "";
    out.push_back(line);
  }
  return out;
}

TEST(DeploymentHistory, ADeploymentRunsFromItsCreationToItsEnd) {
  Story story;
  story.settle();
  story.see(30, 2, {Tasks("B", 25, "2").going(), Tasks("A", -1000).old()});
  EXPECT_THAT(lines_of(story), ElementsAre("B in_progress 25- web:1>web:2"));
  story.see(90, 2, {Tasks("B", 25, "2")});
  EXPECT_THAT(lines_of(story), ElementsAre("B finished 25-90 web:1>web:2"));
  EXPECT_EQ(records_of(story)["B"].duration(), std::chrono::seconds{65});
  EXPECT_EQ(records_of(story)["B"].duration(), story.told.back().duration);
}

TEST(DeploymentHistory, WhatRanAlreadyIsARedeploy) {
  Story story;
  story.settle();
  story.see(30, 2, {Tasks("B", 25), Tasks("A", -1000).old()});
  EXPECT_THAT(lines_of(story), ElementsAre("B finished 25-30 web:1>web:1 redeploy"));
}

TEST(DeploymentHistory, ASupersededOneEndsWhenTheNextWasCreated) {
  Story story;
  story.settle();
  story.see(30, 2, {Tasks("B", 25, "2").going(), Tasks("A", -1000).old()});
  story.see(60, 2, {Tasks("C", 55, "3").going(), Tasks("B", 25, "2").old().going()});
  story.see(90, 2, {Tasks("C", 55, "3")});
  EXPECT_THAT(lines_of(story), ElementsAre("B superseded 25-55 web:1>web:2",  //
                                           "C finished 55-90 web:2>web:3"));
}

TEST(DeploymentHistory, WhatCameAndWentBetweenTwoPollsWasSuperseded) {
  Story story;
  story.settle();
  story.see(30, 2, {Tasks("B", 25, "2").going(), Tasks("A", -1000).old()});
  story.see(60, 2,
            {Tasks("E", 58, "5").going(), Tasks("D", 52, "4").old().going(),
             Tasks("C", 42, "3").old().going(), Tasks("B", 25, "2").old().going()});
  EXPECT_THAT(lines_of(story),
              ElementsAre("B superseded 25-42 web:1>web:2", "C superseded 42-52 >web:3",
                          "D superseded 52-58 >web:4", "E in_progress 58- web:2>web:5"));
}

TEST(DeploymentHistory, ARollbackEndsWhatItUndoesAndIsADeploymentItself) {
  Story story;
  story.settle();
  story.see(30, 2, {Tasks("B", 25, "2").going(), Tasks("A", -1000).old()});
  story.see(60, 2,
            {Tasks("C", 55).state(RolloutState::in_progress, "rolling back to A"),
             Tasks("B", 25, "2").old().state(RolloutState::failed)});
  story.see(90, 2, {Tasks("C", 55)});
  EXPECT_THAT(lines_of(story), ElementsAre("B rolled_back 25-55 web:1>web:2",
                                           "C finished 55-90 web:2>web:1 rollback"));
  EXPECT_EQ(records_of(story)["B"].reason, "rolling back to A");
}

TEST(DeploymentHistory, AFailureThatIsFollowedByItsRollbackIsRolledBackFromThenOn) {
  Story story;
  story.settle();
  story.see(30, 2, {Tasks("B", 25, "2").going(), Tasks("A", -1000).old()});
  story.see(60, 2, {Tasks("B", 25, "2").state(RolloutState::failed, "tasks failed")});
  EXPECT_THAT(lines_of(story), ElementsAre("B failed 25-60 web:1>web:2"));
  EXPECT_EQ(records_of(story)["B"].reason, "tasks failed");
  story.see(90, 2, {Tasks("C", 80).going(), Tasks("B", 25, "2").old().state(RolloutState::failed)});
  EXPECT_THAT(lines_of(story), ElementsAre("B rolled_back 25-60 web:1>web:2",
                                           "C in_progress 80- web:2>web:1 rollback"));
  EXPECT_EQ(records_of(story)["B"].reason, "tasks failed") << "nothing better was said";
}

TEST(DeploymentHistory, AFailureStaysOneWhenSomebodyDeploysAgain) {
  Story story;
  story.settle();
  story.see(30, 2, {Tasks("B", 25, "2").state(RolloutState::failed, "tasks failed")});
  story.see(60, 2, {Tasks("C", 55, "3")});
  EXPECT_THAT(lines_of(story), ElementsAre("B failed 25-30 web:1>web:2",  //
                                           "C finished 55-60 web:2>web:3"));
}

TEST(DeploymentHistory, ARollbackThatIsNotNamedIsRecordedOnceItIsHeardOf) {
  using Status = ServiceDeployment::Status;
  const auto shift = [](Status status, const std::string& primary, int created) {
    Snapshot out = snapshot(2, {Tasks(primary, created, "2").going(2)});
    out.rolling = false;
    out.service_deployment = ServiceDeployment{status, "", "alarm", false};
    return out;
  };
  Story story;
  story.settle();
  story.see(30, shift(Status::going_on, "B", 25));
  story.see(60, shift(Status::rolling_back, "C", 55));
  EXPECT_THAT(lines_of(story), ElementsAre("B rolled_back 25-60 web:1>web:2"));
  story.see(90, shift(Status::rolled_back, "C", 55));
  EXPECT_THAT(lines_of(story),
              ElementsAre("B rolled_back 25-60 web:1>web:2", "C finished 55-90 >web:2 rollback"));
}

TEST(DeploymentHistory, ThatARollbackIsDoneDoesNotFinishWhatItUndid) {
  using Status = ServiceDeployment::Status;
  const auto shift = [](Status status) {
    Snapshot out = snapshot(2, {Tasks("B", 25, "2").going(2), Tasks("A", -1000).old()});
    out.rolling = false;
    out.service_deployment = ServiceDeployment{status, "", "alarm", false};
    return out;
  };
  Story story;
  story.settle();
  story.see(30, shift(Status::going_on));
  story.see(60, shift(Status::rolling_back));
  story.see(90, shift(Status::rolled_back));
  EXPECT_THAT(lines_of(story), ElementsAre("B rolled_back 25-60 web:1>web:2"));
}

TEST(DeploymentHistory, AnOldDeploymentThatIsPromotedAgainBeginsNow) {
  Story story;
  story.settle();
  story.see(30, 2, {Tasks("B", 25, "2").going(), Tasks("A", -1000).old()});
  story.see(60, 2,
            {Tasks("A", -1000).state(RolloutState::in_progress, "Rolling back to A."),
             Tasks("B", 25, "2").old().state(RolloutState::failed)});
  EXPECT_THAT(lines_of(story), ElementsAre("A in_progress 60- web:2>web:1 rollback",
                                           "B rolled_back 25-60 web:1>web:2"));
}

TEST(DeploymentHistory, ADeletedServiceEndsWhatGoesOn) {
  Story story;
  story.settle();
  story.see(30, 2, {Tasks("B", 25, "2").going(), Tasks("A", -1000).old()});
  story.missing(60);
  story.missing(90);
  EXPECT_THAT(lines_of(story), ElementsAre("B service_deleted 25-90 web:1>web:2"));
  Snapshot later = snapshot(2, {Tasks("Z", 100, "9").going()});
  later.created = second(95);
  story.see(120, later);
  EXPECT_THAT(lines_of(story), ElementsAre("B service_deleted 25-90 web:1>web:2",  //
                                           "Z in_progress 100- >web:9"));
}

TEST(DeploymentHistory, OfAServiceThatReappearsTheDeploymentGoesOn) {
  Story story;
  story.settle();
  story.see(30, 2, {Tasks("B", 25, "2").going(), Tasks("A", -1000).old()});
  story.missing(60);
  story.missing(90);
  for (int t = 120; t <= 210; t += 30) story.see(t, 2, {Tasks("B", 25, "2").going()});
  EXPECT_THAT(lines_of(story), ElementsAre("B in_progress 25- web:1>web:2"));
  story.see(240, 2, {Tasks("B", 25, "2")});
  EXPECT_THAT(lines_of(story), ElementsAre("B finished 25-240 web:1>web:2"));
}

TEST(DeploymentHistory, AtAColdStartWhatGoesOnIsRecordedAndWhatIsDoneIsNot) {
  Story story;
  story.see(0, 2, {Tasks("B", -50, "2").going(1), Tasks("A", -1000).old().run(1)});
  EXPECT_THAT(lines_of(story), ElementsAre("B in_progress -50- >web:2"));
  Story steady;
  steady.settle();
  EXPECT_THAT(lines_of(steady), IsEmpty());
}

TEST(DeploymentHistory, WhatWasAdoptedInSilenceIsRecordedWithItsEnd) {
  Story finished;
  finished.options.adopt_running = true;
  finished.see(0, 2, {Tasks("B", -50, "2").going(1)});
  finished.see(30, 2, {Tasks("B", -50, "2")});
  EXPECT_THAT(lines_of(finished), ElementsAre("B finished -50-30 >web:2"));
  Story superseded;
  superseded.options.adopt_running = true;
  superseded.see(0, 2, {Tasks("B", -50, "2").going(1)});
  superseded.see(30, 2, {Tasks("C", 20, "3").going(), Tasks("B", -50, "2").old()});
  EXPECT_THAT(lines_of(superseded), ElementsAre("B superseded -50-20 >web:2",  //
                                                "C in_progress 20- web:2>web:3"));
}

TEST(DeploymentHistory, NothingButBeginningsAndEndsChangeARecord) {
  Story story;
  story.settle();
  story.see(30, 2, {Tasks("B", 25, "2").going(), Tasks("A", -1000).old()});
  const auto before = records_of(story);
  story.see(60, 4, {Tasks("B", 25, "2").going().fail(5)});  // scaled, recovering
  story.see(2000, 4, {Tasks("B", 25, "2").going()});        // timeout
  EXPECT_EQ(records_of(story), before);
  story.see(2030, 4, {Tasks("B", 25, "2").run(4)});
  const auto after = records_of(story);
  story.see(3000, 6, {Tasks("B", 25, "2").run(4)});
  story.see(3030, 6, {Tasks("B", 25, "2").run(6)});  // finished, of the scaling
  story.see(3060, 6, {Tasks("B", 25, "2").run(0)});
  story.see(3090, 6, {Tasks("B", 25, "2").run(6)});  // finished, of the recovery
  EXPECT_GE(story.told.size(), 8U);
  EXPECT_EQ(records_of(story), after);
}

TEST(DeploymentHistory, ImagesAreLearntWithTheBeginningAndTheirDigestsWithTheEnd) {
  Story story;
  story.settle();
  story.see(30, 2, {Tasks("B", 25, "2").going(), Tasks("A", -1000).old()});
  story.see(60, 2, {Tasks("B", 25, "2")});
  ASSERT_EQ(story.told.size(), 2U);
  const Image plain{"web", "registry/web:2", ""};
  const Image exact{"web", "registry/web:2", "sha256:2"};
  Shelf shelf;
  shelf.hear(story.told[0], {plain});
  EXPECT_THAT(shelf.records["B"].images, ElementsAre(plain));
  shelf.hear(story.told[0], {exact});
  EXPECT_THAT(shelf.records["B"].images, ElementsAre(exact));
  EXPECT_EQ(shelf.hear(story.told[0], {plain}), 0U) << "a digest is not unlearned";
  EXPECT_EQ(shelf.hear(story.told[0]), 0U);
  shelf.hear(story.told[1]);
  EXPECT_THAT(shelf.records["B"].images, ElementsAre(exact));
  EXPECT_EQ(shelf.hear(story.told[1], {plain}), 0U) << "it has ended";
}

TEST(DeploymentHistory, IsBounded) {
  Story story;
  story.settle();
  for (std::int64_t i = 1; i <= 50; ++i) {
    story.see(i * 30, 2, {Tasks("D" + std::to_string(i), i * 30 - 5, "2").going()});
  }
  Shelf shelf;
  shelf.hear(story.told);
  EXPECT_EQ(shelf.records.size(), 50U);
  EXPECT_EQ(shelf.history.records().size(), 1U);
  EXPECT_LT(to_json(shelf.history).size(), 1000U);
}

TEST(DeploymentHistory, WhatCannotBeReadIsEmpty) {
  EXPECT_EQ(to_json(History{}), "{}");
  EXPECT_EQ(parse_history(""), History{});
  EXPECT_EQ(parse_history("{\"records\":"), History{});
  EXPECT_EQ(parse_history(R"({"records":[{"status":"failed"},7],"ended":3})"), History{});
}

// What a sequence leaves behind.
struct Played {
  Shelf shelf;
  std::set<std::string> announced;
  std::map<std::string, std::vector<Outcome>> ends;  // in order
  std::string going_on;                              // followed at its end, and not finished

  void hear(const Notice& notice) {
    if (notice.type == NoticeType::deploy_started) announced.insert(notice.deployment);
    if (notice.type == NoticeType::rolled_back) announced.insert(notice.to_deployment);
    for (const Record& record : shelf.history.note(notice, kNoImages)) {
      if (record.outcome != Outcome::going_on) ends[record.id].push_back(record.outcome);
    }
    EXPECT_THAT(shelf.history.note(notice, kNoImages), IsEmpty()) << "told twice";
  }
};

Played play(const Scenario& scenario) {
  Played out;
  ServiceState state;
  bool fleet_known = false;
  for (const ScenarioPoll& poll : scenario.polls) {
    if (poll.restart) continue;
    for (const Notice& notice : observe(state, poll.observation, scenario.options, fleet_known)) {
      out.hear(notice);
    }
    fleet_known = fleet_known || !std::holds_alternative<Unanswered>(poll.observation.seen);
  }
  if (state.phase == Phase::deploying) out.going_on = state.deployment;
  return out;
}

TEST(DeploymentHistory, EveryAnnouncedDeploymentOfTheGivenSequencesEndsOnce) {
  std::ifstream file("tests/data/ecs-scenarios.json");
  const auto scenarios = parse_scenarios(std::string{std::istreambuf_iterator<char>(file), {}});
  ASSERT_TRUE(scenarios) << scenarios.error().message;
  std::size_t ended = 0;
  for (const Scenario& scenario : *scenarios) {
    SCOPED_TRACE(scenario.name);
    Played played = play(scenario);
    for (const std::string& id : played.announced) {
      const std::vector<Outcome>& how = played.ends[id];
      if (how != std::vector{Outcome::failed, Outcome::rolled_back}) {
        EXPECT_EQ(how.size(), id == played.going_on ? 0U : 1U) << id;
      }
      ended += how.size();
    }
  }
  EXPECT_GE(ended, 10U);
}

}  // namespace
}  // namespace tocsin::deployment::test

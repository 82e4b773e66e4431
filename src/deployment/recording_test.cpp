#include "deployment/recording.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deployment/test_story.hpp"

namespace tocsin::deployment::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// A Tuesday in 2026, when somebody began to record.
constexpr Instant kBegin = from_unix_ms(1'795'000'000'000);

const std::string kWebName = "web";
const std::string kApiName = "api";
const Options kUsual;
const Recording::Target kWeb{kWebName, kUsual};
const Recording::Target kApi{kApiName, kUsual};

Snapshot live(Milliseconds elapsed) {
  Snapshot out = snapshot(2, {Tasks("ecs-svc/1234567890123456789", 0)});
  out.created = kBegin - 2h;
  Deployment& primary = out.deployments.front();
  primary.created = kBegin - 1h;
  primary.task_definition = "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:7";
  out.events.push_back({kBegin - 5min, "(service web) reached arn:aws:x:123456789012:y"});
  if (elapsed > 0ms) out.events.push_back({kBegin + 3s, "(service web) has begun"});
  return out;
}

Observation look(Milliseconds elapsed) { return {kBegin + elapsed, live(elapsed)}; }

std::vector<Scenario> written(const Recording& recording) {
  auto read = parse_scenarios(write_scenarios(recording.sequences()));
  EXPECT_TRUE(read) << read.error().message;
  return read ? std::move(*read) : std::vector<Scenario>{};
}

TEST(EcsRecording, TimesAreRelativeToItsBegin) {
  Recording recording(kBegin);
  recording.seen(kWeb, 250ms, look(0s), false);
  const auto read = written(recording);
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(read[0].name, "web");
  const ScenarioPoll& poll = read[0].polls.at(0);
  EXPECT_EQ(poll.at, kScenarioBegin + 250ms);
  EXPECT_EQ(poll.observation.now, kScenarioBegin) << "by AWS's clock";
  const auto& seen = std::get<Snapshot>(poll.observation.seen);
  EXPECT_EQ(seen.created, kScenarioBegin - 2h);
  EXPECT_EQ(seen.deployments.at(0).created, kScenarioBegin - 1h);
}

TEST(EcsRecording, WhatAwsLeftOutStaysUnset) {
  Recording recording(kBegin);
  Snapshot bare;
  bare.deployments.emplace_back().id = "d";
  recording.seen(kWeb, 0s, {kBegin, bare}, false);
  EXPECT_EQ(std::get<Snapshot>(written(recording).at(0).polls.at(0).observation.seen), bare);
}

TEST(EcsRecording, NoNumberOfAnAccountIsWritten) {
  Recording recording(kBegin);
  recording.seen(kWeb, 0s, look(0s), false);
  const std::string file = write_scenarios(recording.sequences());
  EXPECT_THAT(file, Not(HasSubstr("123456789012\"")));
  EXPECT_THAT(file, Not(HasSubstr(":123456789012:")));
  EXPECT_THAT(file, HasSubstr("\"taskDefinition\":\"web:7\""));
  EXPECT_THAT(file, HasSubstr("ecs-svc/1234567890123456789")) << "ids of deployments stay";
  EXPECT_EQ(without_accounts("a 123456789012, 1234567890123 and 999999999999"),
            "a 000000000000, 1234567890123 and 000000000000");
}

TEST(EcsRecording, AnEventOfTheServiceIsWrittenOnce) {
  Recording recording(kBegin);
  recording.seen(kWeb, 0s, look(0s), false);
  recording.seen(kWeb, 15s, look(15s), false);
  recording.seen(kWeb, 30s, look(30s), false);
  const auto read = written(recording);
  ASSERT_EQ(read.size(), 1U);
  std::vector<std::size_t> events;
  for (const ScenarioPoll& poll : read.front().polls) {
    events.push_back(std::get<Snapshot>(poll.observation.seen).events.size());
  }
  EXPECT_THAT(events, ElementsAre(1, 1, 0));
}

TEST(EcsRecording, AServiceThatComesLaterIsNewWhenItIsReplayed) {
  Recording recording(kBegin);
  recording.seen(kWeb, 0s, look(0s), false);
  recording.seen(kApi, 90s, {kBegin + 90s, live(90s)}, true);
  const auto read = written(recording);
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0].name, "api");
  ASSERT_EQ(read[0].polls.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<Absent>(read[0].polls[0].observation.seen));
  EXPECT_EQ(read[1].polls.size(), 1U);
}

TEST(EcsRecording, AFailedLookHasTheTimeOfWhoeverLooked) {
  Recording recording(kBegin);
  recording.seen(kWeb, 15s, {kBegin + 1h, Unanswered{"throttled"}}, false);
  EXPECT_EQ(recording.answered(), 0U);
  recording.seen(kWeb, 30s, look(30s), false);
  const ScenarioPoll poll = written(recording).at(0).polls.at(0);
  EXPECT_EQ(poll.observation.now, poll.at);
  EXPECT_EQ(std::get<Unanswered>(poll.observation.seen).error, "throttled");
}

TEST(EcsRecording, AServiceIsGoneAfterAsManyMissesAsTheOptionsSay) {
  Recording recording(kBegin);
  const Options two{.missing_polls = 2};
  recording.seen({kWebName, two}, 0s, look(0s), false);
  recording.seen({kWebName, two}, 15s, {kBegin + 15s, Missing{}}, true);
  EXPECT_FALSE(recording.is_gone("web"));
  recording.seen({kWebName, two}, 30s, {kBegin + 30s, Missing{}}, true);
  EXPECT_TRUE(recording.is_gone("web"));
  recording.seen({kWebName, two}, 45s, look(45s), true);
  EXPECT_FALSE(recording.is_gone("web"));
}

TEST(EcsRecording, WhatNeverWasThereIsNotInIt) {
  Recording recording(kBegin);
  recording.seen(kApi, 0s, {kBegin, Missing{}}, false);
  EXPECT_TRUE(recording.never_was("api"));
  EXPECT_EQ(recording.answered(), 1U);
  EXPECT_EQ(recording.services(), 0U);
  EXPECT_EQ(recording.polls(), 0U);
  recording.seen(kWeb, 0s, look(0s), false);
  EXPECT_THAT(recording.unseen(), ElementsAre("api"));
  EXPECT_EQ(recording.services(), 1U);
  ASSERT_EQ(recording.sequences().size(), 1U);
  recording.seen(kApi, 15s, look(15s), false);
  EXPECT_FALSE(recording.never_was("api"));
  EXPECT_THAT(recording.unseen(), testing::IsEmpty());
  EXPECT_EQ(recording.sequences().at(0).polls.size(), 2U) << "what it was before it came stays";
}

TEST(EcsRecording, EachServiceHasItsOwnThresholds) {
  Recording recording(kBegin);
  const Options slow{.timeout = 45min};
  recording.seen({kWebName, slow}, 0s, look(0s), false);
  recording.seen(kApi, 0s, look(0s), false);
  const auto read = written(recording);
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0].options.timeout, kUsual.timeout);
  EXPECT_EQ(read[1].options.timeout, 45min);
}

TEST(EcsRecording, TheSizeOfTheFileIsNotUnderestimated) {
  Recording recording(kBegin);
  for (int i = 0; i < 100; ++i) {
    const Milliseconds elapsed = i * 15s;
    Observation observation = look(elapsed);
    auto& seen = std::get<Snapshot>(observation.seen);
    seen.events.push_back({kBegin + elapsed + 1s, std::string(300, '\n')});
    seen.service_deployment = ServiceDeployment{.stage = "BAKE_TIME", .reason = "\"\"\"\""};
    recording.seen(kWeb, elapsed, std::move(observation), false);
  }
  EXPECT_GE(recording.bytes(), write_scenarios(recording.sequences()).size());
}

}  // namespace
}  // namespace tocsin::deployment::test

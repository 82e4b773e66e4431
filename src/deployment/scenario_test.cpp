#include "deployment/scenario.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>

#include "check/json.hpp"
#include "deployment/test_story.hpp"

namespace tocsin::deployment {
namespace {

using testing::HasSubstr;

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<Scenario> given_scenarios() {
  auto parsed = parse_scenarios(read_file("tests/data/ecs-scenarios.json"));
  EXPECT_TRUE(parsed) << parsed.error().message;
  return parsed ? std::move(*parsed) : std::vector<Scenario>{};
}

// {t, type, ...fields} as `expect` has it.
using Told = std::map<std::string, std::string>;

std::vector<Told> play(const Scenario& scenario) {
  std::vector<Told> out;
  ServiceState state;
  bool fleet_known = false;
  for (const ScenarioPoll& poll : scenario.polls) {
    state = parse_service_state(to_json(state));
    if (poll.restart) {
      continue;
    }
    for (const Notice& notice : observe(state, poll.observation, scenario.options, fleet_known)) {
      Told told{{"t", poll.t}, {"type", "\"" + std::string(to_string(notice.type)) + "\""}};
      for (auto& [name, json] : fields_of(notice)) {
        told[name] = json;
      }
      out.push_back(std::move(told));
    }
    fleet_known = fleet_known || !std::holds_alternative<Unanswered>(poll.observation.seen);
  }
  return out;
}

TEST(EcsScenarios, EveryGivenSequenceTellsExactlyWhatItExpects) {
  const auto scenarios = given_scenarios();
  ASSERT_GE(scenarios.size(), 10U);
  for (const Scenario& scenario : scenarios) {
    SCOPED_TRACE(scenario.name);
    const auto told = play(scenario);
    ASSERT_EQ(told.size(), scenario.expect.size());
    for (std::size_t i = 0; i < told.size(); ++i) {
      const auto wanted = check::parse_json(scenario.expect[i]);
      for (check::JsonItems item(*wanted); item.next();) {
        const auto found = told[i].find(item.key());
        ASSERT_NE(found, told[i].end()) << "notification " << i << " has no " << item.key();
        EXPECT_EQ(found->second, item.value().text()) << "notification " << i << ", " << item.key();
      }
    }
  }
}

TEST(EcsScenarios, WhatIsWrittenIsReadBack) {
  for (const Scenario& scenario : given_scenarios()) {
    const auto read = parse_scenarios(write_scenarios({scenario}));
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->size(), 1U);
    EXPECT_EQ(read->front().name, scenario.name);
    EXPECT_EQ(read->front().options, scenario.options);
    ASSERT_EQ(read->front().polls.size(), scenario.polls.size());
    EXPECT_EQ(play(read->front()), play(scenario)) << scenario.name;
  }
}

std::string error_of(std::string_view json) {
  const auto parsed = parse_scenarios(json);
  return parsed ? "" : parsed.error().message;
}

TEST(EcsScenarios, AFaultNamesItsPlaceWhatWasFoundAndWhatWasExpected) {
  EXPECT_THAT(error_of("[]"), HasSubstr("no list `scenarios`"));
  EXPECT_THAT(error_of(R"({"scenarios": [}])"), HasSubstr("byte"));
  EXPECT_EQ(error_of(R"({"defaults": {"flapTreshold": 3}, "scenarios": []})"),
            "defaults: there is no option flapTreshold; did you mean flapThreshold?");
  EXPECT_EQ(error_of(R"({"scenarios": [{"name": "a", "polls": [{"t": "now"}]}]})"),
            "scenario a, poll 0: t is \"now\", expected seconds");
  EXPECT_THAT(error_of(R"({"scenarios": [{"name": "a", "polls": [{"t": 1}]}]})"),
              HasSubstr("poll 0: deployments is missing"));
  EXPECT_THAT(error_of(R"({"scenarios": [{"polls": []}]})"), HasSubstr("name is missing"));
  EXPECT_THAT(error_of(R"({"scenarios": [{"name": "a", "polls": [{"t": 2, "missing": true},
                                                               {"t": 1, "missing": true}]}]})"),
              HasSubstr("poll 1: t is before"));
  EXPECT_THAT(error_of(R"({"scenarios": [{"name": "a", "config": {"missingPolls": 0}}]})"),
              HasSubstr("scenario a, missingPolls: 0 is no whole number from 1"));
  EXPECT_EQ(error_of(R"({"scenarios": [{"name": "a", "polls": [{"t": 1, "deployments": [
                {"id": "x", "createdAt": 1}, {"id": "y"}]}]}]})"),
            "scenario a, poll 0, deployment 1: createdAt is missing, expected seconds");
  EXPECT_EQ(error_of(R"({"defaults": {"coldStart": "wait"}, "scenarios": []})"),
            "defaults, coldStart: it is \"wait\", expected \"announce\" or \"adopt\"");
  EXPECT_EQ(error_of(R"({"scenarios": [{"name": "a", "config": ["x"], "polls": []}]})"),
            "scenario a: config is [\"x\"], expected an object");
  EXPECT_EQ(error_of(R"({"scenarios": [{"name": "a", "poll": []}]})"),
            "scenario a: polls is missing, expected a list");
  EXPECT_THAT(
      error_of(R"({"scenarios": [{"name": "a", "polls": [{"t": 1, "runningCount": 1e18,
                                                               "deployments": []}]}]})"),
      HasSubstr("poll 0: runningCount is 1e18, expected a whole number from 0 to 1000000000"));
  EXPECT_THAT(error_of(R"({"scenarios": [{"name": "a", "polls": [{"t": 1,
                           "bakeTimeInMinutes": 9000000000000000000, "deployments": []}]}]})"),
              HasSubstr("bakeTimeInMinutes is 9000000000000000000"));
  EXPECT_THAT(error_of(R"({"scenarios": [{"name": "a", "polls": [{"t": 1, "desiredCount": -1,
                                                               "deployments": []}]}]})"),
              HasSubstr("desiredCount is -1"));
}

std::string error_in_poll(std::string_view fields) {
  return error_of(
      fmt::format(R"({{"scenarios": [{{"name": "a", "polls": [{{"t": 1, {}}}]}}]}})", fields));
}
std::string error_in_deployment(std::string_view fields) {
  return error_in_poll(
      fmt::format(R"("deployments": [{{"id": "x", "createdAt": 1, {}}}])", fields));
}

TEST(EcsScenarios, AStateThatAwsDoesNotHaveIsAFault) {
  EXPECT_EQ(error_in_deployment(R"("rolloutState": "COMPLETE")"),
            "scenario a, poll 0, deployment 0: rolloutState is \"COMPLETE\", expected one of "
            "IN_PROGRESS, COMPLETED, FAILED; did you mean COMPLETED?");
  EXPECT_THAT(error_in_deployment(R"("status": "PRIMRAY")"),
              HasSubstr("deployment 0: status is \"PRIMRAY\", expected one of PRIMARY, ACTIVE"));
  EXPECT_THAT(error_in_poll(R"("deployments": [], "status": "DRAINED")"),
              HasSubstr("poll 0: status is \"DRAINED\", expected one of ACTIVE, DRAINING"));
  EXPECT_THAT(error_in_poll(R"("deployments": [], "serviceDeployment": {"status": "ROLLED_BACK"})"),
              HasSubstr("poll 0: status is \"ROLLED_BACK\", expected one of PENDING, IN_PROGRESS"));
  EXPECT_THAT(error_of(R"({"defaults": {"schedulingStrategy": "DEAMON"}, "scenarios": []})"),
              HasSubstr("defaults, schedulingStrategy: it is \"DEAMON\", expected one of REPLICA, "
                        "DAEMON; did you mean DAEMON?"));
  EXPECT_THAT(error_of(R"({"defaults": {"strategy": "ROLING"}, "scenarios": []})"),
              HasSubstr("defaults, strategy: it is \"ROLING\""));
}

TEST(EcsScenarios, AFieldThatADeploymentDoesNotHaveIsAFault) {
  EXPECT_EQ(error_in_deployment(R"("runing": 5)"),
            "scenario a, poll 0, deployment 0: there is no field runing; did you mean running?");
  EXPECT_EQ(error_in_poll(R"("deployments": [], "why": "for readers")"), "");
}

}  // namespace
}  // namespace tocsin::deployment

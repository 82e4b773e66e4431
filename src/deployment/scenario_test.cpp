#include "deployment/scenario.hpp"

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
              HasSubstr("whole number from 1"));
  EXPECT_THAT(error_of(R"({"scenarios": [{"name": "a", "polls": [{"t": 1, "desiredCount": -1,
                                                               "deployments": []}]}]})"),
              HasSubstr("desiredCount is -1"));
}

}  // namespace
}  // namespace tocsin::deployment

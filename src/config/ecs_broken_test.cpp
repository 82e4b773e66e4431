// `ecs`: each mistake with its place and its words, and no second error that follows from it.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/test_broken.hpp"

namespace tocsin::config {
namespace {

// An entry in line 3 whose fields begin in column 20.
std::string entry(const std::string& fields) {
  return "ecs:\n  clusters:\n    - {cluster: a, " + fields + "}\n";
}
// A value of an entry in line 3; `key: value` begins in column 20.
Broken of_entry(std::string name, const std::string& key, const std::string& value,
                std::string message) {
  const auto column = static_cast<std::uint32_t>(20 + key.size() + 2);
  return {std::move(name),
          entry(key + ": " + value),
          {3, column},
          "ecs.clusters[0]." + key,
          std::move(message)};
}

class EcsBroken : public testing::TestWithParam<Broken> {};
TEST_P(EcsBroken, SaysWhereAndWhat) { expect_one_error(GetParam()); }

const std::string kArn = "'arn:aws:ecs:eu-west-1:123456789012:cluster/a'";
const std::string kRole = "'arn:aws:iam::123456789012:role/t'";

INSTANTIATE_TEST_SUITE_P(
    Entries, EcsBroken,
    testing::Values(
        Broken{"Nothing", "ecs:\n", {1, 1}, "ecs", "expected clusters: a list with at least one"},
        Broken{"Empty", "ecs: {}\n", {1, 6}, "ecs", "expected clusters: a list with at least one"},
        Broken{"OptionsAlone", "ecs: {notify: []}\n", {1, 6}, "ecs", "expected clusters: a list"},
        Broken{"NoMap", "ecs: prod\n", {1, 6}, "ecs", "found \"prod\", expected a map"},
        Broken{"NoEntries",
               "ecs: {clusters: []}\n",
               {1, 17},
               "ecs.clusters",
               "found 0 entries, expected a list of 1 to 500 entries {cluster: NAME}"},
        Broken{"NoList",
               "ecs: {clusters: {a: {}}}\n",
               {1, 17},
               "ecs.clusters",
               "found a map, expected a list of 1 to 500 entries"},
        Broken{"EntryIsAList",
               "ecs: {clusters: [[a]]}\n",
               {1, 18},
               "ecs.clusters[0]",
               "found a list, expected a map such as {cluster: prod, services: [web]}"},
        Broken{"NoCluster",
               "ecs: {clusters: [{region: eu-west-1}]}\n",
               {1, 18},
               "ecs.clusters[0]",
               "expected cluster: the name of an ECS cluster or its ARN"},
        Broken{"MisspeltCluster",
               "ecs: {clusters: [{clutser: a}]}\n",
               {1, 19},
               "ecs.clusters[0].clutser",
               "did you mean cluster?"},
        Broken{"ClusterInTheSection",
               "ecs: {cluster: a}\n",
               {1, 7},
               "ecs.cluster",
               "a cluster stands in the list: clusters: [{cluster: NAME}]"},
        Broken{"MisspeltKeyOfTheSection",
               "ecs: {clusers: [a]}\n",
               {1, 7},
               "ecs.clusers",
               "did you mean clusters?"},
        Broken{"ClusterWithASpace",
               "ecs: {clusters: [a b]}\n",
               {1, 18},
               "ecs.clusters[0].cluster",
               "found \"a b\", expected the name of an ECS cluster (letters, digits, - and _), or "
               "its ARN"},
        Broken{"ArnOfAService",
               "ecs: {clusters: ['arn:aws:ecs:eu-west-1:123456789012:service/a/web']}\n",
               {1, 18},
               "ecs.clusters[0].cluster",
               "expected the name of an ECS cluster"},
        Broken{"ArnWithoutAccount",
               "ecs: {clusters: ['arn:aws:ecs:eu-west-1::cluster/a']}\n",
               {1, 18},
               "ecs.clusters[0].cluster",
               "expected the name of an ECS cluster"},
        Broken{"Twice",
               "ecs:\n  clusters:\n    - {cluster: a}\n    - b\n    - a\n",
               {5, 7},
               "ecs.clusters[2]",
               "clusters[0] in line 3 has the same cluster, region, role and services; leave one "
               "of them out"},
        Broken{"TwiceByArn",
               "ecs:\n  region: eu-west-1\n  clusters:\n    - a\n    - " + kArn + "\n",
               {5, 7},
               "ecs.clusters[1]",
               "clusters[0] in line 4 has the same cluster"},
        Broken{"TwiceWithMona",
               "ecs:\n  ecsCluster: a\n  clusters: [a]\n",
               {2, 3},
               "ecs.ecsCluster",
               "clusters[0] in line 3 has the same cluster"},
        Broken{"TagsNotLast",
               "ecs:\n  clusters:\n    - {cluster: a, services: {tags: {team: x}}}\n"
               "    - {cluster: a, services: [web]}\n",
               {4, 7},
               "ecs.clusters[1]",
               "clusters[0] in line 3 is for the same cluster and selects by tags; expected it to "
               "be the last of its cluster"},
        Broken{"NothingLeft",
               "ecs:\n  clusters:\n    - a\n    - {cluster: a, services: [web]}\n",
               {4, 7},
               "ecs.clusters[1]",
               "clusters[0] in line 3 is for the same cluster and takes every service of this one"},
        Broken{"NothingLeftBehindAnAsterisk",
               "ecs:\n  clusters:\n    - {cluster: a, services: [web, \"*\"]}\n"
               "    - {cluster: a, services: [\"api-*\"]}\n",
               {4, 7},
               "ecs.clusters[1]",
               "clusters[0] in line 3 is for the same cluster and takes every service of this one"},
        Broken{"NothingLeftOfNames",
               "ecs:\n  clusters:\n    - {cluster: a, services: [\"w*\"]}\n"
               "    - {cluster: a, services: [web, worker]}\n",
               {4, 7},
               "ecs.clusters[1]",
               "takes every service of this one; expected the entry that is about fewer"},
        Broken{"TagsBeforeMona",
               "ecs:\n  ecsCluster: a\n  clusters: [{cluster: a, services: {tags: {t: x}}}]\n",
               {2, 3},
               "ecs.ecsCluster",
               "clusters[0] in line 3 is for the same cluster"}),
    row_name);

INSTANTIATE_TEST_SUITE_P(
    Access, EcsBroken,
    testing::Values(
        of_entry("Region", "region", "europe",
                 "found \"europe\", expected an AWS region such as "
                 "eu-west-1"),
        of_entry("RegionWithoutAnArea", "region", "us--1", "expected an AWS region"),
        of_entry("EmptyRegion", "region", "''", "expected an AWS region"),
        of_entry("Zone", "region", "eu-west-1a", "(did you mean eu-west-1?)"),
        of_entry("MonasRegion", "AWSRegion", "EU-WEST-1", "expected an AWS region"),
        Broken{"RegionOfTheArn",
               "ecs: {clusters: [{cluster: " + kArn + ", region: us-east-1}]}\n",
               {1, 84},
               "ecs.clusters[0].region",
               "found \"us-east-1\", expected the region of the cluster's ARN; it can be left out"},
        Broken{"RegionOfTheArnInMonasNames",
               "ecs: {AWSRegion: us-east-1, ecsCluster: " + kArn + "}\n",
               {1, 18},
               "ecs.AWSRegion",
               "expected the region of the cluster's ARN"},
        of_entry("Role", "role_arn", "tocsin",
                 "found \"tocsin\", expected the ARN of an IAM role such as "
                 "arn:aws:iam::123456789012:role/tocsin"),
        of_entry("User", "role_arn", "'arn:aws:iam::123456789012:user/t'",
                 "the ARN of an IAM role"),
        of_entry("RoleWithoutName", "role_arn", "'arn:aws:iam::123456789012:role/a/'",
                 "the ARN of an IAM role"),
        of_entry("RoleOfAShortAccount", "role_arn", "'arn:aws:iam::1234:role/a'",
                 "the ARN of an IAM role"),
        of_entry("RoleWithARegion", "role_arn", "'arn:aws:iam:us-east-1:123456789012:role/a'",
                 "the ARN of an IAM role"),
        of_entry("RoleOfNoPartition", "role_arn", "'arn:azure:iam::123456789012:role/a'",
                 "the ARN of an IAM role"),
        Broken{
            "RoleOfAnotherAccount",
            "ecs:\n  role_arn: 'arn:aws:iam::210987654321:role/t'\n  clusters:\n    - a\n    - " +
                kArn + "\n",
            {5, 7},
            "ecs.clusters[1].role_arn",
            "this role is of account 210987654321, the cluster's ARN of 123456789012"},
        Broken{"RoleOfAnotherAccountInMonasNames",
               "ecs: {role_arn: 'arn:aws:iam::210987654321:role/t', ecsCluster: " + kArn + "}\n",
               {1, 53},
               "ecs.ecsCluster",
               "expected a role of the cluster's account"},
        Broken{"IdAlone",
               entry("external_id: abc"),
               {3, 20},
               "ecs.clusters[0].external_id",
               "expected role_arn beside it: the role that asks for this id"},
        Broken{"IdOfNoEntry",
               "ecs: {external_id: abc, clusters: [a]}\n",
               {1, 7},
               "ecs.external_id",
               "expected role_arn beside it"},
        Broken{"IdBesideABrokenRole",
               entry("role_arn: x, external_id: abc"),
               {3, 30},
               "ecs.clusters[0].role_arn",
               "the ARN of an IAM role"},
        Broken{"IdBelowABrokenRole",
               "ecs:\n  role_arn: x\n  clusters: [{cluster: a, external_id: abc}]\n",
               {2, 13},
               "ecs.role_arn",
               "the ARN of an IAM role"},
        of_entry("IdWithASpace", "external_id", "a b", "as the role's trust policy has it"),
        of_entry("IdTooShort", "external_id", "a", "2 to 1224 letters, digits")),
    row_name);

INSTANTIATE_TEST_SUITE_P(
    Services, EcsBroken,
    testing::Values(
        of_entry("None", "services", "[]",
                 "found an empty list, expected at least one service; leave it out for all"),
        Broken{"NoneIncluded",
               entry("services: {include: []}"),
               {3, 40},
               "ecs.clusters[0].services.include",
               "found an empty list"},
        of_entry("NameWithASpace", "services", "shop web",
                 "found \"shop web\", expected the name of a service (letters, digits, - and _) or "
                 "a pattern such as api-*"),
        of_entry("ClusterAndService", "services", "a/web", "(did you mean web?)"),
        of_entry("PatternThatMatchesNoName", "services", "'a/*'", "expected the name of a service"),
        of_entry("OpenSet", "services", "'api-[a'",
                 "found \"api-[a\": the \"[\" set is not closed"),
        Broken{"InAList",
               entry("services: [web, a b]"),
               {3, 36},
               "ecs.clusters[0].services[1]",
               "found \"a b\""},
        Broken{"Twice",
               entry("services: [web, web]"),
               {3, 36},
               "ecs.clusters[0].services[1]",
               "found \"web\" twice"},
        Broken{"UnknownKey",
               entry("services: {exclud: [a]}"),
               {3, 31},
               "ecs.clusters[0].services.exclud",
               "did you mean exclude?"},
        Broken{"TagsAreNoMap",
               entry("services: {tags: [a]}"),
               {3, 37},
               "ecs.clusters[0].services.tags",
               "found a list, expected a map of at most 50 tags: {team: shop}"},
        Broken{"TagWithAnOpenSet",
               entry("services: {tags: {a: '[x'}}"),
               {3, 41},
               "ecs.clusters[0].services.tags.a",
               "found \"[x\": the \"[\" set is not closed"},
        of_entry("MonasAreNoMap", "serviceNamesOverride", "{include: [a]}",
                 "found a map, expected the name of a service")),
    row_name);

INSTANTIATE_TEST_SUITE_P(
    Values, EcsBroken,
    testing::Values(
        of_entry("CheckIntervalTooShort", "check_interval", "500ms",
                 "found \"500ms\", expected a duration from 1s to 1h"),
        of_entry("CheckIntervalTooLong", "check_interval", "61m", "a duration from 1s to 1h"),
        of_entry("RefreshTooShort", "refresh_services_interval", "9s", "from 10s to 1d"),
        of_entry("RefreshTooLong", "refresh_services_interval", "25h", "from 10s to 1d"),
        of_entry("LogTooShort", "log_interval", "0s", "from 1s to 1d"),
        of_entry("LogOfAnotherWord", "log_interval", "never",
                 "found \"never\", expected off, or a duration such as 10m"),
        of_entry("LogIsAList", "log_interval", "[off]", "found a list, expected off"),
        of_entry("TimeoutWithoutAUnit", "deploy_timeout", "900", "(did you mean 900s?)"),
        of_entry("TimeoutTooLong", "deploy_timeout", "8d", "a duration from 10s to 7d"),
        of_entry("AliasTakesADuration", "seconds_until_alert", "900", "(did you mean 900s?)"),
        of_entry("Debounce", "scale_debounce", "2d", "a duration from 0s to 1d"),
        of_entry("CrashPolls", "partial_crash_polls", "0", "a whole number from 1 to 1000"),
        of_entry("FailedTasks", "deploy_failed_tasks", "1001", "a whole number from 1 to 1000"),
        of_entry("FlapWindow", "flap_window", "30s", "a duration from 1m to 1d"),
        of_entry("FlapThreshold", "flap_threshold", "1", "a whole number from 2 to 1000"),
        of_entry("FlapQuiet", "flap_quiet", "0s", "a duration from 1s to 1d"),
        of_entry("MissingPolls", "missing_polls", "many", "a whole number from 1 to 1000"),
        of_entry("ColdStart", "cold_start", "adapt",
                 "expected announce or adopt (did you mean "
                 "adopt?)"),
        of_entry("AnnounceStart", "announce_start", "sometimes",
                 "expected changed, always or never"),
        of_entry("Environment", "environment", "''", "expected a name of an environment"),
        of_entry("Severity", "severity", "high", "expected critical, warning or info"),
        of_entry("Runbook", "runbook", "nowhere", "found \"nowhere\", expected"),
        Broken{"Label",
               entry("labels: {'a b': c}"),
               {3, 29},
               "ecs.clusters[0].labels[\"a b\"]",
               "expected a label of letters, digits"},
        Broken{"UnknownKey",
               entry("deploy_timout: 5m"),
               {3, 20},
               "ecs.clusters[0].deploy_timout",
               "did you mean deploy_timeout?"},
        Broken{"ValueOfTheSection",
               "ecs: {check_interval: 15, clusters: [a]}\n",
               {1, 23},
               "ecs.check_interval",
               "(did you mean 15s?)"},
        Broken{"MatchLabel",
               "ecs: {clusters: [a], match_labels: [a b]}\n",
               {1, 37},
               "ecs.match_labels",
               "expected a label of letters, digits"},
        Broken{"UnknownChannel",
               entry("notify: [nobody]"),
               {3, 29},
               "ecs.clusters[0].notify",
               "unknown channel \"nobody\"; define it under channels"},
        Broken{"UnknownChannelOfTheSection",
               "ecs: {clusters: [a], notify: nobody}\n",
               {1, 30},
               "ecs.notify",
               "unknown channel \"nobody\""},
        Broken{"EventType",
               "ecs: {clusters: [a], notify: [{channel: x, types: [deployed]}]}\n"
               "channels: {x: {slack: {webhook_url: 'https://hooks.slack.com/s/a'}}}\n",
               {1, 52},
               "ecs.notify[0].types[0]",
               "found \"deployed\""}),
    row_name);

INSTANTIATE_TEST_SUITE_P(
    Mona, EcsBroken,
    testing::Values(
        of_entry("SecondsAreNoDuration", "secondsUntilAlert", "15m",
                 "found \"15m\", expected a whole number of seconds from 10 to 604800"),
        of_entry("CheckSeconds", "checkIntervalSeconds", "0",
                 "expected a whole number of seconds from 1 to 3600"),
        of_entry("RefreshSeconds", "refreshServicesInterval", "5",
                 "expected a whole number of seconds from 10 to 86400"),
        of_entry("LogChecks", "logInterval", "1h", "expected a number of checks from 0 to 100000"),
        Broken{"ItsOwnCase",
               "ecs: {clusters: [a], awsRegion: us-east-1}\n",
               {1, 22},
               "ecs.awsRegion",
               "did you mean AWSRegion?"},
        Broken{"BothNamesInTheSection",
               "ecs:\n  clusters: [a]\n  region: eu-west-1\n  AWSRegion: eu-west-1\n",
               {4, 3},
               "ecs.AWSRegion",
               "region and AWSRegion are two names of one option; leave one of them out"},
        Broken{"BothClusters",
               entry("ecsCluster: a"),
               {3, 20},
               "ecs.clusters[0].ecsCluster",
               "cluster and ecsCluster are two names of one option"},
        Broken{"BothServices",
               entry("serviceNamesOverride: [a], services: [b]"),
               {3, 47},
               "ecs.clusters[0].services",
               "serviceNamesOverride and services are two names"},
        Broken{"BothTimeouts",
               entry("deploy_timeout: 5m, seconds_until_alert: 5m"),
               {3, 40},
               "ecs.clusters[0].seconds_until_alert",
               "deploy_timeout and seconds_until_alert are two names"},
        Broken{"BothOtherTimeouts",
               entry("seconds_until_alert: 5m, secondsUntilAlert: 300"),
               {3, 45},
               "ecs.clusters[0].secondsUntilAlert",
               "seconds_until_alert and secondsUntilAlert are two names"},
        Broken{"BothChecks",
               entry("check_interval: 5s, checkIntervalSeconds: 5"),
               {3, 40},
               "ecs.clusters[0].checkIntervalSeconds",
               "check_interval and checkIntervalSeconds are two names"},
        Broken{"BothRefreshes",
               entry("refresh_services_interval: 1m, refreshServicesInterval: 60"),
               {3, 51},
               "ecs.clusters[0].refreshServicesInterval",
               "refresh_services_interval and refreshServicesInterval are two names"},
        Broken{"BothLogs",
               entry("log_interval: 5m, logInterval: 60"),
               {3, 38},
               "ecs.clusters[0].logInterval",
               "log_interval and logInterval are two names"}),
    row_name);

INSTANTIATE_TEST_SUITE_P(Beside, EcsBroken,
                         testing::Values(Broken{"NoKindOfMonitors",
                                                "monitors: {a: {ecs: prod}}\n",
                                                {1, 16},
                                                "monitors.a.ecs",
                                                "services of ECS stand in a section of their own"}),
                         row_name);

TEST(EcsMistakes, HasBounds) {
  std::string many;
  for (int i = 0; i <= 1'000; ++i) many += "s" + std::to_string(i) + ", ";
  expect_one_error({"",
                    entry("services: [" + many + "]"),
                    {3, 30},
                    "ecs.clusters[0].services",
                    "found 1001 services and patterns, expected at most 1000"});
  std::string half;
  for (int i = 0; i < 501; ++i) half += "s" + std::to_string(i) + ", ";
  expect_one_error({"",
                    entry("services: {include: [" + half + "], exclude: [" + half + "]}"),
                    {3, 30},
                    "ecs.clusters[0].services",
                    "found 1002 services and patterns"});
  expect_one_error({"",
                    "ecs: {clusters: [" + half + "]}\n",
                    {1, 17},
                    "ecs.clusters",
                    "found 501 entries, expected a list of 1 to 500 entries"});
}

TEST(EcsMistakes, AnEntryThatCanTakeNothingIsRefused) {
  for (const std::string services : {"{include: [web], exclude: [web]}", "{exclude: ['*']}",
                                     "{include: [web, 'api-*'], exclude: ['w*', 'api-*']}"}) {
    expect_one_error({"",
                      entry("services: " + services),
                      {3, 30},
                      "ecs.clusters[0].services",
                      "exclude leaves out everything that include takes"});
  }
  const auto result = load_text(entry("services: {include: [web, api], exclude: [web]}"));
  EXPECT_TRUE(result.config) << all_texts(result);
}

TEST(EcsMistakes, ClustersOfDifferentAccountsAreTwo) {
  const std::string other = "'arn:aws:ecs:eu-west-1:210987654321:cluster/a'";
  const auto result = load_text("ecs: {clusters: [" + kArn + ", " + other + "]}\n");
  EXPECT_TRUE(result.config) << all_texts(result);
}

TEST(EcsMistakes, ADollarIsNoValueThatWasFilledIn) {
  const auto result = load_text(entry("services: ['^api-.*$']"));
  EXPECT_THAT(all_texts(result), testing::HasSubstr("found \"^api-.*$\", expected"));
}

// mona's names of events, which texts take.
TEST(EcsMistakes, ATypeByItsHookIsToldItsName) {
  const std::string channel =
      "channels: {ops: {slack: {webhook_url: 'https://hooks.slack.com/services/a'}}}\n";
  for (const auto& [hook, type] : std::map<std::string, std::string>{{"deploy", "deploy_started"},
                                                                     {"deployDone", "finished"},
                                                                     {"deployFaild", "failed"},
                                                                     {"recoverng", "recovering"}}) {
    const std::string notify = fmt::format("notify: {{channel: ops, types: [{}]}}", hook);
    const auto result = load_text(entry(notify) + channel);
    EXPECT_THAT(all_texts(result), testing::HasSubstr(fmt::format("(did you mean {}?)", type)))
        << hook;
  }
}

// What an entry takes over from a section that is not understood is not held against it.
TEST(EcsMistakes, AMistakeOfTheSectionIsToldOnce) {
  const std::string entries =
      ", clusters: [{cluster: a}, {cluster: a, services: [web]}, {cluster: "
      "b, external_id: xyz}]}\n";
  expect_one_error({"", "ecs: {servces: [x]" + entries, {1, 7}, "ecs.servces", "services?"});
  const std::string role = ", clusters: [{cluster: a, role_arn: " + kRole + "}, a]}\n";
  expect_one_error({"", "ecs: {role_arn: x" + role, {1, 17}, "ecs.role_arn", "an IAM role"});
  expect_one_error({"",
                    "ecs: {services: 'a b', clusters: [{cluster: a, services: x}, a, a]}\n",
                    {1, 17},
                    "ecs.services",
                    "found \"a b\""});
}

TEST(EcsMistakes, EveryMistakeIsToldAtOnce) {
  const auto result = load_text(
      "ecs:\n  notify: [nobody]\n  region: x\n  clusters:\n    - {cluster: a b, notify: [none]}\n"
      "    - {region: y, check_interval: 1}\n");
  EXPECT_FALSE(result.config);
  for (const std::string place :
       {"tocsin.yml:2:12: error: ecs.notify", "tocsin.yml:3:11: error: ecs.region",
        "tocsin.yml:5:17: error: ecs.clusters[0].cluster",
        "tocsin.yml:5:31: error: ecs.clusters[0].notify",
        "tocsin.yml:6:7: error: ecs.clusters[1]: expected cluster",
        "tocsin.yml:6:16: error: ecs.clusters[1].region",
        "tocsin.yml:6:35: error: ecs.clusters[1].check_interval"}) {
    EXPECT_THAT(all_texts(result), testing::HasSubstr(place));
  }
}

TEST(EcsMistakes, WhatWasFilledInIsNotShown) {
  for (const std::string key : {"cluster", "region", "role_arn", "external_id", "services",
                                "check_interval", "log_interval", "environment"}) {
    TestWorld world;
    world.env["VALUE"] = "s3cr3t pw\x01";
    const std::string other = key == "cluster" ? "" : "cluster: a, ";
    const std::string text =
        fmt::format("ecs: {{clusters: [{{{}{}: '${{VALUE}}'}}]}}\n", other, key);
    const auto result = load_text(text, world);
    EXPECT_FALSE(result.config) << key;
    EXPECT_THAT(all_texts(result), testing::Not(testing::HasSubstr("s3cr3t"))) << key;
  }
  TestWorld world;
  world.env["VALUE"] = "us-east-1";
  const auto result =
      load_text("ecs: {clusters: [{cluster: " + kArn + ", region: '${VALUE}'}]}\n", world);
  EXPECT_THAT(all_texts(result), testing::HasSubstr("${VALUE}"));
  EXPECT_THAT(all_texts(result), testing::Not(testing::HasSubstr("us-east-1")));
}

}  // namespace
}  // namespace tocsin::config

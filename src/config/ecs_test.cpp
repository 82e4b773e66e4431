// `ecs`: what it takes, what it makes of it, mona's names and units, what entries take over.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "config/ecs_fields.hpp"
#include "config/reload.hpp"
#include "config/schema.hpp"
#include "config/test_load.hpp"

namespace tocsin::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using Start = EcsCluster::AnnounceStart;

const std::string kChannels =
    "channels:\n"
    "  ops: {slack: {webhook_url: 'https://hooks.slack.com/services/a'}}\n"
    "  page: {slack: {webhook_url: 'https://hooks.slack.com/services/b'}}\n";

EcsSettings ecs_of(const LoadResult& result) {
  EXPECT_TRUE(result.config) << all_texts(result);
  EXPECT_THAT(result.diagnostics, IsEmpty()) << all_texts(result);
  return result.config ? result.config->settings.ecs : EcsSettings{};
}

// The clusters of `ecs: {...}`.
std::vector<EcsCluster> clusters_of(const std::string& section) {
  return ecs_of(load_text("ecs: " + section + "\n" + kChannels)).clusters;
}

// The only entry, of `ecs: {clusters: [{cluster: prod, ...}]}`.
EcsCluster entry_with(const std::string& fields) {
  const auto clusters = clusters_of("{clusters: [{cluster: prod" + fields + "}]}");
  EXPECT_EQ(clusters.size(), 1U);
  return clusters.empty() ? EcsCluster{} : clusters[0];
}

TEST(Ecs, WithoutTheSectionThereAreNoClusters) {
  EXPECT_EQ(ecs_of(load_text("monitors: {a: {tcp: 'h:1'}}\n")), EcsSettings{});
}

TEST(Ecs, AClusterAloneHasTheDefaultsOfTheDomain) {
  const EcsCluster cluster = entry_with("");
  EXPECT_EQ(cluster.name, "prod");
  EXPECT_EQ(cluster.region, "");
  EXPECT_EQ(cluster.role_arn, "");
  EXPECT_EQ(cluster.services, deployment::Selection{});
  EXPECT_EQ(cluster.options, deployment::Options{});
  EXPECT_EQ(cluster.check_interval, 15s);
  EXPECT_EQ(cluster.refresh_interval, 5min);
  EXPECT_EQ(cluster.log_interval, 0s);
  EXPECT_EQ(cluster.announce_start, Start::changed);
  EXPECT_EQ(cluster.environment, "");
  ASSERT_NE(cluster.notes, nullptr);
  EXPECT_EQ(*cluster.notes, MonitorNotes{});
}

// ecs.md 2.3.
TEST(Ecs, TheDefaultsAreThoseOfTheSpecification) {
  const deployment::Options options = entry_with("").options;
  EXPECT_EQ(options.timeout, 900s);
  EXPECT_EQ(options.scale_debounce, 0s);
  EXPECT_EQ(options.partial_crash_polls, 2);
  EXPECT_EQ(options.deploy_failed_tasks, 3);
  EXPECT_EQ(options.flap_window, 900s);
  EXPECT_EQ(options.flap_threshold, 3);
  EXPECT_EQ(options.flap_quiet, 300s);
  EXPECT_EQ(options.missing_polls, 2);
  EXPECT_FALSE(options.adopt_running);
}

TEST(Ecs, EveryOptionArrives) {
  const EcsCluster cluster = entry_with(
      ", region: eu-west-1, role_arn: 'arn:aws:iam::123456789012:role/tocsin', external_id: a:b,"
      " deploy_timeout: 20m, scale_debounce: 90s, partial_crash_polls: 4, deploy_failed_tasks: 5,"
      " flap_window: 30m, flap_threshold: 6, flap_quiet: 7m, missing_polls: 8, cold_start: adopt,"
      " announce_start: never, check_interval: 10s, refresh_services_interval: 2m,"
      " log_interval: 1h, environment: production, labels: {team: shop}, notify: [ops],"
      " severity: warning, description: The shop, runbook: 'https://wiki.example.com/r',"
      " dashboard: 'https://wiki.example.com/d'");
  EXPECT_EQ(cluster.region, "eu-west-1");
  EXPECT_EQ(cluster.role_arn, "arn:aws:iam::123456789012:role/tocsin");
  EXPECT_EQ(cluster.external_id, "a:b");
  const deployment::Options wanted{20min, 90s, 4, 5, 30min, 6, 7min, 8, true};
  EXPECT_EQ(cluster.options, wanted);
  EXPECT_EQ(cluster.check_interval, 10s);
  EXPECT_EQ(cluster.refresh_interval, 2min);
  EXPECT_EQ(cluster.log_interval, 1h);
  EXPECT_EQ(cluster.announce_start, Start::never);
  EXPECT_EQ(cluster.environment, "production");
  const MonitorNotes& notes = *cluster.notes;
  EXPECT_THAT(notes.labels, ElementsAre(Pair("team", "shop")));
  ASSERT_EQ(notes.notify.size(), 1U);
  EXPECT_EQ(notes.notify[0].channel, "ops");
  EXPECT_EQ(notes.severity, alert::Severity::warning);
  EXPECT_EQ(notes.description, "The shop");
  EXPECT_EQ(notes.runbook, "https://wiki.example.com/r");
  EXPECT_EQ(notes.dashboard, "https://wiki.example.com/d");
}

TEST(Ecs, TheBoundsOfEachRangeAreInside) {
  const EcsCluster low = entry_with(
      ", check_interval: 1s, refresh_services_interval: 10s, log_interval: 1s,"
      " deploy_timeout: 10s, scale_debounce: 0s, partial_crash_polls: 1, deploy_failed_tasks: 1,"
      " flap_window: 1m, flap_threshold: 2, flap_quiet: 1s, missing_polls: 1");
  EXPECT_EQ(low.check_interval, 1s);
  const EcsCluster high = entry_with(
      ", check_interval: 1h, refresh_services_interval: 1d, log_interval: 1d,"
      " deploy_timeout: 7d, scale_debounce: 1d, partial_crash_polls: 1000,"
      " deploy_failed_tasks: 1000, flap_window: 1d, flap_threshold: 1000, flap_quiet: 1d,"
      " missing_polls: 1000");
  EXPECT_EQ(high.options.timeout, 7 * 24h);
}

TEST(Ecs, OffIsNoLineInTheLog) {
  EXPECT_EQ(entry_with(", log_interval: off").log_interval, 0s);
  EXPECT_EQ(entry_with(", log_interval: 'off'").log_interval, 0s);
}

TEST(Ecs, AnEntryMayBeTheNameAlone) {
  const auto clusters = clusters_of("{clusters: [prod, stage], notify: ops}");
  ASSERT_EQ(clusters.size(), 2U);
  EXPECT_EQ(clusters[1].name, "stage");
  EXPECT_EQ(clusters[1].notes->notify.at(0).channel, "ops");
}

TEST(Ecs, ServicesAreANameAListOrWhatIsTakenOfWhat) {
  EXPECT_THAT(entry_with(", services: web").services.include, ElementsAre("web"));
  const auto list = entry_with(", services: [web, 'api-*', 'job_[0-9]']").services;
  EXPECT_THAT(list.include, ElementsAre("web", "api-*", "job_[0-9]"));
  const auto map =
      entry_with(
          ", services: {include: ['*'], exclude: '*-canary', tags: {team: 'shop*', env: prod}}")
          .services;
  EXPECT_THAT(map.include, ElementsAre("*"));
  EXPECT_THAT(map.exclude, ElementsAre("*-canary"));
  EXPECT_THAT(map.tags, ElementsAre(Pair("env", "prod"), Pair("team", "shop*")));
  EXPECT_EQ(entry_with(", services: {}").services, deployment::Selection{});
}

TEST(Ecs, AThousandPatternsAreTaken) {
  std::string names;
  for (int i = 0; i < 1'000; ++i) names += "s" + std::to_string(i) + ", ";
  EXPECT_EQ(entry_with(", services: [" + names + "]").services.include.size(), 1'000U);
}

TEST(Ecs, OfAnArnTheRegionIsTaken) {
  const std::string arn = "arn:aws-us-gov:ecs:us-gov-west-1:123456789012:cluster/prod";
  const auto clusters = clusters_of("{region: eu-west-1, clusters: ['" + arn + "', prod]}");
  ASSERT_EQ(clusters.size(), 2U);
  EXPECT_EQ(clusters[0].name, arn);
  EXPECT_EQ(clusters[0].region, "us-gov-west-1");
  EXPECT_EQ(clusters[1].region, "eu-west-1");
  EXPECT_EQ(clusters_of("{clusters: [{cluster: '" + arn + "', region: us-gov-west-1}]}")[0].region,
            "us-gov-west-1");
}

TEST(Ecs, RegionsAndRolesOfEveryPartitionAreTaken) {
  for (const std::string region :
       {"us-east-1", "ap-southeast-4", "cn-northwest-1", "us-gov-east-1", "us-iso-east-1",
        "us-isob-east-1", "eu-isoe-west-1", "eusc-de-east-1", "mx-central-1"}) {
    EXPECT_EQ(entry_with(", region: " + region).region, region);
  }
  for (const std::string role :
       {"arn:aws:iam::123456789012:role/tocsin", "arn:aws-cn:iam::123456789012:role/a/b/t+=,.@_-x",
        "arn:aws-us-gov:iam::123456789012:role/service-role/t",
        "arn:aws-iso-b:iam::000000000000:role/t"}) {
    EXPECT_EQ(entry_with(", role_arn: '" + role + "'").role_arn, role);
  }
}

// --- The section as the default of its entries. ---

TEST(Ecs, EveryOptionOfTheSectionIsTheDefaultOfItsEntries) {
  const auto clusters = clusters_of(
      "{region: eu-west-1, role_arn: 'arn:aws:iam::123456789012:role/t', external_id: xyz,"
      " services: [web], deploy_timeout: 20m, scale_debounce: 1m, partial_crash_polls: 4,"
      " deploy_failed_tasks: 5, flap_window: 30m, flap_threshold: 6, flap_quiet: 7m,"
      " missing_polls: 8, cold_start: adopt, announce_start: always, check_interval: 30s,"
      " refresh_services_interval: 1h, log_interval: 2h, environment: test, labels: {a: b},"
      " notify: [ops], severity: info, description: d, runbook: 'https://example.com/r',"
      " dashboard: 'https://example.com/d', clusters: [prod]}");
  ASSERT_EQ(clusters.size(), 1U);
  const EcsCluster& one = clusters[0];
  EXPECT_EQ(one.region + one.role_arn + one.external_id,
            "eu-west-1arn:aws:iam::123456789012:role/txyz");
  EXPECT_THAT(one.services.include, ElementsAre("web"));
  EXPECT_EQ(one.options, (deployment::Options{20min, 1min, 4, 5, 30min, 6, 7min, 8, true}));
  EXPECT_EQ(one.announce_start, Start::always);
  EXPECT_EQ(one.check_interval, 30s);
  EXPECT_EQ(one.refresh_interval, 1h);
  EXPECT_EQ(one.log_interval, 2h);
  EXPECT_EQ(one.environment, "test");
  EXPECT_EQ(one.notes->severity, alert::Severity::info);
  EXPECT_EQ(one.notes->description + one.notes->runbook + one.notes->dashboard,
            "dhttps://example.com/rhttps://example.com/d");
  EXPECT_EQ(one.notes->notify.size(), 1U);
}

TEST(Ecs, AnEntryWinsOverTheSectionWhereverTheSectionStands) {
  for (const std::string section :
       {"{deploy_timeout: 20m, services: [a], notify: [ops], severity: info,"
        " clusters: [{cluster: prod, deploy_timeout: 30m, services: [b], notify: [], severity: "
        "warning}]}",
        "{clusters: [{cluster: prod, deploy_timeout: 30m, services: [b], notify: [], severity: "
        "warning}], deploy_timeout: 20m, services: [a], notify: [ops], severity: info}"}) {
    const auto clusters = clusters_of(section);
    ASSERT_EQ(clusters.size(), 1U);
    EXPECT_EQ(clusters[0].options.timeout, 30min);
    EXPECT_THAT(clusters[0].services.include, ElementsAre("b"));
    EXPECT_THAT(clusters[0].notes->notify, IsEmpty());
    EXPECT_EQ(clusters[0].notes->severity, alert::Severity::warning);
  }
}

TEST(Ecs, LabelsOfDefaultsSectionAndEntryStandTogetherAndTheEntryWins) {
  const auto result = load_text(
      "defaults: {labels: {company: acme, team: none, env: none}}\n"
      "ecs: {labels: {team: shop, env: test}, clusters: [{cluster: prod, labels: {env: prod}}]}\n");
  EXPECT_THAT(ecs_of(result).clusters.at(0).notes->labels,
              ElementsAre(Pair("company", "acme"), Pair("env", "prod"), Pair("team", "shop")));
}

// Nobody being told because `notify` stands one section further up would be a bad surprise.
TEST(Ecs, WhoIsToldAndHowMuchItMattersComesFromTheDefaultsWhenNothingElseSaysSo) {
  const auto result = load_text(
      "defaults: {notify: [ops], severity: warning, remind_every: 1h}\n"
      "ecs: {clusters: [a, {cluster: b, notify: [page], severity: info, remind_every: 4h}]}\n" +
      kChannels);
  const auto clusters = ecs_of(result).clusters;
  EXPECT_EQ(clusters.at(0).notes->notify.at(0).channel, "ops");
  EXPECT_EQ(clusters.at(0).notes->severity, alert::Severity::warning);
  EXPECT_EQ(clusters.at(0).notes->remind_every, 1h);
  EXPECT_EQ(clusters.at(1).notes->remind_every, 4h);
  EXPECT_EQ(clusters.at(1).notes->notify.at(0).channel, "page");
  EXPECT_EQ(clusters.at(1).notes->severity, alert::Severity::info);
}

TEST(Ecs, AnIdOfTheSectionIsForTheEntriesThatAssumeARole) {
  const auto clusters = clusters_of(
      "{external_id: xyz, clusters: [own, {cluster: other, role_arn: "
      "'arn:aws:iam::123456789012:role/t'}]}");
  EXPECT_EQ(clusters.at(0).external_id, "");
  EXPECT_EQ(clusters.at(1).external_id, "xyz");
}

TEST(Ecs, RecipientsMaySelectTypesAndWait) {
  const EcsCluster cluster = entry_with(
      ", notify: [{channel: ops, types: [deploy_started, finished, failed]},"
      " {channel: page, after: 10m}]");
  EXPECT_THAT(cluster.notes->notify.at(0).types,
              ElementsAre(alert::EventType::deploy_started, alert::EventType::finished,
                          alert::EventType::failed));
  EXPECT_EQ(cluster.notes->notify.at(1).after, 10min);
}

TEST(Ecs, SeveralEntriesMayShareACluster) {
  const auto clusters = clusters_of(
      "{clusters: [{cluster: prod, services: [web], deploy_timeout: 30m},"
      " {cluster: prod, services: ['api-*']}, {cluster: prod, services: {tags: {team: shop}}}]}");
  EXPECT_EQ(clusters.size(), 3U);
}

TEST(Ecs, EntriesWithTagsMayBeFollowedByOtherClusters) {
  EXPECT_EQ(clusters_of("{services: {tags: {team: shop}}, clusters: [prod, stage,"
                        " {cluster: prod, region: eu-west-1},"
                        " {cluster: prod, role_arn: 'arn:aws:iam::123456789012:role/t'}]}")
                .size(),
            4U);
}

TEST(Ecs, MatchLabelsAreGivenByName) {
  EXPECT_THAT(ecs_of(load_text("ecs: {clusters: [a]}\n")).match_labels, ElementsAre("service"));
  EXPECT_THAT(ecs_of(load_text("ecs: {clusters: [a], match_labels: [app, env]}\n")).match_labels,
              ElementsAre("app", "env"));
  EXPECT_THAT(ecs_of(load_text("ecs: {clusters: [a], match_labels: app}\n")).match_labels,
              ElementsAre("app"));
  EXPECT_THAT(ecs_of(load_text("ecs: {clusters: [a], match_labels: []}\n")).match_labels,
              IsEmpty());
}

TEST(Ecs, ValuesFromOutsideAreFilledIn) {
  TestWorld world;
  world.env["CLUSTER"] = "prod";
  world.env["WAIT"] = "20m";
  const auto result = load_text(
      "ecs: {clusters: [{cluster: '${CLUSTER}', deploy_timeout: '${WAIT}', log_interval: "
      "'${NONE:-off}'}]}\n",
      world);
  EXPECT_EQ(ecs_of(result).clusters.at(0).name, "prod");
  EXPECT_EQ(ecs_of(result).clusters.at(0).options.timeout, 20min);
}

// --- mona. ---

TEST(EcsOfMona, ItsOptionsStandUnderEcsInItsUnits) {
  const auto clusters = clusters_of(
      "{ecsCluster: prod, AWSRegion: us-east-1, serviceNamesOverride: [web, api],"
      " secondsUntilAlert: 900, checkIntervalSeconds: 5, refreshServicesInterval: 20,"
      " logInterval: 5, notify: [ops]}");
  ASSERT_EQ(clusters.size(), 1U);
  const EcsCluster& one = clusters[0];
  EXPECT_EQ(one.name, "prod");
  EXPECT_EQ(one.region, "us-east-1");
  EXPECT_THAT(one.services.include, ElementsAre("web", "api"));
  EXPECT_EQ(one.options.timeout, 900s);
  EXPECT_EQ(one.check_interval, 5s);
  EXPECT_EQ(one.refresh_interval, 20s);
  EXPECT_EQ(one.log_interval, 25s);  // every fifth check
  EXPECT_EQ(one.announce_start, Start::always);
  EXPECT_EQ(one.notes->notify.size(), 1U);
}

TEST(EcsOfMona, ItsOptionsStandInAnEntryToo) {
  const auto clusters = clusters_of(
      "{clusters: [{ecsCluster: prod, AWSRegion: us-east-1, serviceNamesOverride: [],"
      " secondsUntilAlert: 60, checkIntervalSeconds: 3600, refreshServicesInterval: 86400,"
      " logInterval: 0}]}");
  ASSERT_EQ(clusters.size(), 1U);
  EXPECT_EQ(clusters[0].services, deployment::Selection{});  // none named: all
  EXPECT_EQ(clusters[0].options.timeout, 1min);
  EXPECT_EQ(clusters[0].check_interval, 1h);
  EXPECT_EQ(clusters[0].refresh_interval, 24h);
  EXPECT_EQ(clusters[0].log_interval, 0s);
}

TEST(EcsOfMona, ItsClusterIsOneMoreEntryAfterTheOthers) {
  const auto clusters =
      clusters_of("{ecsCluster: prod, clusters: [{cluster: prod, services: [web]}, stage]}");
  ASSERT_EQ(clusters.size(), 3U);
  EXPECT_THAT(clusters[0].services.include, ElementsAre("web"));
  EXPECT_EQ(clusters[1].name, "stage");
  EXPECT_EQ(clusters[2].name, "prod");
}

TEST(EcsOfMona, EachOfItsNamesMakesTheStartBeTold) {
  for (const std::string name :
       {"AWSRegion: us-east-1", "serviceNamesOverride: [web]", "secondsUntilAlert: 900",
        "checkIntervalSeconds: 5", "refreshServicesInterval: 20", "logInterval: 5"}) {
    EXPECT_EQ(entry_with(", " + name).announce_start, Start::always) << name;
    EXPECT_EQ(entry_with(", announce_start: never, " + name).announce_start, Start::never) << name;
    EXPECT_EQ(clusters_of("{clusters: [prod], " + name + "}")[0].announce_start, Start::always);
    EXPECT_EQ(
        clusters_of("{clusters: [prod], announce_start: changed, " + name + "}")[0].announce_start,
        Start::changed);
  }
  EXPECT_EQ(entry_with(", seconds_until_alert: 15m").announce_start, Start::changed);
  const auto mixed = clusters_of("{clusters: [{ecsCluster: a}, {cluster: b}]}");
  EXPECT_EQ(mixed[0].announce_start, Start::always);
  EXPECT_EQ(mixed[1].announce_start, Start::changed);
}

TEST(EcsOfMona, AnEntryInOursWinsOverASectionInItsNamesAndTheOtherWayRound) {
  const auto ours = clusters_of(
      "{secondsUntilAlert: 900, checkIntervalSeconds: 5, logInterval: 5, AWSRegion: us-east-1,"
      " serviceNamesOverride: [web], clusters: [{cluster: a, deploy_timeout: 1h, check_interval: "
      "10s, log_interval: 2h, region: eu-west-1, services: [api]}, {cluster: b, check_interval: "
      "10s}]}");
  EXPECT_EQ(ours[0].options.timeout, 1h);
  EXPECT_EQ(ours[0].log_interval, 2h);
  EXPECT_EQ(ours[0].region, "eu-west-1");
  EXPECT_THAT(ours[0].services.include, ElementsAre("api"));
  EXPECT_EQ(ours[1].log_interval, 50s);  // every fifth of this entry's checks
  const auto its = clusters_of(
      "{deploy_timeout: 1h, log_interval: 2h, clusters: [{cluster: a, secondsUntilAlert: 90,"
      " logInterval: 0}]}");
  EXPECT_EQ(its[0].options.timeout, 90s);
  EXPECT_EQ(its[0].log_interval, 0s);
}

TEST(Ecs, TheTimeoutHasAnAlias) {
  EXPECT_EQ(entry_with(", seconds_until_alert: 20m").options.timeout, 20min);
}

// --- Beside the section. ---

TEST(Ecs, StandsInTheMainFileAlone) {
  const auto result = load_files(
      {{"tocsin.yml", "monitors: {a: {tcp: 'h:1'}}\n"}, {"a.yml", "ecs: {clusters: [prod]}\n"}});
  EXPECT_THAT(result.broken_drop_ins, ElementsAre("a.yml"));
  EXPECT_THAT(all_texts(result),
              HasSubstr("a.yml:1:1: error: ecs: \"ecs\" belongs into tocsin.yml"));
}

TEST(Ecs, RunsWithoutAChannelOfAnIgnoredDropIn) {
  const auto result =
      load_files({{"tocsin.yml",
                   "ecs:\n  notify: [gone]\n  clusters:\n    - a\n    - {cluster: b, notify: "
                   "[gone, {channel: gone, after: 1h}]}\n"},
                  {"a.yml", "channels: {gone: {slack: {webhook_url: nonsense}}}\n"}});
  ASSERT_TRUE(result.config) << all_texts(result);
  EXPECT_THAT(all_texts(result), HasSubstr("tocsin.yml:2:12: warning: ecs.notify: the channel "
                                           "\"gone\" is in a drop-in that is ignored"));
  EXPECT_THAT(all_texts(result), HasSubstr("tocsin.yml:5:29: warning: ecs.clusters[1].notify"));
  for (const EcsCluster& cluster : result.config->settings.ecs.clusters) {
    EXPECT_THAT(cluster.notes->notify, IsEmpty());
  }
  EXPECT_GT(result.broken_references, 0U);
}

TEST(Ecs, AChannelOfADropInIsFound) {
  const auto result = load_files(
      {{"tocsin.yml", "ecs: {notify: [ops], clusters: [a]}\n"}, {"channels.yml", kChannels}});
  EXPECT_EQ(ecs_of(result).clusters.at(0).notes->notify.size(), 1U);
}

TEST(Ecs, EqualSettingsAreEqualWhicheverLoadMadeTheNotes) {
  const std::string text = "ecs: {notify: [ops], clusters: [a]}\n" + kChannels;
  EcsSettings one = ecs_of(load_text(text));
  const EcsSettings two = ecs_of(load_text(text));
  EXPECT_NE(one.clusters[0].notes, two.clusters[0].notes);
  EXPECT_EQ(one, two);
  MonitorNotes other = *one.clusters[0].notes;
  other.severity = alert::Severity::info;
  one.clusters[0].notes = std::make_shared<const MonitorNotes>(other);
  EXPECT_NE(one, two);
  one.clusters[0].notes = nullptr;
  EXPECT_NE(one, two);
}

TEST(Ecs, EverySettingTellsClustersApart) {
  const EcsCluster plain = entry_with("");
  for (const std::string field : {"region: eu-west-1",
                                  "role_arn: 'arn:aws:iam::123456789012:role/t'",
                                  "services: web",
                                  "deploy_timeout: 1h",
                                  "scale_debounce: 1m",
                                  "partial_crash_polls: 9",
                                  "deploy_failed_tasks: 9",
                                  "flap_window: 1h",
                                  "flap_threshold: 9",
                                  "flap_quiet: 1h",
                                  "missing_polls: 9",
                                  "cold_start: adopt",
                                  "announce_start: never",
                                  "check_interval: 1m",
                                  "refresh_services_interval: 1m",
                                  "log_interval: 1m",
                                  "environment: x",
                                  "labels: {a: b}",
                                  "notify: ops",
                                  "severity: info",
                                  "description: x"}) {
    EXPECT_NE(entry_with(", " + field), plain) << field;
  }
}

TEST(Ecs, AReloadTakesItOver) {
  const auto result = load_text("ecs: {clusters: [a]}\n");
  ASSERT_TRUE(result.config);
  const ReloadCheck check = check_reload(Settings{}, result.config->settings);
  EXPECT_THAT(check.errors, IsEmpty());
  EXPECT_EQ(check.settings.ecs, result.config->settings.ecs);
}

TEST(Ecs, TheSchemaHasEveryOptionInTheSectionAndInAnEntry) {
  const auto keys = documented_keys();
  for (const Field<EcsOptions>& row : ecs_option_table().fields) {
    const std::string name(row.doc.name);
    EXPECT_THAT(keys, testing::Contains("ecs_cluster." + name));
    if (name == "cluster") continue;
    EXPECT_THAT(keys, testing::Contains("ecs." + name));
  }
  EXPECT_THAT(keys, testing::IsSupersetOf({"root.ecs", "ecs.clusters", "ecs.match_labels",
                                           "ecs_services.include", "ecs_services.tags"}));
}

}  // namespace
}  // namespace tocsin::config

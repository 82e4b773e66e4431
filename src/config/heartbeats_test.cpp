// `heartbeats` and `pings`: what they take, what they say when it is wrong, what they leave alone.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "config/test_load.hpp"
#include "schedule/cron.hpp"

namespace tocsin::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kUuid = "5b1a6c6e-4d0f-4a3e-9d5c-0d8d8f4f2b11";
const std::string kOther = "0d1f2e3c-1111-4222-8333-444455556666";

std::string with_uuid(const std::string& fields) {
  return "heartbeats:\n  nightly: {uuid: " + kUuid + fields + "}\n";
}

const Monitor& only(const LoadResult& result) {
  EXPECT_TRUE(result.config) << all_texts(result);
  EXPECT_EQ(result.config->monitors.size(), 1U) << all_texts(result);
  return result.config->monitors.at(0);
}

const check::HeartbeatCheck& options_of(const Monitor& monitor) {
  return std::get<check::HeartbeatCheck>(monitor.check->target);
}

TEST(Heartbeats, AreMonitorsOfKindTimerWithTheDefaultsOfHealthchecks) {
  const auto result = load_text(with_uuid(""));
  const Monitor& monitor = only(result);
  EXPECT_EQ(monitor.name, "nightly");
  EXPECT_EQ(check::kind_of(*monitor.check), "timer");
  EXPECT_EQ(std::get<schedule::EveryPlan>(monitor.plan->when).every, 24h);
  EXPECT_EQ(options_of(monitor).uuid, kUuid);
  EXPECT_EQ(options_of(monitor).grace, 1h);
  EXPECT_EQ(monitor.thresholds, (alert::Thresholds{1, 1, 1}));
  EXPECT_THAT(result.diagnostics, IsEmpty()) << all_texts(result);
}

TEST(Heartbeats, TakeAScheduleInATimeZoneAndTheirLimits) {
  const auto result = load_text(
      with_uuid(", schedule: '0 3 * * *', timezone: Europe/Zurich, grace: 30m, max_runtime: 2h, "
                "start_within: 5m, methods: post"));
  const Monitor& monitor = only(result);
  EXPECT_EQ(std::get<schedule::CronPlan>(monitor.plan->when).cron->text(), "0 3 * * *");
  const check::HeartbeatCheck& options = options_of(monitor);
  EXPECT_EQ(options.grace, 30min);
  EXPECT_EQ(options.max_runtime, 2h);
  EXPECT_EQ(options.start_within, 5min);
  EXPECT_TRUE(options.post_only);
}

TEST(Heartbeats, TakeOverWhatTheDefaultsSayOfTellingAndNothingOfChecking) {
  const auto result = load_text(
      "channels: {ops: {slack: {webhook_url: 'https://hooks.slack.com/services/a'}}}\n"
      "defaults: {every: 30s, timeout: 5s, fail_after: 3, notify: [ops], labels: {team: shop}}\n" +
      with_uuid(", labels: {env: production}, fail_after: 2, description: Backup"));
  const Monitor& monitor = only(result);
  EXPECT_EQ(std::get<schedule::EveryPlan>(monitor.plan->when).every, 24h);
  EXPECT_EQ(monitor.thresholds.fail_count, 2);
  ASSERT_EQ(monitor.notes->notify.size(), 1U);
  EXPECT_EQ(monitor.notes->notify[0].channel, "ops");
  EXPECT_EQ(monitor.notes->labels.size(), 2U);
  EXPECT_EQ(monitor.notes->description, "Backup");
}

TEST(Heartbeats, NeedAUuidUnlessTheyCanBePingedByName) {
  const std::string text = "heartbeats: {nightly: {every: 1h}}\n";
  EXPECT_THAT(all_texts(load_text(text)),
              HasSubstr("error: heartbeats.nightly: expected uuid, or pings: {key: ...}"));
  const auto result = load_text(text + "pings: {key: a-key-of-sixteen}\n");
  EXPECT_EQ(options_of(only(result)).uuid, "");
  EXPECT_EQ(result.config->settings.pings.key, "a-key-of-sixteen");
  EXPECT_EQ(result.config->settings.pings.body_limit, 10'000U);
}

TEST(Heartbeats, AUuidThatIsNoneIsNotShown) {
  const auto result = load_text("heartbeats: {nightly: {uuid: 5b1a6c6e-4d0f}}\n");
  EXPECT_THAT(all_texts(result), HasSubstr("heartbeats.nightly.uuid"));
  EXPECT_THAT(all_texts(result), Not(HasSubstr("5b1a6c6e")));
}

TEST(Heartbeats, OneUuidNamesOneHeartbeat) {
  const auto result =
      load_text("heartbeats:\n  a: {uuid: " + kUuid + "}\n  b: {uuid: " + kUuid + "}\n");
  EXPECT_THAT(all_texts(result),
              HasSubstr("heartbeats.b.uuid: the heartbeat a in line 2 has this uuid already"));
  EXPECT_THAT(all_texts(result), Not(HasSubstr("5b1a6c6e")));
  const auto files = load_files(
      {{"tocsin.yml", with_uuid("")}, {"a.yml", "heartbeats: {b: {uuid: " + kUuid + "}}\n"}});
  EXPECT_THAT(files.broken_drop_ins, ElementsAre("a.yml"));
  EXPECT_THAT(all_texts(files), HasSubstr("the heartbeat nightly in tocsin.yml:2"));
}

TEST(Heartbeats, ShareTheNamesOfMonitors) {
  const auto result = load_text(
      "monitors: {nightly: {tcp: 'h:1'}}\nheartbeats: {nightly: {uuid: " + kUuid + "}}\n");
  EXPECT_THAT(all_texts(result), HasSubstr("heartbeats.nightly: found this name twice"));
  const auto files =
      load_files({{"tocsin.yml", "monitors: {nightly: {tcp: 'h:1'}}\n"}, {"a.yml", with_uuid("")}});
  EXPECT_THAT(all_texts(files),
              HasSubstr("heartbeats.nightly: this monitor is already defined in tocsin.yml:1"));
}

TEST(Heartbeats, StandInDropIns) {
  const auto result = load_files({{"tocsin.yml", "monitors: {a: {tcp: 'h:1'}}\n"},
                                  {"jobs.yml", with_uuid(", depends_on: [a]")}});
  ASSERT_TRUE(result.config) << all_texts(result);
  EXPECT_THAT(result.broken_drop_ins, IsEmpty()) << all_texts(result);
  EXPECT_EQ(result.config->monitors.size(), 2U);
}

TEST(Heartbeats, KeysOfChecksAreNamedAsSuch) {
  for (const std::string key : {"timeout: 5s", "retry_every: 5s", "delay: 5s", "run_at_start: true",
                                "max_overlap: 2", "expect: '[STATUS] == 200'"}) {
    EXPECT_THAT(all_texts(load_text(with_uuid(", " + key))),
                HasSubstr("is not for heartbeats: nothing is checked, the job pings"))
        << key;
  }
}

TEST(Heartbeats, AreNoKindUnderMonitors) {
  const std::string where = "jobs that ping stand in a section of their own";
  EXPECT_THAT(all_texts(load_text("monitors: {a: {timer: 1h}}\n")), HasSubstr(where));
  EXPECT_THAT(all_texts(load_text("defaults: {timer: {grace: 1h}}\n")), HasSubstr(where));
}

TEST(Heartbeats, SuggestTheKeyThatWasMeant) {
  EXPECT_THAT(all_texts(load_text(with_uuid(", max_runtim: 2h"))),
              HasSubstr("did you mean max_runtime?"));
}

TEST(Heartbeats, SayWhatIsWrongWithTheirTimes) {
  EXPECT_THAT(all_texts(load_text(with_uuid(", every: 500ms"))), HasSubstr("expected at least 1s"));
  EXPECT_THAT(all_texts(load_text(with_uuid(", schedule: '61 * * * *'"))),
              HasSubstr("heartbeats.nightly.schedule"));
  EXPECT_THAT(all_texts(load_text(with_uuid(", every: 1h, schedule: '0 3 * * *'"))),
              HasSubstr("exclude each other"));
  EXPECT_THAT(all_texts(load_text(with_uuid(", grace: 10m, start_within: 20m"))),
              HasSubstr("warning: heartbeats.nightly.start_within: start_within has no effect"));
  EXPECT_THAT(all_texts(load_text(with_uuid(", grace: soon"))),
              HasSubstr("heartbeats.nightly.grace"));
}

TEST(Heartbeats, ReferencesAreJudgedAtTheirPlace) {
  EXPECT_THAT(all_texts(load_text(with_uuid(", notify: [nobody]"))),
              HasSubstr("heartbeats.nightly.notify: unknown channel \"nobody\""));
  const auto circle = load_text("monitors: {a: {tcp: 'h:1', depends_on: [nightly]}}\n" +
                                with_uuid(", depends_on: [a]"));
  EXPECT_THAT(all_texts(circle), HasSubstr("monitors depend on each other in a circle"));
}

TEST(Pings, TheKeyIsASecretOfSomeLengthThatIsNoUuid) {
  for (const std::string key : {"short", "with/slash-and-more", kOther.c_str()}) {
    const auto result = load_text("pings: {key: " + key + "}\n");
    EXPECT_THAT(all_texts(result), HasSubstr("pings.key: ")) << key;
    EXPECT_THAT(all_texts(result), Not(HasSubstr(key)));
  }
  const auto good = load_text("pings: {key: s3cr3t-key-0123456789, body_limit: 1KiB}\n");
  EXPECT_THAT(good.secrets, testing::Contains("s3cr3t-key-0123456789"));
  EXPECT_EQ(good.config->settings.pings.body_limit, 1024U);
}

TEST(Pings, BelongIntoTheMainFile) {
  const auto result =
      load_files({{"tocsin.yml", "{}\n"}, {"a.yml", "pings: {key: s3cr3t-key-0123456789}\n"}});
  EXPECT_THAT(all_texts(result), HasSubstr("belongs into tocsin.yml"));
}

}  // namespace
}  // namespace tocsin::config

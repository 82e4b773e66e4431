// The report of a broken configuration as a whole; single mistakes are in broken_test.cpp.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "config/test_load.hpp"

namespace tocsin::config {
namespace {

TEST(ProblemReport, AreAllReportedAtOnce) {
  const auto result =
      load_text("watch: maybe\nmonitors:\n  a: {http: nope, every: 1}\n  b: {}\nlog: {x: 1}\n");
  EXPECT_EQ(result.diagnostics.size(), 5U) << all_texts(result);
}

TEST(ProblemReport, TellEveryMistakeOfAMaintenanceWindow) {
  const auto result = load_text(
      "maintenance:\n  - {name: a, schedule: '1 * * * *', for: 1h}\n"
      "  - {name: a, schedule: '@reboot', for: 0s, timezone: Nowhere, match: {team: '[a'}}\n");
  EXPECT_EQ(result.diagnostics.size(), 5U) << all_texts(result);
}

TEST(ProblemReport, TellAnOpenAddressBesideOtherErrors) {
  const auto result = load_text("listen: 0.0.0.0:7400\nwatch: maybe\n");
  EXPECT_EQ(result.diagnostics.size(), 2U) << all_texts(result);
  EXPECT_THAT(all_texts(result), testing::HasSubstr("tocsin.yml:1:9: error: listen: this address "
                                                    "can be reached from other machines"));
}

TEST(ProblemReport, CallNoAddressOpenWhileAccessIsNotUnderstood) {
  for (const std::string text :
       {"listen: 0.0.0.0:7400\nauth: {tokens: [{name: a}]}\n", "listen: {host: 0.0.0.0, prot: 1}\n",
        "listen: 0.0.0.0:7400\nallow_unauthenticated: yes\n", "listen: 0.0.0.0:7400\nauth: {"}) {
    const auto result = load_text(text);
    EXPECT_EQ(result.diagnostics.size(), 1U) << all_texts(result);
    EXPECT_THAT(all_texts(result), testing::Not(testing::HasSubstr("can be reached"))) << text;
  }
}

TEST(ProblemReport, JudgeWhatStandsUnderANameUsedTwice) {
  const auto result = load_text(
      "monitors:\n  m: {tcp: \"h:1\"}\n  m: {tcp: \"h:2\", every: 30}\n"
      "channels:\n  c: {webhook: 'https://h/'}\n  c: {slack: {}, webhook: {}}\n"
      "sinks:\n  s: {webhook: 'https://h/'}\n  s: {webhook: {url: \"${NOPE}\"}}\n");
  EXPECT_FALSE(result.config);
  const std::string all = all_texts(result);
  EXPECT_EQ(std::ranges::count(result.diagnostics, Severity::error, &Diagnostic::severity), 6)
      << all;
  for (const std::string_view part :
       {"3:3: error: monitors.m: found this name twice", "3:26: error: monitors.m.every: found",
        "6:3: error: channels.c: found this name twice", "6:3: error: channels.c: found 2 kinds",
        "9:3: error: sinks.s: found this name twice", "sinks.s.webhook.url: the environment"}) {
    EXPECT_THAT(all, testing::HasSubstr(part));
  }
}

// A part of every line that is expected, and as many errors.
void expect_errors(const std::string& text, const std::vector<std::string>& parts) {
  const auto result = load_text(text);
  EXPECT_FALSE(result.config);
  const std::string all = all_texts(result);
  for (const std::string& part : parts) EXPECT_THAT(all, testing::HasSubstr(part));
  EXPECT_EQ(std::ranges::count(result.diagnostics, Severity::error, &Diagnostic::severity),
            std::ssize(parts))
      << all;
}

TEST(ProblemReport, TellEveryMistakeOfOneMonitor) {
  expect_errors(
      "monitors:\n  m:\n    http: ftp://a/\n    notify: [ops, ops, {channel: page, types: [x]}]\n"
      "    report: lake\n    depends_on: [m, db]\n    schedule: \"61 * * * *\"\n"
      "    timezone: Mars/Olympus\n    labels: {\"a b\": c}\n",
      {"m.http: found", "m.notify[1]: found \"ops\" twice", "unknown channel \"ops\"",
       "m.notify[2].types[0]: found", "unknown channel \"page\"", "unknown sink \"lake\"",
       "cannot depend on itself", "unknown monitor \"db\"", "m.schedule: minute field",
       "m.timezone: unknown time zone", "m.labels[\"a b\"]: expected"});
}

TEST(ProblemReport, TellATimeoutThatIsTooLongBesideOtherMistakes) {
  expect_errors(
      "monitors:\n  m: {tcp: \"h:1\", every: 5s, timeout: 6s, evry: 3s}\n"
      "  n: {tcp: h, schedule: \"* * * * *\", timeout: 90s}\n",
      {"m.evry: unknown key", "m.timeout: the timeout (6s) is longer", "n.tcp: found",
       "n.timeout: the timeout (1m30s) is longer"});
}

TEST(ProblemReport, LeaveOutWhatFollowsFromAMistake) {
  for (const std::string monitor :
       {"every: 5, timeout: 90s", "evry: 2m, timeout: 90s", "evry: 5m, timeout: 2m",
        "every: 5s, timeout: 6", "every: 5s, timeout: 6s, max_overlap: x",
        "schedule: \"0 * * * *\", timezone: [a]"}) {
    const auto result = load_text("monitors:\n  m: {tcp: \"h:1\", " + monitor + "}\n");
    EXPECT_EQ(result.diagnostics.size(), 1U) << monitor << '\n' << all_texts(result);
  }
}

TEST(ProblemReport, TellWhatMonitorsSayBesideBrokenDefaults) {
  expect_errors(
      "defaults: {timeout: soon, notify: [gone], evry: 3}\nmonitors:\n"
      "  a: {tcp: \"h:1\", notify: ops, every: 1s}\n"
      "  b: {tcp: \"h:1\", every: 5s, timeout: 6s}\n  c: {tcp: \"h:1\", timeout: 5m}\n"
      "  d: {tcp: \"h:1\", depends_on: e}\n  e: {tcp: \"h:1\", depends_on: d, schedule: x}\n",
      {"defaults.timeout: found", "defaults.evry: unknown key", "unknown channel \"gone\"",
       "unknown channel \"ops\"", "b.timeout: the timeout (6s)", "in a circle", "e.schedule: "});
}

TEST(ProblemReport, TellEveryMistakeOfADropInThatIsIgnored) {
  const auto result = load_files(
      {{"tocsin.yml", "monitors: {a: {tcp: \"h:1\"}}\n"},
       {"b.yml",
        "monitors: {b: {tcp: h, notify: ops, depends_on: [a, b2, c]}, b2: {tcp: \"h:1\"}}\n"},
       {"c.yml", "monitors: {c: {tcp: h}}\n"}});
  EXPECT_TRUE(result.config);
  const std::string all = all_texts(result);
  EXPECT_THAT(all, testing::HasSubstr("b.yml:1:32: error: monitors.b.notify: unknown channel"));
  EXPECT_EQ(result.diagnostics.size(), 3U) << all;
}

TEST(ProblemReport, NeverQuoteWhatMayBeASecretInTheWrongPlace) {
  const std::string http = "monitors: {m: {http: {url: 'http://a/', ";
  for (const std::string text :
       {"auth: hunter2\n", "auth: {tokens: hunter2}\n", "auth: {tokens: [hunter2]}\n",
        "monitors: {m: {tcp: \"joe:hunter2@db:5432\"}}\n",
        "monitors: {m: {tcp: \"pg://joe:hunter2@db:5432/x\"}}\n"}) {
    const auto result = load_text(text);
    EXPECT_EQ(result.diagnostics.size(), 1U) << all_texts(result);
    EXPECT_THAT(all_texts(result), testing::Not(testing::HasSubstr("hunter2")));
  }
  for (const std::string option :
       {"auth: 'joe:hunter2'", "auth: {basic: 'joe:hunter2'}", "headers: 'Authorization: hunter2'",
        "headers: {'Authorization: hunter2': ''}", "connect_to: 'joe:hunter2@db:443'",
        "headers: {X-Api-Key: \"hunter2\\nx\"}"}) {
    const auto result = load_text(http + option + "}}}\n");
    EXPECT_EQ(result.diagnostics.size(), 1U) << all_texts(result);
    EXPECT_THAT(all_texts(result), testing::Not(testing::HasSubstr("hunter2")));
    EXPECT_THAT(all_texts(result), testing::Not(testing::HasSubstr("on one line on one line")));
  }
}

TEST(ProblemReport, NameTheRuleAndNeverTheValueFilledIn) {
  for (const std::string condition :
       {"${SECRET}", "[STATUS] == ${SECRET}", "[${SECRET}] == 1", "[BODY][${SECRET}] == 1",
        "[STATUS]${SECRET} == 1", "[BODY].a == any(${SECRET}*, b)", "len(${SECRET}) == 1",
        "[IP] == ${SECRET}", "[RESPONSE_TIME] < ${SECRET}", "[BODY].a < ${SECRET}"}) {
    const auto result = load_text(
        "monitors:\n  m:\n    http: https://example.com/\n    expect: ['" + condition + "']\n");
    ASSERT_EQ(result.diagnostics.size(), 1U) << all_texts(result);
    EXPECT_THAT(result.diagnostics[0].message, testing::HasSubstr("value filled in): "))
        << condition;
    EXPECT_THAT(result.diagnostics[0].message, testing::Not(testing::HasSubstr("s3cr3t")));
  }
}

TEST(ProblemReport, HaveOneLineForPeople) {
  const auto result = load_text("monitors:\n  m:\n    http: https://example.com/\n    every: 30\n");
  EXPECT_EQ(all_texts(result),
            "tocsin.yml:4:12: error: monitors.m.every: found \"30\", expected a duration such as "
            "30s (did you mean 30s?)\n");
}

}  // namespace
}  // namespace tocsin::config

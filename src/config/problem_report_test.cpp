// The report of a broken configuration as a whole; single mistakes are in broken_test.cpp.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

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

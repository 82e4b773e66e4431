#include "web/fields.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::web {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

const Instant kNow = from_unix_ms(1'795'250'912'000);  // 2026-11-21T08:48:32Z

std::string message(Fields& fields) {
  const auto problem = fields.problem();
  return problem ? problem->message : "";
}

TEST(Fields, NoBodyIsAnEmptyObject) {
  for (const std::string_view body : {"", "  \r\n", "{}", " { } "}) {
    Fields fields(body);
    EXPECT_FALSE(fields.text("by", 10).has_value());
    EXPECT_EQ(message(fields), "") << body;
  }
}

TEST(Fields, WhatNobodyAskedForIsNamed) {
  Fields fields(R"({"by": "ana", "raeson": "x"})");
  EXPECT_EQ(fields.text("by", 10), "ana");
  EXPECT_THAT(message(fields), HasSubstr("\"raeson\""));
}

TEST(Fields, ABodyThatIsNoObjectIsRefused) {
  for (const std::string_view body : {"[]", "3", "null", "\"x\"", "{", "{}{}"}) {
    Fields fields(body);
    EXPECT_THAT(message(fields), HasSubstr("body")) << body;
  }
  Fields twice(R"({"by": "a", "by": "b"})");
  EXPECT_THAT(message(twice), HasSubstr("`by` is given more than once"));
}

TEST(Fields, AWrongKindSaysWhatWasFoundAndWhatIsExpected) {
  Fields text(R"({"by": 3})");
  EXPECT_FALSE(text.text("by", 10).has_value());
  EXPECT_THAT(message(text), HasSubstr("`by` must be text in quotes, not 3"));
  Fields length(R"({"by": "abcdefghijk"})");
  EXPECT_FALSE(length.text("by", 10).has_value());
  EXPECT_THAT(message(length), HasSubstr("`by` has 11 bytes, of at most 10"));
  Fields flag(R"({"all": "yes"})");
  EXPECT_FALSE(flag.flag("all").has_value());
  EXPECT_THAT(message(flag), HasSubstr("`all` must be true or false, not \"yes\""));
  for (const std::string_view body :
       {R"({"for": 30})", R"({"for": "soon"})", R"({"for": "0s"})", R"({"for": "-5m"})"}) {
    Fields fields(body);
    EXPECT_FALSE(fields.duration("for").has_value());
    EXPECT_THAT(message(fields), HasSubstr("`for` must be a duration such as")) << body;
  }
  Fields time(R"({"until": "tomorrow"})");
  EXPECT_FALSE(time.time("until").has_value());
  EXPECT_THAT(message(time), HasSubstr("`until` must be a time such as"));
}

TEST(Fields, OnlyTheFirstProblemIsTold) {
  Fields fields(R"({"by": 3, "all": 4, "x": 5})");
  static_cast<void>(fields.text("by", 10));
  static_cast<void>(fields.flag("all"));
  EXPECT_THAT(message(fields), HasSubstr("`by`"));
}

struct PeriodCase {
  std::string body;
  Milliseconds from, until;  // after kNow
};

TEST(Period, IsFromNowUnlessSaidOtherwise) {
  for (const PeriodCase& each : {
           PeriodCase{R"({"for": "30m"})", 0ms, 30min},
           PeriodCase{R"({"until": "2026-11-21T09:48:32Z"})", 0ms, 1h},
           PeriodCase{R"({"from": "2026-11-21T09:48:32Z", "for": "2h"})", 1h, 3h},
           // One that began already holds at once.
           PeriodCase{R"({"from": "2026-11-21T08:18:32Z", "for": "1h"})", -30min, 30min},
       }) {
    Fields fields(each.body);
    const auto period = read_period(fields, kNow);
    ASSERT_TRUE(period.has_value()) << each.body << message(fields);
    EXPECT_EQ(period->from - kNow, each.from) << each.body;
    EXPECT_EQ(period->until - kNow, each.until) << each.body;
    EXPECT_EQ(message(fields), "");
  }
}

TEST(Period, ThatCannotBeMeantIsRefused) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {R"({"for": "1h", "until": "2026-11-21T09:48:32Z"})", "exclude each other"},
      {R"({"until": "2026-11-21T08:48:32Z"})", "before it begins"},
      {R"({"from": "2026-11-21T08:00:00Z", "for": "5m"})", "it is over"},
      {R"({"from": "2026-11-22T08:00:00Z", "until": "2026-11-21T09:00:00Z"})", "before it begins"},
      {R"({"for": "367d"})", "longer than 366 days"},
      {R"({"until": "2028-11-21T08:48:32Z"})", "longer than 366 days"},
      {R"({"from": "2199-01-01T00:00:00Z", "for": "5m"})", "366 days away"},
      {R"({"from": "1999-01-01T00:00:00Z", "for": "5m"})", "366 days away"},
  };
  for (const auto& [body, expected] : cases) {
    Fields fields(body);
    EXPECT_FALSE(read_period(fields, kNow).has_value()) << body;
    EXPECT_THAT(message(fields), HasSubstr(expected)) << body;
  }
}

TEST(Period, IsAbsentWhenNothingIsSaid) {
  Fields fields("{}");
  EXPECT_FALSE(read_period(fields, kNow).has_value());
  EXPECT_EQ(message(fields), "");
}

}  // namespace
}  // namespace tocsin::web

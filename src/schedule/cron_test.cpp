#include "schedule/cron.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace tocsin::schedule {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

std::shared_ptr<const Zone> utc() { return *find_zone("UTC"); }

Instant at(std::string_view text) {
  const auto parsed = parse_rfc3339(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(Instant{});
}

// The first `count` matches after `after`, as dates and times.
std::vector<std::string> matches(std::string_view expression, std::string_view after,
                                 std::size_t count) {
  const auto cron = Cron::parse(expression, utc());
  EXPECT_TRUE(cron) << (cron ? "" : cron.error().message);
  std::vector<std::string> out;
  std::optional<Instant> last = at(after);
  while (cron && out.size() < count && (last = cron->next(*last))) {
    out.push_back(format_rfc3339(*last).substr(0, 19));
  }
  return out;
}

using Texts = std::vector<std::string>;

TEST(Cron, MatchesListsRangesStepsAndNames) {
  EXPECT_EQ(matches("1,5-7,50-58/4 3 * * *", "2025-01-01T00:00:00Z", 7),
            (Texts{"2025-01-01T03:01:00", "2025-01-01T03:05:00", "2025-01-01T03:06:00",
                   "2025-01-01T03:07:00", "2025-01-01T03:50:00", "2025-01-01T03:54:00",
                   "2025-01-01T03:58:00"}));
  EXPECT_EQ(matches("0 0 1 JAN,jul-Aug *", "2025-01-01T00:00:00Z", 3),
            (Texts{"2025-07-01T00:00:00", "2025-08-01T00:00:00", "2026-01-01T00:00:00"}));
  EXPECT_EQ(matches("0 12 * * mon-wed", "2025-01-01T13:00:00Z", 3),
            (Texts{"2025-01-06T12:00:00", "2025-01-07T12:00:00", "2025-01-08T12:00:00"}));
}

TEST(Cron, TakesBothZeroAndSevenForSunday) {
  const Texts sundays{"2025-01-05T00:00:00", "2025-01-12T00:00:00"};
  EXPECT_EQ(matches("0 0 * * 0", "2025-01-01T00:00:00Z", 2), sundays);
  EXPECT_EQ(matches("0 0 * * 7", "2025-01-01T00:00:00Z", 2), sundays);
  EXPECT_EQ(matches("0 0 * * sun", "2025-01-01T00:00:00Z", 2), sundays);
  const Texts weekend{"2025-01-03T00:00:00", "2025-01-04T00:00:00", "2025-01-05T00:00:00",
                      "2025-01-10T00:00:00"};
  EXPECT_EQ(matches("0 0 * * 5-7", "2025-01-01T00:00:00Z", 4), weekend);
  EXPECT_EQ(matches("0 0 * * fri-sun", "2025-01-01T00:00:00Z", 4), weekend);
}

TEST(Cron, StepsOfWeekdaysCountFromSundayToSaturday) {
  EXPECT_EQ(matches("0 0 * * */2", "2025-01-04T00:00:00Z", 5),
            (Texts{"2025-01-05T00:00:00", "2025-01-07T00:00:00", "2025-01-09T00:00:00",
                   "2025-01-11T00:00:00", "2025-01-12T00:00:00"}));
}

TEST(Cron, MatchesEitherDayFieldWhenBothAreRestricted) {
  EXPECT_EQ(matches("0 0 13 * 5", "2025-06-01T00:00:00Z", 6),
            (Texts{"2025-06-06T00:00:00", "2025-06-13T00:00:00", "2025-06-20T00:00:00",
                   "2025-06-27T00:00:00", "2025-07-04T00:00:00", "2025-07-11T00:00:00"}));
}

TEST(Cron, NeedsBothDayFieldsWhenOneStartsWithAStar) {
  EXPECT_EQ(matches("0 0 */2 * 1", "2025-06-01T00:00:00Z", 3),
            (Texts{"2025-06-09T00:00:00", "2025-06-23T00:00:00", "2025-07-07T00:00:00"}));
  EXPECT_EQ(matches("0 0 1-7 * */7", "2025-06-01T00:00:00Z", 2),
            (Texts{"2025-07-06T00:00:00", "2025-08-03T00:00:00"}));
}

TEST(Cron, SkipsMonthsThatAreTooShort) {
  EXPECT_EQ(matches("0 0 31 * *", "2025-01-01T00:00:00Z", 5),
            (Texts{"2025-01-31T00:00:00", "2025-03-31T00:00:00", "2025-05-31T00:00:00",
                   "2025-07-31T00:00:00", "2025-08-31T00:00:00"}));
  EXPECT_EQ(matches("59 23 30 * *", "2025-01-30T23:59:00Z", 2),
            (Texts{"2025-03-30T23:59:00", "2025-04-30T23:59:00"}));
}

TEST(Cron, WaitsForLeapDays) {
  EXPECT_EQ(matches("0 0 29 2 *", "2023-01-01T00:00:00Z", 2),
            (Texts{"2024-02-29T00:00:00", "2028-02-29T00:00:00"}));
  // 2100 is no leap year.
  EXPECT_EQ(matches("0 0 29 2 *", "2096-02-29T00:00:00Z", 1), (Texts{"2104-02-29T00:00:00"}));
}

TEST(Cron, NeverMatchesADayThatNoMonthHas) {
  const auto cron = Cron::parse("0 0 30 2 *", utc());
  ASSERT_TRUE(cron);
  EXPECT_EQ(cron->next(at("2025-01-01T00:00:00Z")), std::nullopt);
  EXPECT_EQ(cron->count(at("2025-01-01T00:00:00Z"), at("2125-01-01T00:00:00Z")), 0U);
  EXPECT_EQ(cron->shortest_gap(at("2025-01-01T00:00:00Z")), std::nullopt);
}

TEST(Cron, ReadsSecondsFromTheFirstOfSixFields) {
  EXPECT_EQ(matches("*/20 59 23 31 12 *", "2025-12-31T23:59:10Z", 3),
            (Texts{"2025-12-31T23:59:20", "2025-12-31T23:59:40", "2026-12-31T23:59:00"}));
}

TEST(Cron, IsStrictlyAfterAlsoWithinASecond) {
  EXPECT_EQ(matches("0 * * * *", "2025-01-01T00:59:59.999Z", 1), (Texts{"2025-01-01T01:00:00"}));
  EXPECT_EQ(matches("0 * * * *", "2025-01-01T01:00:00Z", 1), (Texts{"2025-01-01T02:00:00"}));
  EXPECT_EQ(matches("0 * * * *", "2025-01-01T01:00:00.001Z", 1), (Texts{"2025-01-01T02:00:00"}));
}

TEST(Cron, ExpandsMacros) {
  EXPECT_EQ(matches("@yearly", "2025-02-01T00:00:00Z", 1), (Texts{"2026-01-01T00:00:00"}));
  EXPECT_EQ(matches("@annually", "2025-02-01T00:00:00Z", 1), (Texts{"2026-01-01T00:00:00"}));
  EXPECT_EQ(matches("@monthly", "2025-02-01T00:00:00Z", 1), (Texts{"2025-03-01T00:00:00"}));
  EXPECT_EQ(matches("@weekly", "2025-02-01T00:00:00Z", 1), (Texts{"2025-02-02T00:00:00"}));
  EXPECT_EQ(matches("@Daily", "2025-02-01T00:00:00Z", 1), (Texts{"2025-02-02T00:00:00"}));
  EXPECT_EQ(matches("@midnight", "2025-02-01T00:00:00Z", 1), (Texts{"2025-02-02T00:00:00"}));
  EXPECT_EQ(matches(" @hourly\t", "2025-02-01T00:00:00Z", 1), (Texts{"2025-02-01T01:00:00"}));
}

TEST(Cron, KnowsWhetherItFollowsRealTime) {
  const auto follows = [](std::string_view text) {
    return Cron::parse(text, utc())->follows_real_time();
  };
  EXPECT_TRUE(follows("* * * * *"));
  EXPECT_TRUE(follows("*/5 2 * * *"));
  EXPECT_TRUE(follows("30 */2 * * *"));
  EXPECT_TRUE(follows("@hourly"));
  EXPECT_FALSE(follows("* 30 2 * * *"));
  EXPECT_FALSE(follows("30 2 * * *"));
  EXPECT_FALSE(follows("0-59 0-23 * * *"));
  EXPECT_FALSE(follows("@daily"));
}

TEST(Cron, AnswersAtBothEndsOfTime) {
  const auto cron = *Cron::parse("0 0 1 1 *", utc());
  EXPECT_EQ(cron.next(Instant::min()), at("1901-01-01T00:00:00Z"));
  EXPECT_EQ(cron.next(Instant::max()), std::nullopt);
  EXPECT_GT(cron.count(Instant::min(), Instant::max()), 7000U);
}

struct Broken {
  std::string_view text;
  std::vector<std::string_view> says;
};

class CronErrors : public ::testing::TestWithParam<Broken> {};

TEST_P(CronErrors, NameTheFieldWhatWasFoundAndWhatIsAllowed) {
  const auto cron = Cron::parse(GetParam().text, utc());
  ASSERT_FALSE(cron) << GetParam().text;
  EXPECT_EQ(cron.error().code, ErrorCode::invalid);
  for (const std::string_view part : GetParam().says) {
    EXPECT_THAT(cron.error().message, HasSubstr(std::string(part))) << GetParam().text;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, CronErrors,
    ::testing::Values(
        Broken{"", {"0 fields", "5 fields"}}, Broken{"   ", {"0 fields"}},
        Broken{"* * * *", {"4 fields", "minute hour day-of-month month day-of-week"}},
        Broken{"0 * * * * * 2025", {"7 fields", "no field for the year"}},
        Broken{"5m", {"1 field;", "every: 5m"}},
        Broken{"TZ=UTC 0 * * * *x", {"TZ=UTC", "sets a variable", "`timezone`"}},
        Broken{"CRON_TZ=Europe/Zurich 0 0 * * * *", {"sets a variable", "`timezone`"}},
        Broken{"60 * * * *", {"minute field \"60\"", "0 to 59", "did you mean 0?"}},
        Broken{"* 24 * * *", {"hour field \"24\"", "0 to 23", "did you mean 0?"}},
        Broken{"* * 0 * *", {"day-of-month field \"0\"", "1 to 31"}},
        Broken{"* * 32 * *", {"day-of-month field \"32\"", "1 to 31"}},
        Broken{"* * * 13 *", {"month field \"13\"", "1 to 12 and jan to dec"}},
        Broken{"* * * * 8", {"day-of-week field \"8\"", "0 to 7 and sun to sat"}},
        Broken{"99999999999999999999 * * * *", {"minute field", "out of range"}},
        Broken{"-1 * * * *", {"minute field \"-1\"", "a value is missing"}},
        Broken{"*/0 * * * *", {"minute field \"*/0\"", "step is 0", "at least 1"}},
        Broken{"*/ * * * *", {"minute field \"*/\"", "step \"\" is not a number"}},
        Broken{"*/5x * * * *", {"step \"5x\" is not a number"}},
        Broken{"*/90 * * * *", {"step 90", "60 values", "every"}},
        Broken{"5/15 * * * *", {"minute field \"5/15\"", "did you mean \"5-59/15\"?"}},
        Broken{"5-1 * * * *", {"minute field", "5-1 runs backwards", "did you mean 5-59,0-1?"}},
        Broken{"* * * * fri-mon", {"day-of-week field", "backwards", "did you mean 5-6,0-1?"}},
        Broken{"1,,2 * * * *", {"minute field \"1,,2\"", "between the commas is empty"}},
        Broken{"1, * * * *", {"minute field \"1,\"", "is empty"}},
        Broken{"*5 * * * *", {"minute field \"*5\"", "\"*/5\""}},
        Broken{"** * * * *", {"minute field \"**\"", "after the \"*\""}},
        Broken{"1-2-3 * * * *", {"minute field", "\"2-3\" is not a number"}},
        Broken{"a * * * *", {"minute field \"a\"", "is not a number", "0 to 59"}},
        Broken{"1.5 * * * *", {"minute field", "\"1.5\" is not a number"}},
        Broken{"+5 * * * *", {"minute field", "\"+5\" is not a number"}},
        Broken{"* * * januar *", {"month field \"januar\"", "did you mean jan?"}},
        Broken{"* * * jnu *", {"month field", "did you mean jun?"}},
        Broken{"* * * * monday", {"day-of-week field", "did you mean mon?"}},
        Broken{"* * ? * *", {"day-of-month field \"?\"", "\"*\""}},
        Broken{"* * L * *", {"day-of-month field \"L\"", "is not a number"}},
        Broken{"@reboot", {"@reboot is refused", "run_at_start: true"}},
        Broken{"@REBOOT", {"@reboot is refused"}}, Broken{"@every 5m", {"@every", "every: 5m"}},
        Broken{"@dayly", {"did you mean @daily?"}}, Broken{"@", {"allowed are @yearly"}},
        Broken{"\"0 * * * *\"", {"quotes inside the value"}},
        Broken{"0 * * * \xff\n", {"day-of-week field \"\\xff\\n\""}}));

TEST(CronErrors, RefuseTextWithoutEnd) {
  const auto cron = Cron::parse(std::string(5000, '1') + " * * * *", utc());
  ASSERT_FALSE(cron);
  EXPECT_LT(cron.error().message.size(), 200U);
}

TEST(Cron, FindsTheShortestGap) {
  const auto gap = [](std::string_view text) {
    return Cron::parse(text, utc())->shortest_gap(at("2025-01-01T00:00:00Z"));
  };
  EXPECT_EQ(gap("* * * * * *"), 1s);
  EXPECT_EQ(gap("* * * * *"), 1min);
  EXPECT_EQ(gap("*/7 * * * *"), 4min);  // 56 to the full hour
  EXPECT_EQ(gap("0 3 * * *"), 24h);
  EXPECT_EQ(gap("59 23,0 * * *"), 1h);
  EXPECT_EQ(gap("0 0 1 * *"), 28 * 24h);
  EXPECT_EQ(gap("0 0 31 12 *"), std::nullopt);
  EXPECT_EQ(gap("55 5 1 1 *"), 365 * 24h);
}

TEST(Cron, CountsYearsOfSecondsAtOnce) {
  const auto cron = *Cron::parse("* * * * * *", *find_zone("Europe/Zurich"));
  EXPECT_EQ(
      cron.count(at("2025-01-01T00:00:00Z"), at("2125-01-01T00:00:00Z")),
      static_cast<std::uint64_t>((at("2125-01-01T00:00:00Z") - at("2025-01-01T00:00:00Z")) / 1s));
}

}  // namespace
}  // namespace tocsin::schedule

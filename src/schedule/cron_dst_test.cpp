// Both clock changes in zones with changes by an hour, by half an hour, at midnight and within the
// year's Ramadan. All dates are of the past, so that later editions of the tz database agree.

#include <gtest/gtest.h>

#include <vector>

#include "schedule/cron.hpp"

namespace tocsin::schedule {
namespace {

constexpr std::string_view kZurich = "Europe/Zurich";          // +1/+2
constexpr std::string_view kNewYork = "America/New_York";      // -5/-4
constexpr std::string_view kLordHowe = "Australia/Lord_Howe";  // +10:30/+11
constexpr std::string_view kSaoPaulo = "America/Sao_Paulo";    // -3/-2, at midnight
constexpr std::string_view kCasablanca = "Africa/Casablanca";  // +1, +0 in Ramadan

struct Row {
  std::string_view zone;
  std::string_view expression;
  std::string_view after;              // UTC
  std::vector<std::string_view> runs;  // UTC, in order, all of them up to the last
};

class CronOverDst : public ::testing::TestWithParam<Row> {};

TEST_P(CronOverDst, RunsAtTheInstantsOfTheTable) {
  const Row& row = GetParam();
  const auto zone = find_zone(row.zone);
  ASSERT_TRUE(zone) << zone.error().message;
  const auto cron = Cron::parse(row.expression, *zone);
  ASSERT_TRUE(cron) << cron.error().message;
  const Instant after = *parse_rfc3339(std::string(row.after) + ":00Z");
  Instant last = after;
  std::uint64_t count = 0;
  for (const std::string_view expected : row.runs) {
    const auto run = cron->next(last);
    ASSERT_TRUE(run);
    EXPECT_EQ(format_rfc3339(*run).substr(0, expected.size()), expected)
        << row.zone << " " << row.expression;
    last = *run;
    EXPECT_EQ(cron->count(after, last), ++count) << row.zone << " " << row.expression;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Forward, CronOverDst,
    ::testing::Values(
        // 02:00 becomes 03:00 at 01:00Z.
        Row{kZurich, "30 2 * * *", "2025-03-29T12:00", {"2025-03-30T01:00", "2025-03-31T00:30"}},
        Row{kZurich,
            "15,45 2 * * *",
            "2025-03-29T12:00",
            {"2025-03-30T01:00:00", "2025-03-31T00:15", "2025-03-31T00:45"}},
        Row{kZurich,
            "0 2,3 * * *",
            "2025-03-29T12:00",
            {"2025-03-30T01:00", "2025-03-31T00:00", "2025-03-31T01:00"}},
        Row{kZurich,
            "10 2,3 * * *",
            "2025-03-29T12:00",
            {"2025-03-30T01:00", "2025-03-30T01:10", "2025-03-31T00:10"}},
        Row{kZurich,
            "0 12 * * *",
            "2025-03-28T12:00",
            {"2025-03-29T11:00", "2025-03-30T10:00", "2025-03-31T10:00"}},
        Row{kZurich, "30 2 30 3 *", "2025-01-01T00:00", {"2025-03-30T01:00", "2026-03-30T00:30"}},
        Row{kZurich,
            "* 30 2 * * *",
            "2025-03-29T12:00",
            {"2025-03-30T01:00:00", "2025-03-31T00:30:00", "2025-03-31T00:30:01"}},
        Row{kZurich,
            "*/30 * * * *",
            "2025-03-30T00:00",
            {"2025-03-30T00:30", "2025-03-30T01:00", "2025-03-30T01:30"}},
        Row{kZurich,
            "30 * * * *",
            "2025-03-30T00:00",
            {"2025-03-30T00:30", "2025-03-30T01:30", "2025-03-30T02:30"}},
        Row{kZurich, "*/30 2 * * *", "2025-03-29T12:00", {"2025-03-31T00:00", "2025-03-31T00:30"}},
        Row{kZurich,
            "0 */2 * * *",
            "2025-03-29T23:00",
            {"2025-03-30T02:00", "2025-03-30T04:00", "2025-03-30T06:00"}},
        // 02:00 becomes 03:00 at 07:00Z.
        Row{kNewYork, "30 2 * * *", "2025-03-08T12:00", {"2025-03-09T07:00", "2025-03-10T06:30"}},
        Row{kNewYork, "0 3 * * *", "2025-03-08T12:00", {"2025-03-09T07:00", "2025-03-10T07:00"}},
        Row{kNewYork, "@daily", "2025-03-08T12:00", {"2025-03-09T05:00", "2025-03-10T04:00"}},
        Row{kNewYork, "*/20 2 * * *", "2025-03-08T12:00", {"2025-03-10T06:00"}},
        // 02:00 becomes 02:30 at 15:30Z of the day before.
        Row{kLordHowe, "15 2 * * *", "2025-10-04T00:00", {"2025-10-04T15:30", "2025-10-05T15:15"}},
        Row{kLordHowe, "0 2 * * *", "2025-10-04T00:00", {"2025-10-04T15:30", "2025-10-05T15:00"}},
        Row{kLordHowe, "45 2 * * *", "2025-10-04T00:00", {"2025-10-04T15:45", "2025-10-05T15:45"}},
        Row{kLordHowe,
            "*/10 2 * * *",
            "2025-10-04T12:00",
            {"2025-10-04T15:30", "2025-10-04T15:40", "2025-10-04T15:50", "2025-10-05T15:00"}},
        Row{kLordHowe,
            "15 * * * *",
            "2025-10-04T14:00",
            {"2025-10-04T14:45", "2025-10-04T16:15", "2025-10-04T17:15"}},
        // 00:00 becomes 01:00 at 03:00Z: the day has no midnight.
        Row{kSaoPaulo, "@daily", "2018-11-03T12:00", {"2018-11-04T03:00", "2018-11-05T02:00"}},
        Row{kSaoPaulo, "30 0 * * *", "2018-11-03T12:00", {"2018-11-04T03:00", "2018-11-05T02:30"}},
        Row{kSaoPaulo, "0 0 4 * *", "2018-10-30T00:00", {"2018-11-04T03:00", "2018-12-04T02:00"}},
        Row{kSaoPaulo,
            "*/30 0 * * *",
            "2018-11-03T12:00",
            {"2018-11-05T02:00", "2018-11-05T02:30"}},
        // The end of Ramadan: 02:00 becomes 03:00 at 02:00Z.
        Row{kCasablanca,
            "30 2 * * *",
            "2025-04-05T12:00",
            {"2025-04-06T02:00", "2025-04-07T01:30"}},
        Row{kCasablanca,
            "30 * * * *",
            "2025-04-06T01:00",
            {"2025-04-06T01:30", "2025-04-06T02:30"}}));

INSTANTIATE_TEST_SUITE_P(
    Back, CronOverDst,
    ::testing::Values(
        // 03:00 becomes 02:00 at 01:00Z.
        Row{kZurich, "30 2 * * *", "2025-10-25T12:00", {"2025-10-26T00:30", "2025-10-27T01:30"}},
        Row{kZurich, "30 2 * * *", "2025-10-26T01:15", {"2025-10-27T01:30"}},
        Row{kZurich, "0 2 * * *", "2025-10-25T12:00", {"2025-10-26T00:00", "2025-10-27T01:00"}},
        Row{kZurich, "0 3 * * *", "2025-10-25T12:00", {"2025-10-26T02:00", "2025-10-27T02:00"}},
        Row{kZurich,
            "*/20 30 2 * * *",
            "2025-10-25T12:00",
            {"2025-10-26T00:30:00", "2025-10-26T00:30:20", "2025-10-26T00:30:40",
             "2025-10-27T01:30:00"}},
        Row{kZurich,
            "*/30 * * * *",
            "2025-10-26T00:00",
            {"2025-10-26T00:30", "2025-10-26T01:00", "2025-10-26T01:30", "2025-10-26T02:00"}},
        Row{kZurich,
            "30 * * * *",
            "2025-10-25T23:45",
            {"2025-10-26T00:30", "2025-10-26T01:30", "2025-10-26T02:30"}},
        Row{kZurich,
            "*/30 2 * * *",
            "2025-10-25T12:00",
            {"2025-10-26T00:00", "2025-10-26T00:30", "2025-10-26T01:00", "2025-10-26T01:30",
             "2025-10-27T01:00"}},
        // 02:00 becomes 01:00 at 06:00Z.
        Row{kNewYork, "30 1 * * *", "2025-11-01T12:00", {"2025-11-02T05:30", "2025-11-03T06:30"}},
        Row{kNewYork, "@daily", "2025-11-01T12:00", {"2025-11-02T04:00", "2025-11-03T05:00"}},
        Row{kNewYork,
            "@hourly",
            "2025-11-02T04:30",
            {"2025-11-02T05:00", "2025-11-02T06:00", "2025-11-02T07:00"}},
        // 02:00 becomes 01:30 at 15:00Z of the day before.
        Row{kLordHowe, "45 1 * * *", "2025-04-05T00:00", {"2025-04-05T14:45", "2025-04-06T15:15"}},
        Row{kLordHowe, "15 1 * * *", "2025-04-05T00:00", {"2025-04-05T14:15", "2025-04-06T14:45"}},
        Row{kLordHowe,
            "15 * * * *",
            "2025-04-05T14:00",
            {"2025-04-05T14:15", "2025-04-05T15:45", "2025-04-05T16:45"}},
        Row{kLordHowe,
            "*/15 1 * * *",
            "2025-04-05T13:00",
            {"2025-04-05T14:00", "2025-04-05T14:15", "2025-04-05T14:30", "2025-04-05T14:45",
             "2025-04-05T15:00", "2025-04-05T15:15", "2025-04-06T14:30"}},
        // 00:00 becomes 23:00 of the day before at 02:00Z.
        Row{kSaoPaulo, "30 23 * * *", "2018-02-17T12:00", {"2018-02-18T01:30", "2018-02-19T02:30"}},
        Row{kSaoPaulo, "@daily", "2018-02-17T12:00", {"2018-02-18T03:00", "2018-02-19T03:00"}},
        Row{kSaoPaulo,
            "30 * * * *",
            "2018-02-18T01:00",
            {"2018-02-18T01:30", "2018-02-18T02:30", "2018-02-18T03:30"}},
        // The beginning of Ramadan: 03:00 becomes 02:00 at 02:00Z.
        Row{kCasablanca,
            "30 2 * * *",
            "2025-02-22T12:00",
            {"2025-02-23T01:30", "2025-02-24T02:30"}},
        Row{kCasablanca,
            "*/30 2 * * *",
            "2025-02-22T12:00",
            {"2025-02-23T01:00", "2025-02-23T01:30", "2025-02-23T02:00", "2025-02-23T02:30",
             "2025-02-24T02:00"}}));

TEST(CronOverDst, ShortestGapSeesTheChanges) {
  using namespace std::chrono_literals;
  const auto gap = [](std::string_view expression, std::string_view zone) {
    return Cron::parse(expression, *find_zone(zone))
        ->shortest_gap(*parse_rfc3339("2025-01-01T00:00:00Z"));
  };
  EXPECT_EQ(gap("0 12 * * *", kZurich), 23h);
  EXPECT_EQ(gap("0 12 * * *", "UTC"), 24h);
  EXPECT_EQ(gap("10 2,3 * * *", kZurich), 10min);  // 02:10 runs at 03:00
  EXPECT_EQ(gap("50 * * * *", kLordHowe), 30min);  // 01:50 comes again
  EXPECT_EQ(gap("0 12 * * 0", kNewYork), 7 * 24h - 1h);
}

// Samoa had no 30 December 2011: what was to run then runs when the 31st begins.
TEST(CronOverDst, ShortestGapSeesADayThatIsSkipped) {
  using namespace std::chrono_literals;
  const auto cron = Cron::parse("0 11 * * *", *find_zone("Pacific/Apia"));
  ASSERT_TRUE(cron);
  EXPECT_EQ(cron->shortest_gap(*parse_rfc3339("2011-12-29T12:00:00Z")), 11h);
}

// 365 days and 6 hours after the start, but 367 dates of Samoa's.
TEST(CronOverDst, ShortestGapSeesAYearAlsoOverADayThatIsSkipped) {
  using namespace std::chrono_literals;
  const auto cron = Cron::parse("* 2 30 12 *", *find_zone("Pacific/Apia"));
  ASSERT_TRUE(cron);
  EXPECT_EQ(cron->shortest_gap(*parse_rfc3339("2011-12-30T06:12:16Z")), 1min);
}

}  // namespace
}  // namespace tocsin::schedule

#include "base/time.hpp"

#include <gtest/gtest.h>

#include <set>

#include "base/event_id.hpp"

namespace tocsin {
namespace {

using namespace std::chrono_literals;

TEST(Duration, ReadsEveryUnitSumsAndFractions) {
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("30s"), 30s);
  EXPECT_EQ(parse_duration("5m"), 5min);
  EXPECT_EQ(parse_duration("2h"), 2h);
  EXPECT_EQ(parse_duration("7d"), 168h);
  EXPECT_EQ(parse_duration("1h30m"), 90min);
  EXPECT_EQ(parse_duration("1.5s"), 1500ms);
}

TEST(Duration, RefusesEverythingElse) {
  for (const char* text : {"", "5", "s", "-5s", "5 s", "1.s", ".5s", "1.5ms", "5x", "5S", "1e3s",
                           "99999999999999999999s", "999999999999999d"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(Duration, PrintsTheFormThatReadsBack) {
  for (const char* text : {"500ms", "1m30s", "2h", "7d", "1d1h1m1s1ms"}) {
    EXPECT_EQ(format_duration(*parse_duration(text)), text);
  }
  EXPECT_EQ(format_duration(0ms), "0s");
  EXPECT_EQ(format_duration(90s), "1m30s");
}

TEST(Size, ReadsBinaryAndDecimalUnits) {
  EXPECT_EQ(parse_size("1024"), 1024U);
  EXPECT_EQ(parse_size("64KiB"), 65536U);
  EXPECT_EQ(parse_size("1MiB"), 1048576U);
  EXPECT_EQ(parse_size("1.5MB"), 1500000U);
  EXPECT_EQ(parse_size("1mb"), std::nullopt);
  EXPECT_EQ(parse_size("-1"), std::nullopt);
  EXPECT_EQ(format_size(65536), "64KiB");
  EXPECT_EQ(format_size(1000), "1000");
}

TEST(Rfc3339, PrintsMillisecondsAndReadsItsOwnOutput) {
  const Instant at = from_unix_ms(1'795'250'912'007);
  EXPECT_EQ(parse_rfc3339(format_rfc3339(at)), at);
  EXPECT_EQ(format_rfc3339(from_unix_ms(0)), "1970-01-01T00:00:00.000Z");
}

TEST(Rfc3339, ReadsOffsetsAndFractions) {
  EXPECT_EQ(parse_rfc3339("1970-01-01T01:00:00+01:00"), from_unix_ms(0));
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00.1234567Z"), from_unix_ms(123));
  EXPECT_EQ(parse_rfc3339("1969-12-31T23:30:00-00:30"), from_unix_ms(0));
}

TEST(Rfc3339, RefusesWhatIsNotADate) {
  for (const char* text : {"", "1970-01-01", "1970-13-01T00:00:00Z", "1970-02-30T00:00:00Z",
                           "1970-01-01T24:00:00Z", "1970-01-01T00:00:00", "1970-01-01T00:00:00.Z",
                           "1970-01-01T00:00:00Zx", "1970-01-01T00:00:00+0100"}) {
    EXPECT_EQ(parse_rfc3339(text), std::nullopt) << text;
  }
}

TEST(EventIds, IncreaseStrictlyAlsoWhenTheClockStepsBack) {
  EventIds ids(7);
  std::string last;
  for (const std::int64_t ms : {1000, 1000, 1001, 900, 900, 1001, 1002}) {
    const std::string id = ids.next(from_unix_ms(ms));
    EXPECT_EQ(id.size(), 26U);
    EXPECT_LT(last, id);
    last = id;
  }
}

TEST(EventIds, ContinueAfterAnEarlierProcessWhoseClockWasAhead) {
  EventIds before(1);
  const std::string last = before.next(from_unix_ms(1'800'000'000'000));
  EventIds after(2);
  after.resume_after(last);
  after.resume_after("not an id");
  const std::string next = after.next(from_unix_ms(1'700'000'000'000));
  EXPECT_LT(last, next);
  EXPECT_LT(next, after.next(from_unix_ms(1'700'000'000'001)));
}

}  // namespace
}  // namespace tocsin

#include "schedule/zone.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "schedule/cron.hpp"

namespace tocsin::schedule {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using std::chrono::year;
using ::testing::HasSubstr;

std::string error_of(std::string_view name) {
  const auto zone = find_zone(name);
  EXPECT_FALSE(zone) << name;
  return zone ? "" : zone.error().message;
}

TEST(Zone, IsLoadedOnceAndShared) {
  EXPECT_EQ(*find_zone("Europe/Zurich"), *find_zone("Europe/Zurich"));
  EXPECT_EQ((*find_zone("UTC"))->name(), "UTC");
}

TEST(Zone, UnknownNamesAreErrorsWithTheNearestName) {
  EXPECT_THAT(error_of("Europe/Zurick"), HasSubstr("did you mean Europe/Zurich?"));
  EXPECT_THAT(error_of("europe/zurich"), HasSubstr("did you mean Europe/Zurich?"));
  EXPECT_THAT(error_of("Zurich"), HasSubstr("did you mean Europe/Zurich?"));
  EXPECT_THAT(error_of("Amerika/New_York"), HasSubstr("did you mean America/New_York?"));
  EXPECT_THAT(error_of("utc"), HasSubstr("did you mean"));
  EXPECT_THAT(error_of("qqqqqqqqqq"), HasSubstr("such as Europe/Zurich"));
  EXPECT_EQ(find_zone("Mars/Olympus").error().code, ErrorCode::invalid);
}

TEST(Zone, NamesThatAreNoZonesAreRefusedWhateverTheyContain) {
  for (const std::string_view name :
       {std::string_view(""), std::string_view("../../etc/passwd"), std::string_view("Europe"),
        std::string_view("right/Europe/Zurich"), std::string_view("posix/Europe/Zurich"),
        std::string_view("tzdata.zi"), std::string_view("Europe/Zurich\0", 14)}) {
    EXPECT_FALSE(find_zone(name)) << name;
  }
  EXPECT_LT(error_of(std::string(100'000, 'x')).size(), 300U);
}

TEST(Zone, TheFirstUseMayComeFromManyThreads) {
  std::vector<std::shared_ptr<const Zone>> found(8);
  {
    std::vector<std::jthread> threads;
    for (auto& slot : found) {
      threads.emplace_back([&slot] { slot = *find_zone("Asia/Kathmandu"); });
    }
  }
  EXPECT_EQ(std::set(found.begin(), found.end()).size(), 1U);
}

// The last (week 5) or the nth given weekday of a month.
sys_days weekday_of(year y, std::chrono::month m, std::chrono::weekday day, unsigned week) {
  return week == 5 ? sys_days{y / m / day[std::chrono::last]} : sys_days{y / m / day[week]};
}

TEST(Zone, RulesGoOnBeyondTheYearsThatTheDatabaseLists) {
  using namespace std::chrono;
  const auto new_york = *find_zone("America/New_York");
  const auto zurich = *find_zone("Europe/Zurich");
  for (year y{2026}; y <= year{2099}; ++y) {
    const sys_seconds spring = weekday_of(y, March, Sunday, 2) + 7h;
    const sys_seconds autumn = weekday_of(y, November, Sunday, 1) + 6h;
    EXPECT_EQ(new_york->at(spring).begin, spring) << int{y};
    EXPECT_EQ(new_york->at(spring).offset, -4h) << int{y};
    EXPECT_EQ(new_york->at(spring).end, autumn) << int{y};
    EXPECT_EQ(new_york->at(autumn).offset, -5h) << int{y};
    EXPECT_EQ(zurich->at(weekday_of(y, March, Sunday, 5) + 1h).begin,
              weekday_of(y, March, Sunday, 5) + 1h);
    EXPECT_EQ(zurich->at(weekday_of(y, October, Sunday, 5) + 1h).begin,
              weekday_of(y, October, Sunday, 5) + 1h);
  }
}

TEST(Zone, SpansCoverAllTimeWithoutHoles) {
  const auto zone = *find_zone("Australia/Lord_Howe");
  sys_seconds t = Zone::kBegin;
  std::chrono::seconds before = zone->at(t).offset;
  while (t < Zone::kEnd) {
    const Zone::Span& span = zone->at(t);
    ASSERT_EQ(span.begin, t);
    ASSERT_EQ(span.before, before);
    ASSERT_LT(span.begin, span.end);
    before = span.offset;
    t = span.end;
  }
  EXPECT_EQ(zone->at(sys_seconds::min()).begin, Zone::kBegin);
  EXPECT_EQ(zone->at(sys_seconds::max()).end, Zone::kEnd);
}

TEST(Zone, DropsChangesThatChangeNothing) {
  const Zone zone("X", 1h,
                  {{sys_seconds{10s}, 1h}, {sys_seconds{20s}, 2h}, {sys_seconds{30s}, 2h}});
  EXPECT_EQ(zone.at(sys_seconds{15s}).begin, Zone::kBegin);
  EXPECT_EQ(zone.at(sys_seconds{35s}).begin, sys_seconds{20s});
  EXPECT_EQ(zone.at(sys_seconds{35s}).before, 1h);
}

}  // namespace
}  // namespace tocsin::schedule

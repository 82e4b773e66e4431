#include "alert/silence.hpp"

#include <gtest/gtest.h>

namespace tocsin::alert {
namespace {

using namespace std::chrono_literals;

const Labels kLabels{{"env", "production"}, {"team", "shop"}};

bool picks(const std::vector<std::string>& terms) {
  const auto selector = Selector::parse(terms);
  EXPECT_TRUE(selector) << (selector ? "" : selector.error().message);
  return selector && selector->matches("checkout", "http", kLabels);
}

TEST(Selector, PicksWhatAllItsTermsHoldFor) {
  EXPECT_TRUE(picks({}));
  EXPECT_TRUE(picks({"team=shop"}));
  EXPECT_TRUE(picks({"team=shop", "env=production"}));
  EXPECT_FALSE(picks({"team=shop", "env=staging"}));
  EXPECT_TRUE(picks({"env!=staging"}));
  EXPECT_FALSE(picks({"env!=prod*"}));
  EXPECT_TRUE(picks({"monitor=check*"}));
  EXPECT_FALSE(picks({"kind=tcp"}));
}

TEST(Selector, TakesAMissingLabelAsEmpty) {
  EXPECT_FALSE(picks({"region=eu"}));
  EXPECT_TRUE(picks({"region!=eu"}));
  EXPECT_TRUE(picks({"region="}));
}

TEST(Selector, SaysWhichTermIsWrong) {
  const auto problem = [](const char* term) {
    const auto selector = Selector::parse({"team=shop", term});
    return selector ? std::string("none") : selector.error().message;
  };
  EXPECT_EQ(problem("shop"), "found \"shop\", expected key=value, such as team=shop");
  EXPECT_EQ(problem("=shop"), "found \"=shop\", expected key=value, such as team=shop");
  EXPECT_EQ(problem("!=shop"), "found \"!=shop\", expected key!=value, such as env!=staging");
  EXPECT_NE(problem("team=[a").find("the pattern in \"team=[a\""), std::string::npos);
  EXPECT_FALSE(Selector::parse(std::vector<std::string>(33, "a=b")));
}

TEST(Silence, HoldsFromItsBeginToBeforeItsEnd) {
  Silence silence;
  silence.from = from_unix_ms(1000);
  silence.until = from_unix_ms(2000);
  EXPECT_FALSE(silence.active(from_unix_ms(999)));
  EXPECT_TRUE(silence.active(from_unix_ms(1000)));
  EXPECT_TRUE(silence.active(from_unix_ms(1999)));
  EXPECT_FALSE(silence.active(from_unix_ms(2000)));
}

TEST(Silence, IsReadBackAsItWasWritten) {
  const Silence silence{"01HF",
                        *Selector::parse({"team=shop", "env!=\"a\""}),
                        from_unix_ms(1'795'250'912'007),
                        from_unix_ms(1'795'250'992'007),
                        "database \"upgrade\"",
                        "ci",
                        from_unix_ms(1'795'250'900'000)};
  const auto read = parse_silence(to_json(silence));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(to_json(*read), to_json(silence));
  EXPECT_EQ(read->match, silence.match);
  EXPECT_FALSE(parse_silence("{}"));
  EXPECT_FALSE(parse_silence("["));
}

TEST(Maintenance, HoldsForItsLengthFromEachMatch) {
  const auto cron = schedule::Cron::parse("0 2 * * 0", *schedule::find_zone("UTC"));
  ASSERT_TRUE(cron);
  const Maintenance window{"sunday", std::make_shared<const schedule::Cron>(*cron), 2h, {}};
  const Instant begin = *parse_rfc3339("2026-11-22T02:00:00Z");  // a Sunday
  EXPECT_FALSE(window.active(begin - 1ms));
  EXPECT_TRUE(window.active(begin));
  EXPECT_TRUE(window.active(begin + 2h - 1ms));
  EXPECT_FALSE(window.active(begin + 2h));
  EXPECT_TRUE(window.active(begin + std::chrono::days{7}));
}

TEST(Maintenance, OverDaylightSavingChangesFollowsItsZone) {
  const auto cron = schedule::Cron::parse("30 1 * * *", *schedule::find_zone("Europe/Zurich"));
  ASSERT_TRUE(cron);
  const Maintenance window{"night", std::make_shared<const schedule::Cron>(*cron), 1h, {}};
  EXPECT_TRUE(window.active(*parse_rfc3339("2026-10-24T23:30:00Z")));  // 01:30 summer time
  EXPECT_TRUE(window.active(*parse_rfc3339("2026-10-26T00:30:00Z")));  // 01:30 winter time
  EXPECT_FALSE(window.active(*parse_rfc3339("2026-10-25T00:30:00Z")));
}

}  // namespace
}  // namespace tocsin::alert

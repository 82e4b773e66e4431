#include "web/timers/timer_tokens.hpp"

#include <gtest/gtest.h>

namespace tocsin::web {
namespace {

using Verdict = TimerTokens::Verdict;

TEST(TimerTokens, WithoutAnyEverybodyMayArm) {
  EXPECT_EQ(TimerTokens({}).may_arm("", "a"), Verdict::allowed);
}

TEST(TimerTokens, ATokenArmsTheIdsOfItsPrefix) {
  config::TimerSettings settings;
  settings.tokens = {{"", "all"}, {"shop-", "shop"}, {"web-", "two"}, {"app-", "two"}};
  const TimerTokens tokens(settings);
  EXPECT_EQ(tokens.may_arm("Bearer all", "x"), Verdict::allowed);
  EXPECT_EQ(tokens.may_arm("bearer  shop", "shop-1"), Verdict::allowed);
  EXPECT_EQ(tokens.may_arm("Bearer shop", "x"), Verdict::other_ids);
  EXPECT_EQ(tokens.may_arm("Bearer two", "app-1"), Verdict::allowed);
  EXPECT_EQ(tokens.may_arm("Bearer two", "web-1"), Verdict::allowed);
  for (const char* wrong :
       {"", "Bearer", "Bearer ", "Basic all", "all", "Bearer al", "Bearer all "}) {
    EXPECT_EQ(tokens.may_arm(wrong, "x"), Verdict::unknown) << wrong;
  }
}

TEST(TimerTokens, CheckingIsOpenUnlessItIsSaidOtherwise) {
  config::TimerSettings settings;
  settings.tokens = {{"", "all"}};
  EXPECT_EQ(TimerTokens(settings).may_check("", "x"), Verdict::allowed);
  settings.open_checks = false;
  EXPECT_EQ(TimerTokens(settings).may_check("", "x"), Verdict::unknown);
  EXPECT_EQ(TimerTokens(settings).may_check("Bearer all", "x"), Verdict::allowed);
}

}  // namespace
}  // namespace tocsin::web

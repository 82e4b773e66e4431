#include "timer/rule.hpp"

#include <gtest/gtest.h>

namespace tocsin::timer {
namespace {

Rule rule(const std::string& match) {
  Rule out;
  out.name = out.match = match;
  return out;
}

TEST(TimerRule, TheFirstThatMatchesTheWholeIdCounts) {
  const std::vector<Rule> rules{rule("backup-db"), rule("backup-*"), rule("?")};
  EXPECT_EQ(rule_for(rules, "backup-db"), rules.data());
  EXPECT_EQ(rule_for(rules, "backup-files/daily"), &rules[1]);
  EXPECT_EQ(rule_for(rules, "x"), &rules[2]);
  EXPECT_EQ(rule_for(rules, "my-backup-db"), nullptr);
  EXPECT_EQ(rule_for({}, "x"), nullptr);
}

}  // namespace
}  // namespace tocsin::timer

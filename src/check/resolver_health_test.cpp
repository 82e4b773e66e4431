#include "check/resolver_health.hpp"

#include <gtest/gtest.h>

namespace tocsin::check {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

MonoTime at(seconds s) { return MonoTime{s}; }

TEST(ResolverHealth, AbsentNameIsAlwaysTheNamesFault) {
  ResolverHealth health;
  EXPECT_TRUE(health.blames_name("a", Lookup::absent, at(seconds{0})));
}

TEST(ResolverHealth, SilenceIsTheResolversFaultUntilSomeNameWasFound) {
  ResolverHealth health;
  EXPECT_FALSE(health.blames_name("a", Lookup::no_answer, at(seconds{0})));
  EXPECT_FALSE(health.blames_name("b", Lookup::no_answer, at(seconds{1})));
  health.blames_name("b", Lookup::found, at(seconds{2}));
  EXPECT_TRUE(health.blames_name("a", Lookup::no_answer, at(seconds{3})));
}

TEST(ResolverHealth, FoundNamesVouchForSixtySeconds) {
  ResolverHealth health;
  health.blames_name("a", Lookup::no_answer, at(seconds{0}));
  health.blames_name("b", Lookup::found, at(seconds{100}));
  EXPECT_TRUE(health.blames_name("a", Lookup::no_answer, at(seconds{160})));
  EXPECT_FALSE(health.blames_name("a", Lookup::no_answer, at(seconds{160}) + milliseconds{1}));
}

TEST(ResolverHealth, AbsentNamesDoNotVouch) {
  ResolverHealth health;
  health.blames_name("b", Lookup::absent, at(seconds{0}));
  EXPECT_FALSE(health.blames_name("a", Lookup::no_answer, at(seconds{1})));
}

TEST(ResolverHealth, WhileOneNameIsKnownSilenceStaysUnclear) {
  ResolverHealth health;
  health.blames_name("a", Lookup::found, at(seconds{0}));
  EXPECT_FALSE(health.blames_name("a", Lookup::no_answer, at(seconds{1})));
  health.blames_name("b", Lookup::absent, at(seconds{2}));
  EXPECT_TRUE(health.blames_name("a", Lookup::no_answer, at(seconds{3})));
}

}  // namespace
}  // namespace tocsin::check

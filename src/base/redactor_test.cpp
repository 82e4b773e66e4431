#include "base/redactor.hpp"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

TEST(Redactor, HidesEveryOccurrence) {
  const Redactor redactor({"s3cret"});
  EXPECT_EQ("a=*** b=***!", redactor.redact("a=s3cret b=s3cret!"));
  EXPECT_EQ("******", redactor.redact("s3crets3cret"));
}

TEST(Redactor, LeavesNoTailOfALongerSecret) {
  const Redactor redactor({"token", "token-prod", "token"});
  EXPECT_EQ("*** ***", redactor.redact("token-prod token"));
}

TEST(Redactor, IgnoresWhatIsTooShortToBeASecret) {
  const Redactor redactor({"", "a", "abc", "abcd"});
  EXPECT_EQ("a abc ***", redactor.redact("a abc abcd"));
}

TEST(Redactor, AReplacementIsNotSearchedAgain) {
  const Redactor redactor({"****", "x***x"});
  EXPECT_EQ("*** ***", redactor.redact("x***x ****"));
}

}  // namespace
}  // namespace tocsin

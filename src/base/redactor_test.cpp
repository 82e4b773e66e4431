#include "base/redactor.hpp"

#include <gtest/gtest.h>

#include "base/json_writer.hpp"
#include "base/utf8.hpp"

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

TEST(Redactor, LeavesNothingOfOverlappingSecrets) {
  const Redactor redactor({"abcdef", "defghi"});
  EXPECT_EQ("x***y", redactor.redact("xabcdefghiy"));
}

TEST(Redactor, HidesTheBeginningOfASecretThatWasCut) {
  const std::string secret = "s3cret-\xC3\xBC-token";
  const Redactor redactor({secret, "other"});
  for (std::size_t limit = 5; limit < 40; ++limit) {
    const std::string cut = clip("body " + secret + " and more than fits", limit);
    const std::string shown = redactor.redact("[BODY] (" + printable(cut) + ") == x");
    EXPECT_EQ(shown.find("s3"), std::string::npos) << shown;
    EXPECT_EQ(shown.find("[BODY] (body ***"), limit == 5 ? std::string::npos : 0) << shown;
  }
}

TEST(Redactor, HidesACutSecretThatHoldsDots) {
  const Redactor redactor({"a.b..c...d"});
  for (const std::string text : {"a...", "a....", "a.b...", "a.b....", "a.b.....", "a.b..c..."}) {
    EXPECT_EQ(redactor.redact(text).find('a'), std::string::npos) << text;
  }
}

TEST(Redactor, HidesSecretsThatAreEscaped) {
  const std::string secret = "line 1\nq\"uote\\";
  const Redactor redactor({secret});
  std::string json;
  append_json_string(json, secret);
  std::string twice;
  append_json_string(twice, json);
  EXPECT_EQ(redactor.redact("<" + printable(secret) + ">"), "<***>");
  EXPECT_EQ(redactor.redact(json), "\"***\"");
  EXPECT_EQ(redactor.redact(twice), "\"\\\"***\\\"\"");
  EXPECT_EQ(redactor.redact("(" + printable(json) + ")"), "(\"***\")");
}

}  // namespace
}  // namespace tocsin

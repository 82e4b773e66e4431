#include "web/target.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::web {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(Target, SplitsPathAndQueryAndDecodesBoth) {
  const auto target = parse_target("/api/v1/monitors/a%2Fb%20c?q=x+y&label=team%3Ashop&flag");
  ASSERT_TRUE(target);
  EXPECT_THAT(target->segments, ElementsAre("api", "v1", "monitors", "a/b c"));
  EXPECT_THAT(target->query,
              ElementsAre(Pair("q", "x y"), Pair("label", "team:shop"), Pair("flag", "")));
  EXPECT_EQ(target->authority, "");
}

TEST(Target, KeepsAPlusInThePath) {
  EXPECT_THAT(parse_target("/a+b")->segments, ElementsAre("a+b"));
}

TEST(Target, TakesTheAuthorityOfTheAbsoluteForm) {
  const auto target = parse_target("http://evil.example:80/healthz?a=1");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->authority, "evil.example:80");
  EXPECT_THAT(target->segments, ElementsAre("healthz"));
  EXPECT_THAT(parse_target("http://localhost?a=1")->query, ElementsAre(Pair("a", "1")));
}

TEST(Target, RefusesWhatIsNotOneClearTarget) {
  for (const std::string_view text : {"",
                                      "*",
                                      "healthz",
                                      "example.com:443",
                                      "/a#b",
                                      "/%",
                                      "/%4",
                                      "/%zz",
                                      "/a%00",
                                      "/%0a",
                                      "/%7f",
                                      "/%ff",
                                      "/%C3%28",
                                      "/\xC3\xA9",
                                      "/a b",
                                      "http:///x",
                                      "http://u@h/x",
                                      "ftp://h/x",
                                      "/?a=%",
                                      "/?a=%ff",
                                      "/?%00"}) {
    const auto target = parse_target(text);
    ASSERT_FALSE(target) << text;
    EXPECT_EQ(target.error().status, 400) << text;
    EXPECT_EQ(target.error().code, "invalid_target") << text;
  }
}

TEST(Target, RefusesALongTarget) {
  EXPECT_TRUE(parse_target("/" + std::string(8191, 'a')));
  EXPECT_EQ(parse_target("/" + std::string(8192, 'a')).error().status, 414);
}

TEST(Target, EncodingReadsBackAsTheSameSegment) {
  const std::string name = "a/b c%\"?#\xC3\xA9+";
  const auto target = parse_target("/" + percent_encode(name));
  ASSERT_TRUE(target);
  EXPECT_THAT(target->segments, ElementsAre(name));
}

}  // namespace
}  // namespace tocsin::web

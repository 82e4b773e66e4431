#include "deployment/selection.hpp"

#include <gtest/gtest.h>

namespace tocsin::deployment {
namespace {

TEST(EcsSelection, WithoutAWordEveryServiceIsTaken) {
  const Selection all;
  EXPECT_TRUE(all.takes("web"));
  EXPECT_TRUE(all.takes_tags({}));
  EXPECT_FALSE(all.is_named());
}

TEST(EcsSelection, PatternsTakeAndLeaveOut) {
  const Selection some{{"web-*", "api"}, {"*-canary"}, {}};
  EXPECT_TRUE(some.takes("web-shop"));
  EXPECT_TRUE(some.takes("api"));
  EXPECT_FALSE(some.takes("api-2"));
  EXPECT_FALSE(some.takes("web-shop-canary"));
  EXPECT_FALSE(some.is_named());
  EXPECT_TRUE(some.names("api"));
  EXPECT_FALSE(some.names("web-*"));
}

TEST(EcsSelection, NamesAloneNeedNoList) {
  const Selection named{{"web", "api"}, {}, {}};
  EXPECT_TRUE(named.is_named());
  EXPECT_FALSE(named.takes("other"));
}

TEST(EcsSelection, AllTagsMustBeThere) {
  const Selection tagged{{}, {}, {{"env", "prod*"}, {"team", "shop"}}};
  EXPECT_TRUE(tagged.takes_tags({{"env", "production"}, {"team", "shop"}, {"x", "y"}}));
  EXPECT_FALSE(tagged.takes_tags({{"env", "production"}}));
  EXPECT_FALSE(tagged.takes_tags({{"env", "staging"}, {"team", "shop"}}));
}

TEST(EcsSelection, AllAndNoneAreToldByTheTextsAlone) {
  EXPECT_TRUE((Selection{}.takes_all()));
  EXPECT_TRUE((Selection{.include = {"web", "*"}}.takes_all()));
  EXPECT_FALSE((Selection{.include = {"*"}, .exclude = {"web"}}.takes_all()));
  EXPECT_FALSE((Selection{.include = {"web"}}.takes_all()));
  EXPECT_TRUE((Selection{.exclude = {"web", "*"}}.takes_none()));
  EXPECT_TRUE((Selection{.include = {"web", "api-*"}, .exclude = {"w*", "api-*"}}.takes_none()));
  EXPECT_FALSE((Selection{.include = {"web", "api"}, .exclude = {"web"}}.takes_none()));
  EXPECT_FALSE((Selection{.include = {"*"}, .exclude = {"web"}}.takes_none()));
  EXPECT_FALSE((Selection{}.takes_none()));
}

}  // namespace
}  // namespace tocsin::deployment

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

}  // namespace
}  // namespace tocsin::deployment

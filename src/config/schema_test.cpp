#include "config/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/near_miss.hpp"
#include "check/json.hpp"
#include "config/reload.hpp"
#include "config/suggest.hpp"

namespace tocsin::config {
namespace {

TEST(ConfigSchema, NamesEveryKey) {
  const std::string schema = json_schema();
  for (const std::string& key : documented_keys()) {
    const std::string name = key.substr(key.find('.') + 1);
    EXPECT_NE(schema.find("\"" + name + "\":{\"description\":"), std::string::npos) << key;
  }
  EXPECT_GT(documented_keys().size(), 80U);
}

TEST(ConfigSuggest, FindsNearMisses) {
  constexpr std::array<std::string_view, 3> kWords{"every", "timeout", "fail_after"};
  EXPECT_EQ(near_miss("evry", kWords), "every");
  EXPECT_EQ(near_miss("tiemout", kWords), "timeout");
  EXPECT_EQ(near_miss("fail-after", kWords), "fail_after");
  EXPECT_EQ(near_miss("FailAfter", kWords), "fail_after");
  EXPECT_EQ(near_miss("colour", kWords), std::nullopt);
  EXPECT_EQ(nearest_duration("5 min"), "5m");
  EXPECT_EQ(nearest_duration("soon"), std::nullopt);
  EXPECT_EQ(nearest_size("64K"), "64KiB");
}

TEST(ConfigReload, KeepsWhatNeedsARestart) {
  Settings running;
  Settings wanted;
  wanted.listen.port = 7401;
  wanted.store.path = "other.db";
  wanted.watch = true;
  const ReloadCheck check = check_reload(running, wanted);
  EXPECT_THAT(check.errors,
              testing::ElementsAre(
                  testing::HasSubstr("127.0.0.1:7401 needs a restart; 127.0.0.1:7400 stays"),
                  testing::HasSubstr("store.sqlite.path")));
  EXPECT_EQ(check.settings.listen, running.listen);
  EXPECT_EQ(check.settings.store, running.store);
  EXPECT_TRUE(check.settings.watch);
  EXPECT_TRUE(check_reload(running, running).errors.empty());
}

}  // namespace
}  // namespace tocsin::config

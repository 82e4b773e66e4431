#include "notification/outbox.hpp"

#include <gtest/gtest.h>

namespace tocsin::notification {
namespace {

alert::Event event() {
  alert::Event event;
  event.id = "01KDVXZ0DWE3K99N58377CJE65";
  event.type = "went_down";
  event.monitor = "checkout";
  event.at = from_unix_ms(1'800'000'000'000);
  return event;
}

TEST(Outbox, WritesOneRowPerChannelWithAStableKey) {
  const auto rows = address(event(), {"ops", "page", "ops"});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].key, "ops/01KDVXZ0DWE3K99N58377CJE65");
  EXPECT_EQ(rows[1].target, "page");
  EXPECT_EQ(rows[1].event_id, event().id);
  EXPECT_EQ(rows[0].created, event().at);
  EXPECT_EQ(rows[0].payload, alert::to_json(event()));
}

TEST(Outbox, WritesNothingForNobody) { EXPECT_TRUE(address(event(), {}).empty()); }

}  // namespace
}  // namespace tocsin::notification

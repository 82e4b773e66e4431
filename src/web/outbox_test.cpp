// The outbox over the API.

#include "web/test_world.hpp"

namespace tocsin::web {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

std::vector<std::string> keys_in(std::string_view json) {
  std::vector<std::string> out;
  constexpr std::string_view kMark = "{\"key\":\"";
  for (std::size_t at = json.find(kMark); at != std::string_view::npos;
       at = json.find(kMark, at + 1)) {
    const std::size_t from = at + kMark.size();
    out.emplace_back(json.substr(from, json.find('"', from) - from));
  }
  return out;
}

TEST(Outbox, SaysWhatWaitsSinceWhenAndWhy) {
  test::World world;
  world.alerting.add_outlet("ops");
  auto& waiting = world.alerting.add_waiting("ops", "ops/01X");
  alert::Event event;
  event.type = "went_down";
  event.monitor = "shop";
  event.message = "shop is down: HTTP 500";
  waiting.row.monitor = "shop";
  waiting.row.event_id = "01X";
  waiting.row.created = from_unix_ms(1'795'250'912'007);
  waiting.row.payload = alert::to_json(event);
  waiting.view.attempts = 3;
  waiting.view.error = "HTTP 503 for s3cr3t-key";
  waiting.view.next_try_in = 10s;
  const Response answer = world.get("/api/v1/outbox");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"items":[{"key":"ops/01X","channel":"ops","sink":false,)"
                         R"("monitor":"shop","event":"01X","type":"went_down",)"
                         R"("message":"shop is down: HTTP 500","since":"2026-11-21T08:48:32.007Z",)"
                         R"("state":"waiting","attempts":3,"next_try":")" +
                             format_rfc3339(world.loop.now() + 10s) +
                             R"(","error":"HTTP 503 for ***"}],"next":null})");
}

TEST(Outbox, ShowsWhatIsBeingSentAndOutcomesForSinks) {
  test::World world;
  world.alerting.add_outlet("dd", true);
  auto& row = world.alerting.add_waiting("dd", "dd/shop/1-1");
  row.row.sink = true;
  row.row.payload = R"({"monitor":"shop"})";
  row.view.under_way = true;
  const Response answer = world.get("/api/v1/outbox");
  EXPECT_THAT(answer.body, HasSubstr(R"("sink":true)"));
  EXPECT_THAT(answer.body, HasSubstr(R"("event":null,"type":null,"message":null)"));
  EXPECT_THAT(answer.body,
              HasSubstr(R"("state":"sending","attempts":0,"next_try":null,"error":null)"));
}

TEST(Outbox, IsPagedAcrossChannels) {
  test::World world;
  world.alerting.add_outlet("a-b");
  world.alerting.add_outlet("ops");
  for (const std::string key : {"1", "2", "3"}) {
    world.alerting.add_waiting("a-b", key);
  }
  for (const std::string key : {"4", "5"}) {
    world.alerting.add_waiting("ops", key);
  }
  const Response first = world.get("/api/v1/outbox?limit=2");
  EXPECT_THAT(keys_in(first.body), ElementsAre("1", "2"));
  const Response second =
      world.get("/api/v1/outbox?limit=2&cursor=" + test::text_field(first.body, "next"));
  EXPECT_THAT(keys_in(second.body), ElementsAre("3", "4"));
  const Response third =
      world.get("/api/v1/outbox?limit=2&cursor=" + test::text_field(second.body, "next"));
  EXPECT_THAT(keys_in(third.body), ElementsAre("5"));
  EXPECT_THAT(third.body, HasSubstr(R"("next":null)"));
  EXPECT_THAT(keys_in(world.get("/api/v1/outbox?channel=ops").body), ElementsAre("4", "5"));
}

TEST(Outbox, ARefusedQueryNamesWhatIsWrong) {
  test::World world;
  world.alerting.add_outlet("ops");
  EXPECT_EQ(world.get("/api/v1/outbox?channel=nope").status, 404);
  for (const std::string cursor : {"x", "-ops", "1", "-1-ops", "99999999999999999999-ops"}) {
    const Response answer = world.get("/api/v1/outbox?cursor=" + cursor);
    EXPECT_EQ(test::error_code(answer), "invalid_cursor") << cursor;
  }
  EXPECT_EQ(world.get("/api/v1/outbox?monitor=shop").status, 400);
}

TEST(Outbox, RetriesOneChannelOrAll) {
  test::World world;
  world.alerting.add_outlet("dd", true);
  world.alerting.add_outlet("ops");
  EXPECT_EQ(world.post("/api/v1/outbox/retry", R"({"channel": "ops"})").body,
            R"({"retried":["ops"]})");
  EXPECT_THAT(world.alerting.retried, ElementsAre("ops"));
  EXPECT_EQ(world.post("/api/v1/outbox/retry").body, R"({"retried":["dd","ops"]})");
  EXPECT_EQ(world.post("/api/v1/outbox/retry", R"({"channel": "nope"})").status, 404);
  EXPECT_EQ(world.post("/api/v1/outbox/retry", R"({"channel": 1})").status, 400);
  EXPECT_EQ(world.post("/api/v1/outbox/retry", R"({"channel": ""})").status, 400);
}

TEST(Outbox, DropsOneOrAllOfAChannel) {
  test::World world;
  world.alerting.add_outlet("ops");
  EXPECT_EQ(world.post("/api/v1/outbox/drop", R"({"key": "ops/01X"})").body, R"({"dropped":1})");
  world.alerting.dropped_rows = 12;
  EXPECT_EQ(world.post("/api/v1/outbox/drop", R"({"channel": "ops"})").body, R"({"dropped":12})");
  EXPECT_THAT(world.alerting.dropped, ElementsAre("key ops/01X", "all of ops"));
}

TEST(Outbox, DropsNothingThatIsNotNamed) {
  test::World world;
  world.alerting.add_outlet("ops");
  for (const std::string body :
       {"", "{}", R"({"key": "a", "channel": "ops"})", R"({"channel": ""})", R"({"key": 3})",
        R"({"channel": "ops", "all": true})"}) {
    const Response answer = world.post("/api/v1/outbox/drop", body);
    EXPECT_EQ(test::error_code(answer), "invalid_body") << body;
  }
  EXPECT_TRUE(world.alerting.dropped.empty());
  EXPECT_EQ(world.post("/api/v1/outbox/drop", R"({"channel": "nope"})").status, 404);
  world.alerting.dropped_rows = fail(ErrorCode::not_found, "no");
  const Response gone = world.post("/api/v1/outbox/drop", R"({"key": "ops/01X"})");
  EXPECT_EQ(gone.status, 404);
  EXPECT_THAT(gone.body, HasSubstr("nothing with the key"));
  world.alerting.dropped_rows = fail(ErrorCode::unavailable, "the store refuses writes");
  EXPECT_EQ(world.post("/api/v1/outbox/drop", R"({"key": "ops/01X"})").status, 503);
}

TEST(Outbox, DropsNothingWhileTheStoreRefuses) {
  test::World world;
  world.alerting.add_outlet("ops");
  world.monitors.health.degraded = true;
  EXPECT_EQ(world.post("/api/v1/outbox/drop", R"({"channel": "ops"})").status, 503);
  EXPECT_TRUE(world.alerting.dropped.empty());
}

}  // namespace
}  // namespace tocsin::web

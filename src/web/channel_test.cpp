// Channels and sinks over the API: how they do, a test, a preview.

#include "web/test_world.hpp"

namespace tocsin::web {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

TEST(Channels, AreListedWithHowTheyDo) {
  test::World world;
  world.alerting.add_outlet("dd", true);
  auto& ops = world.alerting.add_outlet("ops").view;
  ops.waiting = 3;
  ops.oldest = world.loop.now() - 90s;
  ops.stats.delivered = 7;
  ops.stats.failures = 2;
  ops.stats.dropped = 1;
  const Response answer = world.get("/api/v1/channels");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr(R"({"name":"dd","type":"datadog_event","sink":true,)"
                                     R"("state":"ok","waiting":0,"oldest":null,)"
                                     R"("failing_since":null,"next_try":null,"error":null,)"));
  EXPECT_THAT(answer.body, HasSubstr(R"({"name":"ops","type":"webhook","sink":false,)"
                                     R"("state":"ok","waiting":3,"oldest":")"));
  EXPECT_THAT(answer.body, HasSubstr(R"("delivered":7,"messages":0,"late":0,"failures":2,)"
                                     R"("dropped":1})"));
}

TEST(Channels, ThatFailSaySinceWhenAndWhy) {
  test::World world;
  auto& ops = world.alerting.add_outlet("ops").view;
  ops.health.failing = true;
  ops.health.since = world.loop.mono_now() - 60s;
  ops.health.error = "HTTP 500 for key s3cr3t-key";
  ops.next_try_in = 30s;
  Response answer = world.get("/api/v1/channels");
  EXPECT_EQ(test::text_field(answer.body, "state"), "failing");
  EXPECT_EQ(test::text_field(answer.body, "failing_since"), format_rfc3339(world.loop.now() - 60s));
  EXPECT_EQ(test::text_field(answer.body, "next_try"), format_rfc3339(world.loop.now() + 30s));
  EXPECT_EQ(test::text_field(answer.body, "error"), "HTTP 500 for key ***");
  ops.health.refused = true;
  EXPECT_EQ(test::text_field(world.get("/api/v1/channels").body, "state"), "refused");
  ops.type = "";
  EXPECT_EQ(test::text_field(world.get("/api/v1/channels").body, "state"), "not_configured");
}

service::Dispatcher::Tested refused() {
  service::Dispatcher::Tested out;
  out.verdict = "HTTP 404: no_service";
  out.answer.status = 404;
  out.answer.body = "no_service for s3cr3t-key \xFF";
  return out;
}

TEST(Channels, ATestTellsTheAnswerOfTheOtherSide) {
  test::World world;
  world.alerting.add_outlet("ops");
  world.alerting.test_result = refused();
  const Response answer = world.post("/api/v1/channels/ops/test");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body,
              HasSubstr(R"({"channel":"ops","type":"went_down","delivered":false,)"
                        R"("verdict":"HTTP 404: no_service","answer":{"status":404,"failure":"",)"
                        R"("body":"no_service for *** )"));
  ASSERT_EQ(world.alerting.tested.size(), 1U);
  EXPECT_THAT(world.alerting.tested[0].message, HasSubstr("test"));
}

TEST(Channels, ATestMayBeOfAnyTypeAndAboutAnyMonitor) {
  test::World world;
  world.alerting.add_outlet("ops");
  world.alerting.test_result = service::Dispatcher::Tested{true, "HTTP 200", {}};
  world.monitors.add("db", alert::State::up, {{"team", "data"}}, true);
  const Response answer =
      world.post("/api/v1/channels/ops/test", R"({"type": "recovered", "monitor": "db"})");
  EXPECT_EQ(answer.status, 200) << answer.body;
  const alert::Event& event = world.alerting.tested.at(0);
  EXPECT_EQ(event.type, "recovered");
  EXPECT_EQ(event.monitor, "db");
  EXPECT_EQ(event.kind, "tcp");
  EXPECT_EQ(event.labels, (alert::Labels{{"team", "data"}}));
  EXPECT_EQ(event.id.size(), 26U);
}

TEST(Channels, ATestTakesMonasNamesOfTypes) {
  test::World world;
  world.alerting.add_outlet("ops");
  world.alerting.test_result = service::Dispatcher::Tested{true, "HTTP 200", {}};
  const Response answer = world.post("/api/v1/channels/ops/test", R"({"type": "deploy"})");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(world.alerting.tested.at(0).type, "deploy_started");
}

TEST(Channels, AWrongTestIsRefusedAndNothingIsSent) {
  test::World world;
  world.alerting.add_outlet("dd", true);
  world.alerting.add_outlet("gone").view.type = "";
  world.alerting.add_outlet("ops");
  const std::string ops = "/api/v1/channels/ops/test";
  const Response type = world.post(ops, R"({"type": "went_dwn"})");
  EXPECT_EQ(type.status, 400);
  EXPECT_THAT(type.body, HasSubstr("went_down still_down recovered"));
  EXPECT_THAT(type.body, HasSubstr("(did you mean went_down?)"));
  EXPECT_EQ(world.post(ops, R"({"event": "went_down"})").status, 400);
  EXPECT_EQ(world.post(ops, R"({"monitor": "nope"})").status, 404);
  EXPECT_EQ(world.post("/api/v1/channels/nope/test").status, 404);
  EXPECT_EQ(world.post("/api/v1/channels/gone/test").status, 404);
  const Response sink = world.post("/api/v1/channels/dd/test");
  EXPECT_EQ(sink.status, 409);
  EXPECT_THAT(sink.body, HasSubstr("is a sink"));
  EXPECT_TRUE(world.alerting.tested.empty());
}

TEST(Channels, APreviewShowsEveryStepAndNoSecret) {
  test::World world;
  world.alerting.add_outlet("ops");
  notification::HttpStep http;
  http.url = "https://example.com/s3cr3t-key";
  http.headers = {{"Authorization", "Bearer of-another-secret"}, {"X-Team", "shop"}};
  http.body = R"({"text":"é s3cr3t-key"})";
  notification::MailStep mail;
  mail.server = "mail.example.com";
  mail.port = 587;
  mail.username = "tocsin";
  mail.password = "of-another-secret";
  mail.to = {"ops@example.com"};
  mail.text = "Subject: x\r\n\r\ny";
  world.alerting.steps = {http, notification::ExecStep{{"/bin/notify", "-v"}, "{}"}, mail};
  const Response answer = world.post("/api/v1/channels/ops/preview", R"({"type": "recovered"})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body,
            R"({"channel":"ops","type":"recovered","steps":[)"
            R"({"kind":"http","method":"POST","url":"https://example.com/***",)"
            R"("headers":{"Authorization":"***","X-Team":"shop"},"body":"{\"text\":\"é ***\"}"},)"
            R"({"kind":"exec","run":["/bin/notify","-v"],"input":"{}"},)"
            R"({"kind":"mail","server":"mail.example.com","port":587,"security":"starttls",)"
            R"("username":"tocsin","from":"","to":["ops@example.com"],)"
            R"("text":"Subject: x\r\n\r\ny"}]})");
  EXPECT_TRUE(world.alerting.tested.empty());
  EXPECT_EQ(world.alerting.previewed.at(0).type, "recovered");
}

}  // namespace
}  // namespace tocsin::web

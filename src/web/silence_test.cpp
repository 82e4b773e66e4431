// Silences and acknowledgements over the API.

#include "web/test_world.hpp"

namespace tocsin::web {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

alert::Silence a_silence(const std::string& id, Instant from, Instant until) {
  alert::Silence out;
  out.id = id;
  out.match = alert::Selector::parse({"team=shop"}).value();
  out.from = from;
  out.until = until;
  out.reason = "deploy";
  return out;
}

TEST(Silences, AreMadeFromASelectorAndATime) {
  test::World world;
  world.monitors.add("a", alert::State::up, {{"env", "production"}, {"team", "shop"}});
  world.monitors.add("b", alert::State::down, {{"env", "staging"}, {"team", "shop"}});
  world.monitors.add("c", alert::State::up, {{"team", "other"}});
  const Response answer = world.post(
      "/api/v1/silences",
      R"({"match": ["team=shop", "env!=staging"], "for": "30m", "reason": "deploy", "by": "ana"})");
  EXPECT_EQ(answer.status, 201) << answer.body;
  EXPECT_THAT(answer.body, HasSubstr(R"("id":"S1000","state":"active","match":["team=shop",)"
                                     R"("env!=staging"])"));
  EXPECT_THAT(answer.body, HasSubstr(R"("reason":"deploy","by":"ana")"));
  EXPECT_THAT(answer.body, HasSubstr(R"("monitors":1})"));
  ASSERT_EQ(world.alerting.kept.size(), 1U);
  EXPECT_EQ(world.alerting.kept[0].from, world.loop.now());
  EXPECT_EQ(world.alerting.kept[0].until, world.loop.now() + 30min);
}

TEST(Silences, TakeAnObjectOfLabelsToo) {
  test::World world;
  const Response answer = world.post(
      "/api/v1/silences", R"({"match": {"team": "shop", "monitor": "check*"}, "for": "1h"})");
  EXPECT_EQ(answer.status, 201) << answer.body;
  EXPECT_EQ(world.alerting.kept[0].match.terms(),
            (std::vector<std::string>{"team=shop", "monitor=check*"}));
}

TEST(Silences, CountTheMonitorsOfALargeFleetInSlices) {
  test::World world;
  world.monitors.add_many(2'500);
  const Response answer = world.post("/api/v1/silences", R"({"all": true, "for": "1h"})");
  EXPECT_THAT(answer.body, HasSubstr(R"("monitors":2500})"));
}

TEST(Silences, ABodyThatIsWrongIsRefusedWithItsField) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {R"({"for": "1h"})", "say which monitors"},
      {R"({"match": {}, "for": "1h"})", "say which monitors"},
      {R"({"match": [], "for": "1h"})", "say which monitors"},
      {R"({"match": "team=shop", "for": "1h"})", "`match` must be an object"},
      {R"({"match": {"team": 3}, "for": "1h"})", "`match` holds 3"},
      {R"({"match": ["team"], "for": "1h"})", "`match`: "},
      {R"({"match": {"team!": "a"}, "for": "1h"})", "no = and no !"},
      {R"({"match": ["team=a"], "all": true, "for": "1h"})", "exclude each other"},
      {R"({"all": true})", "say how long"},
      {R"({"all": true, "for": "never"})", "`for` must be a duration"},
      {R"({"all": true, "for": "1h", "reason": 3})", "`reason` must be text"},
      {R"({"all": true, "for": "1h", "matches": {}})", "\"matches\""},
  };
  for (const auto& [body, expected] : cases) {
    test::World world;
    const Response answer = world.post("/api/v1/silences", body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(test::error_code(answer), "invalid_body") << body;
    EXPECT_THAT(test::text_field(answer.body, "message"),
                HasSubstr(expected.substr(0, expected.find('"'))))
        << body;
    EXPECT_TRUE(world.alerting.kept.empty());
  }
}

TEST(Silences, ManyTermsAreRefused) {
  test::World world;
  std::string terms;
  for (int i = 0; i < 40; ++i) {
    terms += (i > 0 ? ",\"l" : "\"l") + std::to_string(i) + "=x\"";
  }
  const Response answer =
      world.post("/api/v1/silences", R"({"for": "1h", "match": [)" + terms + "]}");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("32"));
}

TEST(Silences, AreListedNewestFirstAndPaged) {
  test::World world;
  const Instant now = world.loop.now();
  world.alerting.kept = {a_silence("A", now - 2h, now - 1h), a_silence("B", now - 1h, now + 1h),
                         a_silence("C", now + 1h, now + 2h)};
  const Response first = world.get("/api/v1/silences?limit=2");
  EXPECT_EQ(first.status, 200);
  EXPECT_THAT(first.body, HasSubstr(R"({"items":[{"id":"C","state":"pending")"));
  EXPECT_THAT(first.body, HasSubstr(R"({"id":"B","state":"active")"));
  EXPECT_EQ(test::text_field(first.body, "next"), "B");
  const Response rest = world.get("/api/v1/silences?limit=2&cursor=B");
  EXPECT_THAT(rest.body, HasSubstr(R"({"items":[{"id":"A","state":"ended")"));
  EXPECT_THAT(rest.body, HasSubstr(R"("next":null)"));
  const Response active = world.get("/api/v1/silences?state=active,pending");
  EXPECT_THAT(active.body, Not(HasSubstr(R"("id":"A")")));
  EXPECT_EQ(world.get("/api/v1/silences?state=over").status, 400);
}

TEST(Silences, EndByTheirId) {
  test::World world;
  world.alerting.kept = {a_silence("A", world.loop.now(), world.loop.now() + 1h)};
  const Response answer = world.write("DELETE", "/api/v1/silences/A");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"id":"A","state":"ended"})");
  EXPECT_EQ(world.alerting.ended, std::vector<std::string>{"A"});
  EXPECT_EQ(world.write("DELETE", "/api/v1/silences/nope").status, 404);
  EXPECT_EQ(world.alerting.ended.size(), 1U);
}

TEST(Silences, AreBounded) {
  test::World world;
  world.alerting.kept.assign(1'000, a_silence("A", world.loop.now(), world.loop.now() + 1h));
  const Response answer = world.post("/api/v1/silences", R"({"all": true, "for": "1h"})");
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(test::error_code(answer), "too_many_silences");
}

TEST(Silences, AreRefusedWhileTheStoreRefuses) {
  test::World world;
  world.alerting.kept = {a_silence("A", world.loop.now(), world.loop.now() + 1h)};
  world.monitors.health.degraded = true;
  EXPECT_EQ(world.post("/api/v1/silences", R"({"all": true, "for": "1h"})").status, 503);
  EXPECT_EQ(world.write("DELETE", "/api/v1/silences/A").status, 503);
  EXPECT_EQ(world.alerting.kept.size(), 1U);
  EXPECT_TRUE(world.alerting.ended.empty());
}

TEST(Alerting, AnswersUnavailableWhereNobodyIsTold) {
  test::World world;
  world.has_alerting = false;
  world.monitors.add("shop");
  EXPECT_EQ(world.get("/api/v1/silences").status, 503);
  EXPECT_EQ(world.get("/api/v1/channels").status, 503);
  EXPECT_EQ(world.get("/api/v1/outbox").status, 503);
  EXPECT_EQ(world.post("/api/v1/monitors/shop/acknowledge").status, 503);
}

TEST(Acknowledge, SaysWhoAndUntilWhen) {
  test::World world;
  world.monitors.add("shop", alert::State::down);
  const Response answer = world.post("/api/v1/monitors/shop/acknowledge",
                                     R"({"by": "ana", "comment": "on it", "for": "2h"})");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(answer.body, HasSubstr(R"({"name":"shop","acknowledged":{"by":"ana","at":")"));
  ASSERT_EQ(world.alerting.acknowledged.size(), 1U);
  const auto& [name, given] = world.alerting.acknowledged[0];
  EXPECT_EQ(name, "shop");
  EXPECT_EQ(given->comment, "on it");
  EXPECT_EQ(given->until, world.loop.now() + 2h);
}

TEST(Acknowledge, HoldsToTheEndWhenNoTimeIsGiven) {
  test::World world;
  world.monitors.add("shop", alert::State::down);
  const Response answer = world.post("/api/v1/monitors/shop/acknowledge");
  EXPECT_THAT(answer.body, HasSubstr(R"("until":null)"));
  EXPECT_EQ(world.alerting.acknowledged[0].second->until, Instant{});
}

TEST(Acknowledge, CanBeTakenBack) {
  test::World world;
  world.monitors.add("shop", alert::State::down);
  const Response answer = world.post("/api/v1/monitors/shop/unacknowledge");
  EXPECT_EQ(answer.body, R"({"name":"shop","acknowledged":null})");
  EXPECT_FALSE(world.alerting.acknowledged[0].second.has_value());
}

TEST(Acknowledge, IsRefusedWithItsReason) {
  test::World world;
  world.monitors.add("shop", alert::State::down);
  EXPECT_EQ(world.post("/api/v1/monitors/no/acknowledge").status, 404);
  EXPECT_EQ(
      world.post("/api/v1/monitors/shop/acknowledge", R"({"from": "2026-01-01T00:00:00Z"})").status,
      400);
  EXPECT_EQ(world.post("/api/v1/monitors/shop/acknowledge", R"({"who": "ana"})").status, 400);
  EXPECT_TRUE(world.alerting.acknowledged.empty());
  world.alerting.result = fail(ErrorCode::conflict, "'shop' has no open incident");
  const Response answer = world.post("/api/v1/monitors/shop/acknowledge");
  EXPECT_EQ(answer.status, 409);
  EXPECT_THAT(answer.body, HasSubstr("no open incident"));
}

TEST(MonitorItem, ShowsTheOpenIncidentAndWhoKnowsOfIt) {
  test::World world;
  auto& shop = world.monitors.add("shop", alert::State::down);
  world.monitors.add("well");
  alert::Announcement incident;
  incident.opening.incident = "shop/1795250912007";
  incident.opening.at = from_unix_ms(1'795'250'912'007);
  incident.told = {"ops", "page"};
  incident.acknowledgement = alert::Acknowledgement{"ana", "on it", world.loop.now(), {}};
  shop.view.incident = &incident;
  shop.view.silenced = true;
  const Response told = world.get("/api/v1/monitors/shop");
  EXPECT_THAT(told.body, HasSubstr(R"("silenced":true,"flapping":false,"incident":{)"
                                   R"("id":"shop/1795250912007",)"
                                   R"("opened_at":"2026-11-21T08:48:32.007Z",)"
                                   R"("told":["ops","page"],"held":null,"held_by":null,)"
                                   R"("acknowledged":{"by":"ana","at":")"));
  EXPECT_THAT(world.get("/api/v1/monitors/well").body, HasSubstr(R"("incident":null)"));
  incident.hold = alert::Hold::parent_down;
  incident.held_by = "database";
  incident.acknowledgement->until = world.loop.now() - 1s;  // over
  EXPECT_THAT(world.get("/api/v1/monitors/shop").body,
              HasSubstr(R"("held":"parent_down","held_by":"database","acknowledged":null})"));
}

}  // namespace
}  // namespace tocsin::web

#include "web/api.hpp"

#include "web/test_world.hpp"

namespace tocsin::web {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

alert::Event make_event(const std::string& id, const std::string& monitor,
                        const std::string& type) {
  alert::Event event;
  event.id = id;
  event.monitor = monitor;
  event.type = type;
  return event;
}

std::string event_id(char last) { return "01KAK4Z3Q0000000000000000" + std::string(1, last); }

ports::EventRow make_row(char last, const std::string& monitor, const std::string& type) {
  return {event_id(last), monitor, type, {}, R"({"id":")" + event_id(last) + "\"}"};
}

TEST(Api, ShowsOneMonitorWhole) {
  test::World world;
  auto& monitor = world.monitors.add("checkout", alert::State::down, {{"team", "shop"}});
  auto notes = std::make_shared<config::MonitorNotes>(*monitor.config.notes);
  notes->runbook = "https://wiki.example/checkout";
  monitor.config.notes = notes;
  monitor.last_json = R"({"status":"down","reason":"status"})";
  monitor.view.counters = {.planned = 12,
                           .on_time = 6,
                           .late = 1,
                           .skipped = {1, 0, 2, 1, 0},
                           .running = 1,
                           .retries = 4,
                           .manual = 2};
  monitor.view.next_run = from_unix_ms(1'767'225'660'000);
  monitor.view.paused = true;
  const Response response = world.get("/api/v1/monitors/checkout");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.header("content-type"), "application/json");
  EXPECT_EQ(response.body,
            R"({"name":"checkout","kind":"http","labels":{"team":"shop"},)"
            R"("runbook":"https://wiki.example/checkout","state":"down",)"
            R"("since":"2026-01-01T00:00:00.000Z","paused":true,"silenced":false,)"
            R"("flapping":false,"incident":null,"last":{"status":"down","reason":"status"},)"
            R"("schedule":{"planned":12,"on_time":6,"late":1,"skipped":{"overlap":1,"overload":0,)"
            R"("paused":2,"process_down":1,"interrupted":0},"running":1,"retries":4,"manual":2,)"
            R"("next":"2026-01-01T00:01:00.000Z"},)"
            R"("uptime":{"1h":null,"24h":null,"7d":null,"30d":null,"90d":null}})");
}

TEST(Api, UptimeAddsOpenBucketsToStoredOnes) {
  test::World world;
  auto& monitor = world.monitors.add("a");
  monitor.buckets.hour_start = world.loop.now();
  monitor.buckets.day_start = world.loop.now();
  monitor.buckets.hour = {.up = 1, .down = 1};
  monitor.buckets.day = {.up = 10, .down = 10};
  world.store.uptime["a"] = {.day = {2, 0}, .week = {60, 0}, .month = {0, 80}, .quarter = {0, 0}};
  EXPECT_THAT(world.get("/api/v1/monitors/a").body,
              HasSubstr(R"("24h":0.75,"7d":0.875,"30d":0.1,"90d":0.5})"));
}

TEST(Api, UptimeLeavesOutAnOpenBucketThatIsTooOld) {
  test::World world;
  auto& monitor = world.monitors.add("a");
  monitor.buckets.hour_start = world.loop.now() - std::chrono::hours{26};
  monitor.buckets.day_start = world.loop.now() - std::chrono::hours{26};
  monitor.buckets.hour = {.up = 1, .down = 0};
  monitor.buckets.day = {.up = 1, .down = 0};
  EXPECT_THAT(world.get("/api/v1/monitors/a").body, HasSubstr(R"("24h":null,"7d":1,)"));
}

TEST(Api, ServesMonitorsWhoseUptimeCannotBeRead) {
  test::World world;
  world.monitors.add("a");
  world.store.fails = true;
  EXPECT_EQ(world.get("/api/v1/monitors/a").status, 200);
  const Response list = world.get("/api/v1/monitors");
  EXPECT_EQ(list.status, 200);
  EXPECT_THAT(list.body, HasSubstr(R"("24h":null)"));
}

TEST(Api, FindsNamesWithSlashesAndSpaces) {
  test::World world;
  world.monitors.add("prod/check out");
  EXPECT_EQ(world.get("/api/v1/monitors/prod%2Fcheck%20out").status, 200);
  EXPECT_EQ(world.get("/api/v1/monitors/prod/check%20out").status, 404);
  EXPECT_EQ(world.get("/api/v1/monitors/prod%2Fcheck%20out/history").status, 200);
}

TEST(Api, HistoryPagesBackBySequence) {
  test::World world;
  world.monitors.add("a");
  for (const std::uint64_t sequence : {9U, 8U, 7U}) {
    world.store.outcomes.push_back({"a", sequence, R"({"status":"up"})"});
  }
  EXPECT_EQ(world.get("/api/v1/monitors/a/history?limit=2").body,
            R"({"items":[{"sequence":9,"status":"up"},{"sequence":8,"status":"up"}],"next":"8"})");
  EXPECT_EQ(world.get("/api/v1/monitors/a/history?limit=2&cursor=8").body,
            R"({"items":[{"sequence":7,"status":"up"}],"next":null})");
  EXPECT_EQ(world.get("/api/v1/monitors/b/history").status, 404);
  EXPECT_EQ(test::error_code(world.get("/api/v1/monitors/a/history?cursor=x")), "invalid_cursor");
  EXPECT_EQ(test::error_code(world.get("/api/v1/monitors/a/history?cursor=0")), "invalid_cursor");
  world.store.fails = true;
  const Response failed = world.get("/api/v1/monitors/a/history");
  EXPECT_EQ(failed.status, 503);
  EXPECT_EQ(test::error_code(failed), "unavailable");
}

TEST(Api, RollupsEndWithTheOpenBucket) {
  test::World world;
  auto& monitor = world.monitors.add("a");
  const Instant now = world.loop.now();
  for (int hours = 3; hours > 0; --hours) {
    const alert::Tally tally{.up = 3, .down = 1, .duration_us_sum = 8000, .duration_us_max = 4500};
    world.store.rollups.push_back(
        {"a", {alert::RollupLevel::hour, now - std::chrono::hours{hours}, tally}});
  }
  monitor.buckets.hour_start = now;
  monitor.buckets.hour = {.unknown = 2};
  const Response first = world.get("/api/v1/monitors/a/rollups?limit=3");
  EXPECT_THAT(first.body, HasSubstr(R"({"start":"2025-12-31T21:00:00.000Z","up":3,"down":1,)"
                                    R"("unknown":0,"uptime":0.75,"duration_avg_ms":2,)"
                                    R"("duration_max_ms":4.5,"open":false})"));
  EXPECT_THAT(first.body, Not(HasSubstr(R"("open":true)")));
  const std::string cursor = test::text_field(first.body, "next");
  const Response second = world.get("/api/v1/monitors/a/rollups?limit=3&cursor=" + cursor);
  EXPECT_EQ(second.body,
            R"({"items":[{"start":"2026-01-01T00:00:00.000Z","up":0,"down":0,"unknown":2,)"
            R"("uptime":null,"duration_avg_ms":null,"duration_max_ms":0,"open":true}],)"
            R"("next":null})");
}

TEST(Api, RollupsRefuseWrongParameters) {
  test::World world;
  world.monitors.add("a");
  for (const std::string query : {"level=week", "from=yesterday", "from=2026-01-01", "limit=0",
                                  "cursor=-5", "cursor=999999999999999999", "to=x"}) {
    EXPECT_EQ(world.get("/api/v1/monitors/a/rollups?" + query).status, 400) << query;
  }
  EXPECT_EQ(world.get("/api/v1/monitors/a/rollups?level=day&from=2026-01-01T00:00:00Z").status,
            200);
}

TEST(Api, EventsShowTheJournalBeforeTheStore) {
  test::World world;
  world.store.events = {make_row('4', "a", "went_down"), make_row('2', "b", "recovered"),
                        make_row('1', "a", "recovered")};
  world.monitors.journal = {make_event(event_id('4'), "a", "went_down"),
                            make_event(event_id('5'), "b", "went_down"),
                            make_event(event_id('6'), "a", "recovered")};
  const auto ids = [&](const std::string& query) {
    std::vector<std::string> out;
    const std::string body = world.get("/api/v1/events" + query).body;
    for (std::size_t at = body.find("{\"id\":\""); at != std::string::npos;
         at = body.find("{\"id\":\"", at + 1)) {
      out.push_back(body.substr(at + 7 + 25, 1));
    }
    return out;
  };
  EXPECT_THAT(ids(""), ElementsAre("6", "5", "4", "2", "1"));
  EXPECT_THAT(ids("?limit=2"), ElementsAre("6", "5"));
  EXPECT_THAT(ids("?limit=2&cursor=" + event_id('5')), ElementsAre("4", "2"));
  EXPECT_THAT(ids("?monitor=b"), ElementsAre("5", "2"));
  EXPECT_THAT(ids("?type=recovered"), ElementsAre("6", "2", "1"));
  EXPECT_EQ(test::text_field(world.get("/api/v1/events?limit=2").body, "next"), event_id('5'));
  EXPECT_EQ(test::error_code(world.get("/api/v1/events?cursor=12")), "invalid_cursor");
  EXPECT_EQ(test::error_code(world.get("/api/v1/events?type=Went-Down")), "invalid_parameter");
}

TEST(Api, PausesAndResumes) {
  test::World world;
  world.monitors.add("a/b");
  EXPECT_EQ(world.post("/api/v1/monitors/a%2Fb/pause").body, R"({"name":"a/b","paused":true})");
  EXPECT_EQ(world.post("/api/v1/monitors/a%2Fb/resume", " {} ").body,
            R"({"name":"a/b","paused":false})");
  EXPECT_THAT(world.monitors.paused_calls,
              ElementsAre(testing::Pair("a/b", true), testing::Pair("a/b", false)));
  EXPECT_EQ(world.post("/api/v1/monitors/c/pause").status, 404);
}

TEST(Api, RefusesDurableWritesWhileTheStoreIsDegraded) {
  test::World world;
  world.monitors.add("a");
  world.monitors.health.degraded = true;
  const Response response = world.post("/api/v1/monitors/a/pause");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(test::error_code(response), "store_degraded");
  EXPECT_TRUE(world.monitors.paused_calls.empty());
}

TEST(Api, TellsWhyAWriteFailed) {
  test::World world;
  world.monitors.add("a");
  world.monitors.pause_result = fail(ErrorCode::unavailable, "disk full");
  const Response response = world.post("/api/v1/monitors/a/pause");
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.body, HasSubstr("disk full"));
}

TEST(Api, CheckNowAnswersTheOutcome) {
  test::World world;
  world.monitors.add("a");
  EXPECT_EQ(world.post("/api/v1/monitors/a/check").body, R"({"status":"up"})");
  world.monitors.check_result = fail(ErrorCode::conflict, "a manual check is already running");
  EXPECT_EQ(world.post("/api/v1/monitors/a/check").status, 409);
  EXPECT_EQ(world.post("/api/v1/monitors/b/check").status, 404);
}

TEST(Api, WritesNeedJsonAndNoFields) {
  test::World world;
  world.monitors.add("a");
  for (const std::string type :
       {"", "text/plain", "application/x-www-form-urlencoded", "application/jsonp"}) {
    Request request;
    request.method = "POST";
    request.target = "/api/v1/monitors/a/pause";
    request.headers = {{"host", "localhost"}};
    if (!type.empty()) {
      request.headers.emplace_back("content-type", type);
    }
    const Response response = world.send(std::move(request));
    EXPECT_EQ(response.status, 415) << type;
    EXPECT_EQ(test::error_code(response), "unsupported_media_type");
  }
  for (const std::string body : {"[]", "{\"a\":1}", "null", "{", "{}{}", "x"}) {
    EXPECT_EQ(test::error_code(world.post("/api/v1/monitors/a/pause", body)), "invalid_body")
        << body;
  }
  EXPECT_EQ(test::error_code(world.post("/api/v1/monitors/a/pause?force=1")), "unknown_parameter");
  EXPECT_TRUE(world.monitors.paused_calls.empty());
}

TEST(Api, KnowsItsPathsAndMethods) {
  test::World world;
  world.monitors.add("a");
  for (const std::string path :
       {"/", "/api", "/api/v1/monitors/", "/api/v1/monitors//history", "/api/v1//monitors",
        "/healthz/", "/api/v1/../v1/status", "/api/v1/monitors/a/history/1", "/Healthz"}) {
    EXPECT_EQ(test::error_code(world.get(path)), "not_found") << path;
  }
  const Response get = world.get("/api/v1/monitors/a/pause");
  EXPECT_EQ(get.status, 405);
  EXPECT_EQ(get.header("allow"), "POST");
  const Response post = world.post("/api/v1/monitors");
  EXPECT_EQ(post.status, 405);
  EXPECT_EQ(post.header("allow"), "GET, HEAD");
}

TEST(Api, AnswersHeadAsGet) {
  test::World world;
  Request request;
  request.method = "HEAD";
  request.target = "/healthz";
  request.headers = {{"host", "localhost"}};
  EXPECT_EQ(world.send(std::move(request)).status, 200);
}

TEST(Api, EveryAnswerForbidsSniffingAndStoring) {
  test::World world;
  for (const std::string path : {"/healthz", "/api/v1/monitors", "/nothing", "/metrics", "/%"}) {
    const Response response = world.get(path);
    EXPECT_EQ(response.header("x-content-type-options"), "nosniff") << path;
    EXPECT_EQ(response.header("cache-control"), "no-store") << path;
    EXPECT_FALSE(response.header("access-control-allow-origin")) << path;
  }
}

TEST(Api, AsksForATokenAndSaysHow) {
  test::World world;
  world.settings.tokens = {{"dash", config::Role::read, "r"}, {"ci", config::Role::write, "w"}};
  world.monitors.add("a");
  const Response refused = world.get("/api/v1/monitors");
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.header("www-authenticate"), "Bearer realm=\"tocsin\"");
  EXPECT_EQ(world.get("/metrics").status, 401);
  EXPECT_EQ(world.get("/healthz").status, 200);
  EXPECT_EQ(world.get("/readyz").status, 200);
  Request request;
  request.method = "POST";
  request.target = "/api/v1/monitors/a/pause";
  request.headers = {{"host", "tocsin.example"},
                     {"content-type", "application/json; charset=utf-8"},
                     {"authorization", "Bearer r"}};
  EXPECT_EQ(world.send(request).status, 403);
  request.headers.back().second = "Bearer w";
  EXPECT_EQ(world.send(request).status, 200);
}

TEST(Api, RefusesByTheHeadAlone) {
  test::World world;
  world.settings.tokens = {{"ci", config::Role::write, "w"}};
  Request head;
  head.method = "POST";
  head.target = "/api/v1/monitors/a/pause";
  head.headers = {{"host", "x"}, {"content-length", "1000000"}};
  EXPECT_EQ(world.api().refuse_head(head)->status, 401);
  head.headers.emplace_back("authorization", "Bearer w");
  EXPECT_EQ(world.api().refuse_head(head)->status, 415);
  head.headers.emplace_back("content-type", "application/json");
  EXPECT_FALSE(world.api().refuse_head(head));
}

TEST(Api, RefusesFramingThatOthersMayReadDifferently) {
  test::World world;
  const auto send = [&](int minor_version, Headers headers) {
    Request request;
    request.method = "GET";
    request.target = "/healthz";
    request.minor_version = minor_version;
    request.headers = std::move(headers);
    return world.send(std::move(request));
  };
  const std::vector<std::pair<int, Headers>> cases{
      {1, {}},
      {1, {{"host", "localhost"}, {"host", "localhost"}}},
      {1, {{"host", "localhost"}, {"transfer-encoding", "gzip"}}},
      {1, {{"host", "localhost"}, {"transfer-encoding", "gzip, chunked"}}},
      {1, {{"host", "localhost"}, {"transfer-encoding", "chunked"}, {"content-length", "3"}}},
      {0, {{"host", "localhost"}, {"transfer-encoding", "chunked"}}},
      {1, {{"host", "localhost"}, {"content-length", "0"}, {"content-length", "0"}}},
      {1, {{"host", "localhost"}, {"content-length", "0, 0"}}},
      {1, {{"host", "localhost"}, {"content-length", "+0"}}}};
  for (const auto& [minor_version, headers] : cases) {
    const Response response = send(minor_version, headers);
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(test::error_code(response), "bad_request");
    EXPECT_TRUE(response.close);
  }
  EXPECT_EQ(send(1, {{"host", "localhost"}, {"expect", "200-ok"}}).status, 417);
  EXPECT_EQ(test::error_code(send(1, {{"host", "localhost"}, {"content-length", "3"}})),
            "unexpected_body");
}

TEST(Api, ReloadTakesNewTokensAndRefusesToOpenUp) {
  test::World world;
  world.settings.listen.host = "0.0.0.0";
  world.settings.tokens = {{"ci", config::Role::write, "old"}};
  EXPECT_EQ(world.get("/api/v1/status").status, 401);
  config::Settings open = world.settings;
  open.tokens.clear();
  EXPECT_FALSE(world.api().apply(open));
  EXPECT_EQ(world.get("/api/v1/status").status, 401);
  open.allow_unauthenticated = true;
  EXPECT_TRUE(world.api().apply(open));
  EXPECT_EQ(world.get("/api/v1/status").status, 200);
}

TEST(Api, OutlivesItselfForAnswersUnderWay) {
  test::World world;
  world.monitors.add("a");
  world.monitors.hold_checks = true;
  std::optional<Response> answer;
  Request request;
  request.method = "POST";
  request.target = "/api/v1/monitors/a/check";
  request.headers = {{"host", "localhost"}, {"content-type", "application/json"}};
  world.api().handle(std::move(request), [&](Response response) { answer = std::move(response); });
  world.api_.reset();
  world.monitors.held.front()(std::string(R"({"status":"down"})"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, R"({"status":"down"})");
}

TEST(Health, IsAliveAlwaysAndReadyOnlyWithAStore) {
  test::World world;
  EXPECT_EQ(world.get("/healthz").body, R"({"status":"ok"})");
  const Response ready = world.get("/readyz");
  EXPECT_EQ(ready.status, 200);
  EXPECT_THAT(ready.body, HasSubstr(R"("status":"ready","store":"ok")"));
  world.monitors.health = {.degraded = true, .error = "No space left on device"};
  const Response not_ready = world.get("/readyz");
  EXPECT_EQ(not_ready.status, 503);
  EXPECT_THAT(not_ready.body, HasSubstr(R"("status":"not_ready","store":"degraded")"));
  EXPECT_THAT(not_ready.body, HasSubstr("No space left on device"));
  EXPECT_EQ(world.get("/healthz").status, 200);
}

TEST(Status, TellsWhatRunsAndHowWell) {
  test::World world;
  world.monitors.stats_.monitors = 3;
  world.monitors.stats_.monitors_by_state = {0, 2, 1, 0};
  world.monitors.stats_.lateness.counts[3] = 99;
  world.monitors.stats_.lateness.counts[6] = 1;
  world.monitors.stats_.lateness.total = 100;
  world.monitors.stats_.lateness.sum_us = 250'000;
  world.problems = {1, 2, {{"20-shop.yml", "unknown key \"urll\""}}};
  world.api();
  world.loop.run_for(std::chrono::seconds{90});
  const std::string body = world.get("/api/v1/status").body;
  EXPECT_THAT(body, HasSubstr(R"("version":"1.2.3","started_at":"2026-01-01T00:00:00.000Z")"));
  EXPECT_THAT(body, HasSubstr(R"("uptime_ms":90000,"store":"ok")"));
  EXPECT_THAT(body, HasSubstr(R"("monitors":{"total":3,"new":0,"up":2,"down":1,"unknown":0,)"));
  EXPECT_THAT(body, HasSubstr(R"("lateness":{"runs":100,"mean_ms":2.5,"p50_ms":10,"p99_ms":10})"));
  EXPECT_THAT(body, HasSubstr(R"("config":{"errors":1,"warnings":2,"broken_dropins":[)"
                              R"({"file":"20-shop.yml","message":"unknown key \"urll\""}]})"));
}

}  // namespace
}  // namespace tocsin::web

// The paths of pings and the answers that clients of Healthchecks know.

#include "web/ping.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "web/test_world.hpp"

namespace tocsin::web::test {
namespace {

using timer::Action;

const std::string kUuid = "5b1a6c6e-4d0f-4a3e-9d5c-0d8d8f4f2b11";
const std::string kRid = "0d1f2e3c-1111-4222-8333-444455556666";
const std::string kKey = "a-key-of-sixteen-or-more";

struct Pinged : World {
  Pinged() { settings.pings.key = kKey; }
  Response ask(const std::string& target, const std::string& method = "GET",
               std::string body = "") {
    Request request;
    request.method = method;
    request.target = target;
    request.headers = {{"host", "tocsin.example.com"}};  // not loopback: pings come from anywhere
    if (!body.empty()) {
      request.headers.emplace_back("content-length", std::to_string(body.size()));
      request.headers.emplace_back("content-type", "application/x-www-form-urlencoded");
    }
    request.body = std::move(body);
    EXPECT_EQ(api().refuse_head(request).has_value(), false) << target;
    return send(std::move(request));
  }
  Response refused(const std::string& target) {
    Request request;
    request.method = "POST";
    request.target = target;
    request.headers = {{"host", "localhost"}};
    auto answer = api().refuse_head(request);
    EXPECT_TRUE(answer) << target;
    const std::size_t pinged = monitors.pings.size();
    EXPECT_EQ(send(std::move(request)).status, answer ? answer->status : 0);
    EXPECT_EQ(monitors.pings.size(), pinged) << target;
    return answer.value_or(Response{});
  }
  const timer::Ping& last() { return monitors.pings.back().second; }
};

TEST(Ping, EveryFormOfThePathSaysWhatTheJobDoes) {
  Pinged world;
  struct Form {
    std::string suffix;
    Action action;
    std::optional<int> status;
  };
  for (const Form& form : {Form{"", Action::success, {}}, Form{"/", Action::success, {}},
                           Form{"/start", Action::start, {}}, Form{"/fail", Action::fail, {}},
                           Form{"/fail/", Action::fail, {}}, Form{"/log", Action::log, {}},
                           Form{"/0", Action::success, 0}, Form{"/1", Action::fail, 1},
                           Form{"/255", Action::fail, 255}}) {
    for (const std::string& path : {"/ping/" + kUuid, "/ping/" + kKey + "/nightly"}) {
      const Response answer = world.ask(path + form.suffix);
      EXPECT_EQ(answer.status, 200) << path << form.suffix;
      EXPECT_EQ(answer.body, "OK");
      EXPECT_EQ(world.last().action, form.action);
      EXPECT_EQ(world.last().exit_status, form.status);
    }
    EXPECT_EQ(world.monitors.pings.back().first.uuid, "");
    EXPECT_EQ(world.monitors.pings.back().first.name, "nightly");
  }
}

TEST(Ping, AnyMethodCountsButTheQuestionOfABrowser) {
  Pinged world;
  for (const std::string method : {"GET", "HEAD", "POST", "PUT", "DELETE"}) {
    EXPECT_EQ(world.ask("/ping/" + kUuid, method).status, 200);
    EXPECT_EQ(world.monitors.pings.back().first.by_post, method == "POST");
  }
  EXPECT_EQ(world.monitors.pings.size(), 5U);
  EXPECT_EQ(world.ask("/ping/" + kUuid, "OPTIONS").status, 200);
  EXPECT_EQ(world.monitors.pings.size(), 5U);
}

TEST(Ping, ARunIdIsAUuidInEitherCase) {
  Pinged world;
  world.ask("/ping/" + kUuid + "/start?rid=0D1F2E3C-1111-4222-8333-444455556666&create=1");
  EXPECT_EQ(world.last().rid, kRid);
  const Response answer = world.refused("/ping/" + kUuid + "/start?rid=7");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body, "invalid uuid format");
}

TEST(Ping, WhatIsNotThereIsNotFoundAndAStatusAbove255IsNoForm) {
  Pinged world;
  for (const std::string& path : std::vector<std::string>{
           "/ping", "/ping/", "/ping/nightly", "/ping/" + kUuid + "/stop", "/ping/" + kUuid + "/-1",
           "/ping/" + kUuid + "/start/now", "/ping/" + kKey + "/", "/ping/" + kKey,
           "/ping/another-key-of-sixteen/nightly"}) {
    const Response answer = world.refused(path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(answer.body, "not found") << path;
  }
  const Response answer = world.refused("/ping/" + kUuid + "/256");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body, "invalid url format");
}

TEST(Ping, WithoutAKeyNobodyPingsByName) {
  Pinged world;
  world.settings.pings.key.clear();
  EXPECT_EQ(world.refused("/ping/" + kKey + "/nightly").status, 404);
  EXPECT_EQ(world.refused("/ping//nightly").status, 404);
}

TEST(Ping, AReloadTakesOverKeyAndLimit) {
  Pinged world;
  EXPECT_EQ(world.ask("/ping/" + kKey + "/nightly").status, 200);
  config::Settings changed = world.settings;
  changed.pings = {"another-key-of-sixteen", 5};
  ASSERT_TRUE(world.api().apply(changed));
  EXPECT_EQ(world.refused("/ping/" + kKey + "/nightly").status, 404);
  EXPECT_EQ(world.ask("/ping/another-key-of-sixteen/nightly", "POST", "123456789")
                .header("ping-body-limit"),
            "5");
  EXPECT_EQ(world.monitors.pings.back().first.text_limit, 5U);
}

TEST(Ping, AnswersMayBeReadByPagesAndAreNeverKept) {
  Pinged world;
  const Response good = world.ask("/ping/" + kUuid);
  const Response bad = world.refused("/ping/x");
  for (const Response& answer : {good, bad}) {
    EXPECT_EQ(answer.header("access-control-allow-origin"), "*");
    EXPECT_EQ(answer.header("ping-body-limit"), "10000");
    EXPECT_THAT(std::string(answer.header("cache-control").value_or("")),
                testing::HasSubstr("no-store"));
    EXPECT_EQ(answer.header("content-type"), "text/plain; charset=utf-8");
  }
}

TEST(Ping, WhatCannotBeKeptIsToBeSaidAgain) {
  Pinged world;
  const auto status_of = [&](ErrorCode code) {
    world.monitors.ping_result = fail(code, "x");
    return world.ask("/ping/" + kUuid);
  };
  EXPECT_EQ(status_of(ErrorCode::not_found).body, "not found");
  EXPECT_EQ(status_of(ErrorCode::conflict).status, 409);
  for (const ErrorCode code : {ErrorCode::unavailable, ErrorCode::exhausted}) {
    const Response answer = status_of(code);
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.header("retry-after"), "5");
  }
}

TEST(Ping, TokensAreNotAskedFor) {
  Pinged world;
  world.settings.tokens = {{"ci", config::Role::read, "a-token"}};
  EXPECT_EQ(world.ask("/ping/" + kUuid, "POST", "m=just+a+form").status, 200);
  EXPECT_EQ(world.last().text, "m=just+a+form");
}

TEST(Ping, OfABodyTheBeginningIsOfInterest) {
  Pinged world;
  Request head;
  head.method = "POST";
  head.target = "/ping/" + kUuid;
  EXPECT_EQ(world.api().keep_of_body(head), 10'000U + kReadBeyondLimit);
  head.target = "/api/v1/silences";
  EXPECT_EQ(world.api().keep_of_body(head), std::nullopt);
}

TEST(Ping, AHeartbeatIsShownWithItsRunsAndWithoutItsUuid) {
  Pinged world;
  ScriptedMonitor& monitor = world.monitors.add("nightly");
  auto spec = std::make_shared<check::CheckSpec>();
  check::HeartbeatCheck options;
  options.uuid = kUuid;
  spec->target = options;
  monitor.config.check = spec;
  const std::string fresh = world.get("/api/v1/monitors/nightly").body;
  EXPECT_THAT(fresh, testing::HasSubstr(R"("kind":"timer")"));
  EXPECT_THAT(fresh, testing::HasSubstr(R"("heartbeat":{"last_ping":null,)"));
  timer::Heartbeat beat;
  beat.last_ping = from_unix_ms(1'767'225'600'000);
  beat.runs = {{kRid, beat.last_ping, beat.last_ping}};
  beat.said = timer::Said{Action::log, beat.last_ping, "half way"};
  monitor.view.heartbeat = &beat;
  const std::string shown = world.get("/api/v1/monitors/nightly").body;
  EXPECT_THAT(shown, testing::HasSubstr(R"("last_ping":"2026-01-01T00:00:00.000Z")"));
  EXPECT_THAT(shown, testing::HasSubstr(kRid));
  EXPECT_THAT(shown, testing::HasSubstr("half way"));
  EXPECT_THAT(shown, testing::Not(testing::HasSubstr(kUuid)));
}

TEST(PingText, IsUtf8WithinItsLimit) {
  EXPECT_EQ(ping_text("all good", 100), "all good");
  EXPECT_EQ(ping_text("a\xFF\xFE z", 100), "a\xEF\xBF\xBD\xEF\xBF\xBD z");
  EXPECT_EQ(ping_text("12345678", 5), "12345");
  EXPECT_EQ(ping_text("1234\xC3\xA9", 5), "1234");  // no half of a letter
  EXPECT_EQ(ping_text("1234\xC3", 5), "1234");
  EXPECT_EQ(ping_text(std::string(50, '\xFF'), 10).size(), 9U);
  EXPECT_EQ(ping_text("x", 0), "");
}

}  // namespace
}  // namespace tocsin::web::test

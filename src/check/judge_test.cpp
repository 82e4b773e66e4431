#include "check/judge.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tocsin::check {
namespace {

constexpr Attempt kShop{
    .action = "GET", .host = "shop.example.com", .address = "10.0.0.1", .port = 443};

Outcome judge(int status, const std::vector<std::string>& conditions) {
  const auto compiled = Assertions::compile(conditions, {}, placeholders_of("http"));
  Response response;
  response.http_status = status;
  response.body = "{}";
  return judge_response(kShop, *compiled.assertions, response);
}

TEST(Judge, DescribesWhatWasTried) {
  EXPECT_EQ(describe(kShop), "GET shop.example.com (10.0.0.1:443)");
  EXPECT_EQ(
      describe({.action = "connect to", .host = "10.0.0.5", .address = "10.0.0.5", .port = 5432}),
      "connect to 10.0.0.5:5432");
  EXPECT_EQ(describe({.action = "GET", .host = "::1", .address = "::1", .port = 80}),
            "GET [::1]:80");
  EXPECT_EQ(describe({.action = "GET", .host = "h", .port = 80}), "GET h");
  EXPECT_EQ(describe({.action = "GET", .host = "h", .address = "::1", .port = 80, .redirects = 2}),
            "GET h ([::1]:80, after 2 redirects)");
  EXPECT_EQ(describe({.action = "GET",
                      .host = "10.0.0.9",
                      .address = "10.0.0.9",
                      .port = 3128,
                      .redirects = 0,
                      .via_proxy = true}),
            "GET 10.0.0.9 (proxy 10.0.0.9:3128)");
}

TEST(Judge, StatusOutside200To299IsDown) {
  for (const int status : {100, 199, 300, 304, 404, 500, 503}) {
    const Outcome outcome = judge(status, {});
    EXPECT_EQ(outcome.status, Status::down) << status;
    EXPECT_EQ(outcome.reason, Reason::status) << status;
  }
  for (const int status : {200, 204, 299}) {
    const Outcome outcome = judge(status, {});
    EXPECT_EQ(outcome.status, Status::up) << status;
    EXPECT_EQ(outcome.reason, Reason::none) << status;
    EXPECT_EQ(outcome.message, "");
  }
  EXPECT_EQ(judge(503, {}).message,
            "GET shop.example.com (10.0.0.1:443): status 503, expected 200 to 299");
}

TEST(Judge, ConditionThatNamesTheStatusReplacesTheRule) {
  EXPECT_EQ(judge(404, {"[STATUS] == 404"}).status, Status::up);
  EXPECT_EQ(judge(500, {"[STATUS] == 200"}).message,
            "GET shop.example.com (10.0.0.1:443): condition failed: [STATUS] (500) == 200");
  EXPECT_EQ(judge(500, {"[STATUS] == 200"}).reason, Reason::assertion);
  EXPECT_EQ(judge(200, {"[STATUS] == 404"}).status, Status::down);
}

TEST(Judge, BadStatusStillListsConditions) {
  const Outcome outcome = judge(503, {"[RESPONSE_TIME] < 1s", "has([BODY].x) == true"});
  EXPECT_EQ(outcome.reason, Reason::status);
  ASSERT_EQ(outcome.conditions.size(), 2U);
  EXPECT_TRUE(outcome.conditions[0].passed);
  EXPECT_FALSE(outcome.conditions[1].passed);
}

TEST(Judge, OurOwnFaultsAreUnknown) {
  for (const Reason reason :
       {Reason::resolver, Reason::resources, Reason::interrupted, Reason::internal}) {
    EXPECT_EQ(judge_failure(kShop, reason, "x").status, Status::unknown);
  }
  for (const Reason reason : {Reason::dns, Reason::connect, Reason::tls, Reason::timeout,
                              Reason::protocol, Reason::redirect, Reason::body_too_large}) {
    EXPECT_EQ(judge_failure(kShop, reason, "x").status, Status::down);
  }
}

TEST(Judge, MessagesAreBoundedAndPrintable) {
  const Outcome outcome = judge_failure(kShop, Reason::protocol, std::string(100'000, '\n'));
  EXPECT_LT(outcome.message.size(), 3000U);
  EXPECT_EQ(outcome.message.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace tocsin::check

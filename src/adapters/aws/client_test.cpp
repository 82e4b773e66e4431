// Calls on virtual time: what is sent, what is tried again and when, what is mended on the way.

#include "adapters/aws/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/aws/test_world.hpp"

namespace tocsin::aws {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kUrl = "https://dynamodb.eu-central-1.amazonaws.com/";
constexpr const char* kThrottle =
    R"({"__type":"a#ProvisionedThroughputExceededException","message":"slow down"})";
constexpr const char* kExpired = R"({"__type":"a#ExpiredTokenException","message":"old"})";

class AwsClient : public testing::Test {
 protected:
  AwsClient() { make({}); }

  void make(ClientOptions options) {
    options.region = "eu-central-1";
    cache_.emplace(world_.world(), [this](CredentialsDone done) {
      ++fetches_;
      Credentials set{"AKID" + std::to_string(fetches_), "secret-word", "token-word", {}};
      set.expires = world_.loop.now() + 1h;
      world_.loop.post([done = std::move(done), set]() mutable { done(set); });
    });
    client_.emplace(world_.world(), options, &*cache_);
  }

  ApiResult call(Milliseconds within = 60s) {
    std::optional<ApiResult> out;
    client_->call({operation::kGetItem, "{}", {}, world_.loop.mono_now() + within},
                  [&](ApiResult result) { out = std::move(result); });
    EXPECT_FALSE(out) << "answered inline";
    world_.loop.run_for(within + 1s);
    EXPECT_TRUE(out) << "no answer by the deadline";
    return out.value_or(std::unexpected(Failure{}));
  }
  std::string refusal(Milliseconds within = 60s) {
    const ApiResult result = call(within);
    return result ? "success" : to_string(result.error());
  }

  TestWorld world_;
  int fetches_ = 0;
  std::optional<CredentialCache> cache_;
  std::optional<Client> client_;
};

TEST_F(AwsClient, SendsASignedPostAndHandsOverBodyAndRequestId) {
  world_.on(kUrl, {TestWorld::status(200, "{\"Item\":{}}", {{"x-amzn-requestid", "R1"}})});
  const ApiResult result = call();
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_EQ(result->body, "{\"Item\":{}}");
  EXPECT_EQ(result->request_id, "R1");
  ASSERT_EQ(world_.http.requests.size(), 1U);
  const ports::HttpRequest& request = world_.http.requests[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.address, "10.0.0.1");
  EXPECT_EQ(header_of(request, "Host"), "dynamodb.eu-central-1.amazonaws.com");
  EXPECT_EQ(header_of(request, "X-Amz-Target"), "DynamoDB_20120810.GetItem");
  EXPECT_EQ(header_of(request, "X-Amz-Security-Token"), "token-word");
  EXPECT_THAT(header_of(request, "Authorization"),
              AllOf(StartsWith("AWS4-HMAC-SHA256 Credential=AKID1/20260101/eu-central-1/dynamodb/"),
                    HasSubstr("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;"
                              "x-amz-target,")));
  EXPECT_TRUE(world_.http.violations.empty());
}

TEST_F(AwsClient, TriesTransientFailuresThreeTimesThenSaysEverything) {
  world_.on(kUrl, {TestWorld::status(500, "{\"__type\":\"InternalServerError\"}",
                                     {{"x-amzn-requestid", "R9"}})});
  EXPECT_EQ(refusal(),
            "dynamodb:GetItem in eu-central-1: InternalServerError (HTTP 500, request id R9, "
            "attempt 3)");
  EXPECT_EQ(world_.http.requests.size(), 3U);
}

TEST_F(AwsClient, SucceedsAfterThrottles) {
  world_.on(kUrl, {TestWorld::status(400, kThrottle), TestWorld::status(400, kThrottle),
                   TestWorld::status(200, "{}")});
  const ApiResult result = call();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->attempts, 3);
}

TEST_F(AwsClient, DoesNotRepeatWhatRepeatingCannotChange) {
  world_.on(kUrl, {TestWorld::status(400, R"({"__type":"a#ValidationException"})")});
  EXPECT_EQ(refusal(), "dynamodb:GetItem in eu-central-1: ValidationException (HTTP 400)");
  EXPECT_EQ(world_.http.requests.size(), 1U);
}

TEST_F(AwsClient, TheEnvironmentSaysHowManyAttempts) {
  world_.variables["AWS_MAX_ATTEMPTS"] = "5";
  make({});
  world_.on(kUrl, {TestWorld::status(503)});
  EXPECT_THAT(refusal(), HasSubstr("attempt 5"));
  world_.variables["AWS_MAX_ATTEMPTS"] = "many";
  make({});
  EXPECT_THAT(refusal(), HasSubstr("attempt 3"));
}

TEST_F(AwsClient, NoAttemptBeginsAfterTheDeadline) {
  world_.on(kUrl, {TestWorld::status(503)});
  ClientOptions options;
  options.most_attempts = 20;
  make(options);
  const MonoTime start = world_.loop.mono_now();
  std::optional<MonoTime> ended;
  client_->call({operation::kGetItem, "{}", {}, start + 2s}, [&](const ApiResult& result) {
    EXPECT_FALSE(result);
    ended = world_.loop.mono_now();
  });
  world_.loop.run_for(60s);
  ASSERT_TRUE(ended);
  EXPECT_LE(*ended, start + 2s);
}

TEST_F(AwsClient, ASilentServerCostsOneAttemptNotTheWholeDeadline) {
  TestWorld::Answer silent;
  silent.never_answers = true;
  world_.on(kUrl, {silent, TestWorld::status(200, "{}")});
  ClientOptions options;
  options.attempt_timeout = 500ms;
  options.first_delay = 50ms;
  make(options);
  const ApiResult result = call(2s);
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_EQ(result->attempts, 2);
}

TEST_F(AwsClient, WaitsAsLongAsTheServerAsks) {
  const MonoTime start = world_.loop.mono_now();
  const auto took = [&](ports::Headers headers) {
    make({});
    world_.on(kUrl, {TestWorld::status(503, "", std::move(headers)), TestWorld::status(200, "{}")});
    const MonoTime begun = world_.loop.mono_now();
    std::optional<MonoTime> ended;
    client_->call({operation::kGetItem, "{}", {}, begun + 60s},
                  [&](const ApiResult&) { ended = world_.loop.mono_now(); });
    world_.loop.run_for(60s);
    return ended.value_or(start) - begun;
  };
  EXPECT_GE(took({{"retry-after", "7"}}), 7s);
  EXPECT_GE(took({{"x-amz-retry-after", "2500"}}), 2500ms);
  EXPECT_LE(took({{"x-amz-retry-after", "3600000"}}), 6s) << "at most 5 s beyond the own delay";
}

TEST_F(AwsClient, TakesTheServersClockOnceAndRemembersIt) {
  const char* expired =
      R"({"__type":"a#InvalidSignatureException","message":"Signature expired: x is now earlier"})";
  world_.on(kUrl, {TestWorld::status(403, expired, {{"date", "Thu, 01 Jan 2026 03:00:00 GMT"}}),
                   TestWorld::status(200, "{}")});
  ASSERT_TRUE(call(5s));
  ASSERT_EQ(world_.http.requests.size(), 2U);
  EXPECT_THAT(header_of(world_.http.requests[1], "X-Amz-Date"), StartsWith("20260101T0300"));
  EXPECT_EQ(client_->clock_offset(), 3h);
  ASSERT_TRUE(call(5s));
  EXPECT_EQ(world_.http.requests.size(), 3U);
  EXPECT_THAT(header_of(world_.http.requests[2], "X-Amz-Date"), StartsWith("20260101T0300"));
}

TEST_F(AwsClient, AClockThatStaysWrongIsAFailureNotACircle) {
  world_.on(kUrl, {TestWorld::status(403, R"({"__type":"RequestTimeTooSkewed"})",
                                     {{"date", "Thu, 01 Jan 2026 03:00:00 GMT"}})});
  EXPECT_THAT(refusal(), HasSubstr("RequestTimeTooSkewed"));
  EXPECT_EQ(world_.http.requests.size(), 2U);
}

TEST_F(AwsClient, RenewsCredentialsThatAServerCallsExpiredOnceAndAtOnce) {
  world_.on(kUrl, {TestWorld::status(200, "{}")});
  ASSERT_TRUE(call(1s));
  world_.loop.run_for(1min);
  world_.http.requests.clear();
  world_.on(kUrl, {TestWorld::status(400, kExpired), TestWorld::status(200, "{}")});
  ASSERT_TRUE(call(1s));
  EXPECT_EQ(fetches_, 2);
  EXPECT_THAT(header_of(world_.http.requests[1], "Authorization"), HasSubstr("AKID2/"));
}

TEST_F(AwsClient, ASetThatJustCameIsNotRenewedBecauseAServerRefusesIt) {
  world_.on(kUrl, {TestWorld::status(400, kExpired)});
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(refusal(100ms), HasSubstr("ExpiredTokenException"));
  }
  EXPECT_EQ(fetches_, 1);
}

TEST_F(AwsClient, WhenMostCallsFailTheyAreNotRepeatedAnyMore) {
  world_.on(kUrl, {TestWorld::status(500)});
  for (int i = 0; i < 60; ++i) {
    EXPECT_NE(refusal(), "success");
  }
  EXPECT_EQ(world_.http.requests.size(), 60U + 100U) << "a quota of 500, 5 for each retry";
}

TEST_F(AwsClient, FollowsNoRedirect) {
  world_.on(kUrl, {TestWorld::status(302, "", {{"location", "https://evil.example/"}})});
  EXPECT_THAT(refusal(), HasSubstr("redirect, which is not followed"));
  EXPECT_EQ(world_.http.requests.size(), 1U);
}

TEST_F(AwsClient, NamesWhoDidNotAnswerAndTriesEveryAddress) {
  world_.resolver.set("dynamodb.eu-central-1.amazonaws.com", {"10.0.0.1", "10.0.0.2"});
  world_.on(kUrl, {{test::http_failure(ports::HttpFailure::Kind::connect, "connection refused")}});
  ClientOptions options;
  options.most_attempts = 1;
  make(options);
  EXPECT_EQ(refusal(),
            "dynamodb:GetItem in eu-central-1: dynamodb.eu-central-1.amazonaws.com (10.0.0.2): "
            "connection refused");
  EXPECT_EQ(world_.http.requests.size(), 2U);
}

TEST_F(AwsClient, ARefusedCertificateIsNotTriedAgain) {
  world_.on(kUrl, {{test::http_failure(ports::HttpFailure::Kind::tls, "self-signed")}});
  EXPECT_THAT(refusal(), HasSubstr("self-signed"));
  EXPECT_EQ(world_.http.requests.size(), 1U);
}

TEST_F(AwsClient, NoFailureHoldsASecret) {
  for (const auto& answer :
       {TestWorld::status(403, kExpired), TestWorld::status(500, "<html>"),
        TestWorld::Answer{test::http_failure(ports::HttpFailure::Kind::protocol, "cut short")}}) {
    make({});
    world_.on(kUrl, {answer});
    EXPECT_THAT(refusal(), AllOf(Not(HasSubstr("secret-word")), Not(HasSubstr("token-word"))));
  }
}

TEST_F(AwsClient, TheEndpointMayBeAnotherAndKeepsRegionAndName) {
  ClientOptions options;
  options.endpoint = "http://localhost:8000/base/";
  make(options);
  world_.resolver.set("localhost", {"127.0.0.1"});
  world_.on("http://localhost:8000/base", {TestWorld::status(200, "{}")});
  ASSERT_TRUE(call());
  EXPECT_EQ(header_of(world_.http.requests[0], "Host"), "localhost:8000");
  EXPECT_THAT(header_of(world_.http.requests[0], "Authorization"),
              HasSubstr("/eu-central-1/dynamodb/aws4_request"));
}

TEST_F(AwsClient, RefusesMoreCallsThanItsBound) {
  ClientOptions options;
  options.most_calls = 2;
  make(options);
  TestWorld::Answer slow = TestWorld::status(200, "{}");
  slow.after = 1s;
  world_.on(kUrl, {slow});
  std::vector<std::string> ends;
  for (int i = 0; i < 3; ++i) {
    client_->call({operation::kGetItem, "{}", {}, world_.loop.mono_now() + 5s},
                  [&](const ApiResult& result) {
                    ends.push_back(result ? "success" : to_string(result.error()));
                  });
  }
  world_.loop.run_for(10s);
  ASSERT_EQ(ends.size(), 3U);
  EXPECT_THAT(ends[0], HasSubstr("2 calls are under way already"));
  EXPECT_EQ(ends[1], "success");
  EXPECT_EQ(ends[2], "success");
  EXPECT_TRUE(call()) << "the bound is free again";
}

TEST_F(AwsClient, AnswersNothingOnceItIsGone) {
  world_.on(kUrl, {TestWorld::status(200, "{}")});
  bool answered = false;
  client_->call({operation::kGetItem, "{}", {}, world_.loop.mono_now() + 5s},
                [&](const ApiResult&) { answered = true; });
  client_.reset();
  world_.loop.run_for(10s);
  EXPECT_FALSE(answered);
}

}  // namespace
}  // namespace tocsin::aws

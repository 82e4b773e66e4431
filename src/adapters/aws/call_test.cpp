// How calls are spelled, where they go, what their failures mean and when they are repeated.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "adapters/aws/endpoint.hpp"
#include "adapters/aws/failure.hpp"
#include "adapters/aws/retry.hpp"
#include "adapters/aws/service.hpp"

namespace tocsin::aws {
namespace {

using testing::HasSubstr;

Environment environment(std::map<std::string, std::string, std::less<>> variables) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

std::string url_of(const Service& service, std::string_view region,
                   std::map<std::string, std::string, std::less<>> variables = {}) {
  const auto url =
      endpoint_url(service, region, endpoint_choice(service, environment(std::move(variables))));
  return url ? *url : url.error().message;
}

TEST(AwsCall, JsonServicesNameTheOperationInAHeader) {
  const Call call = json_call(kDynamoDb, "GetItem", "{}");
  EXPECT_EQ(call.body, "{}");
  EXPECT_EQ(call.headers, (Headers{{"Content-Type", "application/x-amz-json-1.0"},
                                   {"X-Amz-Target", "DynamoDB_20120810.GetItem"}}));
}

TEST(AwsCall, QueryServicesGetAFormThatIsEncodedCanonically) {
  const Call call = query_call(kSts, "AssumeRole", {{"RoleArn", "arn:aws:iam::1:role/a b+c"}});
  EXPECT_EQ(
      call.body,
      "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fa%20b%2Bc");
}

TEST(AwsEndpoint, FollowsTheRegionsPartition) {
  EXPECT_EQ(url_of(kDynamoDb, "eu-central-1"), "https://dynamodb.eu-central-1.amazonaws.com");
  EXPECT_EQ(url_of(kDynamoDb, "cn-north-1"), "https://dynamodb.cn-north-1.amazonaws.com.cn");
  EXPECT_EQ(url_of(kSts, "us-gov-west-1"), "https://sts.us-gov-west-1.amazonaws.com");
  EXPECT_EQ(url_of(kSts, "mars-west-1"), "https://sts.mars-west-1.amazonaws.com") << "a new one";
  EXPECT_EQ(partition_of("us-isob-east-1"), "aws-iso-b");
  EXPECT_EQ(partition_of("eusc-de-east-1"), "aws-eusc");
}

TEST(AwsEndpoint, FipsAndDualStackChangeTheName) {
  EXPECT_EQ(url_of(kSts, "us-east-1", {{"AWS_USE_FIPS_ENDPOINT", "true"}}),
            "https://sts-fips.us-east-1.amazonaws.com");
  EXPECT_EQ(url_of(kSts, "us-east-1",
                   {{"AWS_USE_FIPS_ENDPOINT", "true"}, {"AWS_USE_DUALSTACK_ENDPOINT", "true"}}),
            "https://sts-fips.us-east-1.api.aws");
}

TEST(AwsEndpoint, TheServicesOwnUrlBeatsTheCommonOne) {
  EXPECT_EQ(url_of(kDynamoDb, "us-east-1",
                   {{"AWS_ENDPOINT_URL", "http://localhost:1"},
                    {"AWS_ENDPOINT_URL_DYNAMODB", "http://localhost:2/"}}),
            "http://localhost:2");
  EXPECT_EQ(url_of(kSts, "us-east-1", {{"AWS_ENDPOINT_URL", "http://localhost:1"}}),
            "http://localhost:1");
  EXPECT_EQ(url_of(kSts, "us-east-1",
                   {{"AWS_ENDPOINT_URL", "http://localhost:1"},
                    {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"}}),
            "https://sts.us-east-1.amazonaws.com");
}

TEST(AwsEndpoint, WhatIsNoRegionOrNoUrlIsNamed) {
  EXPECT_THAT(url_of(kSts, "us-east-1.evil.example/"), HasSubstr("is not an AWS region"));
  EXPECT_THAT(url_of(kSts, ""), HasSubstr("is not an AWS region"));
  EXPECT_THAT(url_of(kSts, "us-east-1", {{"AWS_ENDPOINT_URL", "localhost:1"}}),
              HasSubstr("the endpoint of STS is not an http:// or https:// URL"));
}

TEST(AwsFailure, ReadsJsonErrors) {
  const Failure failure =
      failure_of(400, {{"x-amzn-requestid", "4f1b"}},
                 R"({"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",)"
                 R"("message":"no table"})");
  EXPECT_EQ(failure.kind, FailureKind::refused);
  EXPECT_EQ(to_string(failure), "ResourceNotFoundException: no table (HTTP 400, request id 4f1b)");
  EXPECT_EQ(failure_of(400, {}, R"({"__type":"A#B:http://x","Message":"m"})").code, "B");
  EXPECT_EQ(failure_of(400, {{"x-amzn-errortype", "C:http://y"}}, "{}").code, "C");
}

TEST(AwsFailure, ReadsXmlErrorsOfAnyService) {
  const Failure failure = failure_of(403, {},
                                     "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied"
                                     "</Code><Message>User: a &amp; b is not authorized</Message>"
                                     "</Error><RequestId>77</RequestId></ErrorResponse>");
  EXPECT_EQ(failure.kind, FailureKind::denied);
  EXPECT_EQ(to_string(failure),
            "AccessDenied: User: a & b is not authorized (HTTP 403, request id 77)");
}

TEST(AwsFailure, SurvivesWhatIsNeither) {
  for (const char* body : {"", "<", "<Code>", "{", "null", "<html>502</html>", "\xff\xfe"}) {
    EXPECT_EQ(to_string(failure_of(502, {}, body)), "the call failed (HTTP 502)") << body;
  }
}

TEST(AwsFailure, TellsWhatToDo) {
  const auto kind = [](int status, const std::string& code, const std::string& message = "m") {
    return failure_of(status, {}, R"({"__type":")" + code + R"(","message":")" + message + R"("})")
        .kind;
  };
  EXPECT_EQ(kind(400, "ThrottlingException"), FailureKind::throttled);
  EXPECT_EQ(kind(400, "ProvisionedThroughputExceededException"), FailureKind::throttled);
  EXPECT_EQ(kind(503, "SlowDown"), FailureKind::throttled);
  EXPECT_EQ(kind(500, "InternalServerError"), FailureKind::transient);
  EXPECT_EQ(kind(503, ""), FailureKind::transient);
  EXPECT_EQ(kind(400, "ExpiredTokenException"), FailureKind::credentials);
  EXPECT_EQ(kind(403, "SignatureDoesNotMatch"), FailureKind::credentials);
  EXPECT_EQ(kind(403, "SignatureDoesNotMatch", "Signature expired: 2026 is now earlier"),
            FailureKind::clock);
  EXPECT_EQ(kind(403, "InvalidSignatureException", "Signature not yet current: 2026"),
            FailureKind::clock);
  EXPECT_EQ(kind(403, "RequestTimeTooSkewed"), FailureKind::clock);
  EXPECT_EQ(kind(400, "AccessDeniedException"), FailureKind::denied);
  EXPECT_EQ(kind(400, "ConditionalCheckFailedException"), FailureKind::refused);
  EXPECT_EQ(kind(501, "NotImplemented"), FailureKind::refused);
}

TEST(AwsRetry, DelaysAreRandomAndGrowToTheirBound) {
  Random random(7);
  for (int retry = 0; retry < 40; ++retry) {
    const Milliseconds most = retry < 5 ? Milliseconds{1000 << retry} : kLongestDelay;
    Milliseconds longest{0};
    for (int i = 0; i < 200; ++i) {
      const Milliseconds delay = retry_delay(retry, random);
      ASSERT_GE(delay, Milliseconds{0});
      ASSERT_LE(delay, std::min(most, kLongestDelay));
      longest = std::max(longest, delay);
    }
    EXPECT_GT(longest, std::min(most, kLongestDelay) / 2);
  }
}

TEST(AwsRetry, WhenMostCallsFailTheyStopRepeatingThemselves) {
  RetryQuota quota;
  int retries = 0;
  while (quota.take(false)) ++retries;
  EXPECT_EQ(retries, 100);
  for (int i = 0; i < 5; ++i) quota.succeeded();
  EXPECT_TRUE(quota.take(false));
  EXPECT_FALSE(quota.take(false));
  for (int i = 0; i < 1000; ++i) quota.succeeded();
  EXPECT_EQ(quota.left(), 500);
  EXPECT_TRUE(quota.take(true));
  EXPECT_EQ(quota.left(), 490);
  quota.release(true);
  EXPECT_EQ(quota.left(), 500);
}

}  // namespace
}  // namespace tocsin::aws

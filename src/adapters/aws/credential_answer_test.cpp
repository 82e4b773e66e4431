#include "adapters/aws/credential_answer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::aws {
namespace {

using testing::HasSubstr;
using testing::Not;

const Instant kExpires = *parse_rfc3339("2026-11-21T20:00:00Z");

void expect_set(const Result<Credentials>& found, std::optional<Instant> expires,
                std::string_view token = "tok") {
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->access_key_id, "AKID");
  EXPECT_EQ(found->secret_access_key, "s3cret");
  EXPECT_EQ(found->session_token, token);
  EXPECT_EQ(found->expires, expires);
}

TEST(CredentialAnswer, OfContainersAndInstances) {
  expect_set(read_container_answer(R"({"AccessKeyId":"AKID","SecretAccessKey":"s3cret",
      "Token":"tok","Expiration":"2026-11-21T20:00:00Z","RoleArn":"x"})"),
             kExpires);
  expect_set(read_container_answer(R"({"Code":"Success","AccessKeyId":"AKID",
      "SecretAccessKey":"s3cret","Token":"tok","Expiration":"2026-11-21T20:00:00Z"})"),
             kExpires);
  const auto none = read_container_answer(R"({"Code":"AssumeRoleUnauthorizedAccess"})");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::unavailable);
}

TEST(CredentialAnswer, OfAProcess) {
  expect_set(
      read_process_answer(R"({"Version":1,"AccessKeyId":"AKID","SecretAccessKey":"s3cret"})"),
      std::nullopt, "");
  expect_set(read_process_answer(R"({"Version":1,"AccessKeyId":"AKID","SecretAccessKey":"s3cret",
      "SessionToken":"tok","Expiration":"2026-11-21T21:00:00+01:00"})"),
             kExpires);
  EXPECT_THAT(
      read_process_answer(R"({"AccessKeyId":"AKID","SecretAccessKey":"s3cret"})").error().message,
      HasSubstr("another version than 1"));
}

TEST(CredentialAnswer, OfIdentityCenter) {
  expect_set(read_sso_answer(R"({"roleCredentials":{"accessKeyId":"AKID",
      "secretAccessKey":"s3cret","sessionToken":"tok","expiration":1795291200000}})"),
             kExpires);
  const auto token =
      read_sso_token(R"({"accessToken":"t","expiresAt":"2026-11-21T20:00:00Z","region":"x"})");
  ASSERT_TRUE(token);
  EXPECT_EQ(token->expires, kExpires);
  EXPECT_THAT(read_sso_token("{}").error().message, HasSubstr("run it again"));
}

TEST(CredentialAnswer, OfSts) {
  expect_set(read_sts_answer("<AssumeRoleResponse><AssumeRoleResult><Credentials>"
                             "<AccessKeyId>AKID</AccessKeyId><SecretAccessKey>s3cret"
                             "</SecretAccessKey><SessionToken>tok</SessionToken>"
                             "<Expiration>2026-11-21T20:00:00Z</Expiration></Credentials>"
                             "</AssumeRoleResult></AssumeRoleResponse>"),
             kExpires);
}

TEST(CredentialAnswer, WhatIsMissingIsNamedAndNothingQuoted) {
  const std::string half = R"({"Version":1,"SecretAccessKey":"s3cret"})";
  const std::string late = R"({"Version":1,"AccessKeyId":"AKID","SecretAccessKey":"s3cret",)"
                           R"("Expiration":"s3cret"})";
  for (const auto& read :
       {read_container_answer, read_process_answer, read_sso_answer, read_sts_answer}) {
    for (const std::string& text : {half, late, std::string("s3cret"), std::string("[]"),
                                    std::string(), std::string("<AccessKeyId>s3cret")}) {
      const auto found = read(text);
      ASSERT_FALSE(found) << text;
      EXPECT_THAT(found.error().message, Not(HasSubstr("s3cret")));
    }
  }
}

}  // namespace
}  // namespace tocsin::aws

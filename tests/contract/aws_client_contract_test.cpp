// The AWS client against moto with signature checking on, and against servers on loopback that do
// what no stand-in does: clocks that are off, throttles, answers that are cut.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <vector>

#include "adapters/aws/xml_element.hpp"
#include "check/json.hpp"
#include "contract/aws_fixture.hpp"
#include "contract/http_fixture.hpp"

namespace tocsin::test {
namespace {

using aws::Operation;
using aws::Protocol;
using aws::Service;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
namespace operation = aws::operation;

// What only the tests call.
constexpr Service kIam{"IAM", "iam", "iam", Protocol::query, "2010-05-08"};
constexpr Operation kCreateUser{kIam, "CreateUser"};
constexpr Operation kCreateAccessKey{kIam, "CreateAccessKey"};
constexpr Operation kPutUserPolicy{kIam, "PutUserPolicy"};
constexpr Operation kCreateRole{kIam, "CreateRole"};
constexpr Operation kPutRolePolicy{kIam, "PutRolePolicy"};
constexpr Operation kCreateTable{aws::kDynamoDb, "CreateTable"};
constexpr Operation kListBackups{aws::kDynamoDb, "ListBackups"};

constexpr const char* kEverything =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sts:*",)"
    R"("dynamodb:CreateTable","dynamodb:PutItem","dynamodb:GetItem"],"Resource":"*"}]})";
constexpr const char* kAnybody =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",)"
    R"("Principal":{"AWS":"*"}}]})";
constexpr const char* kTable =
    R"({"TableName":"T","KeySchema":[{"AttributeName":"Timer","KeyType":"HASH"}],)"
    R"("AttributeDefinitions":[{"AttributeName":"Timer","AttributeType":"S"}],)"
    R"("BillingMode":"PAY_PER_REQUEST"})";

// --- moto, which knows one user and one role, and checks every signature. ---

class AwsMoto : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    set_checking("inf");
    RealAws aws(with_keys("setup", "setup"));
    const auto done = [&](const Operation& operation, aws::Parameters parameters) {
      const auto answer = aws.call(operation, "", std::move(parameters));
      EXPECT_TRUE(answer) << describe(answer);
      return answer ? answer->body : "";
    };
    done(kCreateUser, {{"UserName", "ops"}});
    done(kPutUserPolicy,
         {{"UserName", "ops"}, {"PolicyName", "p"}, {"PolicyDocument", kEverything}});
    const std::string key = done(kCreateAccessKey, {{"UserName", "ops"}});
    user().id = aws::xml_element(key, "AccessKeyId");
    user().secret = aws::xml_element(key, "SecretAccessKey");
    done(kCreateRole, {{"RoleName", "r"}, {"AssumeRolePolicyDocument", kAnybody}});
    done(kPutRolePolicy, {{"RoleName", "r"}, {"PolicyName", "p"}, {"PolicyDocument", kEverything}});
    set_checking("0");
  }
  static void TearDownTestSuite() { set_checking("inf"); }

  // How many calls go unchecked from now on.
  static void set_checking(const char* unchecked) {
    adapters::HttpCurl client;
    ports::HttpRequest request;
    request.url = server_url("TOCSIN_MOTO") + "/moto-api/reset-auth";
    request.address = "127.0.0.1";
    request.method = "POST";
    request.headers = {{"Content-Type", "application/octet-stream"}};
    request.body = unchecked;
    EXPECT_EQ(fetch(client, std::move(request)).value().status, 200);
  }
  static Variables with_keys(std::string key, std::string secret, std::string token = "") {
    return {{"AWS_ENDPOINT_URL", server_url("TOCSIN_MOTO")},
            {"AWS_ACCESS_KEY_ID", std::move(key)},
            {"AWS_SECRET_ACCESS_KEY", std::move(secret)},
            {"AWS_SESSION_TOKEN", std::move(token)}};
  }

  // Of the user, whom the suite makes once.
  struct Keys {
    std::string id;
    std::string secret;
  };
  static Keys& user() {
    static Keys keys;
    return keys;
  }
};

TEST_F(AwsMoto, SignedCallsOfBothProtocolsAreTaken) {
  RealAws aws(with_keys(user().id, user().secret));
  const auto who = aws.call(operation::kGetCallerIdentity, "");
  ASSERT_TRUE(who) << describe(who);
  EXPECT_THAT(aws::xml_element(who->body, "Arn"), HasSubstr("user/ops"));
  EXPECT_FALSE(who->request_id.empty());
  const auto table = aws.call(kCreateTable, kTable);
  ASSERT_TRUE(table) << describe(table);
  for (const char* id : {"plain", "sp ace/\xC3\xBC%+&=?", "\\u0001"}) {
    const auto put =
        aws.call(operation::kPutItem, R"({"TableName":"T","Item":{"Timer":{"S":")" +
                                          std::string(id) + R"("},"Seconds":{"N":"5"}}})");
    EXPECT_TRUE(put) << describe(put);
    const auto got = aws.call(operation::kGetItem,
                              R"({"TableName":"T","ConsistentRead":true,"Key":{"Timer":{"S":")" +
                                  std::string(id) + R"("}}})");
    ASSERT_TRUE(got) << describe(got);
    EXPECT_EQ(check::parse_json(got->body)->find("Item").find("Seconds").find("N").string(), "5");
  }
}

TEST_F(AwsMoto, AnAssumedRoleSignsWithItsToken) {
  RealAws plain(with_keys(user().id, user().secret));
  const auto session = plain.call(
      operation::kAssumeRole, "",
      {{"RoleArn", "arn:aws:iam::123456789012:role/r"}, {"RoleSessionName", "tocsin.1@x=y,z"}});
  ASSERT_TRUE(session) << describe(session);
  RealAws assumed(with_keys(aws::xml_element(session->body, "AccessKeyId"),
                            aws::xml_element(session->body, "SecretAccessKey"),
                            aws::xml_element(session->body, "SessionToken")));
  const auto who = assumed.call(operation::kGetCallerIdentity, "");
  ASSERT_TRUE(who) << describe(who);
  EXPECT_THAT(aws::xml_element(who->body, "Arn"), HasSubstr("assumed-role/r"));
  const auto get =
      assumed.call(operation::kGetItem, R"({"TableName":"T","Key":{"Timer":{"S":"x"}}})");
  EXPECT_TRUE(get || get.error().code == "ResourceNotFoundException") << describe(get);
}

TEST_F(AwsMoto, AWrongSecretAndAnUnknownKeyAreFaultsOfCredentials) {
  const auto refused = [](Variables variables) {
    RealAws aws(std::move(variables));
    const auto answer =
        aws.call(operation::kGetItem, R"({"TableName":"T","Key":{"Timer":{"S":"x"}}})");
    EXPECT_FALSE(answer);
    return answer ? aws::Failure{} : answer.error();
  };
  const aws::Failure wrong = refused(with_keys(user().id, "wrong-secret"));
  EXPECT_EQ(wrong.code, "SignatureDoesNotMatch");
  EXPECT_EQ(wrong.kind, aws::FailureKind::credentials);
  EXPECT_THAT(aws::to_string(wrong),
              AllOf(HasSubstr("dynamodb:GetItem in us-east-1"), Not(HasSubstr("wrong-secret"))));
  EXPECT_EQ(refused(with_keys("AKIAUNKNOWN", user().secret)).code, "InvalidClientTokenId");
}

TEST_F(AwsMoto, WhatAPolicyDoesNotAllowIsNamed) {
  RealAws aws(with_keys(user().id, user().secret));
  const auto answer = aws.call(kListBackups, "{}");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, aws::FailureKind::denied) << describe(answer);
  EXPECT_THAT(describe(answer), HasSubstr("dynamodb:ListBackups in us-east-1: AccessDenied"));
}

// --- Servers of our own. ---

std::string http(int status, const std::string& headers, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// Answers one call after another with the next text, the last again and again; keeps the heads.
class Scripted {
 public:
  explicit Scripted(std::vector<std::string> answers)
      : answers_(std::move(answers)), server_([this](Peer& peer) { serve(peer); }) {}

  [[nodiscard]] Variables variables() const {
    return {{"AWS_ENDPOINT_URL", server_.url("")},
            {"AWS_ACCESS_KEY_ID", "AKID"},
            {"AWS_SECRET_ACCESS_KEY", "secret"}};
  }
  [[nodiscard]] std::vector<std::string> heads() {
    const std::scoped_lock lock(mutex_);
    return heads_;
  }
  [[nodiscard]] std::string url(std::string_view path) const { return server_.url(path); }

 private:
  void serve(Peer& peer) {
    const std::string head = peer.read_until("\r\n\r\n");
    if (head.find("Content-Length: 2\r\n") != head.npos) {
      peer.read_until("{}");
    }
    std::string answer;
    {
      const std::scoped_lock lock(mutex_);
      heads_.push_back(head);
      answer = answers_.front();
      if (answers_.size() > 1) {
        answers_.erase(answers_.begin());
      }
    }
    peer.send(answer);
  }

  std::mutex mutex_;
  std::vector<std::string> answers_;
  std::vector<std::string> heads_;
  LoopbackServer server_;
};

TEST(AwsLoopback, AServerWhoseClockIsFarAheadIsTakenAtItsWord) {
  Scripted server(
      {http(400, "Date: Fri, 01 Jan 2038 00:00:00 GMT\r\nConnection: close\r\n",
            R"({"__type":"x#InvalidSignatureException","message":"Signature expired"})"),
       http(200, "Connection: close\r\n", "{}")});
  RealAws aws(server.variables());
  const auto answer = aws.call(operation::kGetItem, "{}");
  ASSERT_TRUE(answer) << describe(answer);
  EXPECT_GT(aws.clock_offset(), std::chrono::hours{24 * 365});
  EXPECT_THAT(server.heads().at(1), HasSubstr("X-Amz-Date: 20380101T0000"));
}

TEST(AwsLoopback, ThrottlesServerErrorsAndCutAnswersAreTriedAgain) {
  Scripted server({http(400, "Connection: close\r\n", R"({"__type":"x#ThrottlingException"})"),
                   "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"Item\"",
                   http(503, "Connection: close\r\n", "<html>"),
                   http(200, "Connection: close\r\nx-amzn-RequestId: R7\r\n", "{}")});
  Variables variables = server.variables();
  variables["AWS_MAX_ATTEMPTS"] = "4";
  RealAws aws(variables);
  const auto answer = aws.call(operation::kGetItem, "{}");
  ASSERT_TRUE(answer) << describe(answer);
  EXPECT_EQ(answer->attempts, 4);
  EXPECT_EQ(answer->request_id, "R7");
}

TEST(AwsLoopback, RedirectsAreNotFollowed) {
  Scripted server({http(307, "Location: http://127.0.0.1:1/\r\nConnection: close\r\n", "")});
  RealAws aws(server.variables());
  EXPECT_THAT(describe(aws.call(operation::kGetItem, "{}")),
              HasSubstr("redirect, which is not followed"));
  EXPECT_EQ(server.heads().size(), 1U);
}

TEST(AwsLoopback, CredentialsComeFromAContainersEndpoint) {
  Scripted server({http(200, "Connection: close\r\n",
                        R"({"AccessKeyId":"CONTAINER","SecretAccessKey":"s","Token":"t",)"
                        R"("Expiration":"2099-01-01T00:00:00Z"})")});
  RealAws aws({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url("/creds")},
               {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic word"}});
  EXPECT_EQ(aws.credentials(), "CONTAINER");
  EXPECT_THAT(server.heads().at(0),
              AllOf(HasSubstr("GET /creds HTTP/1.1"), HasSubstr("Authorization: Basic word\r\n")));
}

TEST(AwsLoopback, CredentialsComeFromTheInstanceMetadata) {
  Scripted server({http(200, "Connection: close\r\n", "session"),
                   http(200, "Connection: close\r\n", "web-role"),
                   http(200, "Connection: close\r\n",
                        R"({"Code":"Success","AccessKeyId":"INSTANCE","SecretAccessKey":"s",)"
                        R"("Token":"t","Expiration":"2099-01-01T00:00:00Z"})")});
  RealAws aws({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url("")}});
  EXPECT_EQ(aws.credentials(), "INSTANCE");
  EXPECT_THAT(server.heads().at(0), HasSubstr("PUT /latest/api/token HTTP/1.1"));
  EXPECT_THAT(server.heads().at(2),
              AllOf(HasSubstr("GET /latest/meta-data/iam/security-credentials/web-role"),
                    HasSubstr("x-aws-ec2-metadata-token: session\r\n")));
}

TEST(AwsLoopback, CredentialsComeFromAProgram) {
  const std::string config =
      std::filesystem::temp_directory_path() / ("tocsin-aws-process-" + std::to_string(::getpid()));
  std::ofstream(config)
      << "[default]\ncredential_process = /bin/echo "
         "'{\"Version\":1,\"AccessKeyId\":\"PROGRAM\",\"SecretAccessKey\":\"s\"}'\n";
  RealAws aws({{"AWS_CONFIG_FILE", config}, {"HOME", "/nonexistent"}});
  EXPECT_EQ(aws.credentials(), "PROGRAM");
  std::filesystem::remove(config);
}

}  // namespace
}  // namespace tocsin::test

// Every provider of credentials on virtual time.

#include "adapters/aws/credential_fetch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/aws/region.hpp"
#include "adapters/aws/test_world.hpp"

namespace tocsin::aws {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kSts = "https://sts.us-east-1.amazonaws.com/";
constexpr const char* kTaskRole =
    R"({"AccessKeyId":"C","SecretAccessKey":"container-secret","Token":"t",)"
    R"("Expiration":"2026-01-01T06:00:00Z"})";

std::string sts_answer(const std::string& id) {
  return "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>" + id +
         "</AccessKeyId><SecretAccessKey>z</SecretAccessKey><SessionToken>t</SessionToken>"
         "<Expiration>2026-01-01T01:00:00Z</Expiration></Credentials></AssumeRoleResult>"
         "</AssumeRoleResponse>";
}

class AwsCredentialFetch : public testing::Test {
 protected:
  // The access key id and the end, or the error.
  std::string fetch(const std::string& profile = "") {
    std::string out = "no answer";
    credential_chain(world_.world(), profile, "")([&](Result<Credentials> found) {
      out = !found ? found.error().message
                   : found->access_key_id +
                         (found->expires ? " until " + format_rfc3339(*found->expires) : "");
    });
    EXPECT_EQ(out, "no answer") << "inline";
    world_.loop.run_for(2min);
    EXPECT_TRUE(world_.http.violations.empty());
    EXPECT_THAT(out, AllOf(Not(HasSubstr("secret")), Not(HasSubstr("bearer-word"))));
    return out;
  }

  TestWorld world_;
};

TEST_F(AwsCredentialFetch, TakesTheEnvironmentsKeys) {
  world_.variables = {{"AWS_ACCESS_KEY_ID", "E"}, {"AWS_SECRET_ACCESS_KEY", "s"}};
  EXPECT_EQ(fetch(), "E");
}

TEST_F(AwsCredentialFetch, ReadsTheFilesWhereTheEnvironmentSays) {
  world_.variables = {{"HOME", "/home/me"}};
  world_.files["/home/me/.aws/credentials"] =
      "[default]\naws_access_key_id=H\naws_secret_access_key=s\n";
  EXPECT_EQ(fetch(), "H");
  world_.variables["AWS_SHARED_CREDENTIALS_FILE"] = "~/elsewhere";
  world_.files["/home/me/elsewhere"] = "[default]\naws_access_key_id=I\naws_secret_access_key=s\n";
  EXPECT_EQ(fetch(), "I");
}

TEST_F(AwsCredentialFetch, ExchangesAWebIdentityUnsignedAndReadsItsFileEachTime) {
  world_.variables = {{"AWS_WEB_IDENTITY_TOKEN_FILE", "/token"}, {"AWS_ROLE_ARN", "arn:r"}};
  world_.files["/token"] = "bearer-word\n";
  world_.on(kSts, {TestWorld::status(200, sts_answer("W"))});
  EXPECT_EQ(fetch(), "W until 2026-01-01T01:00:00.000Z");
  const ports::HttpRequest& request = world_.http.requests[0];
  EXPECT_EQ(header_of(request, "Authorization"), "");
  EXPECT_EQ(request.body,
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Ar&"
            "RoleSessionName=tocsin&WebIdentityToken=bearer-word");
  world_.files["/token"] = "rotated";
  (void)fetch();
  EXPECT_THAT(world_.http.requests[1].body, HasSubstr("WebIdentityToken=rotated"));
  world_.files.clear();
  EXPECT_THAT(fetch(), HasSubstr("AWS credentials from AWS_WEB_IDENTITY_TOKEN_FILE: the web "
                                 "identity token: /token: no such file"));
}

TEST_F(AwsCredentialFetch, AssumesRolesOneAfterAnotherEachSignedByTheOneBefore) {
  world_.variables = {{"HOME", "/h"}, {"AWS_PROFILE", "top"}};
  world_.files["/h/.aws/config"] =
      "[profile top]\nrole_arn=arn:t\nsource_profile=mid\nexternal_id=x\n"
      "[profile mid]\nrole_arn=arn:m\nsource_profile=base\n";
  world_.files["/h/.aws/credentials"] = "[base]\naws_access_key_id=B\naws_secret_access_key=s\n";
  world_.on(kSts,
            {TestWorld::status(200, sts_answer("M")), TestWorld::status(200, sts_answer("T"))});
  EXPECT_EQ(fetch(), "T until 2026-01-01T01:00:00.000Z");
  ASSERT_EQ(world_.http.requests.size(), 2U);
  EXPECT_THAT(header_of(world_.http.requests[0], "Authorization"), HasSubstr("Credential=B/"));
  EXPECT_THAT(header_of(world_.http.requests[1], "Authorization"), HasSubstr("Credential=M/"));
  EXPECT_THAT(world_.http.requests[1].body, HasSubstr("ExternalId=x"));
}

TEST_F(AwsCredentialFetch, ARefusedRoleSaysWhoRefusedWhat) {
  world_.variables = {{"HOME", "/h"},
                      {"AWS_PROFILE", "a"},
                      {"AWS_ACCESS_KEY_ID", ""},
                      {"AWS_SECRET_ACCESS_KEY", ""}};
  world_.files["/h/.aws/config"] = "[profile a]\nrole_arn=arn:t\nsource_profile=b\n";
  world_.files["/h/.aws/credentials"] = "[b]\naws_access_key_id=B\naws_secret_access_key=s\n";
  world_.on(kSts,
            {TestWorld::status(403,
                               "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no"
                               "</Message></Error><RequestId>9</RequestId></ErrorResponse>")});
  EXPECT_EQ(fetch(),
            "AWS credentials from profile 'a': sts:AssumeRole in us-east-1: AccessDenied: no "
            "(HTTP 403, request id 9)");
}

TEST_F(AwsCredentialFetch, RunsTheProgramWithoutOurEnvironment) {
  world_.variables = {{"HOME", "/h"}, {"AWS_REGION", "eu-central-1"}, {"TOCSIN_TOKEN", "x"}};
  world_.files["/h/.aws/config"] = "[default]\ncredential_process=/opt/p --for \"me too\"\n";
  world_.commands.script = [](const ports::CommandRequest&) {
    return test::ScriptedCommandRunner::exits(
        0, R"({"Version":1,"AccessKeyId":"P","SecretAccessKey":"s"})");
  };
  EXPECT_EQ(fetch(), "P");
  ASSERT_EQ(world_.commands.requests.size(), 1U);
  EXPECT_EQ(world_.commands.requests[0].argv,
            (std::vector<std::string>{"/opt/p", "--for", "me too"}));
  EXPECT_EQ(world_.commands.requests[0].environment,
            (std::vector<std::pair<std::string, std::string>>{{"AWS_REGION", "eu-central-1"}}));
}

TEST_F(AwsCredentialFetch, AFailedProgramTellsItsStatusAndNeverItsOutput) {
  world_.variables = {{"HOME", "/h"}};
  world_.files["/h/.aws/config"] = "[default]\ncredential_process=/opt/p\n";
  world_.commands.script = [](const ports::CommandRequest&) {
    auto answer = test::ScriptedCommandRunner::exits(3, "the secret");
    answer.result->errors = "log in first";
    return answer;
  };
  EXPECT_EQ(fetch(),
            "AWS credentials from profile 'default': credential_process /opt/p failed "
            "(exit status 3): log in first");
  world_.commands.script = [](const ports::CommandRequest&) {
    return test::ScriptedCommandRunner::exits(0, "the secret", 1h);
  };
  EXPECT_THAT(fetch(), HasSubstr("did not end within 1m"));
}

TEST_F(AwsCredentialFetch, AsksIdentityCenterWithTheTokenOfTheLastLogin) {
  world_.variables = {{"HOME", "/h"}};
  world_.files["/h/.aws/config"] =
      "[default]\nsso_session=s\nsso_account_id=1\nsso_role_name=R/x\n"
      "[sso-session s]\nsso_region=eu-central-1\n";
  const std::string cache = "/h/.aws/sso/cache/a0f1490a20d0211c997b44bc357e1972deab8ae3.json";
  EXPECT_THAT(fetch(), AllOf(HasSubstr(cache), HasSubstr("run `aws sso login --profile default`")));
  world_.files[cache] = R"({"accessToken":"bearer-word","expiresAt":"2025-01-01T00:00:00Z"})";
  EXPECT_THAT(fetch(), HasSubstr("the login ended at 2025-01-01T00:00:00.000Z"));
  world_.files[cache] = R"({"accessToken":"bearer-word","expiresAt":"2027-01-01T00:00:00Z"})";
  world_.on(
      "https://portal.sso.eu-central-1.amazonaws.com/federation/credentials",
      {TestWorld::status(200, R"({"roleCredentials":{"accessKeyId":"S","secretAccessKey":"x",)"
                              R"("sessionToken":"t","expiration":1767232800000}})")});
  EXPECT_EQ(fetch(), "S until 2026-01-01T02:00:00.000Z");
  EXPECT_EQ(world_.http.requests[0].url,
            "https://portal.sso.eu-central-1.amazonaws.com/federation/"
            "credentials?role_name=R%2Fx&account_id=1");
  EXPECT_EQ(header_of(world_.http.requests[0], "x-amz-sso_bearer_token"), "bearer-word");
}

TEST_F(AwsCredentialFetch, AsksTheContainersEndpointWithItsToken) {
  world_.variables = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/creds"},
                      {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "plain"},
                      {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/token"}};
  world_.files["/token"] = "bearer-word";
  world_.on("http://169.254.170.2/v2/creds",
            {TestWorld::status(500), TestWorld::status(200, kTaskRole)});
  EXPECT_EQ(fetch(), "C until 2026-01-01T06:00:00.000Z");
  EXPECT_EQ(header_of(world_.http.requests[1], "Authorization"), "bearer-word");
  world_.files["/token"] = "two\r\nlines: bearer-word";
  EXPECT_THAT(fetch(), HasSubstr("holds a line break"));
}

TEST_F(AwsCredentialFetch, ASilentContainerEndpointIsTriedThreeTimes) {
  world_.variables = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/creds"}};
  TestWorld::Answer silent;
  silent.never_answers = true;
  world_.on("http://169.254.170.2/v2/creds", {silent});
  EXPECT_THAT(fetch(), HasSubstr("the container's credentials endpoint did not answer"));
  EXPECT_EQ(world_.http.requests.size(), 3U);
}

TEST_F(AwsCredentialFetch, SendsNoSecretInTheClearToAnotherMachine) {
  world_.variables = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://other.example/c"},
                      {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "bearer-word"}};
  world_.resolver.set("other.example", {"127.0.0.1", "10.1.1.1"});
  EXPECT_THAT(fetch(), HasSubstr("other.example is not this machine"));
  EXPECT_TRUE(world_.http.requests.empty());
  world_.resolver.set("other.example", {"127.0.0.1"});
  world_.on("http://other.example/c", {TestWorld::status(200, kTaskRole)});
  EXPECT_THAT(fetch(), HasSubstr("C until"));
}

TEST_F(AwsCredentialFetch, OpensASessionOfTheInstanceMetadataFirst) {
  const std::string base = "http://169.254.169.254/latest/";
  world_.on(base + "api/token",
            {TestWorld::status(200, "session-1"), TestWorld::status(200, "s2")});
  world_.on(base + "meta-data/iam/security-credentials/",
            {TestWorld::status(401), TestWorld::status(200, "my-role\n")});
  world_.on(base + "meta-data/iam/security-credentials/my-role",
            {TestWorld::status(200, kTaskRole)});
  EXPECT_EQ(fetch(), "C until 2026-01-01T06:00:00.000Z");
  ASSERT_EQ(world_.http.requests.size(), 5U);
  EXPECT_EQ(world_.http.requests[0].method, "PUT");
  EXPECT_EQ(header_of(world_.http.requests[0], "x-aws-ec2-metadata-token-ttl-seconds"), "21600");
  EXPECT_EQ(header_of(world_.http.requests[1], "x-aws-ec2-metadata-token"), "session-1");
  EXPECT_EQ(header_of(world_.http.requests[3], "x-aws-ec2-metadata-token"), "s2")
      << "a session that ended is opened again";
}

TEST_F(AwsCredentialFetch, AnInstanceWithoutARoleOrNoInstanceAtAllSaysSo) {
  const std::string base = "http://169.254.169.254/latest/";
  world_.on(base + "api/token", {TestWorld::status(200, "session-1")});
  world_.on(base + "meta-data/", {TestWorld::status(404)});
  EXPECT_THAT(fetch(), HasSubstr("has this instance a role?: the instance metadata service did "
                                 "not answer as it should: HTTP 404"));
  TestWorld::Answer silent;
  silent.never_connects = true;
  world_.on(base + "api/token", {silent});
  const MonoTime begun = world_.loop.mono_now();
  EXPECT_THAT(fetch(), HasSubstr("the instance metadata service did not answer"));
  EXPECT_EQ(world_.asked(base + "api/token"), 4U);
  EXPECT_GT(world_.loop.mono_now(), begun);
}

TEST_F(AwsCredentialFetch, TheMetadataServiceMayBeElsewhere) {
  world_.variables = {{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9/"}};
  world_.resolver.set("127.0.0.1", {"127.0.0.1"});
  (void)fetch();
  EXPECT_EQ(world_.asked("http://127.0.0.1:9/latest/api/token"), 3U);
}

std::string region(TestWorld& world) {
  std::string out = "no answer";
  find_region(world.world(), parse_profiles("[profile p]\nregion=ap-south-1\n", ""),
              world.variables["AWS_PROFILE"],
              [&](Result<std::string> found) { out = found ? *found : found.error().message; });
  world.loop.run_for(20s);
  return out;
}

TEST(AwsRegion, ComesFromTheEnvironmentTheProfileTheTaskOrTheInstance) {
  TestWorld world;
  world.variables = {
      {"AWS_REGION", "eu-west-1"}, {"AWS_DEFAULT_REGION", "eu-west-2"}, {"AWS_PROFILE", "p"}};
  EXPECT_EQ(region(world), "eu-west-1");
  world.variables["AWS_REGION"] = "";
  EXPECT_EQ(region(world), "eu-west-2");
  world.variables["AWS_DEFAULT_REGION"] = "";
  EXPECT_EQ(region(world), "ap-south-1");
  world.variables["AWS_PROFILE"] = "";
  world.variables["ECS_CONTAINER_METADATA_URI_V4"] = "http://169.254.170.2/v4/x";
  world.on("http://169.254.170.2/v4/x/task",
           {TestWorld::status(200, R"({"Cluster":"arn:aws:ecs:eu-north-1:1:cluster/c"})")});
  EXPECT_EQ(region(world), "eu-north-1");
  world.on(
      "http://169.254.170.2/v4/x/task",
      {TestWorld::status(200, R"({"Cluster":"c","TaskARN":"arn:aws:ecs:sa-east-1:1:task/t"})")});
  EXPECT_EQ(region(world), "sa-east-1");
  world.variables["ECS_CONTAINER_METADATA_URI_V4"] = "";
  world.on("http://169.254.169.254/latest/api/token", {TestWorld::status(200, "s")});
  world.on("http://169.254.169.254/latest/meta-data/placement/region",
           {TestWorld::status(200, "us-west-2")});
  EXPECT_EQ(region(world), "us-west-2");
  world.variables["AWS_EC2_METADATA_DISABLED"] = "true";
  EXPECT_THAT(region(world), HasSubstr("no AWS region"));
}

}  // namespace
}  // namespace tocsin::aws

#include "adapters/aws/credential_plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace tocsin::aws {
namespace {

using testing::HasSubstr;
using Variables = std::map<std::string, std::string, std::less<>>;

// What the plan says, in one line; the error otherwise.
struct Teller {
  std::string operator()(const Credentials& keys) const {
    return "keys " + keys.access_key_id + (keys.session_token.empty() ? "" : " with token");
  }
  std::string operator()(const WebIdentity& identity) const {
    return fmt::format("web {} {} {}", identity.token_file, identity.role_arn,
                       identity.session_name);
  }
  std::string operator()(const SsoRole& role) const {
    return fmt::format("sso {} {} {} {}", role.cache_key, role.region, role.account_id,
                       role.role_name);
  }
  std::string operator()(const Program& program) const {
    return fmt::format("program {}", fmt::join(program.argv, "|"));
  }
  std::string operator()(const Container& container) const {
    return fmt::format("container {}{}", container.url,
                       container.loopback_only ? " loopback only" : "");
  }
  std::string operator()(const Instance& /*instance*/) const { return "instance"; }
};

std::string plan(const Variables& variables, std::string_view config = "",
                 std::string_view credentials = "", std::string_view profile = "") {
  const auto environment = [&](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() || found->second.empty() ? std::nullopt
                                                             : std::optional(found->second);
  };
  const auto found = plan_credentials(environment, parse_profiles(config, credentials), profile);
  if (!found) {
    return found.error().message;
  }
  std::string out = std::visit(Teller{}, found->origin);
  for (const RoleToAssume& role : found->roles) {
    out += fmt::format(" > {} {} {}{}", role.role_arn, role.session_name, role.seconds,
                       role.external_id.empty() ? "" : " " + role.external_id);
  }
  return out;
}

const Variables kKeys{{"AWS_ACCESS_KEY_ID", "E"}, {"AWS_SECRET_ACCESS_KEY", "s"}};

TEST(AwsCredentialPlan, TheEnvironmentsKeysComeFirst) {
  EXPECT_EQ(plan(kKeys, "", "[default]\naws_access_key_id=F\naws_secret_access_key=s\n"), "keys E");
  Variables more = kKeys;
  more["AWS_SESSION_TOKEN"] = "t";
  more["AWS_PROFILE"] = "absent";
  EXPECT_EQ(plan(more), "keys E with token");
}

TEST(AwsCredentialPlan, AProfileThatWeAreToldByNameBeatsTheEnvironmentsKeys) {
  EXPECT_EQ(plan(kKeys, "", "[ops]\naws_access_key_id=F\naws_secret_access_key=s\n", "ops"),
            "keys F");
  EXPECT_EQ(plan(kKeys, "", "", "ops"), "there is no profile 'ops' in the AWS configuration files");
}

TEST(AwsCredentialPlan, HalfAPairOfKeysIsAnError) {
  EXPECT_EQ(plan({{"AWS_ACCESS_KEY_ID", "E"}}),
            "AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY: set both or neither");
  EXPECT_THAT(plan({}, "", "[default]\naws_access_key_id=F\n"),
              HasSubstr("profile 'default' has aws_access_key_id without"));
  EXPECT_EQ(plan({{"AWS_ACCESS_KEY_ID", ""}, {"AWS_SECRET_ACCESS_KEY", ""}}), "instance")
      << "empty is unset";
}

TEST(AwsCredentialPlan, AWebIdentityComesBeforeProfiles) {
  Variables variables{{"AWS_WEB_IDENTITY_TOKEN_FILE", "/t"}, {"AWS_ROLE_ARN", "arn:r"}};
  EXPECT_EQ(plan(variables, "", "[default]\naws_access_key_id=F\naws_secret_access_key=s\n"),
            "web /t arn:r tocsin");
  variables["AWS_ROLE_SESSION_NAME"] = "me";
  EXPECT_EQ(plan(variables), "web /t arn:r me");
  EXPECT_THAT(plan({{"AWS_WEB_IDENTITY_TOKEN_FILE", "/t"}}), HasSubstr("without AWS_ROLE_ARN"));
}

TEST(AwsCredentialPlan, ANamedProfileMustExist) {
  EXPECT_EQ(plan({{"AWS_PROFILE", "ops"}}),
            "there is no profile 'ops' in the AWS configuration files");
  EXPECT_EQ(plan({{"AWS_PROFILE", "ops"}}, "[profile ops]\nregion=eu-central-1\n"), "instance")
      << "without credentials it does not end the search";
}

TEST(AwsCredentialPlan, ProfilesAssumeRolesOneAfterAnother) {
  EXPECT_EQ(plan({{"AWS_PROFILE", "top"}},
                 "[profile top]\nrole_arn=arn:t\nsource_profile=mid\nexternal_id=x\n"
                 "duration_seconds=900\n"
                 "[profile mid]\nrole_arn=arn:m\nsource_profile=base\nrole_session_name=n\n",
                 "[base]\naws_access_key_id=F\naws_secret_access_key=s\n"),
            "keys F > arn:m n 3600 > arn:t tocsin 900 x");
}

TEST(AwsCredentialPlan, AProfileMayAssumeItsRoleWithItsOwnKeys) {
  EXPECT_EQ(plan({{"AWS_PROFILE", "a"}}, "[profile a]\nrole_arn=arn:a\nsource_profile=a\n",
                 "[a]\naws_access_key_id=F\naws_secret_access_key=s\n"),
            "keys F > arn:a tocsin 3600");
}

TEST(AwsCredentialPlan, CirclesAreRefused) {
  EXPECT_EQ(plan({{"AWS_PROFILE", "a"}},
                 "[profile a]\nrole_arn=arn:a\nsource_profile=b\n"
                 "[profile b]\nrole_arn=arn:b\nsource_profile=a\n"),
            "source_profile goes in a circle: a -> b -> a");
  EXPECT_THAT(plan({{"AWS_PROFILE", "a"}}, "[profile a]\nrole_arn=arn:a\nsource_profile=a\n"),
              HasSubstr("holds no credentials"));
}

TEST(AwsCredentialPlan, ARoleNeedsExactlyOneSource) {
  const Variables a{{"AWS_PROFILE", "a"}};
  EXPECT_THAT(plan(a, "[profile a]\nrole_arn=arn:a\n"), HasSubstr("needs one of"));
  EXPECT_THAT(plan(a,
                   "[profile a]\nrole_arn=arn:a\nsource_profile=b\n"
                   "credential_source=Environment\n"),
              HasSubstr("needs only one of"));
  EXPECT_THAT(plan(a, "[profile a]\nrole_arn=arn:a\nsource_profile=b\n"),
              HasSubstr("source_profile 'b' of profile 'a' does not exist"));
  EXPECT_THAT(plan(a, "[profile a]\nrole_arn=arn:a\ncredential_source=Moon\n"),
              HasSubstr("is none of Environment"));
  EXPECT_THAT(plan(a, "[profile a]\nrole_arn=arn:a\ncredential_source=EcsContainer\n"),
              HasSubstr("there are none"));
  EXPECT_THAT(plan(a,
                   "[profile a]\nrole_arn=arn:a\ncredential_source=Environment\n"
                   "duration_seconds=60\n"),
              HasSubstr("from 900 to 43200"));
}

TEST(AwsCredentialPlan, CredentialSourcesNameTheOtherProviders) {
  const std::string role = "[profile a]\nrole_arn=arn:a\ncredential_source=";
  const auto told = [&](const std::string& source, const Variables& variables) {
    return plan(variables, role + source + "\n", "", "a");
  };
  EXPECT_EQ(told("Environment", kKeys), "keys E > arn:a tocsin 3600");
  EXPECT_EQ(told("Ec2InstanceMetadata", {}), "instance > arn:a tocsin 3600");
  EXPECT_EQ(told("EcsContainer", {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x"}}),
            "container http://169.254.170.2/v2/x > arn:a tocsin 3600");
}

TEST(AwsCredentialPlan, ReadsSsoProfilesOfBothKinds) {
  const std::string common = "sso_account_id=1\nsso_role_name=R\n";
  EXPECT_EQ(plan({}, "[default]\nsso_session=s\n" + common +
                         "[sso-session s]\nsso_region=eu-central-1\nsso_start_url=https://x\n"),
            "sso s eu-central-1 1 R");
  EXPECT_EQ(plan({}, "[default]\nsso_start_url=https://x\nsso_region=eu-central-1\n" + common),
            "sso https://x eu-central-1 1 R");
  EXPECT_THAT(plan({}, "[default]\nsso_session=t\n" + common), HasSubstr("does not exist"));
  EXPECT_THAT(plan({}, "[default]\n" + common), HasSubstr("together"));
}

TEST(AwsCredentialPlan, RunsTheProfilesProgram) {
  EXPECT_EQ(plan({}, "[default]\ncredential_process = /opt/p \"a b\" 'c d' e\\ f --x=\"\"\n"),
            "program /opt/p|a b|c d|e f|--x=");
  EXPECT_THAT(plan({}, "[default]\ncredential_process = /opt/p \"a\n"), HasSubstr("not closed"));
  EXPECT_EQ(plan({}, "[default]\ncredential_process = /opt/p\n",
                 "[default]\naws_access_key_id=F\naws_secret_access_key=s\n"),
            "keys F")
      << "keys come before programs";
}

TEST(AwsCredentialPlan, TheContainersEndpointIsOneThatKeepsASecret) {
  const auto full = [](const std::string& url) {
    return plan({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", url}});
  };
  EXPECT_EQ(plan({{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x"},
                  {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost/y"}}),
            "container http://169.254.170.2/x");
  EXPECT_EQ(full("http://169.254.170.23/v1/credentials"),
            "container http://169.254.170.23/v1/credentials");
  EXPECT_EQ(full("http://[fd00:ec2::23]/v1/credentials"),
            "container http://[fd00:ec2::23]/v1/credentials");
  EXPECT_EQ(full("https://anybody.example/"), "container https://anybody.example/");
  EXPECT_EQ(full("http://localhost:8080/"), "container http://localhost:8080/ loopback only");
  EXPECT_EQ(full("http://10.0.0.9/"), "container http://10.0.0.9/ loopback only");
  EXPECT_THAT(full("ftp://x/"), HasSubstr("is not a usable URL"));
  EXPECT_THAT(plan({{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "evil.example/x"}}),
              HasSubstr("is not a usable path"));
}

TEST(AwsCredentialPlan, InstanceMetadataMayBeSwitchedOff) {
  EXPECT_EQ(plan({}), "instance");
  EXPECT_THAT(plan({{"AWS_EC2_METADATA_DISABLED", "True"}}),
              HasSubstr("there are no AWS credentials"));
}

}  // namespace
}  // namespace tocsin::aws

#pragma once
// Where credentials come from, decided from the environment and the shared files before anything is
// asked: the SDKs' provider chain as data. The first provider that is configured counts; when it is
// configured wrongly that is the error, and no later one is tried. Pure. Sources: "Standardized
// credential providers" and "Assume role credential provider" of the SDKs and tools reference
// guide; botocore's credentials.py for the order inside a profile.

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "adapters/aws/credentials.hpp"
#include "adapters/aws/profile.hpp"
#include "adapters/aws/world.hpp"

namespace tocsin::aws {

struct WebIdentity {  // the token in the file is exchanged for a role's credentials
  std::string token_file;
  std::string role_arn;
  std::string session_name;
};
struct SsoRole {          // GetRoleCredentials with the token that `aws sso login` left
  std::string cache_key;  // what the token's file is named after
  std::string region;
  std::string account_id;
  std::string role_name;
  std::string profile;  // for the advice to log in
};
struct Program {  // credential_process
  std::vector<std::string> argv;
};
struct Container {  // ECS, EKS Pod Identity, Greengrass
  std::string url;
  bool loopback_only = false;  // http to a name: only on this machine
  std::string token_file;      // read at every fetch; wins over `token`
  std::string token;           // secret
};
struct Instance {};  // IMDSv2

using Origin = std::variant<Credentials, WebIdentity, SsoRole, Program, Container, Instance>;

struct RoleToAssume {
  std::string role_arn;
  std::string external_id;
  std::string session_name;
  int seconds = 3600;  // 900 to 43,200
};

struct CredentialPlan {
  Origin origin;
  std::vector<RoleToAssume> roles;  // assumed one after another, each with the one before
  std::string description;          // "profile 'ops'", "the environment": for messages
};

// `profile` is the one that Tocsin was told by name; "": AWS_PROFILE or "default". A profile named
// to us wins over the keys in the environment; AWS_PROFILE does not, as in every SDK.
[[nodiscard]] Result<CredentialPlan> plan_credentials(const Environment& environment,
                                                      const Profiles& profiles,
                                                      std::string_view profile);

// A command line as credential_process spells it: blanks separate, quotes and backslashes as in a
// shell, nothing is expanded. Error (invalid): an open quote, or nothing.
[[nodiscard]] Result<std::vector<std::string>> split_command(std::string_view line);

}  // namespace tocsin::aws

#include "adapters/aws/credential_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "check/url.hpp"

namespace tocsin::aws {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kSession = "tocsin";
constexpr std::string_view kContainerHost = "http://169.254.170.2";
// ECS, and EKS Pod Identity on both protocols: link-local, never routed.
constexpr std::array kContainerHosts{"169.254.170.2"sv, "169.254.170.23"sv, "fd00:ec2::23"sv};

std::unexpected<Error> wrong(std::string message) {
  return fail(ErrorCode::invalid, std::move(message));
}

class Planner {
 public:
  Planner(const Environment& environment, const Profiles& profiles)
      : environment_(environment), profiles_(profiles) {}

  // nullopt: nothing of this kind is configured.
  using Found = Result<std::optional<CredentialPlan>>;

  [[nodiscard]] Found from_keys() const;
  [[nodiscard]] Found from_web_identity() const;
  [[nodiscard]] Found from_profile(const std::string& name, bool must_exist);
  [[nodiscard]] Found from_container() const;
  [[nodiscard]] Found from_instance() const;

 private:
  [[nodiscard]] Found of_section(const std::string& name, const Section& section);
  [[nodiscard]] Found with_role(const std::string& name, const Section& section);
  [[nodiscard]] Found role_source(const std::string& name, const Section& section);
  [[nodiscard]] Found named_source(const std::string& name, const std::string& source) const;
  [[nodiscard]] Found keys_of(const std::string& name, const Section& section) const;
  [[nodiscard]] Found sso_of(const std::string& name, const Section& section) const;
  [[nodiscard]] std::string variable(std::string_view name) const {
    return environment_(name).value_or("");
  }

  const Environment& environment_;
  const Profiles& profiles_;
  std::vector<std::string> visited_;
};

std::string text(const Section& section, std::string_view key) {
  return std::string(value_of(section, key));
}

std::string session_name(std::string given) {
  return given.empty() ? std::string(kSession) : std::move(given);
}

Planner::Found Planner::from_keys() const {
  const std::string id = variable("AWS_ACCESS_KEY_ID");
  const std::string secret = variable("AWS_SECRET_ACCESS_KEY");
  if (id.empty() && secret.empty()) {
    return std::nullopt;
  }
  if (id.empty() || secret.empty()) {
    return wrong(fmt::format("{} is set without {}: set both or neither",
                             id.empty() ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID",
                             id.empty() ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY"));
  }
  return CredentialPlan{
      Credentials{id, secret, variable("AWS_SESSION_TOKEN"), {}}, {}, "the environment"};
}

Planner::Found Planner::from_web_identity() const {
  const std::string file = variable("AWS_WEB_IDENTITY_TOKEN_FILE");
  if (file.empty()) {
    return std::nullopt;
  }
  const std::string role = variable("AWS_ROLE_ARN");
  if (role.empty()) {
    return wrong("AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN");
  }
  return CredentialPlan{WebIdentity{file, role, session_name(variable("AWS_ROLE_SESSION_NAME"))},
                        {},
                        "AWS_WEB_IDENTITY_TOKEN_FILE"};
}

Planner::Found Planner::from_profile(const std::string& name, bool must_exist) {
  const Section* section = profiles_.profile(name);
  if (section == nullptr) {
    if (must_exist) {
      return fail(ErrorCode::not_found,
                  fmt::format("there is no profile '{}' in the AWS configuration files", name));
    }
    return std::nullopt;
  }
  visited_.push_back(name);
  return of_section(name, *section);
}

Planner::Found Planner::of_section(const std::string& name, const Section& section) {
  if (!value_of(section, "role_arn").empty()) {
    return with_role(name, section);
  }
  if (!value_of(section, "sso_account_id").empty() || !value_of(section, "sso_role_name").empty()) {
    return sso_of(name, section);
  }
  auto keys = keys_of(name, section);
  if (!keys || *keys) {
    return keys;
  }
  const std::string command = text(section, "credential_process");
  if (command.empty()) {
    return std::nullopt;
  }
  auto argv = split_command(command);
  if (!argv) {
    return std::unexpected(std::move(argv.error()).with(fmt::format("profile '{}'", name)));
  }
  return CredentialPlan{Program{std::move(*argv)}, {}, fmt::format("profile '{}'", name)};
}

Planner::Found Planner::keys_of(const std::string& name, const Section& section) const {
  const std::string id = text(section, "aws_access_key_id");
  const std::string secret = text(section, "aws_secret_access_key");
  if (id.empty() && secret.empty()) {
    return std::nullopt;
  }
  if (id.empty() || secret.empty()) {
    return wrong(fmt::format("profile '{}' has {} without the other of its two keys", name,
                             id.empty() ? "aws_secret_access_key" : "aws_access_key_id"));
  }
  return CredentialPlan{Credentials{id, secret, text(section, "aws_session_token"), {}},
                        {},
                        fmt::format("profile '{}'", name)};
}

Planner::Found Planner::with_role(const std::string& name, const Section& section) {
  const std::string file = text(section, "web_identity_token_file");
  if (!file.empty()) {
    return CredentialPlan{WebIdentity{file, text(section, "role_arn"),
                                      session_name(text(section, "role_session_name"))},
                          {},
                          fmt::format("profile '{}'", name)};
  }
  RoleToAssume role{text(section, "role_arn"), text(section, "external_id"),
                    session_name(text(section, "role_session_name"))};
  if (const std::string seconds = text(section, "duration_seconds"); !seconds.empty()) {
    const char* const last = seconds.data() + seconds.size();
    const auto [end, error] = std::from_chars(seconds.data(), last, role.seconds);
    if (error != std::errc() || end != last || role.seconds < 900 || role.seconds > 43'200) {
      return wrong(
          fmt::format("duration_seconds of profile '{}' is not a number from 900 to 43200", name));
    }
  }
  auto source = role_source(name, section);
  if (source && *source) {
    (*source)->roles.push_back(std::move(role));
    (*source)->description = fmt::format("profile '{}'", name);
  }
  return source;
}

Planner::Found Planner::role_source(const std::string& name, const Section& section) {
  const std::string profile = text(section, "source_profile");
  const std::string source = text(section, "credential_source");
  if (profile.empty() == source.empty()) {
    return wrong(
        fmt::format("profile '{}' has role_arn, which needs {} source_profile and "
                    "credential_source",
                    name, profile.empty() ? "one of" : "only one of"));
  }
  if (!source.empty()) {
    return named_source(name, source);
  }
  const Section* next = profiles_.profile(profile);
  if (next == nullptr) {
    return wrong(fmt::format("source_profile '{}' of profile '{}' does not exist", profile, name));
  }
  const bool again = std::ranges::find(visited_, profile) != visited_.end();
  if (again && profile != name) {
    return wrong(fmt::format("source_profile goes in a circle: {} -> {}",
                             fmt::join(visited_, " -> "), profile));
  }
  // A profile may name itself: its own keys assume its role.
  visited_.push_back(profile);
  auto found = again ? keys_of(profile, *next) : of_section(profile, *next);
  if (found && !*found) {
    return wrong(
        fmt::format("source_profile '{}' of profile '{}' holds no credentials", profile, name));
  }
  return found;
}

Planner::Found Planner::named_source(const std::string& name, const std::string& source) const {
  Found found = std::nullopt;
  if (source == "Environment") {
    found = from_keys();
  } else if (source == "EcsContainer") {
    found = from_container();
  } else if (source == "Ec2InstanceMetadata") {
    found = from_instance();
  } else {
    return wrong(
        fmt::format("credential_source '{}' of profile '{}' is none of Environment, "
                    "Ec2InstanceMetadata, EcsContainer",
                    source, name));
  }
  if (found && !*found) {
    return wrong(fmt::format("credential_source {} of profile '{}': there are none", source, name));
  }
  return found;
}

Planner::Found Planner::sso_of(const std::string& name, const Section& section) const {
  SsoRole role{text(section, "sso_start_url"), text(section, "sso_region"),
               text(section, "sso_account_id"), text(section, "sso_role_name"), name};
  if (const std::string session = text(section, "sso_session"); !session.empty()) {
    const auto found = profiles_.sso_sessions.find(session);
    if (found == profiles_.sso_sessions.end()) {
      return wrong(fmt::format("sso_session '{}' of profile '{}' does not exist", session, name));
    }
    role.cache_key = session;
    role.region = text(found->second, "sso_region");
  }
  if (role.cache_key.empty() || role.region.empty() || role.account_id.empty() ||
      role.role_name.empty()) {
    return wrong(
        fmt::format("profile '{}' needs sso_account_id, sso_role_name, sso_region and "
                    "sso_session or sso_start_url together",
                    name));
  }
  return CredentialPlan{std::move(role), {}, fmt::format("profile '{}'", name)};
}

Planner::Found Planner::from_container() const {
  Container out;
  out.token_file = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  out.token = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  const std::string relative = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  out.url = relative.empty() ? variable("AWS_CONTAINER_CREDENTIALS_FULL_URI")
                             : std::string(kContainerHost) + relative;
  if (out.url.empty()) {
    return std::nullopt;
  }
  const auto url = check::parse_url(out.url);
  if (!url || (!relative.empty() && relative.front() != '/')) {
    return wrong(fmt::format("{} is not a usable {}",
                             relative.empty() ? "AWS_CONTAINER_CREDENTIALS_FULL_URI"
                                              : "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                             relative.empty() ? "URL" : "path"));
  }
  const bool own_host = std::ranges::find(kContainerHosts, url->host) != kContainerHosts.end();
  out.loopback_only = !url->https && !own_host;
  return CredentialPlan{std::move(out), {}, "the container's credentials endpoint"};
}

Planner::Found Planner::from_instance() const {
  std::string disabled = variable("AWS_EC2_METADATA_DISABLED");
  std::ranges::transform(disabled, disabled.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  if (disabled == "true") {
    return std::nullopt;
  }
  return CredentialPlan{Instance{}, {}, "the instance metadata service"};
}

}  // namespace

Result<CredentialPlan> plan_credentials(const Environment& environment, const Profiles& profiles,
                                        std::string_view profile) {
  Planner planner(environment, profiles);
  const bool told = !profile.empty();
  const auto named = environment("AWS_PROFILE");
  const std::string name = told ? std::string(profile) : named.value_or("default");
  Planner::Found found = std::nullopt;
  if (!told) {
    found = planner.from_keys();
    if (found && !*found) {
      found = planner.from_web_identity();
    }
  }
  if (found && !*found) {
    found = planner.from_profile(name, told || named);
  }
  if (found && !*found) {
    found = planner.from_container();
  }
  if (found && !*found) {
    found = planner.from_instance();
  }
  if (!found) {
    return std::unexpected(std::move(found.error()));
  }
  if (*found) {
    return std::move(**found);
  }
  return fail(ErrorCode::not_found,
              fmt::format("there are no AWS credentials: not in the environment, not in profile "
                          "'{}', no container endpoint, and instance metadata is switched off",
                          name));
}

Result<std::vector<std::string>> split_command(std::string_view line) {
  std::vector<std::string> out;
  std::optional<std::string> word;
  char quote = '\0';
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool escapes = c == '\\' && quote != '\'' && i + 1 < line.size() &&
                         (quote == '\0' || line[i + 1] == '"' || line[i + 1] == '\\');
    if (escapes) {
      word = word.value_or("") + line[++i];
    } else if (quote != '\0') {
      if (c == quote) {
        quote = '\0';
      } else {
        word = word.value_or("") + c;
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
      word = word.value_or("");
    } else if (c == ' ' || c == '\t') {
      if (word) {
        out.push_back(*std::exchange(word, std::nullopt));
      }
    } else {
      word = word.value_or("") + c;
    }
  }
  if (quote != '\0') {
    return wrong("credential_process has a quote that is not closed");
  }
  if (word) {
    out.push_back(std::move(*word));
  }
  if (out.empty() || out.front().empty()) {
    return wrong("credential_process names no program");
  }
  return out;
}

}  // namespace tocsin::aws

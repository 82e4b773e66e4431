#include "adapters/aws/credential_fetch.hpp"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <array>
#include <memory>
#include <utility>

#include "adapters/aws/credential_answer.hpp"
#include "adapters/aws/exchange.hpp"
#include "adapters/aws/metadata.hpp"
#include "base/utf8.hpp"

namespace tocsin::aws {
namespace {

constexpr Milliseconds kStsTimeout{20'000};
constexpr Milliseconds kSsoTimeout{10'000};
constexpr Milliseconds kProgramTimeout{60'000};
constexpr std::size_t kLongestComplaint = 300;
constexpr Service kSso{"SSO", "portal.sso", "awsssoportal", Protocol::json_1_1, ""};

// What a credential_process may need of ours to find its way; none of them holds a secret.
constexpr std::array kPassedOn{"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE",
                               "AWS_REGION",      "AWS_DEFAULT_REGION",
                               "AWS_CA_BUNDLE",   "SSL_CERT_FILE",
                               "NO_PROXY",        "XDG_RUNTIME_DIR"};

struct Fetch {
  World world;
  CredentialPlan plan;
  std::string region;
  Profiles profiles;
  CredentialsDone done;
  std::size_t role = 0;  // the next to assume
  // Of the role under way; they live as long as its call.
  std::unique_ptr<CredentialCache> cache;
  std::unique_ptr<Client> client;
};
using FetchPtr = std::shared_ptr<Fetch>;

std::string sha1_hex(std::string_view text) {
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::string out;
  for (const unsigned char byte : digest) {
    fmt::format_to(std::back_inserter(out), "{:02x}", byte);
  }
  return out;
}

void end(const FetchPtr& fetch, Result<Credentials> found) {
  fetch->client.reset();
  fetch->cache.reset();
  if (!found) {
    found = std::unexpected(
        std::move(found.error()).with("AWS credentials from " + fetch->plan.description));
  }
  fetch->done(std::move(found));
}

Error error_of(const Failure& failure) {
  switch (failure.kind) {
    case FailureKind::transient:
    case FailureKind::throttled:
      return {ErrorCode::unavailable, to_string(failure)};
    case FailureKind::credentials:
    case FailureKind::clock:
    case FailureKind::denied:
    case FailureKind::refused:
      break;
  }
  return {ErrorCode::invalid, to_string(failure)};
}

void assume_next(const FetchPtr& fetch, Result<Credentials> base);

Result<Credentials> credentials_of(const ApiResult& result) {
  if (!result) {
    return std::unexpected(error_of(result.error()));
  }
  return read_sts_answer(result->body);
}

// The client must not be destroyed inside its own answer: that is left to a later turn.
void call_sts(const FetchPtr& fetch, const Operation& operation, Parameters parameters,
              std::move_only_function<void(Result<Credentials>)> done) {
  ClientOptions options;
  options.region = fetch->region.empty() ? "us-east-1" : fetch->region;
  fetch->client =
      std::make_unique<Client>(fetch->world, options, fetch->cache.get(), fetch->profiles);
  fetch->client->call(
      {operation, "", std::move(parameters), fetch->world.clock.mono_now() + kStsTimeout},
      [fetch, done = std::move(done)](ApiResult result) mutable {
        fetch->world.loop.post([done = std::move(done), found = credentials_of(result)]() mutable {
          done(std::move(found));
        });
      });
}

void assume_next(const FetchPtr& fetch, Result<Credentials> base) {
  if (!base || fetch->role == fetch->plan.roles.size()) {
    end(fetch, std::move(base));
    return;
  }
  const RoleToAssume& role = fetch->plan.roles[fetch->role++];
  Parameters parameters{{"RoleArn", role.role_arn},
                        {"RoleSessionName", role.session_name},
                        {"DurationSeconds", std::to_string(role.seconds)}};
  if (!role.external_id.empty()) {
    parameters.emplace_back("ExternalId", role.external_id);
  }
  fetch->client.reset();
  fetch->cache = std::make_unique<CredentialCache>(
      fetch->world, [&loop = fetch->world.loop, base = *base](CredentialsDone done) {
        loop.post([done = std::move(done), base]() mutable { done(base); });
      });
  call_sts(fetch, operation::kAssumeRole, std::move(parameters),
           [fetch](Result<Credentials> found) { assume_next(fetch, std::move(found)); });
}

// --- Origins. Each ends in assume_next(). ---

void begin(const FetchPtr& fetch, const Credentials& keys) {
  fetch->world.loop.post([fetch, keys] { assume_next(fetch, keys); });
}

void begin(const FetchPtr& fetch, const WebIdentity& identity) {
  auto token = fetch->world.read_file(identity.token_file);
  if (!token) {
    fetch->world.loop.post([fetch, error = token.error()]() mutable {
      end(fetch, std::unexpected(std::move(error).with("the web identity token")));
    });
    return;
  }
  while (token->ends_with('\n') || token->ends_with('\r')) {
    token->pop_back();
  }
  call_sts(fetch, operation::kAssumeRoleWithWebIdentity,
           {{"RoleArn", identity.role_arn},
            {"RoleSessionName", identity.session_name},
            {"WebIdentityToken", *token}},
           [fetch](Result<Credentials> found) { assume_next(fetch, std::move(found)); });
}

Result<Credentials> credentials_of(const ports::CommandResult& result, const std::string& name) {
  if (!result) {
    return fail(ErrorCode::invalid, "credential_process: " + result.error().message);
  }
  if (result->cause != ports::CommandExit::Cause::itself) {
    return fail(ErrorCode::timeout, fmt::format("credential_process {} did not end within {}", name,
                                                format_duration(kProgramTimeout)));
  }
  if (result->status != 0 || result->signal != 0) {
    // Its standard error is for people, by the specification; its output may be a secret.
    return fail(ErrorCode::unavailable,
                fmt::format("credential_process {} failed ({} {}): {}", name,
                            result->signal != 0 ? "signal" : "exit status",
                            result->signal != 0 ? result->signal : result->status,
                            clip(printable(result->errors), kLongestComplaint)));
  }
  return read_process_answer(result->output);
}

void begin(const FetchPtr& fetch, const Program& program) {
  ports::CommandRequest request;
  request.argv = program.argv;
  request.timeout = kProgramTimeout;
  for (const char* name : kPassedOn) {
    if (const auto value = fetch->world.environment(name)) {
      request.environment.emplace_back(name, *value);
    }
  }
  fetch->world.commands.start(std::move(request),
                              [fetch, name = program.argv.front()](ports::CommandResult result) {
                                assume_next(fetch, credentials_of(result, name));
                              });
}

void begin(const FetchPtr& fetch, const Container& container) {
  fetch_container_credentials(fetch->world, container, [fetch](Result<Credentials> found) {
    assume_next(fetch, std::move(found));
  });
}

void begin(const FetchPtr& fetch, const Instance& /*instance*/) {
  fetch_instance_credentials(
      fetch->world, [fetch](Result<Credentials> found) { assume_next(fetch, std::move(found)); });
}

Result<SsoToken> sso_token(const Fetch& fetch, const SsoRole& role) {
  const std::string path =
      fmt::format("{}/.aws/sso/cache/{}.json", fetch.world.environment("HOME").value_or(""),
                  sha1_hex(role.cache_key));
  const std::string advice = fmt::format("run `aws sso login --profile {}`", role.profile);
  const auto text = fetch.world.read_file(path);
  if (!text) {
    return fail(ErrorCode::not_found, fmt::format("there is no login in {}: {}", path, advice));
  }
  auto token = read_sso_token(*text);
  if (token && token->expires <= fetch.world.clock.now()) {
    return fail(ErrorCode::invalid,
                fmt::format("the login ended at {}: {}", format_rfc3339(token->expires), advice));
  }
  return token;
}

Result<Outgoing> sso_request(const Fetch& fetch, const SsoRole& role) {
  auto token = sso_token(fetch, role);
  if (!token) {
    return std::unexpected(std::move(token.error()));
  }
  const auto base = endpoint_url(kSso, role.region,
                                 endpoint_choice(kSso, fetch.world.environment, fetch.profiles));
  if (!base) {
    return std::unexpected(base.error());
  }
  Outgoing request;
  request.url = fmt::format("{}/federation/credentials?role_name={}&account_id={}", *base,
                            uri_encode(role.role_name, false), uri_encode(role.account_id, false));
  request.headers = {{"x-amz-sso_bearer_token", token->access_token}};
  request.timeout = kSsoTimeout;
  request.ca_file = fetch.world.environment("AWS_CA_BUNDLE").value_or("");
  return request;
}

Result<Credentials> sso_credentials(const ExchangeResult& result) {
  if (!result) {
    return fail(ErrorCode::unavailable, result.error().message);
  }
  if (result->status == 200) {
    return read_sso_answer(result->body);
  }
  Failure failure = failure_of(result->status, result->headers, result->body);
  failure.call = "sso:GetRoleCredentials";
  return std::unexpected(error_of(failure));
}

void begin(const FetchPtr& fetch, const SsoRole& role) {
  auto request = sso_request(*fetch, role);
  if (!request) {
    fetch->world.loop.post([fetch, error = request.error()]() mutable {
      end(fetch, std::unexpected(std::move(error)));
    });
    return;
  }
  exchange(fetch->world, std::move(*request),
           [fetch](ExchangeResult result) { assume_next(fetch, sso_credentials(result)); });
}

Result<std::string> shared_file(const World& world, std::string_view variable,
                                std::string_view name) {
  const auto given = world.environment(variable);
  const auto home = world.environment("HOME");
  if (!given && !home) {
    return std::string();
  }
  std::string path = given.value_or(home.value_or("") + "/.aws/" + std::string(name));
  if (path.starts_with("~/")) {
    path = home.value_or("") + path.substr(1);
  }
  auto text = world.read_file(path);
  if (!text && text.error().code == ErrorCode::not_found) {
    return std::string();
  }
  return text;
}

}  // namespace

void fetch_credentials(const World& world, CredentialPlan plan, std::string region,
                       const Profiles& profiles, CredentialsDone done) {
  auto fetch = std::make_shared<Fetch>(
      Fetch{world, std::move(plan), std::move(region), profiles, std::move(done), 0, {}, {}});
  std::visit([&fetch](const auto& origin) { begin(fetch, origin); }, fetch->plan.origin);
}

Result<Profiles> read_profiles(const World& world) {
  const auto config = shared_file(world, "AWS_CONFIG_FILE", "config");
  if (!config) {
    return std::unexpected(config.error());
  }
  const auto credentials = shared_file(world, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
  if (!credentials) {
    return std::unexpected(credentials.error());
  }
  return parse_profiles(*config, *credentials);
}

FetchCredentials credential_chain(const World& world, std::string profile, std::string region,
                                  std::vector<RoleToAssume> roles) {
  return [world, profile = std::move(profile), region = std::move(region),
          roles = std::move(roles)](CredentialsDone done) {
    auto profiles = read_profiles(world);
    auto plan = profiles ? plan_credentials(world.environment, *profiles, profile)
                         : Result<CredentialPlan>(std::unexpected(profiles.error()));
    if (!plan) {
      world.loop.post([done = std::move(done), error = std::move(plan.error())]() mutable {
        done(std::unexpected(std::move(error)));
      });
      return;
    }
    plan->roles.insert(plan->roles.end(), roles.begin(), roles.end());
    fetch_credentials(world, std::move(*plan), region, *profiles, std::move(done));
  };
}

}  // namespace tocsin::aws

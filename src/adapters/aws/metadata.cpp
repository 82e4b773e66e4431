#include "adapters/aws/metadata.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "adapters/aws/credential_answer.hpp"
#include "adapters/aws/exchange.hpp"

namespace tocsin::aws {
namespace {

using Text = Result<std::string>;
using TextDone = std::move_only_function<void(Text)>;

constexpr int kTries = 3;
constexpr Milliseconds kContainerTimeout{2'000};
constexpr Milliseconds kInstanceTimeout{1'000};
constexpr Milliseconds kPause{100};
constexpr std::string_view kRoles = "iam/security-credentials/";

// --- One question, asked up to three times. ---

struct Question {
  World world;
  std::string whom;  // "the instance metadata service"
  Outgoing request;
  std::move_only_function<void(int, Text)> done;  // status (0: no answer) and the body of a 200
  int tries = 0;
};

void ask(const std::shared_ptr<Question>& question);

void answered(const std::shared_ptr<Question>& question, const ExchangeResult& result) {
  const int status = result ? result->status : 0;
  const bool again = result ? status >= 500 || status == 429 : !result.error().lasting;
  if (status == 200) {
    question->done(status, result->body);
    return;
  }
  if (again && question->tries < kTries) {
    const MonoTime when = question->world.clock.mono_now() + kPause * question->tries;
    question->world.loop.call_at(when, [question] { ask(question); });
    return;
  }
  const std::string seen = result ? fmt::format("HTTP {}", status) : result.error().message;
  question->done(status,
                 fail(again || !result ? ErrorCode::unavailable : ErrorCode::invalid,
                      fmt::format("{} did not answer as it should: {}", question->whom, seen)));
}

void ask(const std::shared_ptr<Question>& question) {
  ++question->tries;
  exchange(question->world, question->request,
           [question](ExchangeResult result) { answered(question, result); });
}

void ask(const World& world, std::string whom, Outgoing request,
         std::move_only_function<void(int, Text)> done) {
  ask(std::make_shared<Question>(
      Question{world, std::move(whom), std::move(request), std::move(done)}));
}

// --- The instance metadata service. ---

std::string instance_base(const World& world) {
  if (auto given = world.environment("AWS_EC2_METADATA_SERVICE_ENDPOINT")) {
    while (given->ends_with('/')) {
      given->pop_back();
    }
    return *given;
  }
  std::string mode = world.environment("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE").value_or("");
  const bool ipv6 = mode == "IPv6" || mode == "ipv6" || mode == "IPV6";
  return ipv6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
}

struct Metadata {
  World world;
  std::string base;
  std::string token;  // secret, of the session
  bool renewed = false;
};
using MetadataPtr = std::shared_ptr<Metadata>;

constexpr std::string_view kWhom = "the instance metadata service";

// A session token, then `next`.
void open_session(const MetadataPtr& metadata, TextDone next) {
  Outgoing request;
  request.method = "PUT";
  request.url = metadata->base + "/latest/api/token";
  request.headers = {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}};
  request.timeout = kInstanceTimeout;
  ask(metadata->world, std::string(kWhom), std::move(request),
      [metadata, next = std::move(next)](int /*status*/, Text token) mutable {
        if (token) {
          metadata->token = *token;
        }
        next(std::move(token));
      });
}

void read_path(const MetadataPtr& metadata, std::string path, TextDone done) {
  Outgoing request;
  request.url = fmt::format("{}/latest/meta-data/{}", metadata->base, path);
  request.headers = {{"x-aws-ec2-metadata-token", metadata->token}};
  request.timeout = kInstanceTimeout;
  ask(metadata->world, std::string(kWhom), std::move(request),
      [metadata, path, done = std::move(done)](int status, Text text) mutable {
        if (status != 401 || std::exchange(metadata->renewed, true)) {
          done(std::move(text));
          return;
        }
        open_session(metadata, [metadata, path = std::move(path),
                                done = std::move(done)](Text token) mutable {
          if (!token) {
            done(std::move(token));
            return;
          }
          read_path(metadata, std::move(path), std::move(done));
        });
      });
}

void role_found(const MetadataPtr& metadata, Text roles, CredentialsDone done) {
  if (!roles) {
    Error error = std::move(roles.error());
    done(std::unexpected(std::move(error).with("has this instance a role?")));
    return;
  }
  const std::string role = roles->substr(0, roles->find_first_of("\r\n"));
  read_path(metadata, std::string(kRoles) + uri_encode(role, false),
            [done = std::move(done)](Text answer) mutable {
              done(answer ? read_container_answer(*answer)
                          : Result<Credentials>(std::unexpected(std::move(answer.error()))));
            });
}

// --- The container's endpoint. ---

Text authorization_of(const World& world, const Container& container) {
  std::string token = container.token;
  if (!container.token_file.empty()) {
    auto read = world.read_file(container.token_file);
    if (!read) {
      return std::unexpected(
          std::move(read.error()).with("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"));
    }
    token = std::move(*read);
  }
  if (token.find_first_of(std::string_view("\r\n\0", 3)) != token.npos) {
    return fail(ErrorCode::invalid,
                "the authorization token of the container's credentials endpoint holds a line "
                "break, which no header may");
  }
  return token;
}

}  // namespace

void fetch_container_credentials(const World& world, const Container& container,
                                 CredentialsDone done) {
  const auto token = authorization_of(world, container);
  if (!token) {
    world.loop.post([done = std::move(done), error = token.error()]() mutable {
      done(std::unexpected(std::move(error)));
    });
    return;
  }
  Outgoing request;
  request.url = container.url;
  request.headers = {{"Accept", "application/json"}};
  if (!token->empty()) {
    request.headers.emplace_back("Authorization", *token);
  }
  request.timeout = kContainerTimeout;
  request.loopback_only = container.loopback_only;
  ask(world, "the container's credentials endpoint", std::move(request),
      [done = std::move(done)](int /*status*/, Text answer) mutable {
        done(answer ? read_container_answer(*answer)
                    : Result<Credentials>(std::unexpected(std::move(answer.error()))));
      });
}

void fetch_instance_credentials(const World& world, CredentialsDone done) {
  auto metadata = std::make_shared<Metadata>(Metadata{world, instance_base(world), "", false});
  open_session(metadata, [metadata, done = std::move(done)](Text token) mutable {
    if (!token) {
      done(std::unexpected(std::move(token.error())));
      return;
    }
    read_path(metadata, std::string(kRoles),
              [metadata, done = std::move(done)](Text roles) mutable {
                role_found(metadata, std::move(roles), std::move(done));
              });
  });
}

void fetch_instance_fact(const World& world, const std::string& path, TextDone done) {
  auto metadata = std::make_shared<Metadata>(Metadata{world, instance_base(world), "", false});
  open_session(metadata, [metadata, path, done = std::move(done)](Text token) mutable {
    if (!token) {
      done(std::move(token));
      return;
    }
    read_path(metadata, path, std::move(done));
  });
}

}  // namespace tocsin::aws

#include "contract/aws_stand_in.hpp"

#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace tocsin::test {

std::string stand_in_url(const char* variable) {
  const char* url = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): nobody sets any
  if (url == nullptr) {
    throw std::runtime_error(std::string(variable) + ": run by tests/aws/servers.py");
  }
  return url;
}

void NumericResolver::resolve(const std::string& name, check::IpFamily /*family*/,
                              MonoTime /*deadline*/,
                              std::move_only_function<void(ports::Resolved)> done) {
  ports::Resolved found{ports::Resolved::Kind::found, {name}, ""};
  loop_.post(
      [done = std::move(done), found = std::move(found)]() mutable { done(std::move(found)); });
}

namespace {

ports::HttpResult no_answer(ports::HttpFailure::Kind kind, const char* message) {
  ports::HttpFailure failure;
  failure.kind = kind;
  failure.message = message;
  failure.connected = kind == ports::HttpFailure::Kind::timeout;
  return std::unexpected(std::move(failure));
}

}  // namespace

void BadHttpClient::start(ports::HttpRequest request,
                          std::move_only_function<void(ports::HttpResult)> done) {
  using Kind = ports::HttpFailure::Kind;
  if (broken) {
    done(no_answer(Kind::connect, "connection refused"));
    return;
  }
  const Fate now = fate ? fate(request) : Fate::carried;
  ++fates[now];
  switch (now) {
    case Fate::never_sent:
      done(no_answer(Kind::timeout, "no answer in time"));
      return;
    case Fate::late:
      late_.push_back(std::move(request));
      done(no_answer(Kind::timeout, "no answer in time"));
      return;
    case Fate::answer_lost:
      real_.start(std::move(request),
                  [done = std::move(done)](const ports::HttpResult& /*result*/) mutable {
                    done(no_answer(Kind::timeout, "no answer in time"));
                  });
      return;
    case Fate::doubled:
      late_.push_back(request);
      break;
    case Fate::carried:
      break;
  }
  real_.start(std::move(request), std::move(done));
}

bool BadHttpClient::carry_late() {
  if (late_.empty()) {
    return false;
  }
  ++on_their_way;
  real_.start(std::move(late_.front()),
              [this](const ports::HttpResult& /*result*/) { --on_their_way; });
  late_.pop_front();
  return true;
}

AwsStandIn::AwsStandIn(PumpLoop& loop, std::string url, aws::ClientOptions options,
                       aws::Credentials credentials)
    : loop_(loop), resolver_(loop) {
  const aws::World world{loop,
                         loop,
                         resolver_,
                         http_,
                         commands_,
                         [](std::string_view) { return std::nullopt; },
                         [](const std::string& path) { return fail(ErrorCode::not_found, path); },
                         random_};
  cache_ = std::make_unique<aws::CredentialCache>(
      world, [&loop, credentials = std::move(credentials)](aws::CredentialsDone done) {
        loop.post(
            [done = std::move(done), credentials]() mutable { done(std::move(credentials)); });
      });
  options.region = "us-east-1";
  options.endpoint = std::move(url);
  client_ = std::make_unique<aws::Client>(world, std::move(options), cache_.get());
}

aws::ApiResult AwsStandIn::call(const aws::Operation& operation, std::string json) {
  std::optional<aws::ApiResult> out;
  client_->call({operation, std::move(json), {}, loop_.mono_now() + Milliseconds{30'000}},
                [&out](aws::ApiResult result) { out = std::move(result); });
  if (!loop_.run_until([&out] { return out.has_value(); })) {
    throw std::runtime_error("the stand-in does not answer");
  }
  return std::move(*out);
}

}  // namespace tocsin::test

#include "adapters/aws/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include "check/address.hpp"
#include "check/url.hpp"
#include "notification/http_date.hpp"

namespace tocsin::aws {
namespace {

constexpr int kMostAttemptsEver = 20;

int attempts_of(const World& world, const Profiles& profiles, const ClientOptions& options) {
  const Section* profile = profiles.profile(options.profile);
  const std::string text =
      world.environment("AWS_MAX_ATTEMPTS")
          .value_or(profile == nullptr ? "" : std::string(value_of(*profile, "max_attempts")));
  int out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  const bool whole = error == std::errc() && end == text.data() + text.size() && out >= 1;
  return whole ? std::min(out, kMostAttemptsEver) : options.most_attempts;
}

const std::string* find(const Headers& headers, std::string_view name) {
  const auto found = std::ranges::find(headers, name, &Headers::value_type::first);
  return found == headers.end() ? nullptr : &found->second;
}

std::string request_id_of(const Headers& headers) {
  for (const char* name : {"x-amzn-requestid", "x-amz-request-id"}) {
    if (const std::string* id = find(headers, name)) {
      return *id;
    }
  }
  return {};
}

// The Host header that the transport would send: the port is named unless it is the scheme's.
std::string host_of(const check::Url& url) {
  if (url.port != url.default_port()) {
    return check::format_host_port(url.host, url.port);
  }
  return check::is_ipv6(url.host) ? "[" + url.host + "]" : url.host;
}

Failure no_answer(const NoAnswer& seen) {
  Failure out;
  out.kind = seen.lasting ? FailureKind::refused : FailureKind::transient;
  out.message = seen.message;
  return out;
}

}  // namespace

struct Client::Run {
  const Operation& operation;
  Call wire;
  MonoTime deadline{};
  std::move_only_function<void(ApiResult)> done;
  std::string name;  // "dynamodb:GetItem in eu-central-1"
  int attempts = 0;  // begun
  int retries = 0;   // paid for from the quota
  int paid = 0;      // quota taken by the last retry: 0 none, 1 plain, 2 of a timeout
  bool clock_set = false;
  bool renewed = false;
  Credentials credentials;  // of the attempt under way
};

Client::Client(const World& world, ClientOptions options, CredentialCache* credentials,
               const Profiles& profiles)
    : world_(world),
      options_(std::move(options)),
      credentials_(credentials),
      profiles_(profiles),
      ca_file_(world_.environment("AWS_CA_BUNDLE").value_or("")),
      alive_(std::make_shared<int>(0)) {
  options_.most_attempts = attempts_of(world_, profiles_, options_);
}

Client::~Client() = default;

template <typename Call>
auto Client::guarded(Call call) {
  return [alive = std::weak_ptr(alive_), call = std::move(call)](auto&&... values) mutable {
    if (!alive.expired()) {
      call(std::forward<decltype(values)>(values)...);
    }
  };
}

const Result<std::string>& Client::endpoint(const Service& service) {
  auto found = endpoints_.find(service.id);
  if (found == endpoints_.end()) {
    EndpointChoice choice =
        endpoint_choice(service, world_.environment, profiles_, options_.profile);
    if (!options_.endpoint.empty()) {
      choice.url = options_.endpoint;
    }
    found = endpoints_.emplace(service.id, endpoint_url(service, options_.region, choice)).first;
  }
  return found->second;
}

void Client::call(ApiCall call, std::move_only_function<void(ApiResult)> done) {
  const Service& service = call.operation.service;
  auto run = std::make_shared<Run>(
      Run{call.operation,
          service.protocol == Protocol::query
              ? query_call(service, call.operation.name, call.parameters)
              : json_call(service, call.operation.name, std::move(call.json)),
          call.deadline,
          std::move(done),
          fmt::format("{}:{} in {}", service.signing_name, call.operation.name, options_.region),
          0,
          0,
          0,
          false,
          false,
          {}});
  ++calls_;
  Failure refusal;
  refusal.call = run->name;
  if (const auto& url = endpoint(service); !url) {
    refusal.message = url.error().message;
    finish(run, std::unexpected(std::move(refusal)));
    return;
  }
  if (calls_ > options_.most_calls) {
    refusal.kind = FailureKind::transient;
    refusal.message = fmt::format("{} calls are under way already", options_.most_calls);
    finish(run, std::unexpected(std::move(refusal)));
    return;
  }
  attempt(run);
}

void Client::attempt(const RunPtr& run) {
  ++run->attempts;
  if (!run->operation.is_signed || credentials_ == nullptr) {
    send(run);
    return;
  }
  credentials_->get(run->deadline, guarded([this, run](Result<Credentials> found) {
                      if (found) {
                        run->credentials = std::move(*found);
                        send(run);
                        return;
                      }
                      Failure failure;
                      failure.kind = found.error().retryable() ? FailureKind::transient
                                                               : FailureKind::credentials;
                      failure.message = std::move(found.error().message);
                      failure.call = run->name;
                      failure.attempts = run->attempts;
                      finish(run, std::unexpected(std::move(failure)));
                    }));
}

void Client::send(const RunPtr& run) {
  const std::string base = *endpoint(run->operation.service);
  auto url = check::parse_url(base);
  if (!url) {
    Failure failure;
    failure.call = run->name;
    failure.message = "the endpoint cannot be used: " + url.error().message;
    finish(run, std::unexpected(std::move(failure)));
    return;
  }
  Outgoing request;
  request.method = "POST";
  request.url = url->to_string();
  request.body = run->wire.body;
  request.headers = run->wire.headers;
  request.headers.emplace_back("Host", host_of(*url));
  request.ca_file = ca_file_;
  const auto left = std::chrono::floor<Milliseconds>(run->deadline - world_.clock.mono_now());
  request.timeout = std::max(std::min(left, options_.attempt_timeout), Milliseconds{1});
  if (run->operation.is_signed && credentials_ != nullptr) {
    const Signature signature =
        sign({request.method, url->path, "", request.headers, request.body}, run->credentials,
             {options_.region, std::string(run->operation.service.signing_name)},
             world_.clock.now() + offset_);
    request.headers.insert(request.headers.end(), signature.headers.begin(),
                           signature.headers.end());
  }
  exchange(world_, std::move(request),
           guarded([this, run](ExchangeResult result) { answered(run, std::move(result)); }));
}

void Client::answered(const RunPtr& run, ExchangeResult result) {
  if (!result) {
    failed(run, no_answer(result.error()), {}, result.error().timed_out);
    return;
  }
  if (result->status >= 200 && result->status < 300) {
    if (run->paid != 0) {
      quota_.release(run->paid == 2);
    } else {
      quota_.succeeded();
    }
    const std::string* date = find(result->headers, "date");
    ApiAnswer answer{std::move(result->body), request_id_of(result->headers), run->attempts,
                     date == nullptr ? std::nullopt : notification::parse_http_date(*date)};
    finish(run, std::move(answer));
    return;
  }
  Failure failure = failure_of(result->status, result->headers, result->body);
  if (result->status >= 300 && result->status < 400 && failure.code.empty()) {
    failure.message = "answered with a redirect, which is not followed: is the endpoint right?";
  }
  failed(run, std::move(failure), result->headers, false);
}

// What is mended at once, each once per call: our clock, our credentials.
bool Client::cure(Run& run, const Failure& failure, const Headers& headers) {
  if (failure.kind == FailureKind::clock && !std::exchange(run.clock_set, true)) {
    const std::string* date = find(headers, "date");
    const auto server = date == nullptr ? std::nullopt : notification::parse_http_date(*date);
    if (server) {
      offset_ = *server - world_.clock.now();
      return true;
    }
  }
  if (failure.kind == FailureKind::credentials && run.operation.is_signed &&
      credentials_ != nullptr && !std::exchange(run.renewed, true)) {
    return credentials_->refused(run.credentials);
  }
  return false;
}

void Client::failed(const RunPtr& run, Failure failure, const Headers& headers, bool timed_out) {
  failure.call = run->name;
  failure.attempts = run->attempts;
  if (cure(*run, failure, headers)) {
    attempt(run);
    return;
  }
  const bool repeat =
      failure.kind == FailureKind::transient || failure.kind == FailureKind::throttled;
  const Milliseconds delay =
      heed_retry_after(retry_delay(run->retries, world_.random, options_.first_delay), headers);
  const MonoTime when = world_.clock.mono_now() + delay;
  if (!repeat || run->retries + 1 >= options_.most_attempts || when >= run->deadline ||
      !quota_.take(timed_out)) {
    finish(run, std::unexpected(std::move(failure)));
    return;
  }
  ++run->retries;
  run->paid = timed_out ? 2 : 1;
  world_.loop.call_at(when, guarded([this, run] { attempt(run); }));
}

void Client::finish(const RunPtr& run, ApiResult result) {
  world_.loop.post(guarded([this, run, result = std::move(result)]() mutable {
    --calls_;
    run->done(std::move(result));
  }));
}

}  // namespace tocsin::aws

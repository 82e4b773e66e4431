#include "service/probe/http_exchange.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "service/probe/authorization.hpp"
#include "service/probe/check_run.hpp"

namespace tocsin::service {
namespace {

using Kind = ports::HttpFailure::Kind;

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, {}, [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
}

bool starts_ignoring_case(std::string_view text, std::string_view lower) {
  return equals_ignoring_case(text.substr(0, lower.size()), lower);
}

bool goes_along(std::string_view name, const check::Hop& hop, HopOrigin origin) {
  if (!hop.keep_credentials &&
      (equals_ignoring_case(name, "authorization") || equals_ignoring_case(name, "cookie"))) {
    return false;
  }
  if (!origin.same_origin && equals_ignoring_case(name, "host")) {
    return false;
  }
  return hop.keep_body || !(starts_ignoring_case(name, "content-") ||
                            equals_ignoring_case(name, "transfer-encoding"));
}

std::string_view missed_phase(const ports::HttpFailure& failure, bool https) {
  if (!failure.connected) {
    return "no connection";
  }
  if (https && !failure.timings.tls) {
    return "connected, but no TLS handshake";
  }
  return failure.timings.first_byte ? "the answer was not complete" : "connected, but no answer";
}

}  // namespace

ports::HttpRequest build_request(const check::HttpOptions& options, const check::Hop& hop,
                                 HopOrigin origin) {
  ports::HttpRequest request;
  request.url = hop.url.to_string();
  request.method = hop.method;
  request.headers.reserve(options.headers.size() + 1);
  for (const auto& header : options.headers) {
    if (goes_along(header.first, hop, origin)) {
      request.headers.push_back(header);
    }
  }
  if (hop.keep_credentials) {
    if (!options.bearer_token.empty()) {
      request.headers.emplace_back("Authorization", "Bearer " + options.bearer_token);
    } else if (!options.basic_username.empty() || !options.basic_password.empty()) {
      request.headers.emplace_back(
          "Authorization", basic_authorization(options.basic_username, options.basic_password));
    }
  }
  if (hop.keep_body) {
    request.body = options.body;
  }
  request.tls = options.tls;
  if (!origin.same_host) {
    request.tls.server_name.clear();
    request.tls.certificate_file.clear();
    request.tls.key_file.clear();
  }
  request.version = options.version;
  request.reuse_connection = options.reuse_connection;
  request.decompress = options.decompress;
  request.max_body_bytes = options.max_body_bytes;
  return request;
}

check::Reason reason_of(Kind kind) {
  switch (kind) {
    case Kind::connect:
      return check::Reason::connect;
    case Kind::tls:
      return check::Reason::tls;
    case Kind::timeout:
      return check::Reason::timeout;
    case Kind::protocol:
      return check::Reason::protocol;
    case Kind::body_too_large:
    case Kind::headers_too_large:
      return check::Reason::body_too_large;
    case Kind::resources:
      return check::Reason::resources;
    case Kind::cancelled:
      return check::Reason::interrupted;
    case Kind::invalid:
    case Kind::internal:
      break;
  }
  return check::Reason::internal;
}

std::string describe_failure(const ports::HttpFailure& failure, const check::CheckSpec& spec,
                             bool https) {
  const auto& options = *std::get<check::HttpCheck>(spec.target).options;
  switch (failure.kind) {
    case Kind::timeout:
      return fmt::format("{} within {}", missed_phase(failure, https),
                         format_duration(spec.timeout));
    case Kind::tls:
      return failure.message.find("TLS") == std::string::npos ? "TLS: " + failure.message
                                                              : failure.message;
    case Kind::body_too_large:
      return fmt::format("the body is longer than {}", format_size(options.max_body_bytes));
    case Kind::headers_too_large:
      return failure.message.empty() ? "the headers are too long" : failure.message;
    case Kind::cancelled:
      return std::string(kCheckWasStopped);
    case Kind::resources:
      return "out of resources here: " + failure.message;
    case Kind::connect:
    case Kind::protocol:
    case Kind::invalid:
    case Kind::internal:
      break;
  }
  return failure.message.empty() ? "failed without a message" : failure.message;
}

std::optional<std::string_view> find_header(const ports::Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (key == name) {
      return value;
    }
  }
  return std::nullopt;
}

}  // namespace tocsin::service

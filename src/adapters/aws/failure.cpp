#include "adapters/aws/failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "adapters/aws/xml_element.hpp"
#include "base/utf8.hpp"
#include "check/json.hpp"

namespace tocsin::aws {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kLongestMessage = 500;

// The standard retry mode of the SDKs.
constexpr std::array kThrottles{
    "Throttling"sv,
    "ThrottlingException"sv,
    "ThrottledException"sv,
    "RequestThrottledException"sv,
    "RequestThrottled"sv,
    "TooManyRequestsException"sv,
    "BandwidthLimitExceeded"sv,
    "ProvisionedThroughputExceededException"sv,
    "SlowDown"sv,
    "TransactionInProgressException"sv,
    "RequestLimitExceeded"sv,
    "LimitExceededException"sv,
    "EC2ThrottledException"sv,
};
constexpr std::array kTransient{
    "RequestTimeout"sv,      "RequestTimeoutException"sv, "PriorRequestNotComplete"sv,
    "InternalServerError"sv, "InternalFailure"sv,         "ServiceUnavailable"sv,
    "ServerException"sv,
};
constexpr std::array kCredentials{
    "ExpiredToken"sv,
    "ExpiredTokenException"sv,
    "UnrecognizedClientException"sv,
    "InvalidClientTokenId"sv,
    "MissingAuthenticationToken"sv,
    "MissingAuthenticationTokenException"sv,
    "InvalidAccessKeyId"sv,
};
constexpr std::array kClock{"RequestExpired"sv, "RequestTimeTooSkewed"sv, "RequestInTheFuture"sv};
constexpr std::array kSignature{"SignatureDoesNotMatch"sv, "InvalidSignatureException"sv};
constexpr std::array kDenied{"AccessDenied"sv, "AccessDeniedException"sv, "UnauthorizedOperation"sv,
                             "NotAuthorized"sv};

template <std::size_t N>
bool is_one_of(std::string_view code, const std::array<std::string_view, N>& codes) {
  return std::ranges::find(codes, code) != codes.end();
}

std::string_view header(const Headers& headers, std::string_view name) {
  const auto found = std::ranges::find(headers, name, &Headers::value_type::first);
  return found == headers.end() ? std::string_view{} : std::string_view(found->second);
}

// "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException:http://..." names the part between.
std::string bare_code(std::string_view type) {
  type = type.substr(0, type.find(':'));
  if (const auto hash = type.rfind('#'); hash != type.npos) {
    type.remove_prefix(hash + 1);
  }
  return std::string(type);
}

void read_json(std::string_view body, Failure& out) {
  const auto document = check::parse_json(body);
  if (!document) {
    return;
  }
  for (const char* key : {"__type", "code"}) {
    if (out.code.empty()) {
      out.code = bare_code(document->find(key).string().value_or(""));
    }
  }
  for (const char* key : {"message", "Message"}) {
    if (out.message.empty()) {
      out.message = document->find(key).string().value_or("");
    }
  }
}

FailureKind kind_of(const Failure& failure) {
  const std::string& code = failure.code;
  if (is_one_of(code, kThrottles) || failure.status == 429) {
    return FailureKind::throttled;
  }
  const bool expired = failure.message.find("Signature expired") != std::string::npos ||
                       failure.message.find("Signature not yet current") != std::string::npos;
  if (is_one_of(code, kClock) || (is_one_of(code, kSignature) && expired)) {
    return FailureKind::clock;
  }
  if (is_one_of(code, kCredentials) || is_one_of(code, kSignature)) {
    return FailureKind::credentials;
  }
  if (is_one_of(code, kDenied)) {
    return FailureKind::denied;
  }
  const bool server = failure.status >= 500 && failure.status != 501;
  return server || is_one_of(code, kTransient) ? FailureKind::transient : FailureKind::refused;
}

}  // namespace

Failure failure_of(int status, const Headers& headers, std::string_view body) {
  Failure out;
  out.status = status;
  out.code = bare_code(header(headers, "x-amzn-errortype"));
  for (const std::string_view name : {"x-amzn-requestid"sv, "x-amz-request-id"sv}) {
    if (out.request_id.empty()) {
      out.request_id = header(headers, name);
    }
  }
  const auto first = body.find_first_not_of(" \t\r\n");
  if (first != body.npos && body[first] == '<') {
    out.code = out.code.empty() ? xml_element(body, "Code") : out.code;
    out.message = xml_element(body, "Message");
    if (out.request_id.empty()) {
      const std::string id = xml_element(body, "RequestId");
      out.request_id = id.empty() ? xml_element(body, "RequestID") : id;
    }
  } else {
    read_json(body, out);
  }
  out.kind = kind_of(out);
  return out;
}

std::string to_string(const Failure& failure) {
  std::string out = failure.call.empty() ? "" : failure.call + ": ";
  if (!failure.code.empty()) {
    out += clip(printable(failure.code), 100) + (failure.message.empty() ? "" : ": ");
  } else if (failure.status != 0) {
    out += failure.message.empty() ? "the call failed" : "the call failed: ";
  }
  out += clip(printable(failure.message), kLongestMessage);
  std::string facts = failure.status == 0 ? "" : fmt::format("HTTP {}", failure.status);
  const auto add = [&facts](const std::string& fact) {
    facts += (facts.empty() ? "" : ", ") + fact;
  };
  if (!failure.request_id.empty()) {
    add("request id " + clip(printable(failure.request_id), 80));
  }
  if (failure.attempts > 1) {
    add(fmt::format("attempt {}", failure.attempts));
  }
  return facts.empty() ? out : out + " (" + facts + ")";
}

}  // namespace tocsin::aws

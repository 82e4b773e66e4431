#include "adapters/aws/service.hpp"

#include <fmt/format.h>

namespace tocsin::aws {

Call json_call(const Service& service, std::string_view operation, std::string json) {
  const std::string_view version = service.protocol == Protocol::json_1_0 ? "1.0" : "1.1";
  return {std::move(json),
          {{"Content-Type", fmt::format("application/x-amz-json-{}", version)},
           {"X-Amz-Target", fmt::format("{}.{}", service.version, operation)}}};
}

// Encoded canonically: some servers sign what they encode anew.
Call query_call(const Service& service, std::string_view operation, const Parameters& parameters) {
  std::string body = fmt::format("Action={}&Version={}", operation, service.version);
  for (const auto& [name, value] : parameters) {
    body += fmt::format("&{}={}", uri_encode(name, false), uri_encode(value, false));
  }
  return {std::move(body), {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}}};
}

}  // namespace tocsin::aws

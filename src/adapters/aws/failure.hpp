#pragma once
// What AWS answers when a call fails, and what to do about it. Pure. JSON and query services spell
// their errors differently, and any of them may answer in the other's way.

#include <cstdint>
#include <string>
#include <string_view>

#include "adapters/aws/sigv4.hpp"

namespace tocsin::aws {

enum class FailureKind : std::uint8_t {
  transient,    // try again: 5xx, no answer
  throttled,    // try again, more slowly
  credentials,  // expired or refused: get new ones once, then it is a fault of configuration
  clock,        // our time is off: take the server's and try once more
  denied,       // a policy does not allow it
  refused,      // the call itself is wrong; repeating it changes nothing
};

struct Failure {
  FailureKind kind = FailureKind::refused;
  int status = 0;       // 0: no answer came, and the call may yet be carried out
  std::string code;     // "ResourceNotFoundException"; "" when the answer has none
  std::string message;  // AWS's words; without an answer, what was seen
  std::string request_id;
  std::string call;  // "dynamodb:GetItem in eu-central-1", as a policy spells it; "" not known
  int attempts = 1;
};

// `headers` with names in lower case.
[[nodiscard]] Failure failure_of(int status, const Headers& headers, std::string_view body);
// "dynamodb:GetItem in eu-central-1: ThrottlingException: Rate exceeded (HTTP 400, request id
// 4f1b..., attempt 3)".
[[nodiscard]] std::string to_string(const Failure& failure);

}  // namespace tocsin::aws

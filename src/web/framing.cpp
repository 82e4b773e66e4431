#include "web/framing.hpp"

#include <algorithm>

#include "web/params.hpp"

namespace tocsin::web {
namespace {

constexpr std::size_t kMostHeaders = 100;

bool is(std::string_view value, std::string_view lower_case) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(value, lower_case, {}, lower);
}

std::optional<Problem> refuse(std::string message) {
  return Problem{400, "bad_request", std::move(message)};
}

std::optional<Problem> body_problem(const Request& head) {
  const std::size_t encodings = head.count("transfer-encoding");
  if (encodings > 0 && (head.minor_version == 0 || head.count("content-length") > 0)) {
    return refuse("Transfer-Encoding does not go with Content-Length or HTTP/1.0");
  }
  if (encodings > 1 || (encodings == 1 && !is(*head.header("transfer-encoding"), "chunked"))) {
    return refuse("Transfer-Encoding may only be chunked");
  }
  if (head.count("content-length") > 1) {
    return refuse("there is more than one Content-Length");
  }
  if (const auto length = head.header("content-length"); length && !parse_unsigned(*length)) {
    return refuse("Content-Length is not a number");
  }
  return std::nullopt;
}

}  // namespace

std::optional<Problem> framing_problem(const Request& head) {
  if (head.headers.size() > kMostHeaders) {
    return Problem{431, "headers_too_large", "the request has more than 100 headers"};
  }
  const std::size_t hosts = head.count("host");
  if (hosts > 1 || (hosts == 0 && head.minor_version >= 1)) {
    return refuse("the request needs exactly one Host header");
  }
  if (const auto expect = head.header("expect"); expect && !is(*expect, "100-continue")) {
    return Problem{417, "expectation_failed", "only Expect: 100-continue is understood"};
  }
  return body_problem(head);
}

bool announces_body(const Request& head) {
  const auto length = head.header("content-length");
  return head.count("transfer-encoding") > 0 || (length && parse_unsigned(*length).value_or(1) > 0);
}

}  // namespace tocsin::web

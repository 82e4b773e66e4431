#pragma once
// One HTTP request and its answer as plain values: what handlers see. No socket, no thread.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin::web {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;
  std::string target;     // as on the request line: origin form or absolute form, still encoded
  int minor_version = 1;  // of HTTP/1
  Headers headers;        // names in lower case, in order
  std::string body;
  std::string peer;  // numeric address and port; for logs

  // The first value of a header. `name` in lower case.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
  [[nodiscard]] std::size_t count(std::string_view name) const;
};

struct Response {
  int status = 200;
  Headers headers;  // without Content-Length and Connection, which belong to the transport
  std::string body;
  bool close = false;  // the connection must not be used again

  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
};

// Called exactly once, on the loop thread, inline or later. Destroying it unused answers 503.
using Responder = std::move_only_function<void(Response)>;

// A refusal on its way to becoming a Response.
struct Problem {
  int status = 400;
  std::string code;     // of docs/api.md, stable
  std::string message;  // for people
};

// Answers with the headers that every answer carries (nosniff, no-store).
[[nodiscard]] Response json_response(int status, std::string body);
[[nodiscard]] Response text_response(std::string content_type, std::string body);
[[nodiscard]] Response problem_response(const Problem& problem);

}  // namespace tocsin::web

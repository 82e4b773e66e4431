#pragma once
// The request target of RFC 9112 section 3.2, taken apart: strict, since a lenient reading is how
// two programs come to disagree about one request.

#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "web/request.hpp"

namespace tocsin::web {

using Query = std::vector<std::pair<std::string, std::string>>;  // decoded, in order

struct Target {
  std::string authority;              // of the absolute form; "" for the origin form
  std::vector<std::string> segments;  // decoded; "/a/b" has two, "/" has one empty one
  Query query;
};

// Refuses (400 invalid_target) bytes outside printable ASCII, fragments, wrong percent-encoding,
// NUL and other control characters, text that does not decode to UTF-8, user information, other
// forms and targets beyond 8 KiB (414). An encoded slash stays inside its segment.
[[nodiscard]] std::expected<Target, Problem> parse_target(std::string_view target);

// Encodes everything but RFC 3986's unreserved characters.
[[nodiscard]] std::string percent_encode(std::string_view text);

}  // namespace tocsin::web

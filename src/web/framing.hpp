#pragma once
// The rules of RFC 9112 by which one connection's bytes become requests, as far as a parser leaves
// them open. A request that two programs could cut differently is refused (request smuggling).

#include <optional>

#include "web/request.hpp"

namespace tocsin::web {

// The connection must be closed after any of these: 400 bad_request, 431 headers_too_large (more
// than 100 headers), 417 expectation_failed.
[[nodiscard]] std::optional<Problem> framing_problem(const Request& head);

// Whether a body follows the head.
[[nodiscard]] bool announces_body(const Request& head);

}  // namespace tocsin::web

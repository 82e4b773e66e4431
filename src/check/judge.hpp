#pragma once
// From what a check saw to its verdict: status, reason, the sentence for people. Timings, start and
// origin are the prober's to fill in. Pure; any thread.

#include <cstdint>
#include <string>
#include <string_view>

#include "check/assertions.hpp"
#include "check/outcome.hpp"

namespace tocsin::check {

// What a check did, for its sentence. Holds no path, query, header or credential: those may be
// secrets.
struct Attempt {
  std::string_view action;   // "GET", "connect to"
  std::string_view host;     // as configured, or of the last redirect
  std::string_view address;  // numeric, as tried; "" when none was
  std::uint16_t port = 0;
  std::uint32_t redirects = 0;  // followed before this
  bool via_proxy = false;       // address and port are the proxy's
};
// "GET shop.example.com (10.0.0.1:443)", "connect to 10.0.0.5:5432",
// "GET www.example.com (10.0.0.1:443, after 2 redirects)", "GET h (proxy 10.0.0.9:3128)".
[[nodiscard]] std::string describe(const Attempt& attempt);

// An outcome that needs no evaluation. The message becomes "<describe>: <what>".
[[nodiscard]] Outcome judge_failure(const Attempt& attempt, Reason reason, std::string_view what);
// Reasons that are our own fault make an outcome `unknown`, `none` makes it up, others down.
[[nodiscard]] Status status_of(Reason reason);

// A complete answer. A final HTTP status outside 200 to 299 is down(status) unless a condition
// names [STATUS]; then a failed condition is down(assertion). Conditions are evaluated and listed,
// values captured, in either case.
[[nodiscard]] Outcome judge_response(const Attempt& attempt, const Assertions& assertions,
                                     const Response& response);

}  // namespace tocsin::check

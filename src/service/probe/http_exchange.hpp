#pragma once
// The parts of an HTTP check that need no turn of the loop: building a request from the check's
// options, and reading a failure. Internal to service/probe.

#include <string>
#include <string_view>

#include "check/outcome.hpp"
#include "check/redirect.hpp"
#include "check/spec.hpp"
#include "ports/http_client.hpp"

namespace tocsin::service {

// Where a hop stands against the URL that was configured.
struct HopOrigin {
  bool same_origin = true;  // `connect_to` applies
  bool same_host = true;    // `server_name` and the client certificate apply
};

// Everything but address, proxy and timeouts. Credentials, body and Host go along only as the hop
// allows.
[[nodiscard]] ports::HttpRequest build_request(const check::HttpOptions& options,
                                               const check::Hop& hop, HopOrigin origin);

[[nodiscard]] check::Reason reason_of(ports::HttpFailure::Kind kind);
// What was seen, for the outcome's sentence.
[[nodiscard]] std::string describe_failure(const ports::HttpFailure& failure,
                                           const check::CheckSpec& spec, bool https);

// The value of the first header of that (lower-case) name.
[[nodiscard]] std::optional<std::string_view> find_header(const ports::Headers& headers,
                                                          std::string_view name);

}  // namespace tocsin::service

#pragma once
// The paths by which jobs ping heartbeats, as Healthchecks has them:
//   /ping/UUID[/start|/fail|/log|/0-255][/]
//   /ping/KEY/NAME[/start|/fail|/log|/0-255][/]
// Pure. Who may ping is decided by knowing the path; the caller compares the key.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "timer/heartbeat.hpp"
#include "web/request.hpp"
#include "web/target.hpp"

namespace tocsin::web {

struct PingCall {
  std::string uuid;       // in lower case; "" when it is by key and name
  std::string key, name;  // "" when it is by uuid
  timer::Action action = timer::Action::success;
  std::optional<int> exit_status;
  std::string rid;  // in lower case; "" without
};

struct PingRefusal {
  int status = 404;
  std::string_view body;  // the words that clients of Healthchecks know
};
inline constexpr PingRefusal kPingNotFound{404, "not found"};

// Read beyond the limit on what is kept: a secret that the limit cuts through is still known as
// one.
inline constexpr std::uint64_t kReadBeyondLimit = 4096;

// Whether the path, taken apart, belongs to pings.
[[nodiscard]] bool is_ping(const std::vector<std::string>& segments);

// Refusals: 404 not found, 400 "invalid url format" (an exit status above 255), 400 "invalid uuid
// format" (a rid that is no UUID). Other parameters are ignored, `create` too: what is pinged
// stands in the configuration.
[[nodiscard]] std::expected<PingCall, PingRefusal> read_ping(const Target& target);

// What a job said, as text: what is not UTF-8 becomes U+FFFD, and no more than `limit` bytes
// remain.
[[nodiscard]] std::string ping_text(std::string_view body, std::uint64_t limit);

// With the headers that all answers to pings carry.
[[nodiscard]] Response ping_response(int status, std::string_view body, std::uint64_t body_limit);

}  // namespace tocsin::web

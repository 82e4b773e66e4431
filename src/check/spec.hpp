#pragma once
// What a check is asked to do: validated, immutable, shared between the configuration and the runs
// in flight. Options that many monitors have alike are one shared object (100,000 monitors must fit
// in memory), so a check is little more than its target.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/time.hpp"

namespace tocsin::check {

class Assertions;  // check/assertions.hpp

enum class IpFamily : std::uint8_t { any, v4, v6 };
enum class HttpVersion : std::uint8_t { automatic, http1, http2 };  // automatic: ALPN decides

struct TlsOptions {
  std::string ca_file;           // PEM bundle instead of the system's
  std::string certificate_file;  // client certificate and key, PEM
  std::string key_file;
  std::string server_name;  // SNI and name to verify instead of the URL's host
  bool insecure = false;    // verify neither chain nor name
  bool operator==(const TlsOptions&) const = default;
};

struct HttpOptions {
  std::string method = "GET";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string basic_username, basic_password;  // both or none
  std::string bearer_token;
  TlsOptions tls;
  std::uint32_t max_redirects = 5;
  HttpVersion version = HttpVersion::automatic;
  IpFamily family = IpFamily::any;
  std::string proxy;       // http://[user:password@]host:port; empty: none, never the environment's
  std::string connect_to;  // "host:port" to connect to instead of the URL's
  bool reuse_connection = false;
  bool decompress = true;
  std::uint64_t max_body_bytes = std::uint64_t{1} << 20U;
  bool operator==(const HttpOptions&) const = default;
};

struct HttpCheck {
  std::string url;  // absolute, http or https, validated
  std::shared_ptr<const HttpOptions> options;
};

struct TcpCheck {
  std::string host;  // name or address without brackets
  std::uint16_t port = 0;
  IpFamily family = IpFamily::any;
  std::string send;    // bytes to send after connecting; may be empty
  std::string expect;  // up when the answer holds this; empty: connecting is enough
};

// Passive: nothing is run, the job itself pings. timer/heartbeat.hpp says when it is too late.
struct HeartbeatCheck {
  std::string uuid;               // in lower case; "" none. Whoever knows it may ping: never shown
  bool post_only = false;         // pings by other methods are answered and do not count
  Milliseconds grace{3'600'000};  // how long after the expected time a ping may come
  Milliseconds max_runtime{0};    // of one run, from its start; 0: grace
  Milliseconds start_within{0};   // of the expected time; 0: grace
  bool operator==(const HeartbeatCheck&) const = default;
};

// Passive: its cluster is polled (service/ecs), many services at a time.
struct EcsCheck {
  std::string cluster;  // name
  std::string service;  // name
  std::string region;
  std::string account;
  bool operator==(const EcsCheck&) const = default;
};

// One monitor's check. A kind added later is a row here, a prober in app/ and its decoder in
// config/.
struct CheckSpec {
  std::variant<HttpCheck, TcpCheck, HeartbeatCheck, EcsCheck> target;
  std::shared_ptr<const Assertions> assertions;  // never null; may be empty
  Milliseconds timeout{10'000};
};

// By the index of CheckSpec::target.
inline constexpr std::array<std::string_view, 4> kKindNames{"http", "tcp", "timer", "ecs"};

[[nodiscard]] constexpr std::string_view kind_of(const CheckSpec& spec) {
  return kKindNames[spec.target.index()];
}
// A passive check is never run: its outcomes come from outside.
[[nodiscard]] constexpr bool is_passive(const CheckSpec& spec) {
  return std::holds_alternative<HeartbeatCheck>(spec.target) ||
         std::holds_alternative<EcsCheck>(spec.target);
}

}  // namespace tocsin::check

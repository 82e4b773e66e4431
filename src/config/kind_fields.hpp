#pragma once
// What stands under a monitor's kind key, and the options that `defaults.<kind>` may give.

#include <cstdint>
#include <string>
#include <utility>

#include "check/spec.hpp"
#include "config/field_table.hpp"

namespace tocsin::config {

struct HttpTarget {
  std::string url;
};

struct TcpTarget {
  std::string host;
  std::uint16_t port = 0;
  std::string send, expect;
};

struct TcpOptions {
  check::IpFamily family = check::IpFamily::any;
};

[[nodiscard]] const Table<HttpTarget>& http_target_table();
[[nodiscard]] const Table<check::HttpOptions>& http_option_table();
[[nodiscard]] const Table<check::HttpOptions>& auth_table();
[[nodiscard]] const Table<check::HttpOptions>& basic_table();
[[nodiscard]] const Table<check::TlsOptions>& tls_table();
[[nodiscard]] const Table<TcpTarget>& tcp_target_table();
[[nodiscard]] const Table<TcpOptions>& tcp_option_table();
[[nodiscard]] const Table<check::HeartbeatCheck>& heartbeat_table();

[[nodiscard]] bool has_auth(const check::HttpOptions& options);
[[nodiscard]] bool is_authorization(const std::pair<std::string, std::string>& header);
// Reports options that exclude each other, of a monitor or of the defaults.
void check_http_options(Decoder& d, Position at, const check::HttpOptions& options);

// `http: URL` or `http: {url: URL, ...}`.
void decode_http(Decoder& d, const Node& node, HttpTarget& target,
                 Draft<check::HttpOptions>& options);
// `tcp: "host:port"` or `tcp: {address: "host:port", ...}`.
void decode_tcp(Decoder& d, const Node& node, TcpTarget& target, Draft<TcpOptions>& options);

}  // namespace tocsin::config

#pragma once
// Hosts as people write them: names, IPv4 and IPv6 addresses, "host:port". Pure text; nothing here
// looks a name up.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tocsin::check {

// Four decimal numbers of 0 to 255 without leading zeros. "127.1" and "0177.0.0.1" are not.
[[nodiscard]] bool is_ipv4(std::string_view text);
// RFC 4291, section 2.2, without brackets and without a zone ("%eth0").
[[nodiscard]] bool is_ipv6(std::string_view text);
[[nodiscard]] inline bool is_numeric_address(std::string_view text) {
  return is_ipv4(text) || is_ipv6(text);
}

// A name or address without brackets that a lookup or connect can be tried with: nullopt when it is
// one, else what is wrong with it. Names are letters, digits, "-" and "_" in labels of 1 to 63
// characters, at most 253 in all, a final dot allowed. A last label that is a number makes a name
// that resolvers read as a misspelt address, so it must be a proper IPv4 address.
[[nodiscard]] std::optional<std::string> host_problem(std::string_view host);

struct HostPort {
  std::string host;  // lower case, without brackets
  std::uint16_t port = 0;
  bool operator==(const HostPort&) const = default;
};
// "db.internal:5432", "10.0.0.5:22", "[::1]:80". Error: invalid.
[[nodiscard]] Result<HostPort> parse_host_port(std::string_view text);
// 1 to 65535 in decimal digits.
[[nodiscard]] std::optional<std::uint16_t> parse_port(std::string_view text);
// "host:port" again, with brackets around an IPv6 address.
[[nodiscard]] std::string format_host_port(std::string_view host, std::uint16_t port);

}  // namespace tocsin::check

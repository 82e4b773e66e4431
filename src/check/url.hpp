#pragma once
// Absolute http and https URLs: parse, validate, resolve a Location against a base, compare
// origins. RFC 3986; the origin is RFC 6454, section 4. Pure values.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tocsin::check {

struct Url {
  bool https = false;
  std::string host;        // lower case; an IPv6 address without its brackets
  std::uint16_t port = 0;  // as written, or the scheme's: 80 and 443
  std::string path;        // begins with "/"; percent-encoding as written
  std::string query;       // with its "?"; "" when there is none
  std::string userinfo;    // as written, without "@"; only parse_proxy_url lets it through

  [[nodiscard]] std::string_view scheme() const { return https ? "https" : "http"; }
  [[nodiscard]] std::uint16_t default_port() const { return https ? 443 : 80; }
  // What a request line and a loop check need: without fragment and userinfo, the scheme's port
  // left out.
  [[nodiscard]] std::string to_string() const;
  // For people: to_string() without the query, which may hold a secret.
  [[nodiscard]] std::string shown() const;
  bool operator==(const Url&) const = default;
};

// The fragment is dropped. Errors (invalid): another scheme, userinfo (credentials have their own
// options), an unusable host or port, a character that must be percent-encoded. The message never
// quotes the query or the userinfo.
[[nodiscard]] Result<Url> parse_url(std::string_view text);
// http://[user:password@]host:port for a proxy: as above, userinfo allowed, https and a path
// refused.
[[nodiscard]] Result<Url> parse_proxy_url(std::string_view text);

// A Location value, absolute or relative, against the URL of the request that brought it (RFC 3986,
// section 5.2). Bytes that must be encoded are encoded, as browsers do, because servers send them
// raw; control characters are refused. Error: invalid.
[[nodiscard]] Result<Url> resolve_location(const Url& base, std::string_view location);

// Scheme, host and port are the same.
[[nodiscard]] bool same_origin(const Url& a, const Url& b);

}  // namespace tocsin::check

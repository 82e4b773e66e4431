#pragma once
// The little that the client must know of a URL before libcurl gets it: scheme, host and what
// follows. Not a validator: libcurl parses again, and CURLOPT_CONNECT_TO decides where the
// connection goes however the two might disagree.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin::adapters {

// Views into the text given to parse_request_url.
struct RequestUrl {
  std::string_view scheme;    // as written
  std::string_view userinfo;  // before the '@', which is then there even when this is empty
  std::string_view host;      // without brackets
  std::string_view port;      // digits, or empty
  std::string_view rest;      // from the path on
  bool has_userinfo = false;
  bool https = false;
};

// nullopt: not `scheme://host...`, a control character or a space, an empty host, a bad port.
[[nodiscard]] std::optional<RequestUrl> parse_request_url(std::string_view url);

[[nodiscard]] bool is_numeric_host(std::string_view host);

// The same URL with another host; IPv6 addresses get their brackets.
[[nodiscard]] std::string with_host(const RequestUrl& url, std::string_view host);

// host[:port] as the Host header wants it.
[[nodiscard]] std::string authority(const RequestUrl& url);

}  // namespace tocsin::adapters

#pragma once
// URLs and host:port texts from a file: the rules are those of check/, the messages say what to
// write instead.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "check/address.hpp"
#include "config/decoder.hpp"

namespace tocsin::config {

[[nodiscard]] bool is_loopback(std::string_view host);

struct EndpointRules {
  std::string_view example = "db.example.com:5432";
  bool port_zero = false;  // 0 lets the system choose
};
[[nodiscard]] std::optional<check::HostPort> decode_endpoint(Decoder& d, const Node& node,
                                                             EndpointRules rules);
[[nodiscard]] std::optional<std::string> decode_host(Decoder& d, const Node& node);

// An absolute http or https URL without user, spaces or control characters; as written, less a
// fragment.
[[nodiscard]] std::optional<std::string> decode_url(Decoder& d, const Node& node);
// The same where the URL itself is the secret: no message shows anything of it.
[[nodiscard]] std::optional<std::string> decode_secret_url(Decoder& d, const Node& node);
// http://[user:password@]host:port. Treated as a secret because it may hold a password.
[[nodiscard]] std::optional<std::string> decode_proxy(Decoder& d, const Node& node);

}  // namespace tocsin::config

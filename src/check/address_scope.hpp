#pragma once
// Which numeric addresses lie in networks of one's own: what a request made on somebody else's word
// must not reach (deny_private_networks).

#include <string_view>

namespace tocsin::check {

// Whether `address` (numeric, without brackets) is not a public unicast address: loopback, private
// (RFC 1918, RFC 4193), shared (RFC 6598), link-local with the clouds' metadata services (RFC
// 3927), unspecified, documentation, benchmarking, multicast, reserved; and IPv6 forms that carry
// such an IPv4 address (mapped, compatible, NAT64, 6to4). Anything that is no address counts as
// private.
[[nodiscard]] bool is_private_address(std::string_view address);

}  // namespace tocsin::check

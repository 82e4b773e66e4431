#pragma once
// Signatures that let a receiver know who sent a request.

#include <string>
#include <string_view>

#include "base/time.hpp"

namespace tocsin::notification {

// HMAC-SHA256 (RFC 2104, FIPS 180-4) in lower-case hex.
[[nodiscard]] std::string hmac_sha256_hex(std::string_view key, std::string_view text);

// "t=1795250912,v1=<hex of HMAC-SHA256(secret, "t.body")>": the value of X-Tocsin-Signature. The
// time is part of what is signed, so a receiver can refuse an old request played again.
[[nodiscard]] std::string signature(std::string_view secret, Instant at, std::string_view body);

}  // namespace tocsin::notification

#pragma once
// Dates of HTTP and mail.

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace tocsin::notification {

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, section 5.6.7; the obsolete forms are not read).
[[nodiscard]] std::optional<Instant> parse_http_date(std::string_view text);
// "Sun, 06 Nov 1994 08:49:37 +0000" (RFC 5322, section 3.3).
[[nodiscard]] std::string format_mail_date(Instant at);

}  // namespace tocsin::notification

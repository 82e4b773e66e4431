#pragma once
// The small grammar of header lines that the client needs. Pure.

#include <string_view>

namespace tocsin::adapters {

[[nodiscard]] bool is_token(std::string_view text);  // RFC 9110, section 5.6.2
// "HTTP/1.1 200 OK", "HTTP/2 200" (RFC 9112, section 4).
[[nodiscard]] bool is_status_line(std::string_view line);

[[nodiscard]] constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
[[nodiscard]] bool same_name(std::string_view a, std::string_view b);  // case does not count
[[nodiscard]] std::string_view trim(std::string_view text);            // spaces and tabs

}  // namespace tocsin::adapters

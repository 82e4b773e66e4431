#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tocsin {

// Length of the valid UTF-8 sequence at the start of `text` (1 to 4), or 0 when there is none.
// Overlong forms, surrogates and code points beyond U+10FFFF are invalid (RFC 3629, section 4).
[[nodiscard]] std::size_t utf8_sequence_length(std::string_view text);
[[nodiscard]] bool is_utf8(std::string_view text);
// At most `limit` bytes of `text`, cut at a character's edge, with "..." when something was cut.
[[nodiscard]] std::string clip(std::string_view text, std::size_t limit);
// For messages and terminals: control characters (C0, C1) and characters that turn the direction of
// text become \n, \t, \xNN or \u{N}; bytes that are not UTF-8 become \xNN.
[[nodiscard]] std::string printable(std::string_view text);

// Text without line ends and other control characters (they become spaces), and with U+FFFD for
// what is not UTF-8: for headers, subjects and titles, where a line end would begin a new header.
[[nodiscard]] std::string one_line(std::string_view text);

}  // namespace tocsin

#pragma once
// What can be said about YAML text without parsing it: characters that may not be there, and syntax
// errors of the parser in words that help.

#include <optional>
#include <string>
#include <string_view>

#include "config/diagnostic.hpp"

namespace tocsin::config {

struct BadCharacter {
  Position at;  // column in bytes
  std::string message;
};

// The first byte that is not UTF-8, or a control character other than tab and line ends.
[[nodiscard]] std::optional<BadCharacter> find_bad_character(std::string_view text);

// The parser's own words for an error at `at` (column in bytes), turned into what to do.
[[nodiscard]] std::string explain_syntax_error(std::string_view parser_message,
                                               std::string_view text, Position at);

// Whether a double quote opens at `at` and no closing one follows before the end of the text.
[[nodiscard]] bool quote_stays_open(std::string_view text, Position at);

// Line `number` (from 1) without its end; "" beyond the end.
[[nodiscard]] std::string_view line_of(std::string_view text, std::uint32_t number);

}  // namespace tocsin::config

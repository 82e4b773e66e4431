#pragma once
// What can be said about YAML text without parsing it: characters that may not be there, and syntax
// errors of the parser in words that help.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

// The lines of one text, for many questions about places. Keeps a reference to the text.
class Lines {
 public:
  explicit Lines(std::string_view text);
  // Columns in bytes, as the parser counts, to columns in characters, as editors do.
  [[nodiscard]] Position in_characters(Position at) const;
  // The place of byte `offset` of the scalar that reads `value` and begins at `at`; columns in
  // bytes. Exact where the scalar stands plain or simply quoted on one line, else where it begins.
  [[nodiscard]] Position inside(Position at, std::string_view value, std::size_t offset) const;

 private:
  [[nodiscard]] std::string_view from(Position at) const;  // the rest of the line and the text
  std::string_view text_;
  std::vector<std::size_t> starts_;
};

// Line `number` (from 1) without its end; "" beyond the end.
[[nodiscard]] std::string_view line_of(std::string_view text, std::uint32_t number);

}  // namespace tocsin::config

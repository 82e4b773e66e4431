#include "config/yaml_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/utf8.hpp"

namespace tocsin::config {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

Position position_of(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto line = std::ranges::count(before, '\n');
  const std::size_t start =
      before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return {static_cast<std::uint32_t>(line) + 1, static_cast<std::uint32_t>(offset - start) + 1};
}

bool is_forbidden(unsigned char c) {
  return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F;
}

struct Explanation {
  std::string_view parser_message;
  std::string_view words;
};

constexpr std::array kExplanations{
    Explanation{"illegal map value",
                "found \":\" where no value can begin; put text that holds \": \" in quotes and "
                "indent keys of one map alike"},
    Explanation{"end of map not found",
                "this line does not fit the map above it; expected a key in the same column as "
                "its siblings"},
    Explanation{"end of sequence not found",
                "this line does not fit the list above it; expected \"- \" in the same column"},
    Explanation{"end of map flow not found",
                "found a map whose \"{\" is not closed by \"}\" before this place"},
    Explanation{"end of sequence flow not found",
                "found a list whose \"[\" is not closed by \"]\" before this place"},
    Explanation{"illegal flow end", "found a closing bracket that nothing opened"},
    Explanation{"illegal block entry",
                "found a list item where none can be; begin lists on a line of their own"},
    Explanation{"illegal map key", "found a key where none can be; check the indentation"},
    Explanation{"illegal EOF in scalar", "found a quote that is never closed"},
    Explanation{"illegal document indicator in scalar",
                "found --- or ... inside quotes; a quote before it is not closed"},
    Explanation{"unknown token", "text cannot begin with this character; put the value in quotes"},
    Explanation{"the referenced anchor is not defined",
                "found an alias without its anchor; text that begins with * needs quotes"},
    Explanation{"alias not found after *", "text that begins with * needs quotes"},
    Explanation{"anchor not found after &", "text that begins with & needs quotes"},
    Explanation{"illegal tab when looking for indentation",
                "found a tab in the indentation, expected spaces"},
};

bool tab_in_indentation(std::string_view line) {
  const std::size_t end = line.find_first_not_of(" \t");
  return line.substr(0, end).find('\t') != std::string_view::npos;
}

}  // namespace

std::string_view line_of(std::string_view text, std::uint32_t number) {
  for (std::uint32_t i = 1; i < number; ++i) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

Lines::Lines(std::string_view text) : text_(text) {
  if (text_.starts_with(kByteOrderMark)) text_.remove_prefix(kByteOrderMark.size());
  starts_.push_back(0);
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') starts_.push_back(i + 1);
  }
}

Position Lines::in_characters(Position at) const {
  if (at.line == 0 || at.line > starts_.size()) return at;
  const std::string_view before = text_.substr(starts_[at.line - 1], at.column - 1);
  const auto continuing = std::ranges::count_if(
      before, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80; });
  at.column -= static_cast<std::uint32_t>(continuing);
  return at;
}

std::string_view Lines::from(Position at) const {
  if (at.line == 0 || at.line > starts_.size()) return {};
  const std::size_t start = starts_[at.line - 1] + at.column - 1;
  return start < text_.size() ? text_.substr(start) : std::string_view{};
}

Position Lines::inside(Position at, std::string_view value, std::size_t offset) const {
  if (offset > value.size() || value.find('\n') != std::string_view::npos) return at;
  std::string_view written = from(at);
  if (written.starts_with('"') || written.starts_with('\'')) {
    const char quote = written.front();
    written.remove_prefix(1);
    // An escape makes the value differ from what is written.
    if (!written.substr(std::min(value.size(), written.size())).starts_with(quote)) return at;
    ++offset;
  }
  if (written.starts_with(value)) at.column += static_cast<std::uint32_t>(offset);
  return at;
}

std::optional<BadCharacter> find_bad_character(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (is_forbidden(c)) {
      return BadCharacter{position_of(text, i),
                          fmt::format("found the control character 0x{:02x}", c)};
    }
    const std::size_t length = c < 0x80 ? 1 : utf8_sequence_length(text.substr(i));
    if (length == 0) {
      return BadCharacter{position_of(text, i),
                          fmt::format("found the byte 0x{:02x}, expected UTF-8 text", c)};
    }
    i += length;
  }
  return std::nullopt;
}

std::string explain_syntax_error(std::string_view parser_message, std::string_view text,
                                 Position at) {
  const std::string_view line = line_of(text, at.line);
  const std::string_view before = at.line > 1 ? line_of(text, at.line - 1) : std::string_view{};
  if (tab_in_indentation(line) || (line.empty() && tab_in_indentation(before))) {
    return "found a tab in the indentation, expected spaces";
  }
  if (parser_message == "end of map flow not found" && line.find("${") != std::string_view::npos) {
    return "${...} inside { } needs quotes: {token: \"${NAME}\"}";
  }
  if (parser_message.starts_with("unknown escape character")) {
    return "found an unknown escape after \"\\\"; in double quotes write \\\\ for a backslash, or "
           "use single quotes";
  }
  const auto* known =
      std::ranges::find(kExplanations, parser_message, &Explanation::parser_message);
  if (known != kExplanations.end()) return std::string(known->words);
  if (parser_message.empty()) return "maps and lists are nested too deeply";
  return fmt::format("not valid YAML: {}", printable(parser_message));
}

bool quote_stays_open(std::string_view text, Position at) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const std::string_view line = line_of(text, at.line);
  if (at.column > line.size() || line[at.column - 1] != '"') return false;
  const auto start = static_cast<std::size_t>(line.data() - text.data()) + at.column;
  for (std::size_t i = start; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return false;
    }
  }
  return true;
}

}  // namespace tocsin::config

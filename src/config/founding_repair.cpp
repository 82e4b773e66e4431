#include "config/founding_repair.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tocsin::config {
namespace {

bool is_founding_key(std::string_view key) {
  const auto keys = founding_keys();
  return std::ranges::find(keys, key) != keys.end();
}

Position place(std::uint32_t line, std::size_t column) {
  return {line, static_cast<std::uint32_t>(column) + 1};
}

std::string shifted(std::string_view line, std::ptrdiff_t by) {
  const std::size_t indent = indent_of(line);
  const auto wanted = std::max<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(indent) + by, 0);
  return std::string(static_cast<std::size_t>(wanted), ' ') + std::string(line.substr(indent));
}

bool has_tab(std::string_view line) {
  return line.substr(0, indent_of(line)).find('\t') != std::string_view::npos;
}

// --- Tabs. ---

// Spaces for the tabs of one line below `above`: two each, and more when the line would else not
// stand below a key that has no value of its own.
std::string untabbed(std::string_view line, std::string_view above, std::string_view above_was) {
  const std::string_view indent = line.substr(0, indent_of(line));
  const std::string_view rest = line.substr(indent.size());
  if (!above_was.empty() && above_was.substr(0, indent_of(above_was)) == indent) {
    return std::string(indent_of(above), ' ') + std::string(rest);
  }
  std::size_t width = 0;
  for (const char c : indent) width += c == '\t' ? 2 : 1;
  const auto parts = read_key_line(above);
  if (parts && parts->value.empty() && width <= parts->indent) width = parts->indent + 2;
  return std::string(width, ' ') + std::string(rest);
}

std::optional<Repair> repair_tabs(const FoundingLines& lines) {
  std::uint32_t first = 0;
  for (std::uint32_t i = 1; i <= lines.count() && first == 0; ++i) {
    if (has_tab(lines.at(i)) && !is_blank_or_comment(lines.at(i))) first = i;
  }
  if (first == 0) return std::nullopt;
  Repair out{place(first, lines.at(first).find('\t')),
             "found a tab in the indentation, expected spaces",
             first,
             {},
             {}};
  std::string above = first > 1 ? lines.at(std::max(lines.before(first), 1U)) : "";
  std::string above_was;
  std::uint32_t last_tab = first;
  for (std::uint32_t i = first; i <= lines.count(); ++i) {
    const bool tab = has_tab(lines.at(i));
    out.lines.push_back(tab ? untabbed(lines.at(i), above, above_was) : lines.at(i));
    if (is_blank_or_comment(lines.at(i))) continue;
    if (tab && last_tab + 1 >= i) last_tab = i;
    above = out.lines.back();
    above_was = tab ? lines.at(i) : "";
  }
  constexpr std::uint32_t kMostShown = 20;
  const std::uint32_t shown_to = std::min(last_tab - first + 1, kMostShown);
  out.to_show = {out.lines.begin(), out.lines.begin() + shown_to};
  return out;
}

// --- Keys below a key that has a value. ---

std::optional<Repair> repair_nested(const FoundingLines& lines, std::uint32_t line) {
  const std::uint32_t above = lines.before(line);
  if (above == 0) return std::nullopt;
  const auto parent = read_key_line(lines.at(above));
  const auto child = read_key_line(lines.at(line));
  if (!parent || !child || parent->value.empty() || child->indent <= parent->indent ||
      child->key.empty() || child->dash <= parent->dash ||
      std::string_view("|>{[").find(parent->value.front()) != std::string_view::npos) {
    return std::nullopt;
  }
  Repair out{place(line, child->dash),
             fmt::format("found keys indented below {}, which has a value already; they stand in "
                         "its column",
                         parent->key),
             line,
             {},
             {lines.at(above)}};
  const auto by =
      static_cast<std::ptrdiff_t>(parent->indent) - static_cast<std::ptrdiff_t>(child->indent);
  for (std::uint32_t i = line; i <= lines.count(); ++i) {
    const std::string& text = lines.at(i);
    const bool skipped = is_blank_or_comment(text);
    if (!skipped && indent_of(text) <= parent->dash) break;
    std::string moved = text;
    const auto parts = read_key_line(text);
    if (child->item && parts && parts->item && parts->dash == child->dash) {
      moved.replace(parts->dash, parts->indent - parts->dash, parts->indent - parts->dash, ' ');
    }
    out.lines.push_back(skipped ? text : shifted(moved, by));
  }
  while (is_blank_or_comment(out.lines.back())) out.lines.pop_back();
  out.to_show.insert(out.to_show.end(), out.lines.begin(), out.lines.end());
  return out;
}

// --- Values that need quotes. ---

// Offset behind the bracket that closes the one in front; npos: none does.
std::size_t behind_bracket(std::string_view text) {
  std::size_t depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{' || text[i] == '[') ++depth;
    if ((text[i] == '}' || text[i] == ']') && --depth == 0) return i + 1;
  }
  return std::string_view::npos;
}

// Why the value is not plain text; "" when it is.
std::string need_of_quotes(std::string_view value) {
  const char first = value.front();
  const auto rest_of = [&](std::size_t end) {
    return end != std::string_view::npos && end < value.size();
  };
  if (std::string_view("*@%`&!").find(first) != std::string_view::npos) {
    return fmt::format("text that begins with {} needs quotes", first);
  }
  if (first == '{' || first == '[') {
    return rest_of(behind_bracket(value))
               ? fmt::format("text that begins with {} needs quotes", first)
               : "";
  }
  if (first == '"' || first == '\'') {
    const std::size_t end = value.find(first, 1);
    return rest_of(end == std::string_view::npos ? end : end + 1)
               ? "found text behind a closing quote; put all of it into quotes"
               : "";
  }
  if (value.find(": ") != std::string_view::npos || value.ends_with(':')) {
    return "text that holds \": \" needs quotes";
  }
  return "";
}

std::optional<Repair> repair_quotes(const FoundingLines& lines, std::uint32_t line) {
  const std::string& text = lines.at(line);
  const auto parts = read_key_line(text);
  if (!parts || parts->value.empty()) return std::nullopt;
  const std::string why = need_of_quotes(parts->value);
  if (why.empty()) return std::nullopt;
  std::string fixed = text;
  fixed.replace(parts->value_at, parts->value.size(), quoted(parts->value));
  return Repair{place(line, parts->value_at), why, line, {std::move(fixed)}, {}};
}

std::optional<Repair> repair_open_quote(const FoundingLines& lines, Position error) {
  const std::string& text = lines.at(error.line);
  const auto parts = read_key_line(text);
  if (!parts || parts->value.empty() || parts->value_at + 1 != error.column) return std::nullopt;
  const char quote = parts->value.front();
  if ((quote != '"' && quote != '\'') || parts->value.find(quote, 1) != std::string_view::npos) {
    return std::nullopt;
  }
  return Repair{error, "this quote is never closed", error.line, {text + quote}, {}};
}

// --- Colons, brackets, columns. ---

// `scheme https`, `scheme:https`, `www.example.com/health`: a key whose ": " is missing.
std::optional<Repair> repair_colon(const FoundingLines& lines, std::uint32_t line) {
  const std::string& text = lines.at(line);
  if (is_blank_or_comment(text) || read_key_line(text)) return std::nullopt;
  const std::size_t indent = indent_of(text);
  const std::size_t end = std::min(text.find_first_of(" :", indent), text.size());
  const std::string_view word = std::string_view(text).substr(indent, end - indent);
  std::string fixed = text;
  if (is_founding_key(word) && end < text.size()) {
    fixed = text.substr(0, end) + ": " + text.substr(end + 1);
  } else if (indent == 0 && end == text.size() && looks_like_endpoint(word)) {
    fixed += ':';
  } else {
    return std::nullopt;
  }
  return Repair{place(line, indent),
                fmt::format("expected \": \" behind {}", word),
                line,
                {std::move(fixed)},
                {}};
}

std::optional<Repair> repair_bracket(const FoundingLines& lines, std::uint32_t line) {
  const std::string& text = lines.at(line);
  const auto parts = read_key_line(text);
  if (!parts || parts->value.empty()) return std::nullopt;
  const char first = parts->value.front();
  if ((first != '{' && first != '[') || behind_bracket(parts->value) != std::string_view::npos) {
    return std::nullopt;
  }
  const char last = first == '{' ? '}' : ']';
  std::string fixed = text.substr(0, parts->value_at + parts->value.size()) + last;
  return Repair{place(line, parts->value_at),
                fmt::format("found \"{}\" without its \"{}\"", first, last),
                line,
                {std::move(fixed)},
                {}};
}

// A line that stands in no column of the keys above it.
std::optional<Repair> repair_column(const FoundingLines& lines, std::uint32_t line) {
  const auto parts = read_key_line(lines.at(line));
  if (!parts || parts->dash == 0) return std::nullopt;
  std::size_t meant = std::string::npos;
  for (std::uint32_t i = lines.before(line); i > 0 && meant != 0; i = lines.before(i)) {
    const auto above = read_key_line(lines.at(i));
    if (!above || above->item || above->indent >= meant) continue;
    if (above->indent == parts->dash) return std::nullopt;
    if (above->indent < parts->dash) break;
    meant = above->indent;
  }
  if (meant == std::string::npos) return std::nullopt;
  Repair out{place(line, parts->dash),
             "this key does not stand in the column of the keys beside it",
             line,
             {},
             {}};
  const auto by = static_cast<std::ptrdiff_t>(meant) - static_cast<std::ptrdiff_t>(parts->dash);
  for (std::uint32_t i = line; i <= lines.end_of(line); ++i) {
    out.lines.push_back(shifted(lines.at(i), by));
  }
  return out;
}

// `www.example.com: scheme: https`
std::optional<Repair> repair_one_line(const FoundingLines& lines, std::uint32_t line) {
  const std::string& text = lines.at(line);
  const auto top = read_key_line(text);
  if (!top || top->indent != 0) return std::nullopt;
  const auto below = read_key_line(top->value);
  if (!below || !is_founding_key(below->key)) return std::nullopt;
  const std::string key = text.substr(0, text.find(": ") + 1);
  return Repair{place(line, top->value_at),
                "found two keys in one line; the second stands below the first, indented",
                line,
                {},
                {key, "  " + std::string(top->value)}};
}

}  // namespace

std::string quoted(std::string_view text) {
  if (text.find_first_of("\"\\") == std::string_view::npos) return fmt::format("\"{}\"", text);
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "''" : std::string(1, c);
  return out + '\'';
}

std::optional<Repair> repair_layout(const FoundingLines& lines) {
  std::uint32_t first = 0;
  std::uint32_t owner = 0;
  for (std::uint32_t i = 1; i <= lines.count() && first == 0; ++i) {
    const auto parts = read_key_line(lines.at(i));
    if (!parts || parts->dash != 0 || parts->item) continue;
    if (is_founding_key(parts->key) && owner != 0) first = i;
    if (!is_founding_key(parts->key)) owner = parts->value.empty() ? i : 0;
  }
  if (first == 0 || lines.before(first) != owner) return std::nullopt;
  Repair out{place(first, 0),
             fmt::format("{} stands in the first column; it belongs below {}, indented",
                         read_key_line(lines.at(first))->key, read_key_line(lines.at(owner))->key),
             first,
             {},
             {lines.at(owner)}};
  for (std::uint32_t i = first; i <= lines.count(); ++i) {
    const auto parts = read_key_line(lines.at(i));
    if (parts && parts->dash == 0 && !parts->item && !is_founding_key(parts->key)) break;
    out.lines.push_back(is_blank_or_comment(lines.at(i)) ? lines.at(i) : "  " + lines.at(i));
  }
  while (is_blank_or_comment(out.lines.back())) out.lines.pop_back();
  out.to_show.insert(out.to_show.end(), out.lines.begin(), out.lines.end());
  return out;
}

std::optional<Repair> repair_syntax(const FoundingLines& lines, Position error) {
  if (auto tabs = repair_tabs(lines)) return tabs;
  const std::uint32_t line = std::min(error.line, lines.count());
  if (line == 0) return std::nullopt;
  const std::uint32_t above = lines.before(line);
  using Rule = std::optional<Repair> (*)(const FoundingLines&, std::uint32_t);
  if (auto repair = repair_open_quote(lines, error)) return repair;
  for (const Rule rule : {&repair_nested, &repair_one_line, &repair_quotes, &repair_colon,
                          &repair_bracket, &repair_column}) {
    if (auto repair = rule(lines, line)) return repair;
  }
  if (above == 0) return std::nullopt;
  // The parser notices some mistakes only in the line that follows.
  for (const Rule rule : {&repair_colon, &repair_bracket, &repair_quotes}) {
    if (auto repair = rule(lines, above)) return repair;
  }
  return std::nullopt;
}

}  // namespace tocsin::config

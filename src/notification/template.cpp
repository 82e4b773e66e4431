#include "notification/template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/near_miss.hpp"
#include "base/utf8.hpp"

namespace tocsin::notification {
namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-';
}

std::unexpected<TemplateError> wrong(std::size_t offset, std::string message) {
  return std::unexpected(TemplateError{offset, std::move(message)});
}

std::string unknown_placeholder(std::string_view name, Vocabulary vocabulary) {
  std::string message = fmt::format("unknown placeholder {{{}}}", clip(printable(name), 80));
  std::vector<std::string_view> known(vocabulary.names.begin(), vocabulary.names.end());
  if (const auto near = near_miss(name, known)) {
    return message + fmt::format(" (did you mean {{{}}}?)", *near);
  }
  for (const std::string_view prefix : vocabulary.prefixes) {
    const auto dot = name.find('.');
    if (dot == std::string_view::npos) continue;
    const std::string_view stem = prefix.substr(0, prefix.size() - 1);
    if (near_miss(name.substr(0, dot), {&stem, 1})) {
      return message + fmt::format(" (did you mean {{{}{}}}?)", prefix,
                                   clip(printable(name.substr(dot + 1)), 80));
    }
  }
  message += ", expected ";
  for (std::size_t i = 0; i < known.size(); ++i) {
    message += fmt::format("{}{}", i == 0 ? "" : ", ", known[i]);
  }
  for (const std::string_view prefix : vocabulary.prefixes) {
    message += fmt::format(", {}NAME", prefix);
  }
  return message;
}

}  // namespace

bool Vocabulary::knows(std::string_view name) const {
  if (std::ranges::find(names, name) != names.end()) return true;
  return std::ranges::any_of(prefixes, [&](std::string_view prefix) {
    return name.starts_with(prefix) && name.size() > prefix.size();
  });
}

std::expected<std::string_view, TemplateError> read_placeholder(std::string_view text,
                                                                std::size_t& at,
                                                                Vocabulary vocabulary) {
  const std::size_t open = at;
  std::size_t end = open + 1;
  while (end < text.size() && is_name_character(text[end])) ++end;
  if (end >= text.size() || text[end] != '}' || end == open + 1) {
    return wrong(open,
                 "found \"{\" without a name and \"}\" behind it; write {name} for a value, "
                 "{{ for a brace");
  }
  const std::string_view name = text.substr(open + 1, end - open - 1);
  if (!vocabulary.knows(name)) return wrong(open, unknown_placeholder(name, vocabulary));
  at = end + 1;
  return name;
}

std::expected<Template, TemplateError> compile_template(std::string_view text,
                                                        Vocabulary vocabulary) {
  Template out;
  out.lines_.emplace_back();
  std::string literal;
  const auto flush = [&] {
    if (!literal.empty()) out.lines_.back().pieces.push_back({false, std::exchange(literal, {})});
  };
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    const bool doubled = at + 1 < text.size() && text[at + 1] == c;
    if ((c == '{' || c == '}') && doubled) {
      literal += c;
      at += 2;
    } else if (c == '}') {
      return wrong(at, "found \"}\" without its \"{\"; write }} for a brace");
    } else if (c == '{') {
      const auto name = read_placeholder(text, at, vocabulary);
      if (!name) return std::unexpected(name.error());
      flush();
      out.lines_.back().pieces.push_back({true, std::string(*name)});
    } else if (c == '\n') {
      flush();
      out.lines_.emplace_back();
      ++at;
    } else {
      literal += c;
      ++at;
    }
  }
  flush();
  return out;
}

std::string Template::render(const Values& values, Escape escape) const {
  std::string out;
  bool first = true;
  for (const Line& line : lines_) {
    std::string text;
    std::size_t placeholders = 0;
    std::size_t empty = 0;
    for (const Piece& piece : line.pieces) {
      if (!piece.placeholder) {
        text += piece.text;
        continue;
      }
      const Value value = values.find(piece.text);
      ++placeholders;
      empty += value.content.empty() ? 1U : 0U;
      escape(text, value.for_people());
    }
    if (placeholders > 0 && placeholders == empty) continue;
    if (!std::exchange(first, false)) out += '\n';
    out += text;
  }
  return out;
}

bool Template::uses(std::string_view name) const {
  return std::ranges::any_of(lines_, [&](const Line& line) {
    return std::ranges::any_of(
        line.pieces, [&](const Piece& piece) { return piece.placeholder && piece.text == name; });
  });
}

std::string_view Template::only_placeholder() const {
  if (lines_.size() != 1 || lines_[0].pieces.size() != 1) return {};
  const Piece& piece = lines_[0].pieces[0];
  return piece.placeholder ? std::string_view(piece.text) : std::string_view{};
}

}  // namespace tocsin::notification

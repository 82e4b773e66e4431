#include "notification/escape.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/json_writer.hpp"
#include "base/utf8.hpp"

namespace tocsin::notification {
namespace {

using Entity = std::pair<char, std::string_view>;

void escape_entities(std::string& out, std::string_view text, std::size_t known) {
  static constexpr std::array<Entity, 5> kEntities{
      {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}}};
  const auto* end = kEntities.begin() + known;
  for (const char c : text) {
    const auto* found =
        std::find_if(kEntities.begin(), end, [c](Entity e) { return e.first == c; });
    if (found == end) {
      out += c;
    } else {
      out += found->second;
    }
  }
}

// How much of `text` is a URL that must stay as it is, since a backslash would become part of it:
// up to the first character that could be format or end a link there.
std::size_t plain_url(std::string_view text) {
  const std::size_t scheme = text.starts_with("https://") ? 8 : text.starts_with("http://") ? 7 : 0;
  if (scheme == 0) return 0;
  std::size_t end = scheme;
  const auto fits = [](char c) {
    constexpr std::string_view kMarks = "-._:/?#&=%+,;";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  };
  while (end < text.size() && fits(text[end])) ++end;
  return end;
}

// The length in bytes of what must stay together at the start of `text`.
std::size_t atom(std::string_view text) {
  constexpr std::size_t kLongestEntity = 8;
  if (text[0] == '&') {
    const std::size_t end = text.substr(0, kLongestEntity).find(';');
    return end == std::string_view::npos ? 1 : end + 1;
  }
  if (text[0] == '\\' && text.size() > 1) {
    return 1 + std::max<std::size_t>(utf8_sequence_length(text.substr(1)), 1);
  }
  return std::max<std::size_t>(utf8_sequence_length(text), 1);
}

}  // namespace

void escape_nothing(std::string& out, std::string_view text) { out += text; }

void escape_json(std::string& out, std::string_view text) {
  std::string quoted;
  append_json_string(quoted, text);
  out.append(quoted, 1, quoted.size() - 2);
}

void escape_mrkdwn(std::string& out, std::string_view text) { escape_entities(out, text, 3); }

void escape_html(std::string& out, std::string_view text) { escape_entities(out, text, 5); }

void escape_markdown(std::string& out, std::string_view text) {
  constexpr std::string_view kSpecial = "\\`*_{}[]()<>#+|~!";
  while (!text.empty()) {
    if (const std::size_t url = plain_url(text); url > 0) {
      out += text.substr(0, url);
      text.remove_prefix(url);
      continue;
    }
    const char c = text.front();
    if (kSpecial.find(c) != std::string_view::npos) out += '\\';
    out += c;
    if (c == '@') out += "\xE2\x80\x8B";
    text.remove_prefix(1);
  }
}

std::size_t length(std::string_view text, Unit unit) {
  if (unit == Unit::bytes) return text.size();
  std::size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) != 0x80U) units += byte >= 0xF0U ? 2 : 1;
  }
  return units;
}

std::string cut(std::string_view text, std::size_t limit, Unit unit) {
  if (length(text, unit) <= limit) return std::string(text);
  const std::size_t mark = length(kCutMark, unit);
  const std::size_t room = limit > mark ? limit - mark : limit;
  std::size_t kept = 0;
  for (std::size_t used = 0; kept < text.size();) {
    const std::size_t bytes = atom(text.substr(kept));
    used += length(text.substr(kept, bytes), unit);
    if (used > room) break;
    kept += bytes;
  }
  std::string out(text.substr(0, kept));
  if (limit > mark) out += kCutMark;
  return out;
}

}  // namespace tocsin::notification

#include "web/cursor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/utf8.hpp"

namespace tocsin::web {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::array<std::string_view, 4> kSortNames{"name", "state", "since", "duration"};

std::string base64url(std::string_view bytes) {
  std::string out;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : bytes) {
    bits = (bits << 8U) | static_cast<unsigned char>(c);
    held += 8;
    while (held >= 6) {
      held -= 6;
      out += kAlphabet[(bits >> held) & 63U];
    }
  }
  if (held > 0) {
    out += kAlphabet[(bits << (6 - held)) & 63U];
  }
  return out;
}

std::optional<std::string> from_base64url(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) {
      return std::nullopt;
    }
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out += static_cast<char>(static_cast<unsigned char>((bits >> held) & 255U));
    }
  }
  return out;
}

std::string sort_name(Sort sort) {
  return fmt::format("{}{}", sort.descending ? "-" : "",
                     kSortNames[static_cast<std::size_t>(sort.key)]);
}

}  // namespace

std::optional<Sort> parse_sort(std::string_view text) {
  Sort sort;
  if (text.starts_with('-')) {
    sort.descending = true;
    text.remove_prefix(1);
  }
  for (std::size_t i = 0; i < kSortNames.size(); ++i) {
    if (text == kSortNames[i]) {
      sort.key = static_cast<SortKey>(i);
      return sort;
    }
  }
  return std::nullopt;
}

std::string encode_cursor(std::string_view list, const Position& position) {
  return base64url(fmt::format("1 {} {} {}", list, position.primary, position.name));
}

std::string encode_cursor(Sort sort, const Position& position) {
  return encode_cursor(sort_name(sort), position);
}

std::optional<Position> decode_cursor(std::string_view list, std::string_view cursor) {
  const auto text = from_base64url(cursor);
  const std::string prefix = fmt::format("1 {} ", list);
  // Only the text that we would write ourselves: no second spelling of one place.
  if (!text || !text->starts_with(prefix) || base64url(*text) != cursor) {
    return std::nullopt;
  }
  const std::string_view rest = std::string_view(*text).substr(prefix.size());
  const std::size_t space = rest.find(' ');
  if (space == std::string_view::npos) {
    return std::nullopt;
  }
  Position position;
  const std::string_view number = rest.substr(0, space);
  const auto [at, error] =
      std::from_chars(number.data(), number.data() + number.size(), position.primary);
  if (error != std::errc{} || at != number.data() + number.size()) {
    return std::nullopt;
  }
  position.name = rest.substr(space + 1);
  const auto printable = [](char c) { return static_cast<unsigned char>(c) >= 0x20; };
  const bool fits = !position.name.empty() && std::ranges::all_of(position.name, printable) &&
                    is_utf8(position.name);
  return fits ? std::optional(std::move(position)) : std::nullopt;
}

std::optional<Position> decode_cursor(Sort sort, std::string_view cursor) {
  auto position = decode_cursor(sort_name(sort), cursor);
  const bool fits = position && (sort.key != SortKey::name || position->primary == 0);
  return fits ? std::move(position) : std::nullopt;
}

}  // namespace tocsin::web

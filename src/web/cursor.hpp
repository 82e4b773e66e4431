#pragma once
// Opaque cursors of sorted lists: base64url text that holds the sort order and the last item's
// place, so that a page follows the one before whatever was added or removed between.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin::web {

enum class SortKey : std::uint8_t { name, state, since, duration };

struct Sort {
  SortKey key = SortKey::name;
  bool descending = false;
  bool operator==(const Sort&) const = default;
};

// "name", "-since" ...; nullopt for anything else.
[[nodiscard]] std::optional<Sort> parse_sort(std::string_view text);

// A place in a sorted list. Ties of `primary` are in name order.
struct Position {
  std::int64_t primary = 0;  // 0 when sorted by name
  std::string name;
  bool operator==(const Position&) const = default;
};

// `list` names a list that has one order only; the cursors of another are refused.
[[nodiscard]] std::string encode_cursor(std::string_view list, const Position& position);
[[nodiscard]] std::optional<Position> decode_cursor(std::string_view list, std::string_view cursor);

[[nodiscard]] std::string encode_cursor(Sort sort, const Position& position);
// nullopt when it is damaged or belongs to another sort order.
[[nodiscard]] std::optional<Position> decode_cursor(Sort sort, std::string_view cursor);

}  // namespace tocsin::web

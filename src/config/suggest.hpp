#pragma once
// Near misses: which known word somebody probably meant.

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tocsin::config {

// Edits (insert, delete, replace, swap neighbours) from one text to the other.
[[nodiscard]] std::size_t edit_distance(std::string_view from, std::string_view to);

// The closest of `known`, when it is close enough to be meant: at most one edit per three
// characters.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view text,
                                                      std::span<const std::string_view> known);

// "30" -> "30s", "5 min" -> "5m", "1hour" -> "1h": what a text that is no duration was meant to be.
[[nodiscard]] std::optional<std::string> nearest_duration(std::string_view text);
// "64K" -> "64KiB", "1mb" -> "1MB".
[[nodiscard]] std::optional<std::string> nearest_size(std::string_view text);

}  // namespace tocsin::config

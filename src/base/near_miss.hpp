#pragma once
// Near misses: which known word somebody probably meant.

#include <optional>
#include <span>
#include <string_view>

namespace tocsin {

// The candidate that a person most likely meant by `word`: the fewest edits apart (insert,
// delete, replace, swap neighbours), letter case and the signs - _ aside, and at most a third of
// the word's length; nullopt when nothing is that near.
[[nodiscard]] std::optional<std::string_view> near_miss(
    std::string_view word, std::span<const std::string_view> candidates);

}  // namespace tocsin

#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace tocsin::schedule {

// The candidate that a person most likely meant by `word`: the fewest edits apart, letter case
// aside, and at most a third of the word's length; nullopt when nothing is that near.
[[nodiscard]] std::optional<std::string_view> near_miss(
    std::string_view word, std::span<const std::string_view> candidates);

}  // namespace tocsin::schedule

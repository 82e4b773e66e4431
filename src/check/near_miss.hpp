#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace tocsin::check {

// The word that was probably meant: at most two edits away, letter case aside; nullopt: none is
// near.
[[nodiscard]] std::optional<std::string_view> near_miss(std::string_view word,
                                                        std::span<const std::string_view> known);

}  // namespace tocsin::check

#pragma once
// The patterns of pat(): * any run of characters, ? one character, [a-z] and [^a-z] one of a set,
// \x the character itself. They match the whole text; "/" is a character like any other.

#include <optional>
#include <string>
#include <string_view>

namespace tocsin::check {

// What is wrong with a pattern (an open "[", a lone "\" at its end, an empty range); nullopt:
// usable.
[[nodiscard]] std::optional<std::string> glob_problem(std::string_view pattern);

// A character is a UTF-8 sequence, or a byte where there is none. Time is at most the product of
// the lengths, memory constant. The pattern must have no glob_problem().
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view text);

}  // namespace tocsin::check

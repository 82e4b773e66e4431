#pragma once
// Near misses of values: what a text that does not parse was probably meant to be.

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tocsin::config {

// "30" -> "30s", "5 min" -> "5m", "1hour" -> "1h": what a text that is no duration was meant to be.
[[nodiscard]] std::optional<std::string> nearest_duration(std::string_view text);
// "64K" -> "64KiB", "1mb" -> "1MB".
[[nodiscard]] std::optional<std::string> nearest_size(std::string_view text);

}  // namespace tocsin::config

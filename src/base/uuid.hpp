#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tocsin {

// The canonical text of a UUID (RFC 9562: 8-4-4-4-12 hexadecimal digits), of any version, in lower
// case; nullopt when `text` is anything else, also without dashes or in braces.
[[nodiscard]] std::optional<std::string> parse_uuid(std::string_view text);

}  // namespace tocsin

#pragma once
// HTTP headers as a map of names and values, for checks and for channels.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/decoder.hpp"

namespace tocsin::config {

// Values of headers whose names sound secret (Authorization, X-Api-Key, ...) are secrets.
[[nodiscard]] std::optional<std::vector<std::pair<std::string, std::string>>> decode_headers(
    Decoder& d, const Node& node);
// Header names do not know case (RFC 9110, section 5.1).
[[nodiscard]] bool same_header(std::string_view a, std::string_view b);

}  // namespace tocsin::config

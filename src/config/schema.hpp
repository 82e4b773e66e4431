#pragma once
// The JSON Schema (draft 2020-12) of the configuration, made from the field tables, for editors.

#include <string>
#include <string_view>
#include <vector>

namespace tocsin::config {

[[nodiscard]] std::string json_schema();

// Every key that a table knows, as "object.key", for the check that docs name each.
[[nodiscard]] std::vector<std::string> documented_keys();

}  // namespace tocsin::config

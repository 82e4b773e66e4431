#pragma once
// One problem found in the configuration, with its place. Never holds a substituted or secret
// value: texts are quoted as they are written in the file.

#include <cstdint>
#include <string>
#include <vector>

namespace tocsin::config {

enum class Severity : std::uint8_t { error, warning };

// A place in one source text; both count from 1, columns count characters.
struct Position {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  auto operator<=>(const Position&) const = default;
};

struct Diagnostic {
  Severity severity = Severity::error;
  std::string file;  // as given in LoadInput
  Position at;
  std::string path;     // of the field: "monitors.checkout.http.url"; "" for the text as a whole
  std::string message;  // what was found, what was expected, a near miss
  // Lines that can take the place of the wrong ones, as they stand in the file; "" when it is not
  // known what was meant. A literal secret in them reads "***".
  std::string corrected = {};
  bool operator==(const Diagnostic&) const = default;
};

// `tocsin.yml:4:12: error: monitors.checkout.every: found "30", expected a duration such as 30s`
// With corrected lines: `...; write:` and the lines below it.
[[nodiscard]] std::string to_string(const Diagnostic& diagnostic);

}  // namespace tocsin::config

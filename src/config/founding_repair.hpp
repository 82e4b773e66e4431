#pragma once
// What somebody meant by lines of a founding-format file that are not valid YAML. Each repair keeps
// the number of lines, so that the rest of the file can be judged as well, in its place.

#include <optional>
#include <string>
#include <vector>

#include "config/founding_lines.hpp"
#include "config/yaml_tree.hpp"

namespace tocsin::config {

struct Repair {
  Position at;          // of the mistake; column in bytes
  std::string message;  // without the corrected lines
  std::uint32_t first = 0;
  std::vector<std::string> lines;  // take the place of as many lines from `first` on
  // To show instead of `lines`, where they alone do not explain themselves.
  std::vector<std::string> to_show;
};

// Keys of an endpoint in the first column: nothing that YAML would refuse, but nothing that can be
// meant. nullopt: none are.
[[nodiscard]] std::optional<Repair> repair_layout(const FoundingLines& lines);
// The mistake behind the syntax error that the parser found at `error`. nullopt: it is not known.
[[nodiscard]] std::optional<Repair> repair_syntax(const FoundingLines& lines, Position error);

// `text` in quotes, as a YAML value.
[[nodiscard]] std::string quoted(std::string_view text);

}  // namespace tocsin::config

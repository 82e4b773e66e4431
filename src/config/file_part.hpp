#pragma once
// One source file, read and decoded by itself.

#include <array>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "config/load.hpp"
#include "config/resolve.hpp"
#include "config/settings_fields.hpp"

namespace tocsin::config {

using Names = std::map<std::string, Position, std::less<>>;

struct FilePart {
  explicit FilePart(const Source& from) : source(&from), problems(from.path, from.text) {}

  const Source* source;
  Problems problems;
  Part part;
  bool complete = true;   // false: a syntax error hides what follows it
  bool broken = false;    // a drop-in: ignored as a whole
  bool founding = false;  // in the founding format: entries stand at the top, in no section
  // Every name that the file defines, also where its content is wrong. Index: ReferenceKind.
  std::array<Names, 3> names;
  // Of the monitors, those that stand under `heartbeats`.
  std::set<std::string, std::less<>> heartbeats;
  struct Uuid {
    std::string heartbeat;
    Position at;
  };
  std::map<std::string, Uuid> uuids;  // of heartbeats
  Names without_uuid;                 // heartbeats that can be pinged by their name alone
  // Filled when files are put together.
  std::vector<Resolved> monitors;
  std::vector<Unusable> unusable;

  // The path of what other formats write below `section`.
  [[nodiscard]] Decoder::Scope enter_section(Decoder& d, std::string_view section) const {
    return founding ? d.stay() : d.enter(section);
  }

  // The section in which a name of this kind stands.
  [[nodiscard]] std::string_view section_of(ReferenceKind kind, std::string_view name) const;

  [[nodiscard]] Names& names_of(ReferenceKind kind) {
    return names[static_cast<std::size_t>(kind)];
  }
  [[nodiscard]] const Names& names_of(ReferenceKind kind) const {
    return names[static_cast<std::size_t>(kind)];
  }
};

// Reads and decodes `file.source`. Problems go to `file.problems`.
void read_file_part(FilePart& file, Substitution& substitution, AssertionCache& assertions);

}  // namespace tocsin::config

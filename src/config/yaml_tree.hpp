#pragma once
// YAML text as a stream of small trees: one per top-level section, or one per entry of the sections
// that may be long (monitors). The text as a whole never becomes a tree, so memory follows the
// largest entry and not the file.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostic.hpp"

namespace tocsin::config {

struct NodeEntry;

// One value as written: nothing is substituted or typed yet.
struct Node {
  enum class Kind : std::uint8_t { null, scalar, list, map };
  Kind kind = Kind::null;
  bool quoted = false;  // of a scalar: in quotes or as a block
  Position at;          // columns count bytes here
  std::string text;     // of a scalar
  std::vector<Node> items;
  std::vector<NodeEntry> entries;  // keys are unique; in the order of the text
};

struct NodeEntry {
  std::string key;
  Position at;
  Node value;
};

// Takes what the reader finds, in the order of the text.
class YamlConsumer {
 public:
  YamlConsumer() = default;
  YamlConsumer(const YamlConsumer&) = delete;
  YamlConsumer& operator=(const YamlConsumer&) = delete;
  virtual ~YamlConsumer() = default;

  // Whether the entries of this top-level section come one by one (when it is a map).
  [[nodiscard]] virtual bool streams(std::string_view section) const = 0;
  // A whole top-level section; for a streamed one only when its value is not a map.
  virtual void section(NodeEntry section) = 0;
  // One entry of a streamed section. Keys may repeat: the consumer knows the names.
  virtual void entry(std::string_view section, NodeEntry entry) = 0;
  // A problem of the text itself. `path` is the section or "".
  virtual void problem(Position at, std::string path, std::string message) = 0;
  // A key that its map has already; the second value is dropped. `path` as in problem().
  virtual void repeated_key(std::string_view key, Position at, Position first, std::string path);
};

struct YamlLimits {
  std::size_t depth = 64;                // of nested maps and lists
  std::size_t alias_nodes = 1'000'000;   // that all aliases of one text may expand to
  std::size_t text_bytes = 256U << 20U;  // of one text
};

// Reads one text. False when it was left early because of a syntax error or a limit, so that what
// follows is unknown; problems that can be passed over (a repeated key) do not end the reading.
bool read_yaml(std::string_view text, const YamlLimits& limits, YamlConsumer& consumer);

}  // namespace tocsin::config

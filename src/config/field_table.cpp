#include "config/field_table.hpp"

#include <fmt/format.h>

#include "base/near_miss.hpp"
#include "base/utf8.hpp"
#include "config/suggest.hpp"

namespace tocsin::config {

void unknown_key(Decoder& d, const NodeEntry& entry, std::span<const std::string_view> known) {
  const auto scope = d.enter(entry.key);
  std::string message = fmt::format("unknown key \"{}\"", clip(printable(entry.key), 80));
  if (const auto near = near_miss(entry.key, known)) {
    message += fmt::format(" (did you mean {}?)", *near);
  } else {
    message += ", expected ";
    for (std::size_t i = 0; i < known.size(); ++i) {
      if (i > 0) message += i + 1 == known.size() ? " or " : ", ";
      message += known[i];
    }
  }
  d.error(entry.at, std::move(message));
}

void later_key(Decoder& d, const NodeEntry& entry) {
  const auto scope = d.enter(entry.key);
  d.error(entry.at, fmt::format("\"{}\" is not supported in this version", entry.key));
}

bool require_map(Decoder& d, const Node& node) {
  if (node.kind == Node::Kind::map || node.kind == Node::Kind::null) return true;
  d.expected(node, "a map");
  return false;
}

bool require_secret_map(Decoder& d, const Node& node) {
  if (node.kind != Node::Kind::scalar) return require_map(d, node);
  d.expected_secret(node, "a map");
  return false;
}

}  // namespace tocsin::config

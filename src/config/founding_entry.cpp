#include "config/founding_entry.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/near_miss.hpp"
#include "config/field_table.hpp"
#include "config/founding_repair.hpp"

namespace tocsin::config {
namespace {

// `scheme https` or `scheme:https`, for "scheme": a key that ran on into its value.
bool runs_on(std::string_view written, std::string_view key) {
  return written.size() > key.size() + 1 && written.starts_with(key) &&
         (written[key.size()] == ' ' || written[key.size()] == ':');
}

// A value in lines, for corrections: nothing deeper than lists of maps needs to look well.
void write_block(const std::string& front, const Node& node, std::size_t depth,
                 std::vector<std::string>& out) {
  const std::string indent(2 * depth, ' ');
  if (node.kind == Node::Kind::scalar) {
    out.push_back(indent + front + (node.quoted ? quoted(node.text) : node.text));
  } else if (is_placeholder(node)) {
    out.push_back(indent + front + as_text(node).text);
  } else if (node.kind == Node::Kind::null) {
    out.push_back(indent + front);
  } else {
    out.push_back(indent + front);
    while (out.back().ends_with(' ')) out.back().pop_back();
    for (const Node& item : node.items) {
      if (item.kind == Node::Kind::map && item.entries.size() == 1 && !is_placeholder(item)) {
        write_block("- " + item.entries[0].key + ": ", item.entries[0].value, depth + 1, out);
      } else {
        write_block("- ", item, depth + 1, out);
      }
    }
    for (const NodeEntry& entry : node.entries) {
      write_block(entry.key + ": ", entry.value, depth + 1, out);
    }
  }
}

}  // namespace

const NodeEntry* FoundingEntry::find(std::string_view key) const {
  const auto found = std::ranges::find(entry_.value.entries, key, &NodeEntry::key);
  return found == entry_.value.entries.end() ? nullptr : &*found;
}

bool FoundingEntry::has(std::string_view key) const {
  if (find(key) != nullptr) return true;
  const auto known = founding_keys();
  return std::ranges::any_of(keys(), [&](const NodeEntry& item) {
    if (std::ranges::find(known, item.key) != known.end()) return false;
    return runs_on(item.key, key) || near_miss(item.key, known) == key;
  });
}

std::string FoundingEntry::indentation() const {
  for (const NodeEntry& key : entry_.value.entries) {
    if (key.at.line > entry_.at.line && key.at.column > 1) {
      return std::string(key.at.column - 1, ' ');
    }
  }
  return "  ";
}

std::string FoundingEntry::keys_as(const std::vector<std::string>& below) const {
  std::vector<std::string> lines;
  for (const std::string& line : below) lines.push_back(indentation() + line);
  return shown(std::move(lines));
}

std::string FoundingEntry::entry_with(const std::vector<std::string>& below) const {
  return shown_name() + ":\n" + keys_as(below);
}

std::string FoundingEntry::below(const NodeEntry& parent, const NodeEntry& item,
                                 const std::vector<std::string>& lines) const {
  std::vector<std::string> out;
  const bool written = item.at.line > 0 && item.at.line <= lines_.count();
  const std::size_t column = item.at.column - 1;
  if (written && indent_of(lines_.at(item.at.line)) == column) {
    for (const std::string& line : lines) out.push_back(std::string(column, ' ') + line);
    return shown(std::move(out));
  }
  out.push_back(parent.key + ":");
  for (const NodeEntry& other : parent.value.entries) {
    if (&other != &item) write_block(other.key + ": ", other.value, 1, out);
  }
  for (const std::string& line : lines) out.push_back("  " + line);
  return keys_as(out);
}

std::string FoundingEntry::line_with(Position at, std::string_view from,
                                     std::string_view to) const {
  if (at.line == 0 || at.line > lines_.count()) return {};
  std::string line = lines_.at(at.line);
  const std::size_t column = std::min<std::size_t>(at.column - 1, line.size());
  std::size_t found = line.find(from, column);
  if (found == std::string::npos) return {};
  line.replace(found, from.size(), to);
  return shown({std::move(line)});
}

std::string FoundingEntry::without(const NodeEntry& key) const {
  const std::uint32_t first = entry_.at.line;
  if (first == 0 || key.at.line <= first || key.at.line > lines_.count()) return {};
  std::vector<std::string> kept = lines_.range(first, key.at.line - 1);
  const std::uint32_t behind = lines_.end_of(key.at.line) + 1;
  const std::uint32_t last = lines_.end_of(first);
  if (behind <= last) {
    const auto rest = lines_.range(behind, last);
    kept.insert(kept.end(), rest.begin(), rest.end());
  }
  return kept.size() > 1 ? shown(std::move(kept)) : std::string();
}

bool is_placeholder(const Node& node) {
  return node.kind == Node::Kind::map && node.entries.size() == 1 &&
         node.entries.front().value.kind == Node::Kind::null;
}

bool is_template(const Node& node) {
  return node.kind == Node::Kind::scalar || is_placeholder(node);
}

Node as_text(const Node& node) {
  if (!is_placeholder(node)) return node;
  Node out;
  out.kind = Node::Kind::scalar;
  out.at = node.at;
  out.text = "{" + node.entries.front().key + "}";
  return out;
}

void unknown_founding_key(const FoundingEntry& e, const NodeEntry& item,
                          std::span<const std::string_view> known) {
  for (const std::string_view key : known) {
    if (!runs_on(item.key, key)) continue;
    const std::string value = item.key.substr(item.key.find_first_not_of(" :", key.size()));
    const Decoder::Correction fix(
        e.d, [&] { return e.line_with(item.at, item.key, fmt::format("{}: {}", key, value)); });
    e.d.error(item.at, fmt::format("expected \": \" behind {}", key));
    return;
  }
  const auto near = near_miss(item.key, known);
  const Decoder::Correction fix(
      e.d, [&] { return near ? e.line_with(item.at, item.key, *near) : std::string(); });
  unknown_key(e.d, item, known);
}

}  // namespace tocsin::config

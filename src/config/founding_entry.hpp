#pragma once
// What decoding one entry of the founding format needs at hand.

#include <string>
#include <string_view>
#include <vector>

#include "config/decoder.hpp"
#include "config/founding_lines.hpp"

namespace tocsin::config {

// An endpoint or `self`, as it stands in the file. Refers to what is given; lives for one entry.
class FoundingEntry {
 public:
  FoundingEntry(Decoder& decoder, const FoundingLines& lines, const NodeEntry& entry)
      : d(decoder), lines_(lines), entry_(entry) {}

  Decoder& d;

  [[nodiscard]] const std::string& name() const { return entry_.key; }
  [[nodiscard]] std::string shown_name() const { return without_user(entry_.key); }
  [[nodiscard]] Position at() const { return entry_.at; }
  [[nodiscard]] const Node& value() const { return entry_.value; }
  [[nodiscard]] const std::vector<NodeEntry>& keys() const { return entry_.value.entries; }
  // Null: the key is not there.
  [[nodiscard]] const NodeEntry* find(std::string_view key) const;
  // Whether it is there, perhaps misspelt: then nobody needs to hear that it is missing.
  [[nodiscard]] bool has(std::string_view key) const;

  // Corrected lines. `below` is written under this entry, with the indentation of its keys.
  [[nodiscard]] std::string keys_as(const std::vector<std::string>& below) const;
  // The same with the line of the entry itself in front: where something is missing.
  [[nodiscard]] std::string entry_with(const std::vector<std::string>& below) const;
  // Lines for a key below `parent`, itself a key of this entry: in the column of `item` where that
  // begins a line of its own, else the whole of `parent` with them in its place.
  [[nodiscard]] std::string below(const NodeEntry& parent, const NodeEntry& item,
                                  const std::vector<std::string>& lines) const;
  // The line of `at` with one text in it replaced by another; "" when it does not stand there.
  [[nodiscard]] std::string line_with(Position at, std::string_view from,
                                      std::string_view to) const;
  // The entry as it stands in the file, less the lines of one of its keys; "" when the entry does
  // not stand in lines of its own.
  [[nodiscard]] std::string without(const NodeEntry& key) const;

 private:
  [[nodiscard]] std::string indentation() const;
  const FoundingLines& lines_;
  const NodeEntry& entry_;
};

// A name between braces (`- status: {status}`): YAML reads it as a map with one key and no value.
[[nodiscard]] bool is_placeholder(const Node& node);
// A scalar, or a placeholder as the text that it looks like.
[[nodiscard]] bool is_template(const Node& node);
// Nodes like `node`, which is_template, with the placeholder as text.
[[nodiscard]] Node as_text(const Node& node);

// Reports keys that are not in `known`, with corrected lines where there is a near miss.
void unknown_founding_key(const FoundingEntry& e, const NodeEntry& item,
                          std::span<const std::string_view> known);

}  // namespace tocsin::config

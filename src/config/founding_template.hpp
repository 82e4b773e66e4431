#pragma once
// Texts of the founding format with {value} in them: titles, texts, tags, details.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/founding_entry.hpp"
#include "notification/template.hpp"

namespace tocsin::config {

class FoundingTemplates {
 public:
  // Both must outlive it. `captured`: names of response_json_values.
  FoundingTemplates(const FoundingEntry& e, const std::vector<std::string>& captured);

  // A text or a bare {name}. `item` stands below `info`, a key of the entry.
  [[nodiscard]] std::optional<notification::Template> one(const NodeEntry& info,
                                                          const NodeEntry& item) const;
  // A list of `key: value` and of plain texts, each a tag `key:value`.
  [[nodiscard]] std::vector<notification::Template> tags(const NodeEntry& info,
                                                         const NodeEntry& item) const;
  // A list of maps, or a map, of texts: one JSON object. Judged only.
  void check_object(const NodeEntry& item) const;
  // A post_json_info that would do here.
  [[nodiscard]] std::vector<std::string> info_lines() const;

 private:
  [[nodiscard]] std::optional<notification::Template> compile(Position at, const std::string& text,
                                                              bool filled_in) const;
  [[nodiscard]] std::optional<std::string> text_of(const Node& node) const;
  [[nodiscard]] std::string with_nearest_names(Position at, const std::string& text) const;
  void add_tag(const Node& node, std::vector<notification::Template>& out) const;
  [[nodiscard]] std::string with_doubled_lone_braces(const std::string& text) const;

  const FoundingEntry& e_;
  const std::vector<std::string>& captured_;
  std::vector<std::string_view> names_;
};

}  // namespace tocsin::config

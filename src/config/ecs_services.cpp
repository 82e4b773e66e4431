#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "check/glob.hpp"
#include "config/aws_names.hpp"
#include "config/ecs_fields.hpp"
#include "config/scalars.hpp"

namespace tocsin::config {
namespace {

using deployment::Selection;

constexpr std::size_t kMostPatterns = 1'000;
constexpr std::size_t kMostTags = 50;  // that AWS puts on one service
constexpr std::string_view kService =
    "the name of a service (letters, digits, - and _) or a pattern such as api-*";
constexpr std::string_view kNoneLeft =
    "exclude leaves out everything that include takes: no service could ever be watched; expected "
    "at least one that is left, or no entry";

bool has_signs_of_patterns(std::string_view text) {
  return text.find_first_of("*?[\\") != std::string_view::npos;
}

// Characters that are in no name and mean nothing in a pattern: it would never match.
bool can_match_names(std::string_view pattern) {
  return std::ranges::all_of(pattern, [](char c) {
    return is_ecs_name(std::string_view(&c, 1)) || std::string_view("*?[]^\\").contains(c);
  });
}

std::optional<std::string> decode_service(Decoder& d, const Node& node) {
  auto text = decode_line(d, node, kService, 255);
  if (!text) return std::nullopt;
  if (is_ecs_name(*text)) return text;
  if (!has_signs_of_patterns(*text) || !can_match_names(*text)) {
    const std::string last = text->substr(text->rfind('/') + 1);  // of an ARN, or CLUSTER/SERVICE
    d.expected(node, kService, last != *text && is_ecs_name(last) ? last : "");
    return std::nullopt;
  }
  if (const auto problem = check::glob_problem(*text)) {
    d.error(node.at, fmt::format("found {}: {}", describe(node), *problem));
    return std::nullopt;
  }
  return text;
}

bool too_many(Decoder& d, const Node& node, std::size_t count) {
  if (count <= kMostPatterns) return false;
  d.error(node.at, fmt::format("found {} services and patterns, expected at most {}; a pattern "
                               "takes many services",
                               count, kMostPatterns));
  return true;
}

void decode_services_into(Decoder& d, const Node& node, std::vector<std::string>& out) {
  std::set<std::string> known;
  const auto take = [&](const Node& item) {
    auto text = decode_service(d, item);
    if (!text) return;
    if (!known.insert(*text).second) {
      d.error(item.at, fmt::format("found {} twice", describe(item)));
      return;
    }
    out.push_back(std::move(*text));
  };
  out.clear();
  if (node.kind == Node::Kind::scalar) {
    take(node);
  } else if (node.kind != Node::Kind::list) {
    d.expected(node, fmt::format("{}, or a list of them", kService));
  } else if (!too_many(d, node, node.items.size())) {
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const auto scope = d.enter(i);
      take(node.items[i]);
    }
  }
}

// A list of nothing could be meant as all or as none.
bool is_empty_list(Decoder& d, const Node& node) {
  if (node.kind != Node::Kind::list || !node.items.empty()) return false;
  d.error(node.at, "found an empty list, expected at least one service; leave it out for all");
  return true;
}

void decode_include(Decoder& d, const Node& node, Selection& out) {
  if (!is_empty_list(d, node)) decode_services_into(d, node, out.include);
}

void decode_tags(Decoder& d, const Node& node, Selection& out) {
  if (node.kind != Node::Kind::map || node.entries.size() > kMostTags) {
    d.expected(node, fmt::format("a map of at most {} tags: {{team: shop}}", kMostTags));
    return;
  }
  for (const NodeEntry& entry : node.entries) {
    const auto scope = d.enter(entry.key);
    if (entry.key.empty() || entry.key.size() > 128 || has_control_characters(entry.key)) {
      d.error(entry.at, "expected the key of a tag: 1 to 128 bytes on one line");
      continue;
    }
    auto value = d.text(entry.value, "the value of a tag or a pattern");
    if (!value) continue;
    if (value->size() > 256 || has_control_characters(*value)) {
      d.expected(entry.value, "one line of at most 256 bytes");
    } else if (const auto problem = check::glob_problem(*value)) {
      d.error(entry.value.at, fmt::format("found {}: {}", describe(entry.value), *problem));
    } else {
      out.tags.emplace_back(entry.key, std::move(*value));
    }
  }
  std::ranges::sort(out.tags);
}

constexpr std::array kServiceFields{
    Field<Selection>{{"include", "names or patterns of the services; left out: all",
                      R"({"$ref":"#/$defs/names"})"},
                     decode_include},
    Field<Selection>{
        {"exclude", "of these, the ones that are not watched", R"({"$ref":"#/$defs/names"})"},
        [](Decoder& d, const Node& n, Selection& out) { decode_services_into(d, n, out.exclude); }},
    Field<Selection>{{"tags", "tags that a service must have, values may be patterns",
                      R"({"$ref":"#/$defs/texts"})"},
                     decode_tags},
};

}  // namespace

const Table<Selection>& ecs_service_table() {
  static constexpr Table<Selection> kTable{kServiceFields, {}};
  return kTable;
}

std::optional<Selection> decode_services(Decoder& d, const Node& node) {
  const std::size_t before = d.errors();
  Draft<Selection> draft;
  if (node.kind == Node::Kind::map) {
    decode_object(d, node, ecs_service_table(), draft);
    (void)too_many(d, node, draft.value.include.size() + draft.value.exclude.size());
    if (d.errors() == before && draft.value.takes_none()) d.error(node.at, std::string(kNoneLeft));
  } else {
    decode_include(d, node, draft.value);
  }
  return d.errors() == before ? std::optional(std::move(draft.value)) : std::nullopt;
}

std::optional<Selection> decode_service_names(Decoder& d, const Node& node) {
  const std::size_t before = d.errors();
  Selection out;
  decode_services_into(d, node, out.include);
  return d.errors() == before ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace tocsin::config

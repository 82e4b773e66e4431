#include "config/founding_template.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/near_miss.hpp"
#include "config/founding_repair.hpp"
#include "config/scalars.hpp"
#include "notification/provider/post.hpp"

namespace tocsin::config {
namespace {

using notification::Template;

// Names between single braces, in their order.
std::vector<std::string> placeholders_in(std::string_view text) {
  std::vector<std::string> out;
  for (std::size_t at = text.find('{'); at < text.size(); at = text.find('{', at)) {
    if (text.substr(at).starts_with("{{")) {
      at += 2;
      continue;
    }
    const std::size_t end = text.find('}', at);
    if (end == std::string_view::npos) break;
    out.emplace_back(text.substr(at + 1, end - at - 1));
    at = end;
  }
  return out;
}

// Literal text of a template.
std::string with_doubled_braces(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += c;
    if (c == '{' || c == '}') out += c;
  }
  return out;
}

// `{a, b}` as somebody wrote it without quotes.
std::string as_flow(const Node& node) {
  std::string out;
  for (const NodeEntry& entry : node.entries) {
    out += fmt::format("{}{{{}}}", out.empty() ? "" : " ", entry.key);
  }
  return out;
}

std::string tag_line(const NodeEntry& entry) {
  const Node& value = entry.value;
  if (is_placeholder(value)) return fmt::format("  - {}: {}", entry.key, as_text(value).text);
  const bool plain = value.kind == Node::Kind::scalar;
  return fmt::format("  - {}: {}", entry.key,
                     plain ? (value.quoted ? quoted(value.text) : value.text) : "value");
}

// The list that a value was probably meant to be, one scalar behind each key.
std::vector<std::string> list_lines(std::string_view key, const Node& node) {
  std::vector<std::string> lines{fmt::format("{}:", key)};
  const auto add_text = [&](std::string_view word) {
    const std::size_t first = word.find_first_not_of(' ');
    if (first != std::string_view::npos) lines.push_back(fmt::format("  - {}", word.substr(first)));
  };
  for (const NodeEntry& entry : node.entries) lines.push_back(tag_line(entry));
  for (const Node& item : node.items) {
    if (is_template(item)) add_text(as_text(item).text);
    if (is_template(item)) continue;
    for (const NodeEntry& entry : item.entries) lines.push_back(tag_line(entry));
  }
  if (node.kind == Node::Kind::scalar) {
    std::string_view rest = node.text;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(','), rest.size());
      add_text(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  if (lines.size() == 1) lines.emplace_back("  - env: production");
  return lines;
}

// The same for details, which are key: value each.
std::vector<std::string> detail_lines(std::string_view key, const Node& node) {
  std::vector<std::string> lines{fmt::format("{}:", key)};
  for (const NodeEntry& entry : node.entries) lines.push_back(tag_line(entry));
  for (const Node& item : node.items) {
    if (is_placeholder(item)) {
      lines.push_back(fmt::format("  - {}: {}", item.entries.front().key, as_text(item).text));
      continue;
    }
    for (const NodeEntry& entry : item.entries) lines.push_back(tag_line(entry));
  }
  if (lines.size() == 1) lines.emplace_back("  - status: {outcome.status}");
  return lines;
}

}  // namespace

FoundingTemplates::FoundingTemplates(const FoundingEntry& e,
                                     const std::vector<std::string>& captured)
    : e_(e), captured_(captured) {
  names_.assign(captured.begin(), captured.end());
  const auto& own = notification::post_names();
  names_.insert(names_.end(), own.begin(), own.end());
}

std::vector<std::string> FoundingTemplates::info_lines() const {
  if (e_.name() == "self") {
    return {"post_json_info:", "  title: Tocsin is {outcome.status}",
            "  text: \"{down} of {monitors} monitors are down\"",
            "  tags:", "    - service: tocsin"};
  }
  const bool any = !captured_.empty();
  const std::string value = any ? captured_.front() : "outcome.status";
  const std::string what = any ? captured_.front() : "status";
  return {"post_json_info:", fmt::format("  title: {}", e_.shown_name()),
          fmt::format("  text: \"{} is {{{}}}\"", what, value),
          "  tags:", fmt::format("    - {}: {{{}}}", what, value)};
}

// The text with braces doubled that are no placeholder.
std::string FoundingTemplates::with_doubled_lone_braces(const std::string& text) const {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c != '{' && c != '}') || (i + 1 < text.size() && text[i + 1] == c)) {
      out += c;
      if (c == '{' || c == '}') out += text[++i];
      continue;
    }
    const std::size_t end = text.find('}', i);
    const bool known = c == '{' && end != std::string::npos &&
                       std::ranges::find(names_, text.substr(i + 1, end - i - 1)) != names_.end();
    out += known ? text.substr(i, end - i + 1) : std::string(2, c);
    if (known) i = end;
  }
  return out;
}

// Corrected lines for placeholders that nobody knows: the line with the names that were meant, or
// response_json_values with what is missing in it; self has none.
std::string FoundingTemplates::with_nearest_names(Position at, const std::string& text) const {
  std::vector<std::string> values{"response_json_values:"};
  for (const std::string& name : captured_) values.push_back("  - " + name);
  for (const std::string& name : placeholders_in(text)) {
    if (std::ranges::find(names_, name) != names_.end()) continue;
    if (const auto near = near_miss(name, names_)) {
      return e_.line_with(at, "{" + name + "}", fmt::format("{{{}}}", *near));
    }
    values.push_back("  - " + name);
  }
  const bool plain = std::ranges::all_of(values, [](const std::string& line) {
    return line.find_first_of(" {}\"'", 4) == std::string::npos || line.ends_with(':');
  });
  const bool may_capture = e_.name() != "self";
  if (may_capture && plain && values.size() > captured_.size() + 1) return e_.keys_as(values);
  return e_.line_with(at, text, with_doubled_lone_braces(text));
}

std::optional<Template> FoundingTemplates::compile(Position at, const std::string& text,
                                                   bool filled_in) const {
  auto compiled = notification::compile_template(text, {names_, {}});
  if (compiled) return std::move(*compiled);
  if (filled_in) {
    e_.d.error(at, "a placeholder or brace is wrong in the text with its value filled in");
    return std::nullopt;
  }
  const Decoder::Correction fix(e_.d, [&] { return with_nearest_names(at, text); });
  e_.d.error(at, compiled.error().message);
  return std::nullopt;
}

std::optional<std::string> FoundingTemplates::text_of(const Node& node) const {
  return decode_text(e_.d, as_text(node), std::size_t{64} << 10U);
}

std::optional<Template> FoundingTemplates::one(const NodeEntry& info, const NodeEntry& item) const {
  const Node& node = item.value;
  if (!is_template(node)) {
    const bool braces = node.kind == Node::Kind::map && !node.entries.empty();
    const Decoder::Correction fix(e_.d, [&] {
      const std::string text = braces ? as_flow(node) : "health is {outcome.status}";
      return e_.below(info, item, {fmt::format("{}: {}", item.key, quoted(text))});
    });
    e_.d.expected(node, "text, perhaps with {name} of response_json_values in it");
    return std::nullopt;
  }
  const auto text = text_of(node);
  if (!text) return std::nullopt;
  return compile(node.at, *text, node.kind == Node::Kind::scalar && Decoder::substituted(node));
}

void FoundingTemplates::add_tag(const Node& node, std::vector<Template>& out) const {
  if (is_template(node)) {
    const auto text = text_of(node);
    const bool filled_in = node.kind == Node::Kind::scalar && Decoder::substituted(node);
    if (!text) return;
    if (auto made = compile(node.at, *text, filled_in)) out.push_back(std::move(*made));
    return;
  }
  if (node.kind != Node::Kind::map || node.entries.empty()) {
    e_.d.expected(node, "a tag such as env: production");
    return;
  }
  for (const NodeEntry& entry : node.entries) {
    const auto scope = e_.d.enter(entry.key);
    if (!is_template(entry.value)) {
      e_.d.expected(entry.value, "a text or {name}");
      continue;
    }
    const auto text = text_of(entry.value);
    if (!text) continue;
    const bool filled_in =
        entry.value.kind == Node::Kind::scalar && Decoder::substituted(entry.value);
    auto made = compile(entry.value.at, with_doubled_braces(entry.key) + ":" + *text, filled_in);
    if (made) out.push_back(std::move(*made));
  }
}

std::vector<Template> FoundingTemplates::tags(const NodeEntry& info, const NodeEntry& item) const {
  std::vector<Template> out;
  if (item.value.kind == Node::Kind::null) return out;
  const Decoder::Correction fix(
      e_.d, [&] { return e_.below(info, item, list_lines(item.key, item.value)); });
  if (item.value.kind != Node::Kind::list) {
    e_.d.expected(item.value, "a list of tags");
    return out;
  }
  for (std::size_t i = 0; i < item.value.items.size(); ++i) {
    const auto scope = e_.d.enter(i);
    add_tag(item.value.items[i], out);
  }
  return out;
}

void FoundingTemplates::check_object(const NodeEntry& item) const {
  const Decoder::Correction fix(e_.d,
                                [&] { return e_.keys_as(detail_lines(item.key, item.value)); });
  std::vector<const Node*> maps;
  if (item.value.kind == Node::Kind::map) maps.push_back(&item.value);
  for (const Node& node : item.value.items) maps.push_back(&node);
  if (item.value.kind != Node::Kind::list && item.value.kind != Node::Kind::map) {
    e_.d.expected(item.value, "a list of key: value");
  }
  for (const Node* node : maps) {
    if (node->kind != Node::Kind::map || is_placeholder(*node)) {
      e_.d.expected(*node, "key: value");
      continue;
    }
    for (const NodeEntry& entry : node->entries) {
      const auto scope = e_.d.enter(entry.key);
      const Node& value = entry.value;
      if (!is_template(value)) {
        e_.d.expected(value, "a text or {name}");
      } else if (const auto text = text_of(value)) {
        (void)compile(value.at, *text,
                      value.kind == Node::Kind::scalar && Decoder::substituted(value));
      }
    }
  }
}

}  // namespace tocsin::config

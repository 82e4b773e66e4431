#include "notification/json_template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/json_writer.hpp"
#include "check/json.hpp"

namespace tocsin::notification {

struct JsonTemplate::Node {
  // fixed: JSON as it is. text: a template in quotes. value: one placeholder with its own type.
  // string_part: a placeholder inside quotes that belong to the text around it.
  enum class Kind : std::uint8_t { fixed, text, value, string_part, array, object, sequence };
  struct Member;
  Kind kind = Kind::fixed;
  std::string json;  // of fixed
  std::string name;  // of value and string_part
  Template string;   // of text
  bool droppable = false;
  std::vector<Member> members;  // of object; of array and sequence: no keys
};

// Not a std::pair, which clang wants complete where Node is not yet.
struct JsonTemplate::Node::Member {
  std::string key;
  Node value;
};

struct JsonTemplateAccess {
  static JsonTemplate make(JsonTemplate::Node root) {
    JsonTemplate out;
    out.root_ = std::make_shared<const JsonTemplate::Node>(std::move(root));
    return out;
  }
};

namespace {

using Node = JsonTemplate::Node;
using Compiled = std::expected<Node, TemplateError>;

Compiled compile_string(std::string_view text, Vocabulary vocabulary, Empty empty) {
  auto string = compile_template(text, vocabulary);
  if (!string) return std::unexpected(std::move(string.error()));
  Node node;
  if (const std::string_view name = string->only_placeholder(); !name.empty()) {
    node.kind = Node::Kind::value;
    node.name = name;
    node.droppable = empty == Empty::drop;
  } else {
    node.kind = Node::Kind::text;
    node.string = std::move(*string);
  }
  return node;
}

// Depth is bounded by parse_json.
Compiled compile_tree(check::JsonValue value, std::string_view whole, Vocabulary vocabulary,
                      Empty empty) {
  const auto kind = value.kind();
  if (kind == check::JsonKind::string) {
    auto node = compile_string(value.string().value_or(""), vocabulary, empty);
    // Of an escaped string the place of its quote is as near as it gets.
    if (!node)
      node.error().offset += static_cast<std::size_t>(value.text().data() - whole.data()) + 1;
    return node;
  }
  Node node;
  if (kind != check::JsonKind::array && kind != check::JsonKind::object) {
    node.json = value.text();
    return node;
  }
  node.kind = kind == check::JsonKind::array ? Node::Kind::array : Node::Kind::object;
  for (check::JsonItems item(value); item.next();) {
    auto member = compile_tree(item.value(), whole, vocabulary, empty);
    if (!member) return member;
    node.members.emplace_back(item.key(), std::move(*member));
  }
  return node;
}

// A template whose own text is JSON with doubled braces.
Compiled compile_sequence(std::string_view text, Vocabulary vocabulary) {
  Node node;
  node.kind = Node::Kind::sequence;
  std::string literal;
  bool quoted = false;
  const auto flush = [&] {
    if (literal.empty()) return;
    Node piece;
    piece.json = std::exchange(literal, {});
    node.members.emplace_back("", std::move(piece));
  };
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    const bool doubled = at + 1 < text.size() && text[at + 1] == c;
    if (c == '{' && !doubled) {
      const auto name = read_placeholder(text, at, vocabulary);
      if (!name) return std::unexpected(name.error());
      flush();
      Node piece;
      piece.kind = quoted ? Node::Kind::string_part : Node::Kind::value;
      piece.name = *name;
      node.members.emplace_back("", std::move(piece));
      continue;
    }
    if (c == '}' && !doubled) {
      return std::unexpected(
          TemplateError{at, "found \"}\" without its \"{\"; write }} for a brace"});
    }
    literal += c;
    if (c == '\\' && quoted && at + 1 < text.size()) literal += text[++at];
    if (c == '"') quoted = !quoted;
    at += c == '{' || c == '}' ? 2 : 1;
  }
  flush();
  return node;
}

void append_value(std::string& out, const Value& value) {
  switch (value.kind) {
    case Value::Kind::missing:
      out += "null";
      return;
    case Value::Kind::json:
      out += value.content;
      return;
    case Value::Kind::text:
      append_json_string(out, value.content);
      return;
  }
}

bool is_left_out(const Node& node, const Values& values) {
  if (!node.droppable) return false;
  const Value value = values.find(node.name);
  return value.content.empty();
}

void append_node(std::string& out, const Node& node, const Values& values);

void append_members(std::string& out, const Node& node, const Values& values) {
  const bool object = node.kind == Node::Kind::object;
  out += object ? '{' : '[';
  bool first = true;
  for (const auto& [key, member] : node.members) {
    if (object && is_left_out(member, values)) continue;
    if (!std::exchange(first, false)) out += ',';
    if (object) {
      append_json_string(out, key);
      out += ':';
    }
    append_node(out, member, values);
  }
  out += object ? '}' : ']';
}

void append_node(std::string& out, const Node& node, const Values& values) {
  switch (node.kind) {
    case Node::Kind::fixed:
      out += node.json;
      return;
    case Node::Kind::text:
      append_json_string(out, node.string.render(values, escape_nothing));
      return;
    case Node::Kind::value:
      append_value(out, values.find(node.name));
      return;
    case Node::Kind::string_part:
      escape_json(out, values.find(node.name).for_people());
      return;
    case Node::Kind::array:
    case Node::Kind::object:
      append_members(out, node, values);
      return;
    case Node::Kind::sequence:
      for (const auto& piece : node.members) append_node(out, piece.value, values);
      return;
  }
}

bool uses_name(const Node& node, std::string_view name) {
  return node.name == name || node.string.uses(name) ||
         std::ranges::any_of(node.members,
                             [&](const auto& member) { return uses_name(member.value, name); });
}

// Any value at all makes JSON of a sequence or none does: it only depends on where values stand.
class NoValues final : public Values {
 public:
  [[nodiscard]] Value find(std::string_view /*name*/) const override { return {}; }
};

}  // namespace

std::string JsonTemplate::render(const Values& values) const {
  std::string out;
  if (root_ == nullptr) return "null";
  append_node(out, *root_, values);
  return out;
}

bool JsonTemplate::uses(std::string_view name) const {
  return root_ != nullptr && uses_name(*root_, name);
}

std::expected<JsonTemplate, TemplateError> compile_json_template(std::string_view text,
                                                                 Vocabulary vocabulary,
                                                                 Empty empty) {
  const auto value = check::parse_json(text);
  auto root =
      value ? compile_tree(*value, text, vocabulary, empty) : compile_sequence(text, vocabulary);
  if (!root) {
    // Who wrote one brace in front meant JSON: say what is wrong with that.
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    const bool meant =
        !value && first != std::string_view::npos && !text.substr(first).starts_with("{{");
    if (meant) return std::unexpected(TemplateError{0, "not JSON: " + value.error().message});
    return std::unexpected(std::move(root.error()));
  }
  JsonTemplate out = JsonTemplateAccess::make(std::move(*root));
  if (!value) {
    if (const auto made = check::parse_json(out.render(NoValues())); !made) {
      return std::unexpected(TemplateError{
          0, fmt::format("the template does not make JSON: {}", made.error().message)});
    }
  }
  return out;
}

}  // namespace tocsin::notification

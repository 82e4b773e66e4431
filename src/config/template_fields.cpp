#include "config/template_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json_writer.hpp"
#include "check/json.hpp"
#include "config/provider_fields.hpp"
#include "config/text_names.hpp"
#include "notification/values.hpp"

namespace tocsin::config {
namespace {

constexpr std::size_t kLongestTemplate = 64U << 10U;

// What is wrong stands in a value that may be filled in: then nothing of it is quoted.
void template_error(Decoder& d, const Node& node, const notification::TemplateError& error) {
  if (Decoder::substituted(node)) {
    d.error(node.at, "a placeholder or brace is wrong in the text with its value filled in");
  } else {
    d.error(node.at, fmt::format("{}, at byte {} of the text", error.message, error.offset + 1));
  }
}

// Whether an unquoted scalar is a number, flag or null of JSON.
bool is_literal(const Node& node, std::string_view text) {
  if (Decoder::only_text(node) || Decoder::substituted(node)) return false;
  const auto value = check::parse_json(text);
  return value && value->kind() != check::JsonKind::string &&
         value->kind() != check::JsonKind::array && value->kind() != check::JsonKind::object;
}

// Writes a YAML value as JSON text whose strings are templates, each checked where it stands.
void append_json(Decoder& d, const Node& node, notification::Vocabulary vocabulary, JsonWriter& w) {
  if (node.kind == Node::Kind::null) {
    w.null();
  } else if (node.kind == Node::Kind::list) {
    w.array();
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const auto scope = d.enter(i);
      append_json(d, node.items[i], vocabulary, w);
    }
    w.end_array();
  } else if (node.kind == Node::Kind::map) {
    w.object();
    for (const NodeEntry& entry : node.entries) {
      const auto scope = d.enter(entry.key);
      w.key(entry.key);
      append_json(d, entry.value, vocabulary, w);
    }
    w.end_object();
  } else {
    const std::string text = decode_text(d, node, kLongestTemplate).value_or("");
    if (is_literal(node, text)) {
      w.raw(text);
      return;
    }
    const auto compiled = notification::compile_template(text, vocabulary);
    if (!compiled) template_error(d, node, compiled.error());
    w.value(text);
  }
}

// {TYPE or HOOK: text}
void decode_texts(Decoder& d, const Node& node, std::vector<TextDraft>& out) {
  if (!require_map(d, node)) return;
  for (const NodeEntry& entry : node.entries) {
    const auto type = text_type(entry.key);
    if (!type) {
      unknown_key(d, entry, text_names());
      continue;
    }
    const auto scope = d.enter(entry.key);
    if (const auto same = std::ranges::find(out, *type, &TextDraft::type); same != out.end()) {
      d.error(entry.at, fmt::format("found a text for {} under two names, {} and {}; keep one",
                                    alert::to_string(*type), same->name, entry.key));
      continue;
    }
    auto text = decode_template(d, entry.value, notification::event_vocabulary());
    if (text) out.push_back({*type, entry.key, entry.at, std::move(*text)});
  }
}

constexpr std::array kTemplatesFields{
    Field<TemplatesDraft>{
        {"events", "texts by event type", R"({"$ref":"#/$defs/event_texts"})"},
        [](Decoder& d, const Node& n, TemplatesDraft& out) { decode_texts(d, n, out.events); }},
    Field<TemplatesDraft>{
        {"channels", "texts by channel and event type", R"({"$ref":"#/$defs/channel_texts"})"},
        [](Decoder& d, const Node& n, TemplatesDraft& out) {
          if (!require_map(d, n)) return;
          for (const NodeEntry& entry : n.entries) {
            const auto scope = d.enter(entry.key);
            TemplatesDraft::Channel& channel = out.channels[entry.key];
            channel.at = entry.at;
            decode_texts(d, entry.value, channel.texts);
          }
        }},
};

}  // namespace

const Table<TemplatesDraft>& templates_table() {
  static constexpr Table<TemplatesDraft> kTable{kTemplatesFields, {}};
  return kTable;
}

std::optional<notification::Template> decode_template(Decoder& d, const Node& node,
                                                      notification::Vocabulary vocabulary) {
  const auto text = decode_text(d, node, kLongestTemplate);
  if (!text) return std::nullopt;
  auto compiled = notification::compile_template(*text, vocabulary);
  if (!compiled) {
    template_error(d, node, compiled.error());
    return std::nullopt;
  }
  return std::move(*compiled);
}

std::optional<notification::JsonTemplate> decode_json_template(
    Decoder& d, const Node& node, notification::Vocabulary vocabulary) {
  std::string text;
  const std::size_t before = d.errors();
  if (node.kind == Node::Kind::map || node.kind == Node::Kind::list) {
    JsonWriter w(text);
    append_json(d, node, vocabulary, w);
    if (d.errors() > before) return std::nullopt;
  } else {
    auto given = decode_text(d, node, kLongestTemplate);
    if (!given) return std::nullopt;
    text = std::move(*given);
  }
  auto compiled = notification::compile_json_template(text, vocabulary);
  if (!compiled) {
    template_error(d, node, compiled.error());
    return std::nullopt;
  }
  return std::move(*compiled);
}

}  // namespace tocsin::config

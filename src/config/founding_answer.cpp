#include "config/founding_answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/near_miss.hpp"
#include "config/founding_repair.hpp"
#include "config/scalars.hpp"

namespace tocsin::config {
namespace {

using Texts = std::vector<std::string>;

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// `status`, `db.state`, `items[0].name`: a value in the body, by names and indexes.
bool is_path(std::string_view text) {
  if (text.empty() || text.size() > 256 || text.back() == '.') return false;
  std::string names;
  while (!text.empty()) {
    const std::size_t open = std::min(text.find('['), text.size());
    names += text.substr(0, open);
    text.remove_prefix(open);
    if (text.empty()) break;
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || !is_digits(text.substr(1, close - 1))) return false;
    text.remove_prefix(close + 1);
    if (!text.empty() && text.front() != '.' && text.front() != '[') return false;
  }
  return is_identifier(names) && names.find("..") == std::string::npos;
}

// The name in what somebody took for a path of another language: `[BODY].status`, `$.status`,
// `.status`, `{status}`, `data["status"]`.
std::string nearest_name(std::string_view text) {
  for (const std::string_view front : {"[BODY].", "$.", ".", "{", "body.", "response."}) {
    if (text.starts_with(front)) text.remove_prefix(front.size());
  }
  std::string name(text.substr(0, text.find('}')));
  std::erase_if(name, [](char c) { return c == '"' || c == '\'' || c == ' ' || c == ']'; });
  std::ranges::replace(name, '[', '.');
  std::ranges::replace(name, '/', '.');
  return is_identifier(name) && name.find("..") == std::string::npos ? name : "status";
}

bool is_capture(std::string_view name) {
  return is_identifier(name) && name.find("..") == std::string_view::npos && name.back() != '.';
}

std::string yaml_text(std::string_view text) {
  const bool plain = !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
  return plain && text.front() != '-' ? std::string(text) : quoted(text);
}

// --- response_json_values ---

// The list with every name as it must have been meant.
Texts values_as_meant(const Node& node) {
  Texts lines{"response_json_values:"};
  const auto add = [&](std::string_view text) {
    std::string line = "  - " + nearest_name(text);
    if (std::ranges::find(lines, line) == lines.end()) lines.push_back(std::move(line));
  };
  if (node.kind == Node::Kind::scalar) {
    std::string_view rest = node.text;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find_first_of(", "), rest.size());
      if (end > 0) add(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  for (const NodeEntry& entry : node.entries) add(entry.key);
  for (const Node& item : node.items) {
    if (item.kind == Node::Kind::scalar) add(item.text);
    for (const NodeEntry& entry : item.entries) add(entry.key);
  }
  if (lines.size() == 1) lines.emplace_back("  - status");
  return lines;
}

void add_value(const FoundingEntry& e, const Node& node, FoundingAnswer& out) {
  constexpr std::string_view kWhat = "the name of a value in the body, such as status or db.state";
  const auto name = decode_line(e.d, node, kWhat, 256);
  if (!name) return;
  if (!is_capture(*name)) {
    e.d.expected(node, kWhat, nearest_name(*name));
    return;
  }
  if (std::ranges::find(out.captured, *name) != out.captured.end()) return;
  out.captured.push_back(*name);
  out.own.capture.push_back(
      {*name, "[BODY]." + *name, node.at, Decoder::substituted(node) ? node.text : std::string{}});
}

void decode_values(const FoundingEntry& e, FoundingAnswer& out) {
  const NodeEntry* const item = e.find("response_json_values");
  if (item == nullptr || item->value.kind == Node::Kind::null) return;
  const auto scope = e.d.enter(item->key);
  const Decoder::Correction fix(e.d, [&] { return e.keys_as(values_as_meant(item->value)); });
  if (item->value.kind == Node::Kind::scalar) {
    add_value(e, item->value, out);
  } else if (item->value.kind == Node::Kind::list) {
    for (std::size_t i = 0; i < item->value.items.size(); ++i) {
      const auto index = e.d.enter(i);
      add_value(e, item->value.items[i], out);
    }
  } else {
    e.d.expected(item->value, "a list of names");
  }
}

// --- success_test ---

// Text that the language of conditions (docs/conditions.md) takes for nothing else.
bool is_plain_operand(std::string_view text) {
  if (text == "null" || text.size() > 256) return false;
  const bool octal = text.size() > 1 && text.front() == '0' && text[1] != '.';
  return !octal && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-';
  });
}

std::string operand(std::string_view text) {
  if (is_plain_operand(text)) return std::string(text);
  std::string pattern = "pat(";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (c == ' ') {
      pattern += "[ ]";  // at the end it would be trimmed, backslash or not
      continue;
    }
    if (!letter && byte < 0x80) pattern += '\\';
    pattern += c;
  }
  return pattern + ')';
}

// key and value as somebody meant them who wrote `success_test: {status: ok}`, a list of that, or
// a comparison.
std::pair<std::string, std::string> test_as_meant(const Node& node, const FoundingAnswer& answer) {
  std::pair<std::string, std::string> out{
      answer.captured.empty() ? "status" : answer.captured.front(), "ok"};
  const Node& map = node.kind == Node::Kind::list && !node.items.empty() ? node.items[0] : node;
  const auto set = [&](std::string_view name, const Node& value) {
    if (value.kind != Node::Kind::scalar || value.text.empty()) return;
    if (name == "key") out.first = is_path(value.text) ? value.text : nearest_name(value.text);
    if (name == "value") out.second = value.text;
  };
  constexpr std::array<std::string_view, 2> kNames{"key", "value"};
  for (const NodeEntry& entry : map.entries) {
    const auto near = near_miss(entry.key, kNames);
    set(near ? *near : entry.key, entry.value);
    const bool pair = map.entries.size() == 1 && !near && is_path(entry.key);
    if (pair && entry.value.kind == Node::Kind::scalar) out = {entry.key, entry.value.text};
  }
  if (map.kind == Node::Kind::scalar) {
    const std::size_t sign = map.text.find("==");
    if (sign == std::string::npos) return out;
    const std::size_t from = map.text.find_first_not_of("= ", sign);
    out.first = nearest_name(std::string_view(map.text).substr(0, sign));
    if (from != std::string::npos) out.second = map.text.substr(from);
  }
  return out;
}

struct Test {
  std::string key, value;
  Position key_at;
  bool given_key = false;
  bool given_value = false;
};

void decode_test_entry(const FoundingEntry& e, const NodeEntry& item, Test& out) {
  const auto scope = e.d.enter(item.key);
  if (item.key == "key") {
    constexpr std::string_view kWhat = "a value in the body, such as status or db.state";
    out.given_key = true;
    out.key_at = item.value.at;
    auto key = decode_line(e.d, item.value, kWhat, 256);
    if (key && !is_path(*key)) {
      e.d.expected(item.value, kWhat, nearest_name(*key));
    } else if (key) {
      out.key = std::move(*key);
    }
    return;
  }
  out.given_value = true;
  auto value = decode_text(e.d, item.value, 1024);
  if (value && (value->empty() || has_control_characters(*value))) {
    e.d.expected(item.value, "one line of text");
  } else if (value) {
    out.value = std::move(*value);
  }
}

void check_test_key(const FoundingEntry& e, const Test& test, const FoundingAnswer& answer) {
  const Texts& names = answer.captured;
  if (names.empty() || std::ranges::find(names, test.key) != names.end()) return;
  const std::vector<std::string_view> known(names.begin(), names.end());
  if (const auto near = near_miss(test.key, known)) {
    e.d.warning(test.key_at, fmt::format("response_json_values does not name {} (did you mean {}?)",
                                         test.key, *near));
  }
}

void decode_test(const FoundingEntry& e, FoundingAnswer& out) {
  const NodeEntry* const item = e.find("success_test");
  if (item == nullptr) return;
  const auto scope = e.d.enter(item->key);
  const Decoder::Correction fix(e.d, [&] {
    const auto [key, value] = test_as_meant(item->value, out);
    return e.keys_as({"success_test:", "  key: " + key, "  value: " + yaml_text(value)});
  });
  if (item->value.kind != Node::Kind::map || is_placeholder(item->value)) {
    e.d.expected(item->value, "a map with key and value");
    return;
  }
  Test test;
  const std::size_t before = e.d.errors();
  constexpr std::array<std::string_view, 2> kKnown{"key", "value"};
  for (const NodeEntry& entry : item->value.entries) {
    if (std::ranges::find(kKnown, entry.key) == kKnown.end()) {
      unknown_founding_key(e, entry, kKnown);
    } else {
      decode_test_entry(e, entry, test);
    }
  }
  if (e.d.errors() > before) return;
  if (!test.given_key || !test.given_value) {
    e.d.error(item->at, fmt::format("expected {}", test.given_key ? "value" : "key"));
    return;
  }
  check_test_key(e, test, out);
  out.own.expect.push_back({{},
                            fmt::format("[BODY].{} == {}", test.key, operand(test.value)),
                            test.key_at,
                            "success_test"});
}

}  // namespace

FoundingAnswer decode_answer(const FoundingEntry& e) {
  FoundingAnswer out;
  decode_values(e, out);
  decode_test(e, out);
  return out;
}

}  // namespace tocsin::config

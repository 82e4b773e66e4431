#include "config/scalars.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/near_miss.hpp"
#include "config/suggest.hpp"

namespace tocsin::config {
namespace {

std::optional<std::string> typed_text(Decoder& d, const Node& node, std::string_view what) {
  if (node.kind == Node::Kind::scalar && Decoder::only_text(node)) {
    d.error(node.at,
            fmt::format("found {} in quotes, which is text; expected {}", describe(node), what));
    return std::nullopt;
  }
  return d.text(node, what);
}

bool is_in(std::string_view word, std::span<const std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

std::string join(std::span<const std::string_view> words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
    out += words[i];
  }
  return out;
}

}  // namespace

bool has_control_characters(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
  });
}

std::optional<bool> decode_bool(Decoder& d, const Node& node) {
  const auto text = typed_text(d, node, "true or false");
  if (!text) return std::nullopt;
  if (*text == "true") return true;
  if (*text == "false") return false;
  constexpr std::array<std::string_view, 8> kYes{"yes",  "Yes",  "on", "On",
                                                 "True", "TRUE", "y",  "1"};
  constexpr std::array<std::string_view, 8> kNo{"no",    "No",    "off", "Off",
                                                "False", "FALSE", "n",   "0"};
  const std::string_view meant = is_in(*text, kYes) ? "true" : is_in(*text, kNo) ? "false" : "";
  d.expected(node, "true or false", meant);
  return std::nullopt;
}

std::optional<std::uint64_t> decode_integer(Decoder& d, const Node& node,
                                            Range<std::uint64_t> range, std::string_view what) {
  const std::string expected = fmt::format("{} from {} to {}", what, range.least, range.most);
  const auto text = typed_text(d, node, expected);
  if (!text) return std::nullopt;
  std::uint64_t value = 0;
  const char* end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, value);
  if (text->empty() || error != std::errc{} || stop != end || value < range.least ||
      value > range.most) {
    d.expected(node, expected);
    return std::nullopt;
  }
  return value;
}

std::optional<Milliseconds> decode_duration(Decoder& d, const Node& node,
                                            Range<Milliseconds> range) {
  constexpr std::string_view kWhat = "a duration such as 30s";
  const auto text = d.text(node, kWhat);
  if (!text) return std::nullopt;
  const auto value = parse_duration(*text);
  if (!value) {
    d.expected(node, kWhat, nearest_duration(*text).value_or(""));
    return std::nullopt;
  }
  if (*value < range.least || *value > range.most) {
    d.expected(node, fmt::format("a duration from {} to {}", format_duration(range.least),
                                 format_duration(range.most)));
    return std::nullopt;
  }
  return value;
}

std::optional<std::uint64_t> decode_size(Decoder& d, const Node& node, Range<std::uint64_t> range) {
  constexpr std::string_view kWhat = "a size such as 1MiB";
  const auto text = d.text(node, kWhat);
  if (!text) return std::nullopt;
  const auto value = parse_size(*text);
  if (!value) {
    d.expected(node, kWhat, nearest_size(*text).value_or(""));
    return std::nullopt;
  }
  if (*value < range.least || *value > range.most) {
    d.expected(node, fmt::format("a size from {} to {}", format_size(range.least),
                                 format_size(range.most)));
    return std::nullopt;
  }
  return value;
}

std::optional<std::string> decode_text(Decoder& d, const Node& node, std::size_t most) {
  auto text = d.text(node, "text");
  if (text && text->size() > most) {
    d.expected(node, fmt::format("text of at most {} bytes", most));
    return std::nullopt;
  }
  return text;
}

std::optional<std::string> decode_line(Decoder& d, const Node& node, std::string_view what,
                                       std::size_t most) {
  auto text = d.text(node, what);
  if (!text) return std::nullopt;
  if (text->empty() || text->size() > most || has_control_characters(*text)) {
    d.expected(node, text->size() > most ? fmt::format("{} of at most {} bytes", what, most)
                                         : std::string(what));
    return std::nullopt;
  }
  return text;
}

std::optional<std::string> decode_secret(Decoder& d, const Node& node, std::string_view what) {
  if (node.kind != Node::Kind::scalar) {
    d.expected_secret(node, what);
    return std::nullopt;
  }
  auto text = d.text(node, what);
  if (!text) return std::nullopt;
  d.add_secret(*text);
  if (text->empty() || text->size() > 16U << 10U || has_control_characters(*text)) {
    d.expected_secret(node, fmt::format("{} on one line", what));
    return std::nullopt;
  }
  return text;
}

std::optional<std::vector<NamedReference>> decode_names(Decoder& d, const Node& node,
                                                        std::string_view what) {
  const std::string list = fmt::format("{} or a list of them", what);
  std::vector<NamedReference> names;
  if (node.kind == Node::Kind::scalar) {
    if (auto name = decode_line(d, node, list, 200)) {
      names.push_back({std::move(*name), node.at, Decoder::substituted(node)});
    }
    return names;
  }
  if (node.kind != Node::Kind::list) {
    d.expected(node, list);
    return std::nullopt;
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const auto scope = d.enter(i);
    auto name = decode_line(d, node.items[i], what, 200);
    if (!name) continue;
    if (std::ranges::find(names, *name, &NamedReference::name) != names.end()) {
      d.error(node.items[i].at, fmt::format("found {} twice", describe(node.items[i])));
      continue;
    }
    names.push_back({std::move(*name), node.items[i].at, Decoder::substituted(node.items[i])});
  }
  return names;
}

std::optional<std::size_t> decode_word(Decoder& d, const Node& node,
                                       std::span<const std::string_view> words) {
  const auto text = d.text(node, join(words));
  if (!text) return std::nullopt;
  const auto found = std::ranges::find(words, *text);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  d.expected(node, join(words), near_miss(*text, words).value_or(""));
  return std::nullopt;
}

}  // namespace tocsin::config

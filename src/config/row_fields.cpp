#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/endpoint.hpp"
#include "config/provider_fields.hpp"

namespace tocsin::config {
namespace {

using notification::Row;
using notification::RowOption;
using notification::RowOptions;

constexpr std::string_view kText = R"({"type":"string"})";
constexpr std::string_view kTextOrNumber = R"({"type":["string","integer"]})";

std::optional<std::string> decode_path_secret(Decoder& d, const Node& node) {
  constexpr std::string_view kWhat = "a token of letters, digits and : _ -";
  auto text = decode_secret(d, node, kWhat);
  if (!text) return std::nullopt;
  const bool good = std::ranges::all_of(*text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == ':' ||
           c == '_' || c == '-';
  });
  if (good) return text;
  d.expected_secret(node, kWhat);
  return std::nullopt;
}

std::optional<std::string> decode_option(Decoder& d, const Node& node, const RowOption& option) {
  switch (option.kind) {
    case RowOption::Kind::text:
      return decode_line(d, node, "a text on one line", 256);
    case RowOption::Kind::secret:
      return decode_secret(d, node, "a secret");
    case RowOption::Kind::secret_url:
      return decode_secret_url(d, node);
    case RowOption::Kind::path_secret:
      return decode_path_secret(d, node);
    case RowOption::Kind::base_url:
      return decode_base_url(d, node);
    case RowOption::Kind::host:
      return decode_host(d, node);
    case RowOption::Kind::integer:
      break;
  }
  const auto number = decode_integer(d, node, {0, std::uint64_t{1} << 62U});
  return number ? std::optional(fmt::to_string(*number)) : std::nullopt;
}

void decode_options(Decoder& d, const Node& node, const Row& row, RowOptions& out) {
  std::vector<std::string_view> names;
  for (const RowOption& option : row.options) names.push_back(option.name);
  for (const NodeEntry& entry : node.entries) {
    const auto option = std::ranges::find(row.options, entry.key, &RowOption::name);
    if (option == row.options.end()) {
      unknown_key(d, entry, names);
      continue;
    }
    const auto scope = d.enter(entry.key);
    if (auto value = decode_option(d, entry.value, *option)) out[entry.key] = std::move(*value);
  }
}

}  // namespace

std::vector<FieldDoc> row_docs(const Row& row) {
  std::vector<FieldDoc> docs;
  for (const RowOption& option : row.options) {
    const bool text = option.kind != RowOption::Kind::integer && option.name != "chat_id";
    docs.push_back({option.name, option.doc, text ? kText : kTextOrNumber});
  }
  return docs;
}

MakeFormat decode_row(Decoder& d, const Node& node, const Row& row) {
  if (!require_map(d, node)) return {};
  const std::size_t before = d.errors();
  RowOptions options;
  decode_options(d, node, row, options);
  if (d.errors() > before) return {};
  for (const RowOption& option : row.options) {
    if (option.required && !options.contains(option.name)) {
      d.error(node.at, fmt::format("expected {}", option.name));
    }
  }
  if (d.errors() > before) return {};
  return [options = std::move(options), &row](
             const notification::Outlet&, const std::shared_ptr<const notification::Texts>& texts) {
    return notification::make_row(row, options, texts);
  };
}

}  // namespace tocsin::config

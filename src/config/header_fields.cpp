#include "config/header_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/field_table.hpp"
#include "config/scalars.hpp"

namespace tocsin::config {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

bool is_token_character(char c) {  // RFC 9110, section 5.6.2
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Headers whose value is redacted wherever it would show.
bool names_secret(std::string_view header) {
  std::string name;
  for (const char c : header) name += lower(c);
  constexpr std::array<std::string_view, 7> kWords{"authorization", "cookie",   "token",    "key",
                                                   "secret",        "password", "signature"};
  return std::ranges::any_of(
      kWords, [&](std::string_view word) { return name.find(word) != std::string::npos; });
}

// What may not be a header; empty when `name` is fine.
std::string header_name_problem(std::string_view name) {
  if (name.empty() || name.size() > 256 || !std::ranges::all_of(name, is_token_character)) {
    return "expected a header name of letters, digits and - (no spaces, no colon)";
  }
  for (const std::string_view own : {"Content-Length", "Transfer-Encoding", "Connection"}) {
    if (same_header(name, own)) return fmt::format("the header {} is set by Tocsin itself", own);
  }
  return {};
}

std::optional<std::string> decode_header_value(Decoder& d, const NodeEntry& entry) {
  const bool secret = names_secret(entry.key);
  constexpr std::string_view kWhat = "a header value on one line";
  if (secret) return decode_secret(d, entry.value, "a header value");
  auto text = d.text(entry.value, kWhat);
  if (text && (text->size() > 16U << 10U || has_control_characters(*text))) {
    d.expected(entry.value, kWhat);
    return std::nullopt;
  }
  return text;
}

}  // namespace

bool same_header(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::optional<Headers> decode_headers(Decoder& d, const Node& node) {
  if (!require_secret_map(d, node)) return std::nullopt;
  Headers headers;
  for (const NodeEntry& entry : node.entries) {
    // Behind a colon stands a value in the wrong place, which may be a secret.
    const auto scope = d.enter(std::string_view(entry.key).substr(0, entry.key.find(':')));
    if (std::string problem = header_name_problem(entry.key); !problem.empty()) {
      d.error(entry.at, std::move(problem));
      continue;
    }
    const auto same = [&](const auto& header) { return same_header(header.first, entry.key); };
    if (std::ranges::any_of(headers, same)) {
      d.error(entry.at, "found this header twice (case does not matter)");
      continue;
    }
    if (auto value = decode_header_value(d, entry)) headers.emplace_back(entry.key, *value);
  }
  return headers;
}

}  // namespace tocsin::config

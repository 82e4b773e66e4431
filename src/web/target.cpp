#include "web/target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "base/utf8.hpp"

namespace tocsin::web {
namespace {

constexpr std::size_t kLongest = 8192;

std::unexpected<Problem> refuse(std::string message) {
  return std::unexpected(Problem{400, "invalid_target", std::move(message)});
}

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') {
    return static_cast<unsigned>(c - '0');
  }
  const char lower = static_cast<char>(c | 0x20);
  if (lower >= 'a' && lower <= 'f') {
    return static_cast<unsigned>(lower - 'a' + 10);
  }
  return std::nullopt;
}

std::expected<std::string, Problem> decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
      continue;
    }
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto high = i + 2 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
    const auto low = high ? hex_digit(text[i + 2]) : std::nullopt;
    if (!low) {
      return refuse("a % must be followed by two hexadecimal digits");
    }
    const unsigned byte = (*high << 4U) | *low;
    if (byte < 0x20 || byte == 0x7f) {
      return refuse("encoded control characters are not allowed");
    }
    out += static_cast<char>(byte);
    i += 2;
  }
  if (!is_utf8(out)) {
    return refuse("the percent-encoded text is not UTF-8");
  }
  return out;
}

std::expected<Query, Problem> parse_query(std::string_view text) {
  Query out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) {
      continue;
    }
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto name = decode(pair.substr(0, equals), true);
    auto value = decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value) {
      return std::unexpected(!name ? name.error() : value.error());
    }
    out.emplace_back(std::move(*name), std::move(*value));
  }
  return out;
}

// Cuts "http://authority" off an absolute-form target (RFC 9112 section 3.2.2).
std::expected<std::string, Problem> cut_authority(std::string_view& rest) {
  const std::size_t scheme = rest.starts_with("http://") ? 7 : rest.starts_with("https://") ? 8 : 0;
  if (scheme == 0) {
    return refuse("the request target must be a path that begins with /");
  }
  rest.remove_prefix(scheme);
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  std::string authority(rest.substr(0, end));
  rest.remove_prefix(end);
  if (authority.empty() || authority.find('@') != std::string::npos) {
    return refuse("the request target needs a host, without user information");
  }
  return authority;
}

}  // namespace

std::expected<Target, Problem> parse_target(std::string_view target) {
  if (target.size() > kLongest) {
    return std::unexpected(
        Problem{414, "target_too_long", "the request target is longer than 8 KiB"});
  }
  const auto printable_ascii = [](char c) { return c > 0x20 && c < 0x7f; };
  if (!std::ranges::all_of(target, printable_ascii) || target.find('#') != std::string_view::npos) {
    return refuse("the request target holds a byte that must be percent-encoded");
  }
  Target out;
  if (!target.starts_with('/')) {
    auto authority = cut_authority(target);
    if (!authority) {
      return std::unexpected(std::move(authority.error()));
    }
    out.authority = std::move(*authority);
  }
  const std::size_t mark = std::min(target.find('?'), target.size());
  std::string_view path = target.substr(0, mark);
  auto query = parse_query(target.substr(std::min(mark + 1, target.size())));
  if (!query) {
    return std::unexpected(std::move(query.error()));
  }
  out.query = std::move(*query);
  path = path.empty() ? path : path.substr(1);
  while (true) {
    const std::size_t slash = path.find('/');
    auto segment = decode(path.substr(0, slash), false);
    if (!segment) {
      return std::unexpected(std::move(segment.error()));
    }
    out.segments.push_back(std::move(*segment));
    if (slash == std::string_view::npos) {
      return out;
    }
    path.remove_prefix(slash + 1);
  }
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool alphanumeric =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (alphanumeric || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace tocsin::web

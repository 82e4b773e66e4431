#include "check/address.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.hpp"

namespace tocsin::check {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// How many 16-bit groups `text` holds ("a:b:1.2.3.4" is four); nullopt when it is malformed. An
// IPv4 tail is allowed only where the whole address ends.
std::optional<int> count_groups(std::string_view text, bool at_end) {
  int groups = 0;
  while (!text.empty()) {
    const std::size_t colon = text.find(':');
    const std::string_view part = text.substr(0, colon);
    const bool last = colon == std::string_view::npos;
    if (last && at_end && is_ipv4(part)) {
      return groups + 2;
    }
    if (part.empty() || part.size() > 4 || !std::ranges::all_of(part, is_hex)) {
      return std::nullopt;
    }
    ++groups;
    if (last) {
      break;
    }
    text.remove_prefix(colon + 1);
    if (text.empty()) {
      return std::nullopt;
    }
  }
  return groups;
}

std::optional<std::string> label_problem(std::string_view label) {
  if (label.empty()) {
    return "it has an empty label (two dots in a row, or a dot in front)";
  }
  if (label.size() > 63) {
    return "a label is longer than 63 characters";
  }
  for (const char c : label) {
    if (static_cast<unsigned char>(c) >= 0x80) {
      return "it has characters outside ASCII; write the name in its \"xn--\" form";
    }
    if (!is_alpha(c) && !is_digit(c) && c != '-' && c != '_') {
      return fmt::format("it has the character \"{}\"", printable(std::string_view(&c, 1)));
    }
  }
  if (label.front() == '-' || label.back() == '-') {
    return "a label begins or ends with \"-\"";
  }
  return std::nullopt;
}

}  // namespace

bool is_ipv4(std::string_view text) {
  for (int part = 0; part < 4; ++part) {
    std::size_t digits = 0;
    int value = 0;
    while (digits < text.size() && digits < 4 && is_digit(text[digits])) {
      value = value * 10 + (text[digits] - '0');
      ++digits;
    }
    if (digits == 0 || digits > 3 || value > 255 || (digits > 1 && text[0] == '0')) {
      return false;
    }
    text.remove_prefix(digits);
    if (part < 3) {
      if (text.empty() || text.front() != '.') {
        return false;
      }
      text.remove_prefix(1);
    }
  }
  return text.empty();
}

bool is_ipv6(std::string_view text) {
  if (text.size() < 2 || text.size() > 45) {
    return false;
  }
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) {
    return count_groups(text, true) == 8;
  }
  const auto before = count_groups(text.substr(0, gap), false);
  const auto after = count_groups(text.substr(gap + 2), true);
  return before && after && *before + *after <= 7;
}

std::optional<std::string> host_problem(std::string_view host) {
  if (host.empty()) {
    return "it is empty";
  }
  if (host.find(':') != std::string_view::npos) {
    if (host.find('%') != std::string_view::npos) {
      return "IPv6 zones (\"%eth0\") are not supported";
    }
    return is_ipv6(host) ? std::nullopt : std::optional<std::string>("it is not an IPv6 address");
  }
  if (host.size() > 253) {
    return "it is longer than 253 characters";
  }
  std::string_view rest = host.back() == '.' ? host.substr(0, host.size() - 1) : host;
  std::string_view label;
  do {
    const std::size_t dot = rest.find('.');
    label = rest.substr(0, dot);
    if (auto problem = label_problem(label)) {
      return problem;
    }
    rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
    if (dot != std::string_view::npos && rest.empty()) {
      return "it has an empty label (two dots in a row, or a dot in front)";
    }
  } while (!rest.empty());
  const bool hex = label.starts_with("0x") || label.starts_with("0X");
  const bool numeric =
      hex ? std::ranges::all_of(label.substr(2), is_hex) : std::ranges::all_of(label, is_digit);
  if (numeric && !is_ipv4(host)) {
    return "it ends in a number but is not an IPv4 address of the form 192.0.2.1";
  }
  return std::nullopt;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || !std::ranges::all_of(text, is_digit)) {
    return std::nullopt;
  }
  std::uint32_t value = 0;
  for (const char c : text) {
    value = value * 10 + static_cast<std::uint32_t>(c - '0');
  }
  if (value == 0 || value > 65535) {
    return std::nullopt;
  }
  return static_cast<std::uint16_t>(value);
}

Result<HostPort> parse_host_port(std::string_view text) {
  const std::string shown = printable(clip(text, 100));
  std::string_view host;
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || text.substr(close + 1, 1) != ":") {
      return fail(ErrorCode::invalid,
                  fmt::format("\"{}\" is not [address]:port, for example [::1]:80", shown));
    }
    host = text.substr(1, close - 1);
    port = text.substr(close + 2);
    if (!is_ipv6(host)) {
      return fail(ErrorCode::invalid,
                  fmt::format("what stands in brackets in \"{}\" is not an IPv6 address", shown));
    }
  } else {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) {
      return fail(ErrorCode::invalid, fmt::format("\"{}\" has no port; write host:port", shown));
    }
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (host.find(':') != std::string_view::npos) {
      return fail(ErrorCode::invalid,
                  fmt::format("an IPv6 address needs brackets: write [address]:port instead of "
                              "\"{}\"",
                              shown));
    }
    if (const auto problem = host_problem(host)) {
      return fail(ErrorCode::invalid,
                  fmt::format("the host of \"{}\" is not usable: {}", shown, *problem));
    }
  }
  const auto number = parse_port(port);
  if (!number) {
    return fail(ErrorCode::invalid,
                fmt::format("the port of \"{}\" is not a number from 1 to 65535", shown));
  }
  HostPort result{std::string(host), *number};
  std::ranges::transform(result.host, result.host.begin(), lower);
  return result;
}

std::string format_host_port(std::string_view host, std::uint16_t port) {
  const bool brackets = host.find(':') != std::string_view::npos;
  return brackets ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

}  // namespace tocsin::check

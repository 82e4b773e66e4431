#include "timer/wire.hpp"

#include <charconv>
#include <optional>

#include "base/utf8.hpp"
#include "timer/timer.hpp"

namespace tocsin::timer {
namespace {

constexpr std::string_view kNotFound = "Not found";
constexpr std::string_view kBadId = "Invalid timer id";
constexpr std::string_view kBadSeconds = "Invalid number of seconds";
constexpr std::string_view kBadMethod = "Method not allowed";

Refused refuse_method(std::string_view allow) { return {405, kBadMethod, allow}; }

int hex_value(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Appends what `text` stands for. False: a "%" without two hex digits.
bool decode(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return false;
    }
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return true;
}

// An absolute form without a path is "/". nullopt: neither a path nor a URL.
std::optional<std::string_view> path_of(std::string_view target) {
  if (!target.starts_with('/')) {
    const std::size_t scheme = target.find("://");
    if (scheme == std::string_view::npos || scheme > target.find_first_of("/?#")) {
      return std::nullopt;
    }
    const std::size_t slash = target.find_first_of("/?#", scheme + 3);
    target = slash == std::string_view::npos ? std::string_view{} : target.substr(slash);
  }
  target = target.substr(0, target.find_first_of("?#"));
  return target.empty() ? "/" : target;
}

// The id that a segment stands for. nullopt: it is none.
std::optional<std::string_view> id_of(std::string_view segment, std::string& decoded) {
  if (segment.find('%') != std::string_view::npos) {
    decoded.clear();
    if (!decode(segment, decoded)) {
      return std::nullopt;
    }
    segment = decoded;
  }
  if (segment.empty() || segment.size() > kLongestId || !is_utf8(segment)) {
    return std::nullopt;
  }
  return segment;
}

// Digits with an optional sign, as the original read them.
std::optional<std::int64_t> seconds_of(std::string_view segment) {
  if (segment.starts_with('+')) {
    segment.remove_prefix(1);
    if (segment.starts_with('-')) {
      return std::nullopt;
    }
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(segment.data(), segment.data() + segment.size(), value);
  if (error != std::errc{} || end != segment.data() + segment.size() || value < 1 ||
      value > kLongestSeconds) {
    return std::nullopt;
  }
  return value;
}

Command read_one(std::string_view method, std::string_view segment, std::string& decoded) {
  const bool reads = method == "GET" || method == "HEAD";
  if (!reads && method != "DELETE") {
    return refuse_method("GET, HEAD, DELETE");
  }
  const auto id = id_of(segment, decoded);
  if (!id) {
    return Refused{400, kBadId, {}};
  }
  if (reads) {
    return Check{*id};
  }
  return Disarm{*id};
}

Command read_two(std::string_view method, std::string_view segment, std::string_view seconds,
                 bool post_only, std::string& decoded) {
  if (method != "POST" && (post_only || method != "GET")) {
    return refuse_method(post_only ? "POST" : "GET, POST");
  }
  const auto id = id_of(segment, decoded);
  if (!id) {
    return Refused{400, kBadId, {}};
  }
  const auto count = seconds_of(seconds);
  if (!count) {
    return Refused{400, kBadSeconds, {}};
  }
  return Arm{*id, *count};
}

}  // namespace

Command read_command(std::string_view method, std::string_view target, bool post_only,
                     std::string& decoded) {
  const auto found = path_of(target);
  if (!found || !found->starts_with('/')) {
    return Refused{404, kNotFound, {}};
  }
  const std::string_view path = found->substr(1);
  if (path.empty()) {
    if (method == "GET" || method == "HEAD") {
      return ShowStatus{};
    }
    return refuse_method("GET, HEAD");
  }
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) {
    return read_one(method, path, decoded);
  }
  const std::string_view rest = path.substr(slash + 1);
  if (rest.empty() || rest.find('/') != std::string_view::npos) {
    return Refused{404, kNotFound, {}};
  }
  return read_two(method, path.substr(0, slash), rest, post_only, decoded);
}

}  // namespace tocsin::timer

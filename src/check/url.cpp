#include "check/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/utf8.hpp"
#include "check/address.hpp"

namespace tocsin::check {
namespace {

constexpr std::size_t kMaxUrlBytes = 8192;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// pchar of RFC 3986, section 3.3, without "%", plus "/" and "?", which path and query may hold
// between them once they are told apart.
bool is_path_or_query(char c) {
  constexpr std::string_view kOthers = "-._~!$&'()*+,;=:@/?";
  return is_alpha(c) || is_digit(c) || kOthers.find(c) != std::string_view::npos;
}

bool is_escape(std::string_view text, std::size_t at) {
  return text[at] == '%' && at + 2 < text.size() && is_hex(text[at + 1]) && is_hex(text[at + 2]);
}

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::invalid, std::move(message));
}

// The five parts of a URI reference (RFC 3986, appendix B).
struct Parts {
  std::optional<std::string_view> scheme;
  std::optional<std::string_view> authority;
  std::string_view path;
  std::optional<std::string_view> query;  // without "?"
};

std::optional<std::string_view> take_scheme(std::string_view text) {
  const std::size_t colon = text.find_first_of(":/?#");
  if (colon == std::string_view::npos || text[colon] != ':' || colon == 0 || !is_alpha(text[0])) {
    return std::nullopt;
  }
  const std::string_view scheme = text.substr(0, colon);
  const bool plain = std::ranges::all_of(scheme, [](char c) {
    return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  });
  return plain ? std::optional(scheme) : std::nullopt;
}

Parts split(std::string_view text) {
  Parts parts;
  text = text.substr(0, text.find('#'));
  parts.scheme = take_scheme(text);
  if (parts.scheme) {
    text.remove_prefix(parts.scheme->size() + 1);
  }
  if (const std::size_t mark = text.find('?'); mark != std::string_view::npos) {
    parts.query = text.substr(mark + 1);
    text = text.substr(0, mark);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    const std::size_t slash = text.find('/');
    parts.authority = text.substr(0, slash);
    text = slash == std::string_view::npos ? std::string_view() : text.substr(slash);
  }
  parts.path = text;
  return parts;
}

bool equals_ignoring_case(std::string_view a, std::string_view lower_case) {
  return std::ranges::equal(a, lower_case, {}, lower);
}

Result<bool> parse_scheme(std::string_view scheme) {
  if (equals_ignoring_case(scheme, "https")) {
    return true;
  }
  if (equals_ignoring_case(scheme, "http")) {
    return false;
  }
  return invalid(
      fmt::format("the scheme is \"{}\", expected http or https", printable(clip(scheme, 40))));
}

Result<void> parse_authority(std::string_view authority, bool allow_userinfo, Url& url) {
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    if (!allow_userinfo) {
      return invalid(
          "the URL holds a user name or password before \"@\"; credentials have their own options");
    }
    url.userinfo = authority.substr(0, at);
    authority.remove_prefix(at + 1);
  }
  std::string_view host = authority;
  std::optional<std::string_view> port;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) {
      return invalid("the host begins with \"[\" but has no \"]\"");
    }
    host = authority.substr(1, close - 1);
    const std::string_view rest = authority.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') {
      return invalid("after the \"]\" of the host only \":\" and a port may follow");
    }
    if (!rest.empty()) {
      port = rest.substr(1);
    }
    if (host.find(':') == std::string_view::npos) {
      return invalid("what stands in brackets is not an IPv6 address");
    }
  } else if (const std::size_t colon = authority.find(':'); colon != std::string_view::npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon + 1);
    if (port->find(':') != std::string_view::npos) {
      return invalid("an IPv6 address needs brackets: http://[::1]:80/");
    }
  }
  if (const auto problem = host_problem(host)) {
    return invalid(
        fmt::format("the host \"{}\" is not usable: {}", printable(clip(host, 100)), *problem));
  }
  url.host = host;
  std::ranges::transform(url.host, url.host.begin(), lower);
  url.port = url.default_port();
  if (port && !port->empty()) {  // "http://host:/" means the default (RFC 3986, section 3.2.3)
    const auto number = parse_port(*port);
    if (!number) {
      // Not quoted: in "http://joe:pass/word@host" it is the beginning of a password.
      return invalid("the port is not a number from 1 to 65535");
    }
    url.port = *number;
  }
  return {};
}

Result<void> check_characters(std::string_view text, std::string_view part, std::size_t offset) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_path_or_query(text[i]) || is_escape(text, i)) {
      continue;
    }
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '%') {
      return invalid(fmt::format(
          "a \"%\" without two hexadecimal digits in the {}, byte {}; write %25 for the character",
          part, offset + i));
    }
    return invalid(
        fmt::format("the character \"{}\" in the {}, byte {}, must be written as %{:02X}",
                    printable(text.substr(i, 1)), part, offset + i, static_cast<unsigned>(byte)));
  }
  return {};
}

// Encodes what must be; leaves proper escapes alone. False on control characters.
bool append_encoded(std::string& out, std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) {
      return false;
    }
    if (is_path_or_query(text[i]) || is_escape(text, i)) {
      out += text[i];
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned>(byte));
    }
  }
  return true;
}

// RFC 3986, section 5.2.4. The result begins with "/".
std::string remove_dot_segments(std::string_view path) {
  std::string out;
  out.reserve(path.size() + 1);
  while (!path.empty()) {
    path.remove_prefix(path.front() == '/' ? 1U : 0U);
    const std::size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    const bool last = slash == std::string_view::npos;
    if (segment == "..") {
      const std::size_t cut = out.rfind('/');
      out.resize(cut == std::string::npos ? 0 : cut);
    }
    if (segment != "." && segment != "..") {
      out += '/';
      out += segment;
    } else if (last) {
      out += '/';
    }
    path = last ? std::string_view() : path.substr(slash);
  }
  if (out.empty()) {
    out = "/";
  }
  return out;
}

Result<Url> parse_absolute(std::string_view text, bool allow_userinfo) {
  if (text.size() > kMaxUrlBytes) {
    return invalid(fmt::format("the URL is longer than {} bytes", kMaxUrlBytes));
  }
  const Parts parts = split(text);
  if (!parts.scheme) {
    return invalid("the URL does not begin with http:// or https://");
  }
  const auto https = parse_scheme(*parts.scheme);
  if (!https) {
    return std::unexpected(https.error());
  }
  if (!parts.authority) {
    return invalid(fmt::format("expected \"//\" and a host after \"{}:\"", *parts.scheme));
  }
  Url url;
  url.https = *https;
  if (auto done = parse_authority(*parts.authority, allow_userinfo, url); !done) {
    return std::unexpected(std::move(done).error());
  }
  const auto offset = [&](std::string_view part) {
    return static_cast<std::size_t>(part.data() - text.data());
  };
  if (!parts.path.empty()) {
    if (auto done = check_characters(parts.path, "path", offset(parts.path)); !done) {
      return std::unexpected(std::move(done).error());
    }
  }
  url.path = parts.path.empty() ? "/" : std::string(parts.path);
  if (parts.query) {
    if (auto done = check_characters(*parts.query, "query", offset(*parts.query)); !done) {
      return std::unexpected(std::move(done).error());
    }
    url.query = "?";
    url.query += *parts.query;
  }
  return url;
}

// Section 5.2.3: a relative path replaces what follows the last "/" of the base.
std::string merge_paths(const Url& base, std::string_view path) {
  if (path.starts_with('/')) {
    return std::string(path);
  }
  return base.path.substr(0, base.path.rfind('/') + 1) + std::string(path);
}

}  // namespace

std::string Url::to_string() const {
  std::string out = shown();
  out += query;
  return out;
}

std::string Url::shown() const {
  std::string out;
  out.reserve(16 + host.size() + path.size() + query.size());
  out += scheme();
  out += "://";
  const bool brackets = host.find(':') != std::string::npos;
  if (brackets) {
    out += '[';
  }
  out += host;
  if (brackets) {
    out += ']';
  }
  if (port != default_port()) {
    fmt::format_to(std::back_inserter(out), ":{}", port);
  }
  out += path;
  return out;
}

Result<Url> parse_url(std::string_view text) { return parse_absolute(text, false); }

Result<Url> parse_proxy_url(std::string_view text) {
  auto url = parse_absolute(text, true);
  if (!url) {
    return url;
  }
  if (url->https) {
    return invalid("a proxy is reached over http://, not https://");
  }
  if (url->path != "/" || !url->query.empty()) {
    return invalid("a proxy is http://host:port without a path");
  }
  return url;
}

Result<Url> resolve_location(const Url& base, std::string_view location) {
  while (!location.empty() && (location.front() == ' ' || location.front() == '\t')) {
    location.remove_prefix(1);
  }
  while (!location.empty() && (location.back() == ' ' || location.back() == '\t')) {
    location.remove_suffix(1);
  }
  if (location.size() > kMaxUrlBytes) {
    return invalid(fmt::format("the Location is longer than {} bytes", kMaxUrlBytes));
  }
  if (location.empty()) {
    return invalid("the Location is empty");
  }
  const Parts parts = split(location);
  Url url;
  url.https = base.https;
  if (parts.scheme) {
    const auto https = parse_scheme(*parts.scheme);
    if (!https) {
      return std::unexpected(https.error());
    }
    url.https = *https;
    if (!parts.authority) {
      return invalid(fmt::format("expected \"//\" and a host after \"{}:\"", *parts.scheme));
    }
  }
  if (parts.authority) {
    if (auto done = parse_authority(*parts.authority, false, url); !done) {
      return std::unexpected(std::move(done).error());
    }
  } else {
    url.host = base.host;
    url.port = base.port;
  }
  std::string encoded;
  if (!append_encoded(encoded, parts.path)) {
    return invalid("the Location holds a control character");
  }
  if (parts.authority) {
    url.path = remove_dot_segments(encoded);
  } else if (encoded.empty()) {
    url.path = base.path;
  } else {
    url.path = remove_dot_segments(merge_paths(base, encoded));
  }
  if (parts.query) {
    url.query = "?";
    if (!append_encoded(url.query, *parts.query)) {
      return invalid("the Location holds a control character");
    }
  } else if (!parts.authority && parts.path.empty()) {
    url.query = base.query;
  }
  return url;
}

bool same_origin(const Url& a, const Url& b) {
  return a.https == b.https && a.port == b.port && a.host == b.host;
}

}  // namespace tocsin::check

#include "adapters/http_curl/request_url.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace tocsin::adapters {
namespace {

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

bool is_port(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && value >= 1 && value <= 65'535;
}

bool split_host(std::string_view text, RequestUrl& out) {
  std::string_view after;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) {
      return false;
    }
    out.host = text.substr(1, close - 1);
    after = text.substr(close + 1);
  } else {
    const auto colon = text.find(':');
    out.host = text.substr(0, colon);
    after = colon == std::string_view::npos ? std::string_view{} : text.substr(colon);
  }
  if (after.starts_with(':')) {
    out.port = after.substr(1);
    return !out.host.empty() && (out.port.empty() || is_port(out.port));
  }
  return !out.host.empty() && after.empty();
}

void append_host(std::string& out, std::string_view host) {
  const bool brackets = host.find(':') != std::string_view::npos;
  out += brackets ? "[" : "";
  out += host;
  out += brackets ? "]" : "";
}

void append_port(std::string& out, const RequestUrl& url) {
  if (!url.port.empty()) {
    out += ':';
    out += url.port;
  }
}

}  // namespace

std::optional<RequestUrl> parse_request_url(std::string_view url) {
  const bool clean = std::ranges::none_of(url, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte == 0x7f;
  });
  const auto mark = url.find("://");
  if (!clean || mark == std::string_view::npos) {
    return std::nullopt;
  }
  RequestUrl out;
  out.scheme = url.substr(0, mark);
  out.https = equals_ignoring_case(out.scheme, "https");
  const std::string_view tail = url.substr(mark + 3);
  const auto end = std::min(tail.find_first_of("/?#"), tail.size());
  out.rest = tail.substr(end);
  std::string_view host = tail.substr(0, end);
  if (const auto at = host.rfind('@'); at != std::string_view::npos) {
    out.has_userinfo = true;
    out.userinfo = host.substr(0, at);
    host = host.substr(at + 1);
  }
  const bool known = out.https || equals_ignoring_case(out.scheme, "http");
  if (!known || !split_host(host, out)) {
    return std::nullopt;
  }
  return out;
}

bool is_numeric_host(std::string_view host) {
  std::array<char, INET6_ADDRSTRLEN + 1> text{};
  if (host.empty() || host.size() >= text.size()) {
    return false;
  }
  std::ranges::copy(host, text.begin());
  in6_addr address{};
  return inet_pton(AF_INET, text.data(), &address) == 1 ||
         inet_pton(AF_INET6, text.data(), &address) == 1;
}

std::string with_host(const RequestUrl& url, std::string_view host) {
  std::string out;
  out.reserve(url.scheme.size() + host.size() + url.port.size() + url.rest.size() + 8);
  out += url.scheme;
  out += "://";
  append_host(out, host);
  append_port(out, url);
  out += url.rest;
  return out;
}

std::string authority(const RequestUrl& url) {
  std::string out;
  append_host(out, url.host);
  append_port(out, url);
  return out;
}

}  // namespace tocsin::adapters

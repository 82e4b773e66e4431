#include "config/endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "check/url.hpp"
#include "config/scalars.hpp"

namespace tocsin::config {
namespace {

constexpr std::size_t kLongestUrl = 8192;

// What is wrong with the authority of a URL; empty when nothing.
std::string authority_problem(std::string_view authority) {
  if (authority.find('@') != std::string_view::npos) {
    return "found a user or password in the URL, expected them in auth: {basic: {username, "
           "password}}";
  }
  std::string_view host = authority;
  std::string_view port;
  bool has_port = false;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return "expected \"]\" after the address";
    host = authority.substr(1, end - 1);
    const std::string_view rest = authority.substr(end + 1);
    has_port = rest.starts_with(':');
    if (!rest.empty() && !has_port) return "expected \":\" and a port after \"]\"";
    if (has_port) port = rest.substr(1);
    if (!check::is_ipv6(host)) return "expected an IPv6 address in brackets";
  } else if (const std::size_t colon = authority.find(':'); colon != std::string_view::npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon + 1);
    has_port = true;
  }
  if (host.empty()) return "expected a host name or address after \"//\"";
  if (const auto bad = check::host_problem(host)) return *bad;
  if (has_port && !check::parse_port(port)) return "expected a port from 1 to 65535";
  return {};
}

struct SplitUrl {
  std::string_view scheme, authority, rest;
};

std::optional<SplitUrl> split_url(std::string_view url) {
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  SplitUrl parts;
  parts.scheme = url.substr(0, colon);
  url.remove_prefix(colon + 3);
  const std::size_t end = std::min(url.find_first_of("/?#"), url.size());
  parts.authority = url.substr(0, end);
  parts.rest = url.substr(end);
  return parts;
}

// A problem that may quote the URL, unless its authority may hold a password.
void url_problem(Decoder& d, const Node& node, std::string_view problem) {
  if (Decoder::substituted(node)) {
    d.expected(node, "an absolute http or https URL without user, spaces and control characters");
  } else if (node.text.find('@') != std::string::npos) {
    d.error(node.at, std::string(problem));
  } else {
    d.error(node.at, fmt::format("found {}: {}", describe(node), problem));
  }
}

}  // namespace

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || (host.starts_with("127.") && check::is_ipv4(host));
}

std::optional<check::HostPort> decode_endpoint(Decoder& d, const Node& node, EndpointRules rules) {
  const std::string what = fmt::format("host:port such as {}", rules.example);
  const auto text = d.text(node, what);
  if (!text) return std::nullopt;
  if (auto endpoint = check::parse_host_port(*text)) return std::move(*endpoint);
  if (rules.port_zero && text->ends_with(":0")) {
    auto endpoint = check::parse_host_port(text->substr(0, text->size() - 1) + "1");
    if (endpoint) return check::HostPort{std::move(endpoint->host), 0};
  }
  std::string meant;
  if (const auto url = split_url(*text); url && check::parse_host_port(url->authority)) {
    meant = std::string(url->authority);
  } else if (check::parse_port(*text)) {
    meant = "127.0.0.1:" + *text;
  } else if (text->starts_with(':') && check::parse_host_port("127.0.0.1" + *text)) {
    meant = "127.0.0.1" + *text;
  }
  if (text->find('@') != std::string::npos) {  // perhaps behind a user and password
    d.expected_secret(node, what);
  } else {
    d.expected(node, what, meant);
  }
  return std::nullopt;
}

std::optional<std::string> decode_host(Decoder& d, const Node& node) {
  constexpr std::string_view kWhat = "a host name or address";
  auto text = decode_line(d, node, kWhat, 253);
  if (!text) return std::nullopt;
  if (text->starts_with('[') && text->ends_with(']')) *text = text->substr(1, text->size() - 2);
  if (!check::host_problem(*text)) return text;
  d.expected(node, kWhat);
  return std::nullopt;
}

std::optional<std::string> decode_url(Decoder& d, const Node& node) {
  constexpr std::string_view kWhat = "an absolute URL such as https://example.com/health";
  auto text = d.text(node, kWhat);
  if (!text) return std::nullopt;
  const auto parts = split_url(*text);
  if (!parts) {
    const std::string guess = "https://" + *text;
    const auto split = split_url(guess);
    const bool good = text->find(' ') == std::string::npos && split->authority.size() > 3 &&
                      split->authority.find('.') != std::string_view::npos &&
                      authority_problem(split->authority).empty();
    if (text->find('@') != std::string::npos) {
      url_problem(d, node, fmt::format("expected {}", kWhat));
    } else {
      d.expected(node, kWhat, good ? guess : "");
    }
    return std::nullopt;
  }
  std::string problem;
  if (parts->scheme != "http" && parts->scheme != "https") {
    problem = "expected a URL that begins with http:// or https://";
  } else if (text->find_first_of(" \t") != std::string::npos) {
    problem = "expected no spaces in a URL (write %20)";
  } else if (has_control_characters(*text)) {
    problem = "expected no control characters in a URL";
  } else if (text->size() > kLongestUrl) {
    problem = fmt::format("expected a URL of at most {} bytes", kLongestUrl);
  } else {
    problem = authority_problem(parts->authority);
    const auto parsed = check::parse_url(*text);
    if (problem.empty() && !parsed) problem = parsed.error().message;
  }
  if (!problem.empty()) {
    url_problem(d, node, problem);
    return std::nullopt;
  }
  text->resize(std::min(text->find('#'), text->size()));  // a fragment is never sent
  return text;
}

std::optional<std::string> decode_secret_url(Decoder& d, const Node& node) {
  constexpr std::string_view kWhat = "an absolute URL that begins with https://";
  auto text = decode_secret(d, node, kWhat);
  if (!text) return std::nullopt;
  if (text->size() > kLongestUrl || !check::parse_url(*text)) {
    d.expected_secret(node, kWhat);
    return std::nullopt;
  }
  text->resize(std::min(text->find('#'), text->size()));
  return text;
}

std::optional<std::string> decode_proxy(Decoder& d, const Node& node) {
  constexpr std::string_view kWhat = "a proxy such as http://proxy.example.com:3128";
  auto text = d.text(node, kWhat);
  if (!text) return std::nullopt;
  const auto parts = split_url(*text);
  const std::size_t at = parts ? parts->authority.rfind('@') : std::string_view::npos;
  const std::string_view address =
      !parts ? "" : parts->authority.substr(at == std::string_view::npos ? 0 : at + 1);
  const bool good = parts && parts->scheme == "http" && check::parse_host_port(address) &&
                    parts->rest.empty() && check::parse_proxy_url(*text);
  if (!good) {
    d.expected_secret(node, kWhat);
    return std::nullopt;
  }
  if (at != std::string_view::npos) {
    const std::string_view user = parts->authority.substr(0, at);
    const std::size_t colon = user.find(':');
    if (colon != std::string_view::npos) d.add_secret(std::string(user.substr(colon + 1)));
    d.add_secret(*text);
  }
  return text;
}

}  // namespace tocsin::config

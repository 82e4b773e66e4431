#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/endpoint.hpp"
#include "config/header_fields.hpp"
#include "config/kind_fields.hpp"
#include "config/scalars.hpp"

namespace tocsin::config {
namespace {

using check::HttpOptions;
using check::TlsOptions;

// Headers of a monitor stand beside those of the defaults and replace the ones of the same name.
void merge_headers(const HttpOptions& from, HttpOptions& to) {
  for (const auto& header : from.headers) {
    const auto same = [&](const auto& other) { return same_header(other.first, header.first); };
    const auto found = std::ranges::find_if(to.headers, same);
    if (found != to.headers.end()) {
      *found = header;
    } else {
      to.headers.push_back(header);
    }
  }
}

std::optional<std::string> decode_method(Decoder& d, const Node& node) {
  constexpr std::string_view kWhat = "a method such as GET, HEAD or POST";
  auto text = d.text(node, kWhat);
  if (!text) return std::nullopt;
  std::string upper;
  for (const char c : *text) upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  const bool letters =
      !text->empty() && text->size() <= 32 &&
      std::ranges::all_of(upper, [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; });
  if (!letters || upper == "CONNECT" || upper != *text) {
    d.expected(node, kWhat, letters && upper != "CONNECT" ? upper : "");
    return std::nullopt;
  }
  return text;
}

std::optional<std::string> decode_connect_to(Decoder& d, const Node& node) {
  const auto endpoint = decode_endpoint(d, node, {.example = "10.0.0.7:443"});
  if (!endpoint) return std::nullopt;
  return check::format_host_port(endpoint->host, endpoint->port);
}

constexpr auto kPath = [](Decoder& d, const Node& n) { return decode_line(d, n, "a file path"); };
constexpr auto kUrl = [](Decoder& d, const Node& n) { return decode_url(d, n); };
constexpr auto kBool = [](Decoder& d, const Node& n) { return decode_bool(d, n); };
constexpr auto kHost = [](Decoder& d, const Node& n) { return decode_host(d, n); };
constexpr auto kMethod = [](Decoder& d, const Node& n) { return decode_method(d, n); };
constexpr auto kBody = [](Decoder& d, const Node& n) { return decode_text(d, n, 1U << 20U); };
constexpr auto kProxy = [](Decoder& d, const Node& n) { return decode_proxy(d, n); };
constexpr auto kConnectTo = [](Decoder& d, const Node& n) { return decode_connect_to(d, n); };
constexpr auto kHeaders = [](Decoder& d, const Node& n) { return decode_headers(d, n); };
constexpr auto kUser = [](Decoder& d, const Node& n) { return decode_line(d, n, "a user name"); };
constexpr auto kPassword = [](Decoder& d, const Node& n) {
  return decode_secret(d, n, "a password");
};
constexpr auto kBearer = [](Decoder& d, const Node& n) { return decode_secret(d, n, "a token"); };
constexpr auto kRedirects = [](Decoder& d, const Node& n) -> std::optional<std::uint32_t> {
  const auto count = decode_integer(d, n, {0, 50});
  return count ? std::optional(static_cast<std::uint32_t>(*count)) : std::nullopt;
};
constexpr auto kMaxBody = [](Decoder& d, const Node& n) {
  return decode_size(d, n, {0, std::uint64_t{64} << 20U});
};
constexpr auto kVersion = [](Decoder& d, const Node& n) {
  using check::HttpVersion;
  return decode_choice<HttpVersion>(
      d, n,
      {{"auto", HttpVersion::automatic}, {"1.1", HttpVersion::http1}, {"2", HttpVersion::http2}});
};
constexpr auto kFamily = [](Decoder& d, const Node& n) {
  using check::IpFamily;
  return decode_choice<IpFamily>(
      d, n, {{"any", IpFamily::any}, {"4", IpFamily::v4}, {"6", IpFamily::v6}});
};

template <auto Member>
constexpr auto kMember = [](auto& object) -> auto& { return object.*Member; };

constexpr std::array kTlsFields{
    field<TlsOptions, kMember<&TlsOptions::ca_file>, kPath>(
        "ca_file", "PEM file with the authorities to trust instead of the system's",
        R"({"type":"string"})"),
    field<TlsOptions, kMember<&TlsOptions::certificate_file>, kPath>(
        "certificate_file", "PEM file with the client certificate", R"({"type":"string"})"),
    field<TlsOptions, kMember<&TlsOptions::key_file>, kPath>(
        "key_file", "PEM file with the client certificate's key", R"({"type":"string"})"),
    field<TlsOptions, kMember<&TlsOptions::server_name>, kHost>(
        "server_name", "name to ask for (SNI) and to verify instead of the URL's host",
        R"({"type":"string"})"),
    field<TlsOptions, kMember<&TlsOptions::insecure>, kBool>(
        "insecure", "verify neither the chain nor the name", R"({"$ref":"#/$defs/bool"})"),
};

void decode_tls(Decoder& d, const Node& node, HttpOptions& options) {
  Draft<TlsOptions> draft;
  decode_object(d, node, tls_table(), draft);
  if (given(tls_table(), draft, "certificate_file") != given(tls_table(), draft, "key_file")) {
    d.error(node.at, "certificate_file and key_file belong together, found only one of them");
  }
  options.tls = std::move(draft.value);
}

constexpr std::array kBasicFields{
    field<HttpOptions, kMember<&HttpOptions::basic_username>, kUser>("username", "user name",
                                                                     R"({"type":"string"})"),
    field<HttpOptions, kMember<&HttpOptions::basic_password>, kPassword>("password", "secret",
                                                                         R"({"type":"string"})"),
};

void decode_basic(Decoder& d, const Node& node, HttpOptions& options) {
  if (!require_secret_map(d, node)) return;
  Draft<HttpOptions> draft;
  decode_object(d, node, basic_table(), draft);
  if (draft.given != 3) d.error(node.at, "expected both username and password");
  if (draft.value.basic_username.find(':') != std::string::npos) {
    d.error(node.at, "expected a username without a colon, which would end it (RFC 7617)");
  }
  options.basic_username = std::move(draft.value.basic_username);
  options.basic_password = std::move(draft.value.basic_password);
}

void copy_auth(const HttpOptions& from, HttpOptions& to) {
  to.basic_username = from.basic_username;
  to.basic_password = from.basic_password;
  to.bearer_token = from.bearer_token;
}

constexpr std::array kAuthFields{
    Field<HttpOptions>{{"basic", "HTTP basic authentication", R"({"$ref":"#/$defs/basic"})"},
                       [](Decoder& d, const Node& n, HttpOptions& o) { decode_basic(d, n, o); },
                       copy_auth},
    field<HttpOptions, kMember<&HttpOptions::bearer_token>, kBearer>(
        "bearer", "secret, sent as `Authorization: Bearer ...`", R"({"type":"string"})"),
};

void decode_auth(Decoder& d, const Node& node, HttpOptions& options) {
  if (!require_secret_map(d, node)) return;
  Draft<HttpOptions> draft;
  decode_object(d, node, auth_table(), draft);
  if (draft.given == 3) d.error(node.at, "found both basic and bearer, expected one of them");
  copy_auth(draft.value, options);
}

constexpr std::array kOptionFields{
    field<HttpOptions, kMember<&HttpOptions::method>, kMethod>("method", "HTTP method",
                                                               R"({"type":"string"})"),
    Field<HttpOptions>{{"headers", "header names and values, added to those of the defaults",
                        R"({"$ref":"#/$defs/texts"})"},
                       [](Decoder& d, const Node& n, HttpOptions& o) {
                         if (auto headers = kHeaders(d, n)) o.headers = std::move(*headers);
                       },
                       merge_headers},
    field<HttpOptions, kMember<&HttpOptions::body>, kBody>("body", "text to send",
                                                           R"({"type":"string"})"),
    Field<HttpOptions>{
        {"auth", "basic or bearer authentication", R"({"$ref":"#/$defs/http_auth"})"},
        decode_auth,
        copy_auth},
    Field<HttpOptions>{{"tls", "certificates and names", R"({"$ref":"#/$defs/http_tls"})"},
                       decode_tls,
                       [](const HttpOptions& from, HttpOptions& to) { to.tls = from.tls; }},
    field<HttpOptions, kMember<&HttpOptions::max_redirects>, kRedirects>(
        "max_redirects", "redirects to follow; 0 takes the first answer",
        R"({"$ref":"#/$defs/integer"})"),
    field<HttpOptions, kMember<&HttpOptions::version>, kVersion>(
        "version", "HTTP version", R"({"enum":["auto","1.1","2",1.1,2]})"),
    field<HttpOptions, kMember<&HttpOptions::family>, kFamily>("ip", "address family",
                                                               R"({"$ref":"#/$defs/family"})"),
    field<HttpOptions, kMember<&HttpOptions::proxy>, kProxy>(
        "proxy", "http://[user:password@]host:port", R"({"type":"string"})"),
    field<HttpOptions, kMember<&HttpOptions::connect_to>, kConnectTo>(
        "connect_to", "host:port to connect to instead of the URL's", R"({"type":"string"})"),
    field<HttpOptions, kMember<&HttpOptions::reuse_connection>, kBool>(
        "reuse_connection", "keep the connection for the next check", R"({"$ref":"#/$defs/bool"})"),
    field<HttpOptions, kMember<&HttpOptions::decompress>, kBool>(
        "decompress", "ask for compressed bodies and unpack them", R"({"$ref":"#/$defs/bool"})"),
    field<HttpOptions, kMember<&HttpOptions::max_body_bytes>, kMaxBody>(
        "max_body", "longest body to accept, after unpacking", R"({"$ref":"#/$defs/size"})"),
};

constexpr std::array kTargetFields{
    field<HttpTarget, kMember<&HttpTarget::url>, kUrl>("url", "absolute http or https URL",
                                                       R"({"type":"string"})"),
};

}  // namespace

const Table<HttpTarget>& http_target_table() {
  static constexpr Table<HttpTarget> kTable{kTargetFields, {}};
  return kTable;
}
const Table<HttpOptions>& http_option_table() {
  static constexpr Table<HttpOptions> kTable{kOptionFields, {}};
  return kTable;
}
const Table<HttpOptions>& auth_table() {
  static constexpr Table<HttpOptions> kTable{kAuthFields, {}};
  return kTable;
}
const Table<HttpOptions>& basic_table() {
  static constexpr Table<HttpOptions> kTable{kBasicFields, {}};
  return kTable;
}
const Table<TlsOptions>& tls_table() {
  static constexpr Table<TlsOptions> kTable{kTlsFields, {}};
  return kTable;
}

bool has_auth(const HttpOptions& options) {
  return !options.bearer_token.empty() || !options.basic_username.empty();
}

bool is_authorization(const std::pair<std::string, std::string>& header) {
  return same_header(header.first, "Authorization");
}

void check_http_options(Decoder& d, Position at, const HttpOptions& options) {
  if (has_auth(options) && std::ranges::any_of(options.headers, is_authorization)) {
    d.error(at, "found auth and a header Authorization, expected one of them");
  }
  if (!options.proxy.empty() && !options.connect_to.empty()) {
    d.error(at, "found proxy and connect_to, expected one of them: a proxy connects by itself");
  }
}

void decode_http(Decoder& d, const Node& node, HttpTarget& target, Draft<HttpOptions>& options) {
  if (node.kind == Node::Kind::scalar) {
    if (auto url = decode_url(d, node)) target.url = std::move(*url);
    return;
  }
  if (node.kind != Node::Kind::map) {
    d.expected(node, "a URL or a map with url");
    return;
  }
  Draft<HttpTarget> own;
  for (const NodeEntry& entry : node.entries) {
    if (decode_entry(d, entry, http_target_table(), own)) continue;
    if (decode_entry(d, entry, http_option_table(), options)) continue;
    std::vector<std::string_view> names;
    add_names(http_target_table(), names);
    add_names(http_option_table(), names);
    unknown_key(d, entry, names);
  }
  if (own.given == 0) d.error(node.at, "expected a url");
  check_http_options(d, node.at, options.value);
  target = std::move(own.value);
}

}  // namespace tocsin::config

#include "web/access.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>

#include "web/params.hpp"

namespace tocsin::web {
namespace {

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

// 127.a.b.c in plain decimal, as every browser writes it.
bool is_loopback_v4(std::string_view host) {
  int parts = 0;
  bool first_is_127 = false;
  while (true) {
    const std::size_t dot = host.find('.');
    const std::string_view part = host.substr(0, dot);
    const auto value = parse_unsigned(part);
    if (!value || *value > 255 || part.size() > 3) {
      return false;
    }
    first_is_127 = parts == 0 ? *value == 127 : first_is_127;
    ++parts;
    if (dot == std::string_view::npos) {
      return first_is_127 && parts == 4;
    }
    host.remove_prefix(dot + 1);
  }
}

std::unexpected<Problem> unauthorized(std::string message) {
  return std::unexpected(Problem{401, "unauthorized", std::move(message)});
}

// The token of "Authorization: Bearer TOKEN" (RFC 6750 section 2.1).
std::expected<std::string_view, Problem> bearer_token(const Request& request) {
  if (request.count("authorization") > 1) {
    return unauthorized("the request has more than one Authorization header");
  }
  const auto header = request.header("authorization");
  if (!header) {
    return unauthorized("this needs a token: Authorization: Bearer TOKEN");
  }
  constexpr std::string_view kScheme = "Bearer ";
  if (header->size() <= kScheme.size() ||
      !equal_ignoring_case(header->substr(0, kScheme.size()), kScheme)) {
    return unauthorized("the Authorization header must read: Bearer TOKEN");
  }
  std::string_view token = header->substr(kScheme.size());
  token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
  return token;
}

}  // namespace

bool is_loopback(std::string_view host) {
  return equal_ignoring_case(host, "localhost") || host == "::1" || host == "[::1]" ||
         is_loopback_v4(host);
}

bool is_loopback_authority(std::string_view authority) {
  std::string_view host = authority;
  const std::size_t colon = host.rfind(':');
  const bool bracketed = host.starts_with('[');
  if (colon != std::string_view::npos && (!bracketed || colon > host.find(']'))) {
    const std::string_view port = host.substr(colon + 1);
    const auto number = parse_unsigned(port);
    if (!port.empty() && (!number || *number > 65535)) {
      return false;
    }
    host = host.substr(0, colon);
  }
  // An IPv6 address stands in brackets here (RFC 3986 section 3.2.2).
  return host == "::1" ? false : is_loopback(host);
}

Result<void> check_listen_safety(const config::Settings& settings) {
  if (!settings.tokens.empty() || settings.allow_unauthenticated ||
      is_loopback(settings.listen.host)) {
    return {};
  }
  return fail(ErrorCode::invalid,
              fmt::format("`listen: {}:{}` is reachable from other machines, but `auth.tokens` is "
                          "empty: add a token, listen on 127.0.0.1, or say "
                          "`allow_unauthenticated: true` if anybody may read and write",
                          settings.listen.host, settings.listen.port));
}

Gate::Digest Gate::digest_of(std::string_view token) {
  Digest digest{};
  std::vector<unsigned char> bytes(token.begin(), token.end());
  SHA256(bytes.data(), bytes.size(), digest.data());
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return digest;
}

Gate::Gate(const config::Settings& settings)
    : check_host_(settings.tokens.empty() && !settings.allow_unauthenticated),
      public_metrics_(settings.public_metrics) {
  for (const config::ApiToken& token : settings.tokens) {
    known_.push_back({digest_of(token.token), token.name, token.role});
  }
  if (!settings.pings.key.empty()) {
    ping_key_ = digest_of(settings.pings.key);
  }
}

bool Gate::is_ping_key(std::string_view key) const {
  const Digest digest = digest_of(key);
  return ping_key_ && CRYPTO_memcmp(ping_key_->data(), digest.data(), digest.size()) == 0;
}

const Gate::Known* Gate::find(std::string_view token) const {
  const Digest digest = digest_of(token);
  const Known* found = nullptr;
  // No early end: the time taken tells nothing about which token, or how much of it, matched.
  for (const Known& known : known_) {
    if (CRYPTO_memcmp(known.digest.data(), digest.data(), digest.size()) == 0) {
      found = &known;
    }
  }
  return token.empty() ? nullptr : found;
}

std::expected<Gate::Caller, Problem> Gate::admit(const Request& request, std::string_view authority,
                                                 Access access) const {
  if (check_host_) {
    const auto host = request.header("host");
    if (!is_loopback_authority(host.value_or("")) ||
        (!authority.empty() && !is_loopback_authority(authority))) {
      return std::unexpected(Problem{
          403, "host_not_allowed",
          "without tokens only requests to localhost, 127.0.0.1 or [::1] are answered: configure "
          "`auth.tokens`, or ask by one of these names"});
    }
  }
  if (known_.empty() || access == Access::open || (access == Access::metrics && public_metrics_)) {
    return Caller{};
  }
  const auto token = bearer_token(request);
  if (!token) {
    return std::unexpected(token.error());
  }
  const Known* known = find(*token);
  if (known == nullptr) {
    return unauthorized("this token is not known here");
  }
  if (access == Access::write && known->role != config::Role::write) {
    return std::unexpected(
        Problem{403, "forbidden", fmt::format("the token \"{}\" may only read", known->name)});
  }
  return Caller{known->name};
}

}  // namespace tocsin::web

#pragma once
// Who may ask: bearer tokens with roles, and without tokens the loopback rule.

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/model.hpp"
#include "web/request.hpp"
#include "web/router.hpp"

namespace tocsin::web {

// Refuses (invalid) to listen beyond loopback without tokens, unless `allow_unauthenticated: true`
// says that it is meant. The message names the keys. Call before listening and at every reload.
[[nodiscard]] Result<void> check_listen_safety(const config::Settings& settings);

// "localhost", 127.0.0.0/8 and ::1, with or without brackets.
[[nodiscard]] bool is_loopback(std::string_view host);

// Whether a Host header's value names this machine's loopback, with any port. A page of another
// site that rebinds its name to 127.0.0.1 still sends its own name (DNS rebinding).
[[nodiscard]] bool is_loopback_authority(std::string_view authority);

// Keeps no token, only SHA-256 digests; a presented token is compared with all of them in constant
// time. Immutable after construction.
class Gate {
 public:
  explicit Gate(const config::Settings& settings);

  struct Caller {
    std::string name;  // of the token; "" when none was asked for
  };
  // Whether `key` is that of `pings`. Takes as long for every wrong one.
  [[nodiscard]] bool is_ping_key(std::string_view key) const;

  // 401 unauthorized (with WWW-Authenticate, added by the caller), 403 forbidden for the wrong
  // role, 403 host_not_allowed. `authority` is that of an absolute-form target or "".
  [[nodiscard]] std::expected<Caller, Problem> admit(const Request& request,
                                                     std::string_view authority,
                                                     Access access) const;

 private:
  using Digest = std::array<unsigned char, 32>;
  struct Known {
    Digest digest;
    std::string name;
    config::Role role;
  };
  [[nodiscard]] const Known* find(std::string_view token) const;
  [[nodiscard]] static Digest digest_of(std::string_view token);

  std::vector<Known> known_;
  std::optional<Digest> ping_key_;
  bool check_host_ = false;
  bool public_metrics_ = false;
};

}  // namespace tocsin::web

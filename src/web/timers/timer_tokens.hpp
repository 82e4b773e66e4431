#pragma once
// Who may arm timers.

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.hpp"

namespace tocsin::web {

// Keeps no token, only SHA-256 digests; a presented one is compared with all of them in constant
// time. Immutable.
class TimerTokens {
 public:
  explicit TimerTokens(const config::TimerSettings& settings);

  enum class Verdict : std::uint8_t { allowed, unknown, other_ids };
  // `authorization` is the field's value. Without any token everything is allowed.
  [[nodiscard]] Verdict may_arm(std::string_view authorization, std::string_view id) const;
  [[nodiscard]] Verdict may_check(std::string_view authorization, std::string_view id) const;

 private:
  using Digest = std::array<unsigned char, 32>;
  struct Known {
    Digest digest;
    std::string prefix;
  };
  std::vector<Known> known_;
  bool open_checks_ = true;
};

}  // namespace tocsin::web

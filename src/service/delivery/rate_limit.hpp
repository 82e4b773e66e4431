#pragma once
// A token bucket: at most `count` in any `per`, spread after a burst. Passive; no clock.

#include <algorithm>
#include <cstdint>

#include "base/time.hpp"

namespace tocsin::service {

class RateLimit {
 public:
  // `count` 0: no limit.
  RateLimit(std::uint32_t count, Milliseconds per)
      : count_(count), per_token_(count == 0 ? Microseconds{0} : Microseconds{per} / count) {}

  // When the next may go: `now` or later.
  [[nodiscard]] MonoTime free_at(MonoTime now) const {
    const Microseconds burst = per_token_ * static_cast<std::int64_t>(count_ == 0 ? 0 : count_ - 1);
    return std::max(now, full_at_ - burst);
  }
  void take(MonoTime now) {
    if (count_ != 0) {
      full_at_ = std::max(full_at_, now) + per_token_;
    }
  }

 private:
  std::uint32_t count_;
  Microseconds per_token_;
  MonoTime full_at_{};  // when all tokens are back
};

}  // namespace tocsin::service

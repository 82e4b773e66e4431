#pragma once
// When to try again: exponential with full jitter, and never before the other side asked.

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/random.hpp"
#include "base/time.hpp"

namespace tocsin::service {

inline constexpr Milliseconds kBackoffBase{1'000};
inline constexpr Milliseconds kBackoffCap{60'000};  // one request a minute hurts nobody
inline constexpr Milliseconds kLongestRetryAfter{3'600'000};

// `failures` in a row, from 1: a random time up to base * 2^failures, at most the cap, at least a
// tenth of the base.
[[nodiscard]] inline Milliseconds backoff(unsigned failures,
                                          std::optional<Milliseconds> retry_after, Random& random) {
  const unsigned doublings = std::min(failures, 16U);
  const Milliseconds most = std::min(kBackoffCap, Milliseconds{kBackoffBase * (1LL << doublings)});
  Milliseconds delay{
      static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(most.count()) + 1))};
  delay = std::max(delay, kBackoffBase / 10);
  if (retry_after) {
    delay = std::max(delay, std::clamp(*retry_after, Milliseconds{0}, kLongestRetryAfter));
  }
  return delay;
}

}  // namespace tocsin::service

#pragma once
// When a failed call is tried again: the SDKs' standard mode. Pure. Source: "Retry behavior" of the
// SDKs and tools reference guide; figures as botocore has them.

#include <cstdint>

#include "adapters/aws/failure.hpp"
#include "base/random.hpp"
#include "base/time.hpp"

namespace tocsin::aws {

inline constexpr int kMostAttempts = 3;  // unless AWS_MAX_ATTEMPTS says otherwise
inline constexpr Milliseconds kFirstDelay{1'000};
inline constexpr Milliseconds kLongestDelay{20'000};

// Before retry number `retry` (from 0): a random part of `first`, twice, four times it ... 20 s.
[[nodiscard]] Milliseconds retry_delay(int retry, Random& random, Milliseconds first = kFirstDelay);
// How long the server asks to be left alone: x-amz-retry-after in milliseconds, of which at most
// 5 s count beyond `delay`; Retry-After in seconds, at most 20 s. Never less than `delay`.
[[nodiscard]] Milliseconds heed_retry_after(Milliseconds delay, const Headers& headers);

// Shared by all calls of a client: when most of them fail, they stop repeating themselves.
class RetryQuota {
 public:
  // False: not enough is left, the call fails now. What was taken comes back with release() when
  // the retried call succeeds.
  [[nodiscard]] bool take(bool timed_out);
  void release(bool timed_out);
  // A call succeeded at its first attempt.
  void succeeded();
  [[nodiscard]] int left() const { return left_; }

 private:
  static constexpr int kFull = 500;
  static constexpr int kRetry = 5;
  static constexpr int kTimeout = 10;

  int left_ = kFull;
};

}  // namespace tocsin::aws

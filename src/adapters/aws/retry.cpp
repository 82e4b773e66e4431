#include "adapters/aws/retry.hpp"

#include <algorithm>

namespace tocsin::aws {

Milliseconds retry_delay(int retry, Random& random) {
  const std::int64_t most =
      std::min<std::int64_t>(std::int64_t{1000} << std::clamp(retry, 0, 10), kLongestDelay.count());
  return Milliseconds{
      static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(most) + 1))};
}

bool RetryQuota::take(bool timed_out) {
  const int cost = timed_out ? kTimeout : kRetry;
  if (left_ < cost) {
    return false;
  }
  left_ -= cost;
  return true;
}

void RetryQuota::release(bool timed_out) {
  left_ = std::min(left_ + (timed_out ? kTimeout : kRetry), kFull);
}

void RetryQuota::succeeded() { left_ = std::min(left_ + 1, kFull); }

}  // namespace tocsin::aws

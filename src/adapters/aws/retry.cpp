#include "adapters/aws/retry.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

namespace tocsin::aws {

namespace {

constexpr Milliseconds kMostBeyond{5'000};

std::optional<std::int64_t> whole_number(const Headers& headers, std::string_view name) {
  const auto found = std::ranges::find(headers, name, &Headers::value_type::first);
  if (found == headers.end()) {
    return std::nullopt;
  }
  const std::string& text = found->second;
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  const bool whole = error == std::errc() && end == text.data() + text.size() && out >= 0;
  return whole ? std::optional(out) : std::nullopt;
}

}  // namespace

Milliseconds retry_delay(int retry, Random& random, Milliseconds first) {
  const std::int64_t most =
      std::min<std::int64_t>(first.count() << std::clamp(retry, 0, 10), kLongestDelay.count());
  return Milliseconds{
      static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(most) + 1))};
}

Milliseconds heed_retry_after(Milliseconds delay, const Headers& headers) {
  if (const auto wanted = whole_number(headers, "x-amz-retry-after")) {
    return std::clamp(Milliseconds{std::min<std::int64_t>(*wanted, 3'600'000)}, delay,
                      delay + kMostBeyond);
  }
  if (const auto wanted = whole_number(headers, "retry-after")) {
    return std::max(delay, std::min(Milliseconds{std::min<std::int64_t>(*wanted, 3'600) * 1'000},
                                    kLongestDelay));
  }
  return delay;
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

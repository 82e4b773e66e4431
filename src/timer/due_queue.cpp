#include "timer/due_queue.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace tocsin::timer {
namespace {

// A stamp is the bucket's begin in seconds from the base, above two bits for its width.
struct Level {
  std::int64_t width;    // seconds
  std::int64_t horizon;  // used for deadlines at most so far away
};
constexpr std::array<Level, 4> kLevels{Level{1, 256}, Level{64, 16'384}, Level{4'096, 1'048'576},
                                       Level{262'144, INT64_MAX}};
constexpr std::int64_t kLatest = (std::int64_t{1} << 30U) - 1;  // 34 years

std::int64_t seconds_of(Milliseconds span) {
  return std::chrono::floor<std::chrono::seconds>(span).count();
}

}  // namespace

Stamp DueQueue::stamp_for(Instant deadline, Instant now) const {
  // From 1, so that no stamp is kNotQueued.
  const std::int64_t at = std::clamp<std::int64_t>(seconds_of(deadline - base_) + 1, 1, kLatest);
  const std::int64_t away = seconds_of(deadline - now);
  std::size_t level = 0;
  while (away > kLevels[level].horizon) {
    ++level;
  }
  std::int64_t begin = at / kLevels[level].width * kLevels[level].width;
  // A coarse bucket that has begun already would be opened at once, for nothing.
  while (begin <= seconds_of(now - base_) + 1 && level > 0) {
    --level;
    begin = at / kLevels[level].width * kLevels[level].width;
  }
  return static_cast<Stamp>(std::max<std::int64_t>(begin, 1) << 2U |
                            static_cast<std::int64_t>(level));
}

Instant DueQueue::begin_of(Stamp stamp) const {
  return base_ + std::chrono::seconds{static_cast<std::int64_t>(stamp >> 2U) - 1};
}

void DueQueue::add(std::uint32_t item, Stamp stamp) {
  buckets_[stamp].push_back(item);
  ++size_;
}

void DueQueue::take_begun(Instant now, std::vector<Entry>& out) {
  while (!buckets_.empty() && begin_of(buckets_.begin()->first) <= now) {
    const auto bucket = buckets_.extract(buckets_.begin());
    size_ -= bucket.mapped().size();
    for (const std::uint32_t item : bucket.mapped()) {
      out.push_back({item, bucket.key()});
    }
  }
}

std::optional<Instant> DueQueue::next() const {
  if (buckets_.empty()) {
    return std::nullopt;
  }
  return begin_of(buckets_.begin()->first);
}

std::size_t DueQueue::bytes() const {
  std::size_t out = 0;
  for (const auto& [stamp, items] : buckets_) {
    out += items.capacity() * sizeof(items[0]) + 96;
  }
  return out;
}

void DueQueue::clear() {
  buckets_.clear();
  size_ = 0;
}

}  // namespace tocsin::timer

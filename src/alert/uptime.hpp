#pragma once
// Roll-ups of outcomes: what uptime is computed from. Uptime is up/(up+down) over outcomes of the
// schedule; unknown outcomes and time in which nobody watched count on neither side.

#include <array>
#include <cstdint>
#include <optional>

#include "base/time.hpp"
#include "check/outcome.hpp"

namespace tocsin::alert {

struct Tally {
  std::uint32_t up = 0;
  std::uint32_t down = 0;
  std::uint32_t unknown = 0;
  std::uint64_t duration_us_sum = 0;  // of known outcomes
  std::uint32_t duration_us_max = 0;  // saturates

  void add(check::Status status, Microseconds duration);
  void merge(const Tally& other);
  bool operator==(const Tally&) const = default;
};

enum class RollupLevel : std::uint8_t { hour, day };  // aligned to UTC

// A closed bucket, ready to be stored.
struct ClosedBucket {
  RollupLevel level = RollupLevel::hour;
  Instant start{};
  Tally tally;
};

// The open buckets of one monitor; part of its durable record.
struct OpenBuckets {
  Instant hour_start{};
  Instant day_start{};
  Tally hour;
  Tally day;
  // The last hour in twelve slots of five minutes, for the sliding window `1h`.
  Instant slot_start{};  // start of slots[0], the newest
  std::array<std::uint16_t, 12> slot_up{};
  std::array<std::uint16_t, 12> slot_down{};
  bool operator==(const OpenBuckets&) const = default;
};

struct Closed {
  std::array<ClosedBucket, 2> buckets;
  std::size_t count = 0;
};

// Counts one outcome that ended at `at`; returns the buckets that this closes (empty ones are not
// reported). An `at` up to an hour before an open bucket (the wall clock stepped back, or checks
// ended out of order) counts into that bucket; an earlier one closes it and opens its own, which
// the store later merges with what it has of that time: a clock that was far ahead blocks nothing.
Closed count_outcome(OpenBuckets& open, Instant at, check::Status status, Microseconds duration);

// up/(up+down), or nullopt when both are 0.
[[nodiscard]] std::optional<double> ratio(std::uint64_t up, std::uint64_t down);

// The sliding hour ending at `now`, rounded to slots: the running one and the eleven before it. A
// `now` before the newest slot (the wall clock stepped back) counts as within it.
[[nodiscard]] std::optional<double> last_hour(const OpenBuckets& open, Instant now);

}  // namespace tocsin::alert

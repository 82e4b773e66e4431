#include "alert/uptime.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

namespace tocsin::alert {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::minutes;

constexpr minutes kSlot{5};
// How far back an outcome may lie and still count into what is open.
constexpr hours kStepTolerated{1};

void saturating_increment(std::uint16_t& counter) {
  if (counter < std::numeric_limits<std::uint16_t>::max()) {
    ++counter;
  }
}

Instant slot_of(Instant at) {
  return Instant{std::chrono::floor<std::chrono::duration<std::int64_t, std::ratio<300>>>(at)};
}

// Moves the open bucket to the one of `at` when it must; reports it when that closes one.
void turn_bucket(Instant& start, Tally& tally, Instant at, RollupLevel level, Closed& closed) {
  const Milliseconds length = level == RollupLevel::hour ? Milliseconds{hours{1}} : days{1};
  if (at < start + length && at >= start - kStepTolerated) {
    return;
  }
  if (tally != Tally{}) {
    closed.buckets.at(closed.count++) = {level, start, tally};
  }
  tally = {};
  start = level == RollupLevel::hour ? Instant{floor<hours>(at)} : Instant{floor<days>(at)};
}

void turn_slots(OpenBuckets& open, Instant at) {
  if (at < open.slot_start + kSlot && at >= open.slot_start - kStepTolerated) {
    return;
  }
  const auto count = static_cast<std::int64_t>(open.slot_up.size());
  const Instant start = slot_of(at);
  const std::int64_t ahead = start > open.slot_start ? (start - open.slot_start) / kSlot : count;
  const auto shift = static_cast<std::ptrdiff_t>(std::min(ahead, count));
  for (auto* slots : {&open.slot_up, &open.slot_down}) {
    std::shift_right(slots->begin(), slots->end(), shift);
    std::fill_n(slots->begin(), shift, std::uint16_t{0});
  }
  open.slot_start = start;
}

}  // namespace

void Tally::add(check::Status status, Microseconds duration) {
  switch (status) {
    case check::Status::up:
      ++up;
      break;
    case check::Status::down:
      ++down;
      break;
    case check::Status::unknown:
      ++unknown;
      return;
  }
  const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0));
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  duration_us_sum += us;
  duration_us_max = std::max(duration_us_max, static_cast<std::uint32_t>(std::min(us, kMost)));
}

void Tally::merge(const Tally& other) {
  up += other.up;
  down += other.down;
  unknown += other.unknown;
  duration_us_sum += other.duration_us_sum;
  duration_us_max = std::max(duration_us_max, other.duration_us_max);
}

Closed count_outcome(OpenBuckets& open, Instant at, check::Status status, Microseconds duration) {
  Closed closed;
  turn_bucket(open.hour_start, open.hour, at, RollupLevel::hour, closed);
  turn_bucket(open.day_start, open.day, at, RollupLevel::day, closed);
  turn_slots(open, at);
  open.hour.add(status, duration);
  open.day.add(status, duration);
  if (status == check::Status::up) {
    saturating_increment(open.slot_up.front());
  } else if (status == check::Status::down) {
    saturating_increment(open.slot_down.front());
  }
  return closed;
}

std::optional<double> ratio(std::uint64_t up, std::uint64_t down) {
  if (up == 0 && down == 0) {
    return std::nullopt;
  }
  return static_cast<double>(up) / (static_cast<double>(up) + static_cast<double>(down));
}

std::optional<double> last_hour(const OpenBuckets& open, Instant now) {
  const std::int64_t passed =
      now > open.slot_start ? (slot_of(now) - open.slot_start) / kSlot : std::int64_t{0};
  const auto count = static_cast<std::int64_t>(open.slot_up.size());
  std::uint64_t up = 0;
  std::uint64_t down = 0;
  for (std::int64_t i = 0; i + passed < count; ++i) {
    up += open.slot_up.at(static_cast<std::size_t>(i));
    down += open.slot_down.at(static_cast<std::size_t>(i));
  }
  return ratio(up, down);
}

}  // namespace tocsin::alert

#pragma once
// One dead man's switch: armed for some seconds, it expires unless it is armed again.

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.hpp"

namespace tocsin::timer {

inline constexpr std::int64_t kLongestSeconds = std::int64_t{10} * 365 * 24 * 60 * 60;  // 10 years
inline constexpr std::size_t kLongestId = 512;                                          // bytes

// An expiry that people were told of by itself, and not yet of its end: what the recovery needs to
// say.
struct Missed {
  Instant deadline{};   // that passed
  Instant announced{};  // when it was told
  Instant armed{};      // its start: the last that was heard before
  bool operator==(const Missed&) const = default;
};

struct Timer {
  std::string id;                // 1 to kLongestId bytes of UTF-8
  Instant start{};               // on the store's clock (timer/timeline.hpp)
  std::int64_t seconds = 0;      // 1 to kLongestSeconds
  Instant announced{};           // when the expiry of this arm was claimed to be told; epoch 0: not
  bool told = false;             // and it is in the outbox
  bool grouped = false;          // told as one of many
  std::optional<Missed> missed;  // of an earlier arm

  [[nodiscard]] Instant deadline() const { return start + std::chrono::seconds{seconds}; }
  [[nodiscard]] bool expired(Instant now) const { return now >= deadline(); }
  // Whether `other` is of the same arm.
  [[nodiscard]] bool same_arm(const Timer& other) const {
    return id == other.id && start == other.start && seconds == other.seconds;
  }
  bool operator==(const Timer&) const = default;
};

}  // namespace tocsin::timer

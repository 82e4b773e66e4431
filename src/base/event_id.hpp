#pragma once
// Unique, time-ordered ids for events: 26 characters of Crockford base 32, 48 bits of Unix
// milliseconds and 80 random bits (the ULID layout), so that text order is time order.

#include <string>
#include <string_view>

#include "base/random.hpp"
#include "base/time.hpp"

namespace tocsin {

// Makes ids that increase strictly within one generator, also when the clock steps back: it then
// keeps the last millisecond and counts up.
class EventIds {
 public:
  explicit EventIds(std::uint64_t seed) : random_(seed) {}
  [[nodiscard]] std::string next(Instant now);
  // Everything from now on is greater than `id`, one that an earlier process made: the wall clock
  // may have stepped back between the two. Anything that is not an id is ignored.
  void resume_after(std::string_view id);

 private:
  Random random_;
  std::uint64_t last_ms_ = 0;
  std::uint64_t high_ = 0;  // upper 16 of the 80 random bits
  std::uint64_t low_ = 0;   // lower 64
};

}  // namespace tocsin

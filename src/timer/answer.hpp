#pragma once
// What a client is told of a timer, in whole seconds, as the service that this replaces said it.

#include <cstdint>

#include "base/time.hpp"
#include "timer/timer.hpp"

namespace tocsin::timer {

// start + seconds - now == remaining, always. The start is that of the arm, cut to the second, on
// today's wall clock; what remains is rounded up, so that a running timer never shows 0; `now` is
// counted from the start and may be up to two seconds behind the clock on the wall.
struct Answer {
  std::int64_t start = 0;  // Unix seconds
  std::int64_t now = 0;
  std::int64_t seconds = 0;
  std::int64_t remaining = 0;  // 0 when expired
};

// `lead` as of Timeline; zero where timers run on the wall clock.
[[nodiscard]] Answer answer_of(const Timer& timer, Instant now, Milliseconds lead);

}  // namespace tocsin::timer

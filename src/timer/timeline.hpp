#pragma once
// The clock on which embedded timers run. It starts as the wall clock and then follows the
// monotonic one, so that a stepped wall clock expires nothing early or late; how far the two are
// apart is kept in the store, so that a restart goes on from there. Pure: both clocks are given.

#include "base/time.hpp"

namespace tocsin::timer {

class Timeline {
 public:
  // `lead`: how far timer time is ahead of the wall clock, as an earlier process left it.
  Timeline(Instant wall, MonoTime mono, Milliseconds lead);

  // Timer time. Never steps while the process lives; counts time in which the machine slept.
  [[nodiscard]] Instant at(MonoTime mono) const;
  // The wall clock was looked at: true when it stepped, by a second or more, and the lead is
  // another now. Less than that is the clock's own correction and changes nothing.
  bool observe(Instant wall, MonoTime mono);
  [[nodiscard]] Milliseconds lead() const { return lead_; }
  // What a moment of timer time is called on today's wall clock.
  [[nodiscard]] Instant wall_of(Instant timer_time) const { return timer_time - lead_; }

 private:
  Instant anchor_;
  MonoTime anchor_mono_;
  Milliseconds lead_;
};

}  // namespace tocsin::timer

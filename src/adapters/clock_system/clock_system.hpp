#pragma once
// The machine's clocks: CLOCK_REALTIME for the wall, CLOCK_BOOTTIME (which counts suspended time)
// for durations and deadlines.

#include "ports/loop.hpp"

namespace tocsin::adapters {

// Stateless; callable from any thread.
class ClockSystem final : public ports::Clock {
 public:
  [[nodiscard]] Instant now() const override;
  [[nodiscard]] MonoTime mono_now() const override;
};

}  // namespace tocsin::adapters

#include "alert/flapping.hpp"

#include <bit>

namespace tocsin::alert {

FlapStep count_change(FlapMemory memory, check::Status status, bool changed) {
  FlapStep step{memory, std::nullopt};
  if (status == check::Status::unknown) {
    return step;
  }
  constexpr std::uint32_t kMask = (1U << kFlapWindow) - 1;
  step.next.changes = ((memory.changes << 1U) | (changed ? 1U : 0U)) & kMask;
  const auto changes = static_cast<unsigned>(std::popcount(step.next.changes));
  if (!memory.flapping && changes >= kFlapStart) {
    step.next.flapping = true;
    step.event = EventType::flapping_started;
  } else if (memory.flapping && changes <= kFlapEnd) {
    step.next.flapping = false;
    step.event = EventType::flapping_ended;
  }
  return step;
}

FlapStep stop_flapping(FlapMemory memory) {
  if (!memory.flapping) {
    return {};
  }
  return {{}, EventType::flapping_ended};
}

}  // namespace tocsin::alert

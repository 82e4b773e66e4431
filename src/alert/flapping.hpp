#pragma once
// Flapping: an incident that opens and closes again and again says one thing, not twenty. The rule:
// of the last 20 known outcomes, how many opened or closed an incident? From 6 on the monitor is
// flapping; at 2 or less it no longer is. Pure; allocates nothing.

#include <cstdint>
#include <optional>

#include "alert/event_type.hpp"
#include "check/outcome.hpp"

namespace tocsin::alert {

inline constexpr unsigned kFlapWindow = 20;
inline constexpr unsigned kFlapStart = 6;
inline constexpr unsigned kFlapEnd = 2;

// Durable.
struct FlapMemory {
  std::uint32_t changes = 0;  // of the last kFlapWindow known outcomes, newest in bit 0
  bool flapping = false;
  bool operator==(const FlapMemory&) const = default;
};

struct FlapStep {
  FlapMemory next;
  std::optional<EventType> event;  // flapping_started or flapping_ended
};

// Takes one outcome. `changed`: it opened or closed an incident. Unknown outcomes are passed over.
[[nodiscard]] FlapStep count_change(FlapMemory memory, check::Status status, bool changed);
// Nobody wants to know any more: what flaps stops doing so.
[[nodiscard]] FlapStep stop_flapping(FlapMemory memory);

}  // namespace tocsin::alert

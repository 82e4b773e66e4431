#pragma once
// Exact accounting of planned runs. Invariant, always: planned == on_time + late + skipped +
// running.

#include <array>
#include <cstdint>
#include <numeric>
#include <string_view>

namespace tocsin::schedule {

// Why a planned run did not happen. Stored by position: append only.
enum class Skip : std::uint8_t {
  overlap,       // the earlier run was still going and max_overlap reached
  overload,      // we could not keep up, or the bound on checks in flight was reached
  paused,        // the monitor was paused
  process_down,  // Tocsin did not run, or the machine slept
  interrupted,   // the run was cut by our own stop
};
inline constexpr std::size_t kSkipKinds = 5;

struct Counters {
  std::uint64_t planned = 0;
  std::uint64_t on_time = 0;
  std::uint64_t late = 0;
  std::array<std::uint64_t, kSkipKinds> skipped{};
  std::uint64_t running = 0;
  std::uint64_t retries = 0;  // not part of the invariant
  std::uint64_t manual = 0;   // not part of the invariant

  [[nodiscard]] std::uint64_t skipped_total() const {
    return std::accumulate(skipped.begin(), skipped.end(), std::uint64_t{0});
  }
  [[nodiscard]] bool balanced() const {
    return planned == on_time + late + skipped_total() + running;
  }
  [[nodiscard]] std::uint64_t& skip(Skip why) { return skipped[static_cast<std::size_t>(why)]; }
  [[nodiscard]] std::uint64_t skip(Skip why) const {
    return skipped[static_cast<std::size_t>(why)];
  }
  bool operator==(const Counters&) const = default;
};

[[nodiscard]] constexpr std::string_view to_string(Skip why) {
  constexpr std::array<std::string_view, kSkipKinds> kNames{"overlap", "overload", "paused",
                                                            "process_down", "interrupted"};
  return kNames[static_cast<std::size_t>(why)];
}

}  // namespace tocsin::schedule

#pragma once
// The thresholds of the rules, per service.

#include <cstdint>

#include "base/time.hpp"

namespace tocsin::deployment {

struct Options {
  Milliseconds timeout{std::chrono::minutes{15}};  // of a deployment or a scaling, then it is told
  Milliseconds scale_debounce{0};        // a desired count must hold so long before it is told
  std::int64_t partial_crash_polls = 2;  // answers with too few tasks before it is told
  std::int64_t deploy_failed_tasks = 3;  // of a deployment that goes on
  Milliseconds flap_window{std::chrono::minutes{15}};
  std::int64_t flap_threshold = 3;  // episodes within the window
  Milliseconds flap_quiet{std::chrono::minutes{5}};
  std::int64_t missing_polls = 2;  // answers without the service before it counts as deleted
  bool adopt_running = false;      // cold start: a deployment that goes on is not told as started
  bool operator==(const Options&) const = default;
};

}  // namespace tocsin::deployment

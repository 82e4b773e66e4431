// The stores of timers that need nothing beside the process.

#include "contract/timer_store_harness.hpp"

namespace tocsin::test {

std::vector<TimerBackendKind> timer_backends() {
  return {{"memory", make_memory_timers}, {"sqlite", make_sqlite_timers}};
}

}  // namespace tocsin::test

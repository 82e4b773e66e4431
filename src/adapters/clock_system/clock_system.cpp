#include "adapters/clock_system/clock_system.hpp"

#include <ctime>

#include "base/result.hpp"

namespace tocsin::adapters {
namespace {

std::chrono::nanoseconds read_clock(clockid_t clock) {
  timespec value{};
  TOCSIN_ASSERT(clock_gettime(clock, &value) == 0);
  return std::chrono::seconds{value.tv_sec} + std::chrono::nanoseconds{value.tv_nsec};
}

}  // namespace

Instant ClockSystem::now() const {
  return Instant{std::chrono::floor<Milliseconds>(read_clock(CLOCK_REALTIME))};
}

MonoTime ClockSystem::mono_now() const {
  return MonoTime{std::chrono::floor<Microseconds>(read_clock(CLOCK_BOOTTIME))};
}

}  // namespace tocsin::adapters

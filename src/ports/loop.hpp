#pragma once
// Time and turn-taking. The loop thread owns all domain state: everything above adapters/ runs on
// it, so nothing there needs a lock. Real: adapters/loop_asio on CLOCK_BOOTTIME; test:
// tests/support's VirtualLoop, which jumps from one due moment to the next.

#include <cstdint>
#include <functional>

#include "base/time.hpp"

namespace tocsin::ports {

class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  [[nodiscard]] virtual Instant now() const = 0;        // wall; may step either way
  [[nodiscard]] virtual MonoTime mono_now() const = 0;  // never steps; counts suspended time
};

using Task = std::move_only_function<void()>;
using TimerId = std::uint64_t;  // 0 is never a timer

class Loop {
 public:
  Loop() = default;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  virtual ~Loop() = default;

  // Runs `task` on the loop thread, after what was posted before it. Callable from any thread.
  // Never runs it inline. Tasks posted after the loop stopped are destroyed without running.
  virtual void post(Task task) = 0;
  // Runs `task` once at or after `when`. Loop thread only.
  virtual TimerId call_at(MonoTime when, Task task) = 0;
  // Loop thread only. An id that already ran or is unknown is ignored.
  virtual void cancel(TimerId id) = 0;
};

}  // namespace tocsin::ports

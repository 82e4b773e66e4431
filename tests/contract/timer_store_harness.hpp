#pragma once
// What the suites of the timers' stores share: the stores under test, opened, killed and opened
// again, and blocking forms of the port's calls.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "contract/store_harness.hpp"
#include "ports/timer_store.hpp"

namespace tocsin::test {

class TimerBackend {
 public:
  struct Options {
    std::uint64_t max_timers = 10'000'000;
    Milliseconds keep_expired{std::chrono::hours{24 * 30}};
  };
  TimerBackend() = default;
  TimerBackend(const TimerBackend&) = delete;
  TimerBackend& operator=(const TimerBackend&) = delete;
  virtual ~TimerBackend() = default;
  // Ends the store that is open, then opens one on what it kept.
  virtual ports::TimerStore& open(PumpLoop& loop, const Options& options) = 0;
  // From now on nothing is kept, until heal().
  virtual void break_store() = 0;
  virtual void heal() = 0;
  // Starts are kept to the second only.
  [[nodiscard]] virtual bool whole_seconds() const { return false; }
  // Enforces max_timers: of a shared table nobody knows how many there are.
  [[nodiscard]] virtual bool bounded() const { return true; }
};

struct TimerBackendKind {
  const char* name;
  std::unique_ptr<TimerBackend> (*make)();
};
// What the contract suite runs on: each of its programs says.
[[nodiscard]] std::vector<TimerBackendKind> timer_backends();

[[nodiscard]] std::unique_ptr<TimerBackend> make_memory_timers();
[[nodiscard]] std::unique_ptr<TimerBackend> make_sqlite_timers();

// The port's calls, waited for.
[[nodiscard]] Result<ports::Armed> arm(PumpLoop& loop, ports::TimerStore& store,
                                       std::string_view id, std::int64_t seconds);
[[nodiscard]] Result<std::optional<timer::Timer>> find(PumpLoop& loop, ports::TimerStore& store,
                                                       std::string_view id);
[[nodiscard]] Result<std::optional<timer::Timer>> disarm(PumpLoop& loop, ports::TimerStore& store,
                                                         std::string_view id);
// All pages; sorted by id.
[[nodiscard]] std::vector<timer::Timer> list_all(PumpLoop& loop, ports::TimerStore& store,
                                                 const std::string& prefix, std::size_t page);
[[nodiscard]] std::vector<timer::Timer> take_due(PumpLoop& loop, ports::TimerStore& store,
                                                 std::size_t limit = 1000);
[[nodiscard]] std::vector<bool> mark(PumpLoop& loop, ports::TimerStore& store,
                                     std::vector<ports::TimerMark> marks);

}  // namespace tocsin::test

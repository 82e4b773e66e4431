#pragma once
// The loop of the timer listener: epoll, edge-triggered, one thread. It serves one set of
// descriptors, whose owner is called with what is ready; the thread's other work goes through the
// port. Timers run on CLOCK_BOOTTIME.

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "ports/loop.hpp"

namespace tocsin::web {

class EpollLoop final : public ports::Loop {
 public:
  // Throws std::system_error when the process has no descriptor left.
  explicit EpollLoop(const ports::Clock& clock);
  // After run() returned. Destroys tasks and timers that did not run.
  ~EpollLoop() override;

  // Runs tasks, timers and what is ready on the calling thread until stop(). Once per object.
  void run();
  // Callable from any thread, also before run().
  void stop();

  void post(ports::Task task) override;
  ports::TimerId call_at(MonoTime when, ports::Task task) override;
  void cancel(ports::TimerId id) override;

  // --- Descriptors. Loop thread, or before run(). ---
  // `ready` gets the name of the descriptor and EPOLL* bits; `turned` runs after all of one turn.
  void serve(std::function<void(std::uint64_t name, std::uint32_t events)> ready,
             std::function<void()> turned);
  // Edge-triggered for reading and writing, until the descriptor is closed. Names are the caller's,
  // above kFirstName. Error (exhausted): the system's bound on watched descriptors.
  static constexpr std::uint64_t kFirstName = 16;
  [[nodiscard]] Result<void> add(int descriptor, std::uint64_t name);

 private:
  void wake();
  void run_posted();
  void run_timers();
  void arm_timer();
  void wait(bool idle);

  const ports::Clock& clock_;
  int epoll_ = -1, wake_ = -1, timer_ = -1;
  std::function<void(std::uint64_t, std::uint32_t)> ready_;
  std::function<void()> turned_;

  std::mutex mutex_;
  std::vector<ports::Task> posted_;  // guarded by mutex_
  bool woken_ = false;               // guarded by mutex_: the descriptor is set
  std::atomic<bool> stopping_{false};
  std::vector<ports::Task> running_;

  ports::TimerId next_id_ = 1;
  std::map<std::pair<MonoTime, ports::TimerId>, ports::Task> timers_;
  std::unordered_map<ports::TimerId, MonoTime> due_;
  std::optional<MonoTime> armed_;
};

}  // namespace tocsin::web

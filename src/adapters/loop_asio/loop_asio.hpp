#pragma once
// The loop on a Boost.Asio io_context of one thread, with timers on CLOCK_BOOTTIME (an Asio timer
// stands still while the machine is suspended).

#include <memory>

#include "ports/loop.hpp"

namespace boost::asio {
class io_context;  // NOLINT(readability-identifier-naming): the library's name
}

namespace tocsin::adapters {

class LoopAsio final : public ports::Loop {
 public:
  // Throws std::system_error when the process has no descriptor left for the timer.
  LoopAsio();
  // After run() returned. Destroys tasks and timers that did not run.
  ~LoopAsio() override;

  // Runs tasks, timers and I/O on the calling thread until stop(). Once per object.
  void run();
  // Callable from any thread, also before run(). Work that was not begun is dropped.
  void stop();
  // For adapters and listeners that run on the loop thread. Lives as long as this object.
  [[nodiscard]] boost::asio::io_context& context();

  void post(ports::Task task) override;
  ports::TimerId call_at(MonoTime when, ports::Task task) override;
  void cancel(ports::TimerId id) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::adapters

#pragma once
// ports::CommandRunner with posix_spawn, pidfds and pipes on Boost.Asio, on the loop thread.
//
// What the port leaves open:
// - A program leads a session of its own (so a process group, and no terminal).
// - When it ends while a process that it left behind holds a pipe open, what comes within 100 ms is
//   still read; then the answer is given, and the group gets SIGTERM and `grace` later SIGKILL.
//   What is left without a pipe gets SIGKILL at once.
// - A program that survives SIGKILL (stuck in the kernel, or running as another user) is answered
//   for as killed 1 s later and reaped when it ends.
// - Starting blocks the loop until the kernel has opened the file.

#include <memory>
#include <span>
#include <string>

#include "ports/command_runner.hpp"
#include "ports/loop.hpp"

namespace boost::asio {
class io_context;  // NOLINT(readability-identifier-naming): the library's name
}

namespace tocsin::adapters {

struct CommandPosixOptions {
  std::size_t max_running = 32;  // at a time, those left behind among them
  std::size_t max_waiting = 1'000;
};

class CommandPosix final : public ports::CommandRunner {
 public:
  // `own_environment`: "NAME=value", as this process got it; only kInheritedVariables are kept.
  // `context` is the one that `loop` runs on; all three outlive this object. Sets, for the process:
  // SIGPIPE is ignored (a program that does not read its input must not end us), SIGCHLD is at its
  // default (ignored, the kernel would forget how programs ended).
  CommandPosix(ports::Loop& loop, const ports::Clock& clock, boost::asio::io_context& context,
               std::span<const std::string> own_environment, CommandPosixOptions options = {});
  // Loop thread, or after the loop stopped. Kills what runs and reaps it, for which it waits at
  // most 1 s. `done` is posted to the loop, which does not run it when it stopped.
  ~CommandPosix() override;

  ports::CommandId start(ports::CommandRequest request,
                         std::move_only_function<void(ports::CommandResult)> done) override;
  void cancel(ports::CommandId id) override;

  struct Stats {
    std::size_t running = 0;
    std::size_t waiting = 0;
  };
  [[nodiscard]] Stats stats() const;  // loop thread

 private:
  class Queue;
  std::shared_ptr<Queue> queue_;
};

}  // namespace tocsin::adapters

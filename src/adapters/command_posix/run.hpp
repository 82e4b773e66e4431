#pragma once
// One program from its start to the end of what it left behind. Loop thread.

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <string>

#include "adapters/command_posix/spawn.hpp"
#include "ports/command_runner.hpp"
#include "ports/loop.hpp"

namespace tocsin::adapters {

// Kept alive by the handlers of its descriptors and by its timer.
class Run : public std::enable_shared_from_this<Run> {
 public:
  struct World {
    ports::Loop& loop;
    const ports::Clock& clock;
    boost::asio::io_context& context;
  };
  using Done = std::move_only_function<void(ports::CommandResult)>;
  // Called once, when nothing of the program is left to wait for.
  using Gone = std::move_only_function<void()>;

  Run(World world, ports::CommandRequest request, pid_t pid);
  // Takes the child's descriptors. Otherwise the errno: then nothing was taken or begun.
  [[nodiscard]] int attach(Child& child);
  void begin(Done done, Gone gone);
  // SIGTERM to the group, SIGKILL when the grace is over.
  void terminate(ports::CommandExit::Cause cause);
  // SIGKILL to the group.
  void kill_now();
  // After kill_now(): waits at most `limit` for the end, then posts `done`.
  void await_death(Milliseconds limit);

 private:
  using Stream = boost::asio::posix::stream_descriptor;
  // One of the program's outputs.
  struct Reading {
    explicit Reading(boost::asio::io_context& context) : pipe(context) {}
    Stream pipe;
    std::string kept;
    std::uint64_t bytes = 0;
    bool open = true;
  };

  void write_input(std::size_t from);
  void read(Reading& reading);
  void take(Reading& reading);
  void await_exit();
  void on_exit();
  void on_limit();
  void on_killed();
  void conclude();
  void end_leftovers();
  void reap();
  void arm(Milliseconds limit, void (Run::*then)());
  void signal_group(int signal) const;
  [[nodiscard]] bool pipes_open() const { return output_.open || errors_.open; }

  World world_;
  ports::CommandRequest request_;
  Done done_;  // empty: answered
  Gone gone_;  // empty: reaped
  pid_t pid_;
  Stream exit_, input_;
  Reading output_, errors_;
  MonoTime started_;
  ports::TimerId timer_ = 0;
  ports::CommandExit result_;
  bool exited_ = false;  // ended; a zombie until reap(), which keeps its number ours
  bool terminating_ = false;
  bool killed_ = false;
};

}  // namespace tocsin::adapters

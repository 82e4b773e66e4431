#pragma once
// Programs on virtual time: each run ends as the test says, after the delay the test says, and the
// runner keeps what ports::CommandRunner promises: timeout, grace, cancellation, bounds, turns.
// Stricter than the real one: a request that breaks the contract is recorded as a violation.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ports/command_runner.hpp"
#include "support/virtual_loop.hpp"

namespace tocsin::test {

class ScriptedCommandRunner final : public ports::CommandRunner {
 public:
  struct Answer {
    // With the whole output: the runner cuts it and counts it.
    ports::CommandResult result;
    Milliseconds after{0};  // beyond the timeout: ended by SIGTERM there
    bool ignores_sigterm = false;
  };
  explicit ScriptedCommandRunner(VirtualLoop& loop, std::size_t max_running = 32,
                                 std::size_t max_waiting = 1'000)
      : loop_(loop), max_running_(max_running), max_waiting_(max_waiting) {}
  // As the real one: everything is cancelled, by posts to the loop.
  ~ScriptedCommandRunner() override;

  ports::CommandId start(ports::CommandRequest request,
                         std::move_only_function<void(ports::CommandResult)> done) override;
  void cancel(ports::CommandId id) override;

  // Asked when a program starts.
  std::function<Answer(const ports::CommandRequest&)> script;
  std::vector<ports::CommandRequest> requests;  // in the order of their starts
  std::vector<std::string> violations;
  [[nodiscard]] std::size_t running() const { return running_.size(); }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

  // A program that ran: exits with `status`, having written `output`.
  [[nodiscard]] static Answer exits(int status, std::string output = "", Milliseconds after = {});
  [[nodiscard]] static Answer fails(ports::CommandFailure::Kind kind, std::string message);

 private:
  using Done = std::move_only_function<void(ports::CommandResult)>;
  struct Job {
    ports::CommandRequest request;
    Done done;
    ports::TimerId timer = 0;
    MonoTime started;
    bool ignores_sigterm = false;
    bool ending = false;
  };

  void launch(ports::CommandId id, Job job);
  void finish(ports::CommandId id, ports::CommandResult result);
  void terminate(ports::CommandId id, ports::CommandExit::Cause cause);
  void post(Done done, ports::CommandResult result);

  VirtualLoop& loop_;
  std::size_t max_running_;
  std::size_t max_waiting_;
  ports::CommandId next_ = 1;
  std::map<ports::CommandId, Job> running_;
  std::map<ports::CommandId, Job> waiting_;
};

}  // namespace tocsin::test

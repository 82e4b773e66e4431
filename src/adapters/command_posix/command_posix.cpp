#include "adapters/command_posix/command_posix.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <csignal>
#include <map>
#include <utility>

#include "adapters/command_posix/environment.hpp"
#include "adapters/command_posix/program_file.hpp"
#include "adapters/command_posix/run.hpp"
#include "base/result.hpp"

namespace tocsin::adapters {
namespace {

using Kind = ports::CommandFailure::Kind;
using Done = std::move_only_function<void(ports::CommandResult)>;

// When the destructor must go on, whatever still lives.
constexpr Milliseconds kDeathLimit{1'000};

}  // namespace

// Who runs and who waits. Shared with the callbacks of runs, which may outlive the runner.
class CommandPosix::Queue : public std::enable_shared_from_this<Queue> {
 public:
  Queue(Run::World world, Environment inherited, CommandPosixOptions options)
      : world_(world), inherited_(std::move(inherited)), options_(options) {}

  ports::CommandId add(ports::CommandRequest request, Done done) {
    const ports::CommandId id = next_++;
    if (std::string wrong = invalid_words(request); !wrong.empty()) {
      refuse(std::move(done), {Kind::invalid, std::move(wrong)});
    } else if (running_.size() < options_.max_running) {
      launch(id, std::move(request), std::move(done));
    } else if (waiting_.size() < options_.max_waiting) {
      wait(id, std::move(request), std::move(done));
    } else {
      refuse(
          std::move(done),
          {Kind::resources, fmt::format("cannot run {}: {} commands run and {} wait already",
                                        request.argv.front(), running_.size(), waiting_.size())});
    }
    return id;
  }

  void cancel(ports::CommandId id) {
    if (const auto running = running_.find(id); running != running_.end()) {
      running->second->terminate(ports::CommandExit::Cause::cancelled);
    } else if (auto waiting = waiting_.extract(id)) {
      drop(std::move(waiting.mapped()), Kind::cancelled, "it was cancelled before its turn");
    }
  }

  void stop() {
    for (auto& [id, waiting] : std::exchange(waiting_, {})) {
      drop(std::move(waiting), Kind::cancelled, "stopping");
    }
    stopping_ = true;
    const auto running = std::exchange(running_, {});
    // All at once, so that they die side by side; then one after the other is waited for.
    for (const auto& [id, run] : running) {
      run->kill_now();
    }
    const MonoTime end = world_.clock.mono_now() + kDeathLimit;
    for (const auto& [id, run] : running) {
      const auto left = std::chrono::ceil<Milliseconds>(end - world_.clock.mono_now());
      run->await_death(std::max(left, Milliseconds{0}));
    }
  }

  [[nodiscard]] Stats stats() const { return {running_.size(), waiting_.size()}; }

 private:
  struct Waiting {
    ports::CommandRequest request;
    Done done;
    ports::TimerId timer = 0;
  };

  void refuse(Done done, ports::CommandFailure failure) {
    world_.loop.post([done = std::move(done), failure = std::move(failure)]() mutable {
      done(std::unexpected(std::move(failure)));
    });
  }

  void drop(Waiting waiting, Kind kind, std::string_view why) {
    world_.loop.cancel(waiting.timer);
    refuse(std::move(waiting.done),
           {kind, fmt::format("did not run {}: {}", waiting.request.argv.front(), why)});
  }

  void wait(ports::CommandId id, ports::CommandRequest request, Done done) {
    const MonoTime limit = world_.clock.mono_now() + request.timeout;
    const ports::TimerId timer = world_.loop.call_at(limit, [self = shared_from_this(), id] {
      if (auto waiting = self->waiting_.extract(id)) {
        const Milliseconds waited = waiting.mapped().request.timeout;
        self->drop(std::move(waiting.mapped()), Kind::resources,
                   fmt::format("no turn within {}, {} commands run already",
                               format_duration(waited), self->running_.size()));
      }
    });
    waiting_.emplace(id, Waiting{std::move(request), std::move(done), timer});
  }

  void launch(ports::CommandId id, ports::CommandRequest request, Done done) {
    const Environment environment = environment_of(inherited_, request);
    const auto path = find_program(request.argv.front(), environment.at("PATH"));
    if (!path) {
      refuse(std::move(done), path.error());
      return;
    }
    auto child = spawn(*path, request.argv, environment);
    if (!child) {
      refuse(std::move(done), explain_start(*path, child.error()));
      return;
    }
    const auto run = std::make_shared<Run>(world_, std::move(request), child->pid);
    if (const int error = run->attach(*child); error != 0) {
      kill(-child->pid, SIGKILL);
      waitpid(child->pid, nullptr, 0);
      refuse(std::move(done), explain_start(*path, error));
      return;
    }
    running_.emplace(id, run);
    run->begin(std::move(done), [self = shared_from_this(), id] { self->on_gone(id); });
  }

  void on_gone(ports::CommandId id) {
    running_.erase(id);
    while (!stopping_ && !waiting_.empty() && running_.size() < options_.max_running) {
      auto next = waiting_.extract(waiting_.begin());
      world_.loop.cancel(next.mapped().timer);
      launch(next.key(), std::move(next.mapped().request), std::move(next.mapped().done));
    }
  }

  Run::World world_;
  Environment inherited_;
  CommandPosixOptions options_;
  ports::CommandId next_ = 1;
  std::map<ports::CommandId, std::shared_ptr<Run>> running_;
  std::map<ports::CommandId, Waiting> waiting_;  // ids grow: in order of arrival
  bool stopping_ = false;
};

CommandPosix::CommandPosix(ports::Loop& loop, const ports::Clock& clock,
                           boost::asio::io_context& context,
                           std::span<const std::string> own_environment,
                           CommandPosixOptions options)
    : queue_(std::make_shared<Queue>(Run::World{loop, clock, context}, inheritable(own_environment),
                                     options)) {
  TOCSIN_ASSERT(std::signal(SIGPIPE, SIG_IGN) != SIG_ERR);
  TOCSIN_ASSERT(std::signal(SIGCHLD, SIG_DFL) != SIG_ERR);
}

CommandPosix::~CommandPosix() { queue_->stop(); }

ports::CommandId CommandPosix::start(ports::CommandRequest request,
                                     std::move_only_function<void(ports::CommandResult)> done) {
  return queue_->add(std::move(request), std::move(done));
}

void CommandPosix::cancel(ports::CommandId id) { queue_->cancel(id); }

CommandPosix::Stats CommandPosix::stats() const { return queue_->stats(); }

}  // namespace tocsin::adapters

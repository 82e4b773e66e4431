#include "support/scripted_command_runner.hpp"

#include <csignal>
#include <utility>

namespace tocsin::test {
namespace {

using Cause = ports::CommandExit::Cause;
using Kind = ports::CommandFailure::Kind;

std::unexpected<ports::CommandFailure> failure(Kind kind, std::string message) {
  return std::unexpected(ports::CommandFailure{kind, std::move(message)});
}

void bound(std::string& text, std::uint64_t& bytes, std::uint64_t limit) {
  bytes = text.size();
  text.resize(std::min<std::uint64_t>(bytes, limit));
}

}  // namespace

ScriptedCommandRunner::Answer ScriptedCommandRunner::exits(int status, std::string output,
                                                           Milliseconds after) {
  ports::CommandExit exit;
  exit.status = status;
  exit.output = std::move(output);
  return {std::move(exit), after, false};
}

ScriptedCommandRunner::Answer ScriptedCommandRunner::fails(Kind kind, std::string message) {
  return {failure(kind, std::move(message)), Milliseconds{0}, false};
}

ScriptedCommandRunner::~ScriptedCommandRunner() {
  for (auto& [id, job] : running_) {
    loop_.cancel(job.timer);
    ports::CommandExit exit;
    exit.cause = Cause::cancelled;
    exit.signal = SIGKILL;
    exit.duration = loop_.mono_now() - job.started;
    post(std::move(job.done), std::move(exit));
  }
  for (auto& [id, job] : waiting_) {
    loop_.cancel(job.timer);
    post(std::move(job.done), failure(Kind::cancelled, "stopping"));
  }
}

void ScriptedCommandRunner::post(Done done, ports::CommandResult result) {
  loop_.post(
      [done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); });
}

ports::CommandId ScriptedCommandRunner::start(ports::CommandRequest request, Done done) {
  const ports::CommandId id = next_++;
  if (request.timeout <= Milliseconds{0} || request.grace < Milliseconds{0}) {
    violations.emplace_back("no timeout");
  }
  if (request.argv.empty() || request.argv.front().empty()) {
    post(std::move(done), failure(Kind::invalid, "cannot run a command without a program's name"));
    return id;
  }
  Job job{std::move(request), std::move(done), 0, loop_.mono_now(), false, false};
  if (running_.size() < max_running_) {
    launch(id, std::move(job));
  } else if (waiting_.size() < max_waiting_) {
    job.timer = loop_.call_at(loop_.mono_now() + job.request.timeout, [this, id] {
      Job waited = std::move(waiting_.extract(id).mapped());
      post(std::move(waited.done), failure(Kind::resources, "no turn"));
    });
    waiting_.emplace(id, std::move(job));
  } else {
    post(std::move(job.done), failure(Kind::resources, "too many commands wait"));
  }
  return id;
}

void ScriptedCommandRunner::launch(ports::CommandId id, Job job) {
  Answer answer = script(job.request);
  requests.push_back(job.request);
  if (!answer.result) {
    post(std::move(job.done), std::move(answer.result));
    return;
  }
  job.started = loop_.mono_now();
  job.ignores_sigterm = answer.ignores_sigterm;
  if (answer.after > job.request.timeout) {
    job.timer = loop_.call_at(job.started + job.request.timeout,
                              [this, id] { terminate(id, Cause::timed_out); });
  } else {
    job.timer = loop_.call_at(
        job.started + answer.after,
        [this, id, result = std::move(answer.result)]() mutable { finish(id, std::move(result)); });
  }
  running_.emplace(id, std::move(job));
}

void ScriptedCommandRunner::finish(ports::CommandId id, ports::CommandResult result) {
  Job job = std::move(running_.extract(id).mapped());
  result->duration = loop_.mono_now() - job.started;
  bound(result->output, result->output_bytes, job.request.max_output_bytes);
  bound(result->errors, result->error_bytes, job.request.max_output_bytes);
  post(std::move(job.done), std::move(result));
  while (!waiting_.empty() && running_.size() < max_running_) {
    auto next = waiting_.extract(waiting_.begin());
    loop_.cancel(next.mapped().timer);
    launch(next.key(), std::move(next.mapped()));
  }
}

void ScriptedCommandRunner::terminate(ports::CommandId id, Cause cause) {
  Job& job = running_.at(id);
  if (std::exchange(job.ending, true)) {
    return;
  }
  loop_.cancel(job.timer);
  ports::CommandExit exit;
  exit.cause = cause;
  exit.signal = job.ignores_sigterm ? SIGKILL : SIGTERM;
  const Milliseconds delay = job.ignores_sigterm ? job.request.grace : Milliseconds{0};
  job.timer = loop_.call_at(loop_.mono_now() + delay, [this, id, exit = std::move(exit)]() mutable {
    finish(id, std::move(exit));
  });
}

void ScriptedCommandRunner::cancel(ports::CommandId id) {
  if (running_.contains(id)) {
    terminate(id, Cause::cancelled);
  } else if (auto waiting = waiting_.extract(id)) {
    loop_.cancel(waiting.mapped().timer);
    post(std::move(waiting.mapped().done),
         failure(Kind::cancelled, "it was cancelled before its turn"));
  }
}

}  // namespace tocsin::test

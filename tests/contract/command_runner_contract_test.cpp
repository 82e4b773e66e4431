// What every ports::CommandRunner promises: run on the real one and on the scripted one.

#include <csignal>
#include <optional>
#include <set>

#include "adapters/command_posix/command_posix.hpp"
#include "contract/loop_fixture.hpp"
#include "support/scripted_command_runner.hpp"

namespace tocsin::test {
namespace {

using Cause = ports::CommandExit::Cause;
using Kind = ports::CommandFailure::Kind;
using std::chrono::milliseconds;

// What the programs of this suite do.
enum class Deed : std::uint8_t { echo, complain, abort, hang, stubborn, flood, missing };
constexpr std::size_t kFlood = 1'000'000;
constexpr std::size_t kMaxRunning = 2;
constexpr std::size_t kMaxWaiting = 3;

std::vector<std::string> argv_of(Deed deed) {
  const auto shell = [](const char* script) {
    return std::vector<std::string>{"/bin/sh", "-c", script};
  };
  switch (deed) {
    case Deed::echo:
      return {"cat"};
    case Deed::complain:
      return shell("echo said; echo sorry >&2; exit 3");
    case Deed::abort:
      return shell("kill -ABRT $$");
    case Deed::hang:
      return shell("exec sleep 60");
    case Deed::stubborn:
      // Answers when it is deaf, so that no test sends SIGTERM before.
      return shell("trap '' TERM; echo deaf; while :; do sleep 60; done");
    case Deed::flood:
      return shell("head -c 1000000 /dev/zero | tr '\\0' x");
    case Deed::missing:
      return {"/nonexistent/program"};
  }
  return {};
}

// Counts answers: exactly one may come.
struct Answered {
  std::optional<ports::CommandResult> result;
  int times = 0;
};

class RealCommands {
 public:
  RealCommands() {
    loop_.on_loop([this] {
      const std::vector<std::string> environment{"PATH=/usr/bin:/bin"};
      runner_ = std::make_unique<adapters::CommandPosix>(
          loop_.loop, loop_.clock, loop_.loop.context(), environment,
          adapters::CommandPosixOptions{kMaxRunning, kMaxWaiting});
    });
  }
  ~RealCommands() {
    end();
    loop_.stop();
  }
  ports::CommandId start(ports::CommandRequest request, std::shared_ptr<Answered> answered) {
    ports::CommandId id = 0;
    loop_.on_loop([&] {
      id = runner_->start(std::move(request), [answered](ports::CommandResult result) {
        ++answered->times;
        answered->result = std::move(result);
      });
      EXPECT_EQ(answered->times, 0) << "ran inline";
    });
    return id;
  }
  void cancel(ports::CommandId id) {
    loop_.on_loop([&] { runner_->cancel(id); });
  }
  void end() {
    loop_.on_loop([this] { runner_.reset(); });
  }
  bool wait_until(const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    for (bool now = false; std::chrono::steady_clock::now() < end;) {
      Awaited<int> pause;
      loop_.on_loop([&] {
        now = holds();
        loop_.loop.call_at(loop_.in(milliseconds{2}),
                           [taker = pause.taker()]() mutable { taker(0); });
      });
      if (now) return true;
      pause.get();
    }
    return false;
  }

 private:
  LoopThread loop_;
  std::unique_ptr<adapters::CommandPosix> runner_;
};

class ScriptedCommands {
 public:
  ScriptedCommands() {
    runner_->script = [](const ports::CommandRequest& request) { return play(request); };
  }
  ports::CommandId start(ports::CommandRequest request, std::shared_ptr<Answered> answered) {
    const auto id = runner_->start(std::move(request), [answered](ports::CommandResult result) {
      ++answered->times;
      answered->result = std::move(result);
    });
    EXPECT_EQ(answered->times, 0) << "ran inline";
    return id;
  }
  void cancel(ports::CommandId id) { runner_->cancel(id); }
  void end() {
    runner_.reset();
    loop_.run_ready();
  }
  bool wait_until(const std::function<bool()>& holds) {
    loop_.run_ready();
    while (!holds() && loop_.run_one(MonoTime::max())) {
    }
    return holds();
  }

 private:
  static ScriptedCommandRunner::Answer play(const ports::CommandRequest& request) {
    using Runner = ScriptedCommandRunner;
    if (request.argv == argv_of(Deed::echo)) return Runner::exits(0, request.input);
    if (request.argv == argv_of(Deed::flood)) return Runner::exits(0, std::string(kFlood, 'x'));
    if (request.argv == argv_of(Deed::missing)) {
      return Runner::fails(Kind::not_found, "cannot run /nonexistent/program: no such file");
    }
    Runner::Answer answer = Runner::exits(0);
    if (request.argv == argv_of(Deed::complain)) {
      answer = Runner::exits(3, "said\n");
      answer.result->errors = "sorry\n";
    } else if (request.argv == argv_of(Deed::abort)) {
      answer.result->signal = SIGABRT;
    } else {
      answer.after = std::chrono::minutes{1};
      answer.ignores_sigterm = request.argv == argv_of(Deed::stubborn);
    }
    return answer;
  }

  VirtualLoop loop_;
  std::unique_ptr<ScriptedCommandRunner> runner_ =
      std::make_unique<ScriptedCommandRunner>(loop_, kMaxRunning, kMaxWaiting);
};

template <typename Commands>
class CommandRunnerContract : public testing::Test {
 protected:
  static ports::CommandRequest request(Deed deed) {
    ports::CommandRequest out;
    out.argv = argv_of(deed);
    out.timeout = milliseconds{20'000};
    return out;
  }
  std::shared_ptr<Answered> begin(ports::CommandRequest request, ports::CommandId* id = nullptr) {
    auto answered = std::make_shared<Answered>();
    const auto begun = commands_.start(std::move(request), answered);
    EXPECT_NE(begun, 0U);
    if (id != nullptr) *id = begun;
    return answered;
  }
  ports::CommandResult await(const std::shared_ptr<Answered>& answered) {
    EXPECT_TRUE(commands_.wait_until([&] { return answered->times > 0; })) << "no answer";
    EXPECT_EQ(answered->times, 1);
    return answered->result.value_or(std::unexpected(ports::CommandFailure{}));
  }
  ports::CommandResult run(ports::CommandRequest request) {
    return await(begin(std::move(request)));
  }
  void expect_failure(const ports::CommandResult& result, Kind kind) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, kind) << result.error().message;
    EXPECT_NE(result.error().message, "");
  }

  Commands commands_;
};

using Both = testing::Types<RealCommands, ScriptedCommands>;
TYPED_TEST_SUITE(CommandRunnerContract, Both);

TYPED_TEST(CommandRunnerContract, GivesTheInputAndTakesTheOutput) {
  auto request = this->request(Deed::echo);
  request.input = "{\"type\":\"went_down\"}";
  const auto result = this->run(std::move(request));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->cause, Cause::itself);
  EXPECT_EQ(result->status, 0);
  EXPECT_EQ(result->signal, 0);
  EXPECT_EQ(result->output, "{\"type\":\"went_down\"}");
  EXPECT_EQ(result->output_bytes, result->output.size());
  EXPECT_EQ(result->errors, "");
}

TYPED_TEST(CommandRunnerContract, TellsTheExitStatusAndBothOutputsApart) {
  const auto result = this->run(this->request(Deed::complain));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->status, 3);
  EXPECT_EQ(result->output, "said\n");
  EXPECT_EQ(result->errors, "sorry\n");
  EXPECT_EQ(result->error_bytes, 6U);
}

TYPED_TEST(CommandRunnerContract, TellsTheSignalThatEndedIt) {
  const auto result = this->run(this->request(Deed::abort));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->cause, Cause::itself);
  EXPECT_EQ(result->signal, SIGABRT);
  EXPECT_EQ(result->status, 0);
}

TYPED_TEST(CommandRunnerContract, KeepsTheFirstBytesAndCountsAll) {
  auto request = this->request(Deed::flood);
  request.max_output_bytes = 100;
  const auto result = this->run(std::move(request));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->output, std::string(100, 'x'));
  EXPECT_EQ(result->output_bytes, kFlood);
}

TYPED_TEST(CommandRunnerContract, EndsAProgramAtItsTimeout) {
  auto request = this->request(Deed::hang);
  request.timeout = milliseconds{50};
  request.grace = milliseconds{20'000};
  const auto result = this->run(std::move(request));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->cause, Cause::timed_out);
  EXPECT_EQ(result->signal, SIGTERM);
  EXPECT_GE(result->duration, milliseconds{50});
  EXPECT_LT(result->duration, milliseconds{10'000});
}

TYPED_TEST(CommandRunnerContract, KillsAProgramThatIgnoresTheEnd) {
  auto request = this->request(Deed::stubborn);
  request.timeout = milliseconds{500};
  request.grace = milliseconds{50};
  const auto result = this->run(std::move(request));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->cause, Cause::timed_out);
  EXPECT_EQ(result->signal, SIGKILL);
  EXPECT_GE(result->duration, milliseconds{550});
}

TYPED_TEST(CommandRunnerContract, SaysWhichFileIsMissing) {
  const auto result = this->run(this->request(Deed::missing));
  this->expect_failure(result, Kind::not_found);
  EXPECT_EQ(result.error().message, "cannot run /nonexistent/program: no such file");
}

TYPED_TEST(CommandRunnerContract, RefusesACommandWithoutWords) {
  this->expect_failure(this->run({}), Kind::invalid);
}

TYPED_TEST(CommandRunnerContract, CancelsARunningProgramAndTellsItsEnd) {
  ports::CommandId id = 0;
  const auto answered = this->begin(this->request(Deed::hang), &id);
  this->commands_.cancel(id);
  this->commands_.cancel(id);
  const auto result = this->await(answered);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->cause, Cause::cancelled);
  EXPECT_EQ(result->signal, SIGTERM);
  this->commands_.cancel(id);
  this->commands_.cancel(12'345);
}

TYPED_TEST(CommandRunnerContract, CancelsWhatWaitsWithoutRunningIt) {
  const auto first = this->begin(this->request(Deed::hang));
  const auto second = this->begin(this->request(Deed::hang));
  ports::CommandId id = 0;
  const auto waiting = this->begin(this->request(Deed::echo), &id);
  this->commands_.cancel(id);
  this->expect_failure(this->await(waiting), Kind::cancelled);
  EXPECT_EQ(first->times + second->times, 0);
}

TYPED_TEST(CommandRunnerContract, OthersWaitForATurnInOrder) {
  std::vector<ports::CommandId> hanging(kMaxRunning);
  std::vector<std::shared_ptr<Answered>> ends;
  for (auto& id : hanging) ends.push_back(this->begin(this->request(Deed::hang), &id));
  const auto next = this->begin(this->request(Deed::stubborn));
  const auto last = this->begin(this->request(Deed::echo));
  this->commands_.cancel(hanging.front());
  EXPECT_TRUE(this->await(ends.front()));
  // The slot of the first belongs to the third, which hangs; the fourth has to wait.
  EXPECT_EQ(next->times + last->times, 0);
  this->commands_.cancel(hanging.back());
  EXPECT_TRUE(this->await(last));
}

TYPED_TEST(CommandRunnerContract, WaitsNoLongerForATurnThanItsTimeout) {
  const auto first = this->begin(this->request(Deed::hang));
  const auto second = this->begin(this->request(Deed::hang));
  auto impatient = this->request(Deed::echo);
  impatient.timeout = milliseconds{50};
  this->expect_failure(this->run(std::move(impatient)), Kind::resources);
}

TYPED_TEST(CommandRunnerContract, OnlySoManyWait) {
  std::vector<std::shared_ptr<Answered>> kept;
  for (std::size_t i = 0; i < kMaxRunning + kMaxWaiting; ++i) {
    kept.push_back(this->begin(this->request(Deed::hang)));
  }
  this->expect_failure(this->run(this->request(Deed::echo)), Kind::resources);
}

TYPED_TEST(CommandRunnerContract, ItsEndAnswersEveryCommand) {
  std::vector<std::shared_ptr<Answered>> running;
  for (std::size_t i = 0; i < kMaxRunning; ++i) {
    running.push_back(this->begin(this->request(Deed::stubborn)));
  }
  const auto waiting = this->begin(this->request(Deed::echo));
  this->commands_.end();
  for (const auto& answered : running) {
    const auto result = this->await(answered);
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->cause, Cause::cancelled);
    EXPECT_EQ(result->signal, SIGKILL);
  }
  this->expect_failure(this->await(waiting), Kind::cancelled);
}

}  // namespace
}  // namespace tocsin::test

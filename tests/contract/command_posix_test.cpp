// What only real programs can do wrong, and what they must not get from us.

#include "adapters/command_posix/command_posix.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "contract/loop_fixture.hpp"
#include "support/test_certificates.hpp"

namespace tocsin::test {
namespace {

using Cause = ports::CommandExit::Cause;
using Kind = ports::CommandFailure::Kind;
using std::chrono::milliseconds;

ports::CommandRequest shell(const std::string& script) {
  ports::CommandRequest request;
  request.argv = {"/bin/sh", "-c", script};
  request.timeout = milliseconds{20'000};
  return request;
}

ports::CommandRequest program(const std::string& path) {
  ports::CommandRequest request;
  request.argv = {path};
  return request;
}

// Ended, or a zombie that waits for whoever runs as process 1 here.
bool ended(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  return text.empty() || text.substr(text.rfind(')') + 2).starts_with('Z');
}

std::size_t open_descriptors() {
  return static_cast<std::size_t>(std::distance(
      std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator()));
}

class CommandPosix : public testing::Test {
 protected:
  CommandPosix() {
    // What the constructor must put right.
    std::signal(SIGPIPE, SIG_DFL);
    std::signal(SIGCHLD, SIG_IGN);
    loop_.on_loop([this] {
      const std::vector<std::string> own{"PATH=/usr/bin:/bin", "TOCSIN_TOKEN=secret-of-ours",
                                         "LANG=C.UTF-8"};
      runner_ = std::make_unique<adapters::CommandPosix>(loop_.loop, loop_.clock,
                                                         loop_.loop.context(), own);
    });
  }
  ~CommandPosix() override {
    loop_.on_loop([this] { runner_.reset(); });
    loop_.stop();
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a child was not reaped";
    EXPECT_EQ(errno, ECHILD);
  }

  ports::CommandResult run(ports::CommandRequest request) {
    Awaited<ports::CommandResult> answer;
    loop_.on_loop([&] { runner_->start(std::move(request), answer.taker()); });
    return answer.get();
  }
  std::string output_of(ports::CommandRequest request) {
    const auto result = run(std::move(request));
    EXPECT_TRUE(result) << result.error().message;
    return result ? result->output : "";
  }
  void expect_failure(ports::CommandRequest request, Kind kind, const std::string& message) {
    const auto result = run(std::move(request));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, kind);
    EXPECT_EQ(result.error().message, message);
  }
  bool wait_until(const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) return false;
      Awaited<int> pause;
      loop_.on_loop([&] {
        loop_.loop.call_at(loop_.in(milliseconds{5}),
                           [taker = pause.taker()]() mutable { taker(0); });
      });
      pause.get();
    }
    return true;
  }

  TempFolder folder_;
  LoopThread loop_;
  std::unique_ptr<adapters::CommandPosix> runner_;
};

TEST_F(CommandPosix, AProgramNeedNotReadItsInput) {
  auto request = shell("echo fine");
  request.input = std::string(4U << 20U, 'x');
  EXPECT_EQ(output_of(std::move(request)), "fine\n");
}

TEST_F(CommandPosix, AProgramMayCloseItsInputEarly) {
  auto request = shell("read line; exec <&-; echo \"$line\"");
  request.input = "first\n" + std::string(4U << 20U, 'x');
  EXPECT_EQ(output_of(std::move(request)), "first\n");
}

TEST_F(CommandPosix, AProgramThatNeverReadsIsEndedAtItsTimeout) {
  auto request = shell("exec sleep 60");
  request.input = std::string(4U << 20U, 'x');
  request.timeout = milliseconds{50};
  const auto result = run(std::move(request));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->cause, Cause::timed_out);
}

TEST_F(CommandPosix, LargeInputAndOutputPassBothWaysAtATime) {
  ports::CommandRequest request;
  request.argv = {"cat"};
  request.input = std::string(8U << 20U, 'x') + "end";
  request.max_output_bytes = request.input.size();
  const std::string input = request.input;
  EXPECT_EQ(output_of(std::move(request)), input);
}

TEST_F(CommandPosix, AFloodHoldsUpNobody) {
  auto flood = shell("exec yes");
  flood.timeout = milliseconds{300};
  Awaited<ports::CommandResult> answer;
  loop_.on_loop([&] { runner_->start(std::move(flood), answer.taker()); });
  EXPECT_EQ(output_of(shell("echo quick")), "quick\n");
  const auto result = answer.get();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->cause, Cause::timed_out);
  EXPECT_EQ(result->output.size(), std::size_t{64} << 10U);
  EXPECT_GT(result->output_bytes, result->output.size());
}

TEST_F(CommandPosix, WhatItLeftBehindWithAPipeOpenHoldsUpNoAnswerAndIsEnded) {
  auto request = shell("sleep 60 & echo $!");
  request.grace = milliseconds{50};
  const auto result = run(std::move(request));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->cause, Cause::itself);
  EXPECT_LT(result->duration, milliseconds{10'000});
  const auto left = static_cast<pid_t>(std::stol(result->output));
  EXPECT_TRUE(wait_until([left] { return ended(left); }));
}

TEST_F(CommandPosix, WhatItLeftBehindWithoutAPipeIsEnded) {
  const auto result = run(shell("trap '' TERM; sleep 60 </dev/null >/dev/null 2>&1 & echo $!"));
  ASSERT_TRUE(result);
  const auto left = static_cast<pid_t>(std::stol(result->output));
  EXPECT_TRUE(wait_until([left] { return ended(left); }));
}

TEST_F(CommandPosix, ATimeoutEndsGrandchildrenToo) {
  auto request = shell("trap '' TERM; sleep 60 & echo $!; wait; wait");
  request.timeout = milliseconds{300};
  request.grace = milliseconds{50};
  const auto result = run(std::move(request));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->signal, SIGKILL);
  const auto left = static_cast<pid_t>(std::stol(result->output));
  EXPECT_TRUE(wait_until([left] { return ended(left); }));
}

TEST_F(CommandPosix, GrandchildrenMayUseTheGraceAfterTheirParentEnded) {
  // The shell goes at once; its child takes the signal, tidies up and still says so.
  auto request = shell(
      "sh -c 'trap \"sleep 0.2; echo tidy; exit\" TERM; echo up; while :; do sleep 0.05; done' &"
      "trap 'exit 9' TERM; wait");
  request.timeout = milliseconds{500};
  request.grace = milliseconds{20'000};
  const auto result = run(std::move(request));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 9);
  EXPECT_EQ(result->output, "up\ntidy\n");
}

TEST_F(CommandPosix, AStoppedProgramHearsTheEnd) {
  auto request = shell("kill -STOP $$");
  request.timeout = milliseconds{200};
  request.grace = milliseconds{20'000};
  const auto result = run(std::move(request));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->cause, Cause::timed_out);
  EXPECT_EQ(result->signal, SIGTERM);
}

TEST_F(CommandPosix, ClosingItsOutputsIsNotItsEnd) {
  const auto result = run(shell("exec >&- 2>&-; sleep 0.1; exit 4"));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 4);
}

TEST_F(CommandPosix, NoSecretOfOurEnvironmentReachesIt) {
  ASSERT_EQ(setenv("TOCSIN_TOKEN", "secret-of-ours", 1), 0);  // NOLINT(concurrency-mt-unsafe)
  auto request = program("env");
  request.environment = {{"EVENT", "went_down"}};
  EXPECT_EQ(output_of(std::move(request)), "EVENT=went_down\nLANG=C.UTF-8\nPATH=/usr/bin:/bin\n");
}

TEST_F(CommandPosix, ItsPathIsTheOneThatItGets) {
  const std::string path = folder_.write("say", "#!/bin/sh\necho here\n");
  ASSERT_EQ(chmod(path.c_str(), 0755), 0);
  auto request = program("say");
  request.environment = {{"PATH", std::filesystem::path(path).parent_path()}};
  EXPECT_EQ(output_of(std::move(request)), "here\n");
}

TEST_F(CommandPosix, ItGetsNoDescriptorOfOursButThree) {
  const int leaked = open("/dev/null", O_RDONLY);  // NOLINT: without O_CLOEXEC on purpose
  auto request = program("ls");
  request.argv.emplace_back("/proc/self/fd");
  EXPECT_EQ(output_of(std::move(request)), "0\n1\n2\n3\n");  // 3: the folder that it lists
  close(leaked);
}

TEST_F(CommandPosix, ItGetsThreeDescriptorsThoughWeLackThem) {
  const int kept = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);
  close(STDIN_FILENO);
  ports::CommandRequest request = program("cat");
  request.input = "through";
  EXPECT_EQ(output_of(std::move(request)), "through");
  dup2(kept, STDIN_FILENO);
  close(kept);
}

TEST_F(CommandPosix, ItStartsWithNoSignalBlockedOrIgnored) {
  loop_.on_loop([] {
    sigset_t blocked{};
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  });
  auto request = program("sed");
  request.argv.insert(request.argv.end(), {"-nE", "s/^Sig(Blk|Ign):\\s*//p", "/proc/self/status"});
  std::istringstream masks(output_of(std::move(request)));
  std::uint64_t was_blocked = 1;
  std::uint64_t ignored = 1;
  masks >> std::hex >> was_blocked >> ignored;
  EXPECT_EQ(was_blocked, 0U);
  EXPECT_EQ(ignored & 0x7fffffffU, 0U);  // 32 and 33 are glibc's own, which it ignores
}

TEST_F(CommandPosix, ItLeadsAGroupAndASessionOfItsOwn) {
  std::istringstream numbers(output_of(shell("echo $$; cut -d' ' -f5,6 /proc/$$/stat")));
  long pid = 0;
  long group = 0;
  long session = 0;
  numbers >> pid >> group >> session;
  EXPECT_GT(pid, 0);
  EXPECT_EQ(pid, group);
  EXPECT_EQ(pid, session);
}

TEST_F(CommandPosix, NamesAFileThatMayNotRun) {
  const std::string path = folder_.write("say.sh", "#!/bin/sh\necho\n");
  expect_failure(program(path), Kind::not_runnable,
                 "cannot run " + path + ": no execute permission (chmod +x)");
  ASSERT_EQ(chmod(path.c_str(), 0755), 0);
  EXPECT_TRUE(run(program(path)));
}

TEST_F(CommandPosix, NamesAFileThatIsNoProgram) {
  const std::string path = folder_.write("say", "echo\n");
  ASSERT_EQ(chmod(path.c_str(), 0755), 0);
  expect_failure(
      program(path), Kind::not_runnable,
      "cannot run " + path + ": not a program: a script needs a first line such as #!/bin/sh");
}

TEST_F(CommandPosix, NamesAFileThatIsBeingWritten) {
  const std::string path = folder_.write("true", "");
  std::filesystem::copy_file("/bin/true", path, std::filesystem::copy_options::overwrite_existing);
  ASSERT_EQ(chmod(path.c_str(), 0755), 0);
  const int writer = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  expect_failure(program(path), Kind::busy,
                 "cannot run " + path + ": the file is open for writing (text file busy)");
  close(writer);
  EXPECT_TRUE(run(program(path)));
}

TEST_F(CommandPosix, NamesArgumentsThatAreTooLong) {
  auto request = program("/bin/true");
  request.argv.emplace_back(std::size_t{4} << 20U, 'x');
  expect_failure(std::move(request), Kind::invalid,
                 "cannot run /bin/true: its arguments and environment are too long");
}

TEST_F(CommandPosix, BlamesOurselvesWhenDescriptorsRunOut) {
  rlimit old{};
  getrlimit(RLIMIT_NOFILE, &old);
  rlimit none = old;
  none.rlim_cur = open_descriptors() + 2;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  expect_failure(program("/bin/true"), Kind::resources,
                 "cannot run /bin/true: no free file descriptor in this process");
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
  EXPECT_TRUE(run(program("/bin/true")));
}

TEST_F(CommandPosix, ManyRunInTurnsAndLeaveNothingOpen) {
  EXPECT_TRUE(run(program("/bin/true")));
  const std::size_t before = open_descriptors();
  std::vector<Awaited<ports::CommandResult>> answers(200);
  loop_.on_loop([&] {
    for (auto& answer : answers) {
      auto request = shell("read line; echo $line");
      request.input = "hello\n";
      runner_->start(std::move(request), answer.taker());
    }
    EXPECT_EQ(runner_->stats().running, 32U);
  });
  for (auto& answer : answers) {
    const auto result = answer.get();
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->output, "hello\n");
  }
  EXPECT_EQ(open_descriptors(), before);
  loop_.on_loop([&] { EXPECT_EQ(runner_->stats().running, 0U); });
}

TEST_F(CommandPosix, ItsEndEndsGrandchildren) {
  Awaited<ports::CommandResult> answer;
  const std::string file = folder_.write("pid", "");
  loop_.on_loop([&] {
    auto request = shell("trap '' TERM; sleep 60 & echo $! >$FILE; wait");
    request.environment = {{"FILE", file}};
    runner_->start(std::move(request), answer.taker());
  });
  pid_t left = 0;
  ASSERT_TRUE(wait_until([&] { return static_cast<bool>(std::ifstream(file) >> left); }));
  loop_.on_loop([this] { runner_.reset(); });
  const auto result = answer.get();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->cause, Cause::cancelled);
  EXPECT_TRUE(wait_until([left] { return ended(left); }));
}

}  // namespace
}  // namespace tocsin::test

#pragma once
// Runs a program once: what exec channels and formatter programs need, and what command monitors
// will. Real: adapters/command_posix; test: tests/support/scripted_command_runner.
//
// Environment: the program never inherits Tocsin's own, which holds secrets (TOCSIN_TOKEN, webhook
// URLs). It gets the few variables that say where and in which language it runs (see
// kInheritedVariables), with the values that Tocsin itself was started with, and those that the
// request names, which win.
//
// Process group: the program leads one of its own, and whatever it starts and leaves there ends
// with it. A process that moves to another group or session is on its own, as everywhere.

#include <array>
#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"

namespace tocsin::ports {

// Beside these, every LC_ variable. None of them holds a secret by anybody's habit.
inline constexpr std::array<std::string_view, 8> kInheritedVariables{
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR"};

struct CommandRequest {
  // Never empty. argv[0] with a slash is a path; without, a name that is looked for in the
  // absolute folders of the PATH that the program gets. Run as it is, without a shell.
  std::vector<std::string> argv;
  std::vector<std::pair<std::string, std::string>> environment;  // beside the inherited ones
  // Its standard input, then end of file. A program need not read it.
  std::string input;
  // From its start. Then SIGTERM to the group, and SIGKILL `grace` later.
  Milliseconds timeout{10'000};
  Milliseconds grace{2'000};
  // The first bytes of standard output and standard error, each; the rest is read and dropped.
  std::uint64_t max_output_bytes = std::uint64_t{64} << 10U;
};

// A program that ran, well or not.
struct CommandExit {
  // Who ended it: itself (or somebody outside), our timeout, or cancel().
  enum class Cause : std::uint8_t { itself, timed_out, cancelled };
  Cause cause = Cause::itself;
  int status = 0;                  // exit status; 0 when a signal ended it
  int signal = 0;                  // the signal that ended it; 0 when it exited
  std::string output;              // standard output
  std::string errors;              // standard error
  std::uint64_t output_bytes = 0;  // written in all, kept or not
  std::uint64_t error_bytes = 0;
  Microseconds duration{0};  // from its start to its end
};

// A program that did not run: our side or the file's.
struct CommandFailure {
  enum class Kind : std::uint8_t {
    not_found,     // no such file, none in PATH, or the interpreter of its first line is missing
    not_runnable,  // no execute permission, a folder, no program's format
    busy,          // the file is open for writing ("text file busy"); soon it may not be
    resources,     // our processes, descriptors, memory; too many commands run or wait
    invalid,       // empty argv, a NUL byte, a bad variable name, longer than the kernel takes
    cancelled,     // cancel() or the runner's end came before the start
    internal
  };
  Kind kind = Kind::internal;
  // Which file and why: "cannot run /srv/say.sh: no execute permission". No argument, no input.
  std::string message;
};

using CommandResult = std::expected<CommandExit, CommandFailure>;
using CommandId = std::uint64_t;  // 0 is never a command

class CommandRunner {
 public:
  CommandRunner() = default;
  CommandRunner(const CommandRunner&) = delete;
  CommandRunner& operator=(const CommandRunner&) = delete;
  virtual ~CommandRunner() = default;

  // Loop thread. `done` runs exactly once on the loop thread, never inline. Only so many run at a
  // time: others wait in order, at most `timeout` (then `resources`). `done` comes when the
  // program has ended and its pipes are at their end, at the latest shortly after timeout + grace;
  // a process that it left behind with a pipe open holds it up for a moment only.
  virtual CommandId start(CommandRequest request,
                          std::move_only_function<void(CommandResult)> done) = 0;
  // Loop thread. Ends it as a timeout does: `done` still runs, with the exit or, when it had not
  // started, `cancelled`. An id that is unknown or done is ignored.
  virtual void cancel(CommandId id) = 0;
};

}  // namespace tocsin::ports

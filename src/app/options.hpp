#pragma once
// The command line as plain values.

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/log.hpp"
#include "base/time.hpp"

namespace tocsin::app {

// Exit codes, the same everywhere; `probe` adds 3.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;
inline constexpr int kUnknown = 3;

struct RunOptions {
  std::string config;
  bool once = false;
};
struct ConfigCheckOptions {
  std::string config;
  bool strict = false;
};
struct ConfigSchemaOptions {};
struct StatusOptions {
  std::string url;
  std::string token;
  bool watch = false;
  bool json = false;
};
struct ProbeOptions {
  std::string target;  // a URL, tcp://host:port, or the name of a monitor of `config`
  std::string config;
  std::vector<std::string> expect;
  std::optional<std::string> timeout;
  bool json = false;
};
struct BackupOptions {
  std::string config;
  std::string file;
};

using Command = std::variant<RunOptions, ConfigCheckOptions, ConfigSchemaOptions, StatusOptions,
                             ProbeOptions, BackupOptions>;

struct Options {
  Command command;
  std::optional<LogLevel> log_level;  // beats the configuration's
};

// What to do, or the exit code after usage, help or version was printed.
[[nodiscard]] std::variant<Options, int> parse_command_line(int argc, const char* const* argv);

}  // namespace tocsin::app

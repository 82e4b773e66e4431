#pragma once
// The command line as plain values.

#include <cstdint>
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
// Whom a client command asks, and how it answers.
struct ServerOptions {
  std::string url = "http://127.0.0.1:7400";
  std::string token;
  bool json = false;  // what the API answered
};
struct StatusOptions : ServerOptions {
  bool watch = false;
};
struct DeploymentsOptions : ServerOptions {
  std::string monitor;
  unsigned limit = 20;  // the newest so many; 1 to 1000
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
  std::string store;  // empty: the one that the configuration names
};
// Timers in DynamoDB without a configuration.
struct TimersOptions {
  std::string region;
  std::string table;
  std::uint16_t port = 8080;
};

struct SilenceAddOptions : ServerOptions {
  std::vector<std::string> match;  // "team=shop"
  bool all = false;
  std::string length, from, until;  // "30m", times; "" not given
  std::string by, reason;
};
struct SilenceListOptions : ServerOptions {
  bool ended = false;  // show those too
};
struct SilenceEndOptions : ServerOptions {
  std::vector<std::string> ids;
};
struct OutboxListOptions : ServerOptions {
  std::string channel;  // "" every one
};
struct OutboxRetryOptions : ServerOptions {
  std::string channel;  // "" every one
};
struct OutboxDropOptions : ServerOptions {
  std::string key, channel;  // one of them
};
struct NotifyOptions : ServerOptions {
  std::string channel;
  std::string event;    // a type; "" went_down
  std::string monitor;  // whom it is about; "" none that exists
  std::string config;   // of a preview: read it and ask no daemon; "" ask
  bool preview = false;
};
struct AcknowledgeOptions : ServerOptions {
  std::string monitor;
  std::string length, until, by, comment;
  bool undo = false;
};

struct EcsReplayOptions {
  std::string file;
  std::optional<std::string> scenario;  // only this one
  bool json = false;
};
struct EcsRecordOptions {
  std::string cluster;                // name or ARN
  std::vector<std::string> services;  // names or patterns; none: those of the configuration, or all
  std::string config;                 // "" none
  std::string region, role_arn, external_id;  // "" as the configuration has them
  std::optional<Milliseconds> interval;       // absent: as the configuration has it
  Milliseconds duration{600'000};
  std::string output;  // "" named for the cluster
};

using Command = std::variant<RunOptions, ConfigCheckOptions, ConfigSchemaOptions, StatusOptions,
                             ProbeOptions, BackupOptions, SilenceAddOptions, SilenceListOptions,
                             SilenceEndOptions, OutboxListOptions, OutboxRetryOptions,
                             OutboxDropOptions, NotifyOptions, AcknowledgeOptions, TimersOptions,
                             DeploymentsOptions, EcsReplayOptions, EcsRecordOptions>;

struct Options {
  Command command;
  std::optional<LogLevel> log_level;  // beats the configuration's
};

// What to do, or the exit code after usage, help or version was printed.
[[nodiscard]] std::variant<Options, int> parse_command_line(int argc, const char* const* argv);

}  // namespace tocsin::app

#pragma once
// The part of the command line that is about alerting: silence, outbox, notify, acknowledge.

#include <CLI/CLI.hpp>
#include <functional>
#include <utility>
#include <vector>

#include "app/options.hpp"

namespace tocsin::app {

// --url, --token and --json of a command that asks a daemon.
void add_server(CLI::App& command, ServerOptions& server);

// Adds its commands to `app` and holds what they are given. Outlives the parsing.
class AlertingCommands {
 public:
  explicit AlertingCommands(CLI::App& app);
  AlertingCommands(const AlertingCommands&) = delete;
  AlertingCommands& operator=(const AlertingCommands&) = delete;

  // After parsing, when the command is one of these.
  [[nodiscard]] Command chosen() const;

 private:
  void add_silence(CLI::App& app);
  void add_outbox(CLI::App& app);
  void add_notify(CLI::App& app);
  void add_acknowledge(CLI::App& app);

  SilenceAddOptions silence_add_;
  SilenceListOptions silence_list_;
  SilenceEndOptions silence_end_;
  OutboxListOptions outbox_list_;
  OutboxRetryOptions outbox_retry_;
  OutboxDropOptions outbox_drop_;
  NotifyOptions notify_test_;
  NotifyOptions notify_preview_;
  AcknowledgeOptions acknowledge_;
  std::vector<std::pair<const CLI::App*, std::function<Command()>>> commands_;
};

}  // namespace tocsin::app

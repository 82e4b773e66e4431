#pragma once
// What each subcommand does; every function returns the process's exit code.

#include <optional>

#include "app/options.hpp"

namespace tocsin::app {

int main(int argc, const char* const* argv);

int run_daemon(const RunOptions& options, std::optional<LogLevel> level);
int run_once(const RunOptions& options, std::optional<LogLevel> level);
int check_config(const ConfigCheckOptions& options);
int print_schema();
int show_status(const StatusOptions& options);
int list_deployments(const DeploymentsOptions& options);
int probe(const ProbeOptions& options);
int backup(const BackupOptions& options);
int add_silence(const SilenceAddOptions& options);
int list_silences(const SilenceListOptions& options);
int end_silences(const SilenceEndOptions& options);
int list_outbox(const OutboxListOptions& options);
int retry_outbox(const OutboxRetryOptions& options);
int drop_outbox(const OutboxDropOptions& options);
int notify(const NotifyOptions& options);
int acknowledge(const AcknowledgeOptions& options);
int replay_ecs(const EcsReplayOptions& options);
int record_ecs(const EcsRecordOptions& options);
int serve_timers(const TimersOptions& options, std::optional<LogLevel> level);

}  // namespace tocsin::app

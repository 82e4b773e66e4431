#include "app/commands.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <exception>

namespace tocsin::app {
namespace {

struct Dispatch {
  std::optional<LogLevel> level;

  int operator()(const RunOptions& o) const {
    return o.once ? run_once(o, level) : run_daemon(o, level);
  }
  int operator()(const ConfigCheckOptions& o) const { return check_config(o); }
  int operator()(const ConfigSchemaOptions& /*o*/) const { return print_schema(); }
  int operator()(const StatusOptions& o) const { return show_status(o); }
  int operator()(const ProbeOptions& o) const { return probe(o); }
  int operator()(const BackupOptions& o) const { return backup(o); }
  int operator()(const SilenceAddOptions& o) const { return add_silence(o); }
  int operator()(const SilenceListOptions& o) const { return list_silences(o); }
  int operator()(const SilenceEndOptions& o) const { return end_silences(o); }
  int operator()(const DeploymentsOptions& o) const { return list_deployments(o); }
  int operator()(const OutboxListOptions& o) const { return list_outbox(o); }
  int operator()(const OutboxRetryOptions& o) const { return retry_outbox(o); }
  int operator()(const OutboxDropOptions& o) const { return drop_outbox(o); }
  int operator()(const NotifyOptions& o) const { return notify(o); }
  int operator()(const AcknowledgeOptions& o) const { return acknowledge(o); }
  int operator()(const EcsReplayOptions& o) const { return replay_ecs(o); }
  int operator()(const EcsRecordOptions& o) const { return record_ecs(o); }
  int operator()(const TimersOptions& o) const { return serve_timers(o, level); }
};

}  // namespace

int main(int argc, const char* const* argv) {
  // A reader that hangs up (a closed pipe, a reset connection) is an error code, never our end.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    const auto parsed = parse_command_line(argc, argv);
    if (const int* code = std::get_if<int>(&parsed)) {
      return *code;
    }
    const auto& options = std::get<Options>(parsed);
    return std::visit(Dispatch{options.log_level}, options.command);
  } catch (const std::exception& error) {
    fmt::print(stderr, "tocsin: {}\n", error.what());
    return kFailed;
  }
}

}  // namespace tocsin::app

#include "app/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "app/options_alerting.hpp"
#include "app/options_ecs.hpp"
#include "app/version.hpp"

namespace tocsin::app {
namespace {

constexpr const char* kConfigHelp =
    "configuration: a YAML file, or a folder with tocsin.yml and drop-ins";

void add_config(CLI::App& command, std::string& path) {
  command.add_option("-c,--config", path, kConfigHelp)->default_str(path)->envname("TOCSIN_CONFIG");
}

constexpr std::array<std::pair<std::string_view, LogLevel>, 4> kLevels{{
    {"debug", LogLevel::debug},
    {"info", LogLevel::info},
    {"warn", LogLevel::warn},
    {"error", LogLevel::error},
}};

std::optional<LogLevel> level_of(std::string_view name) {
  const auto* found = std::ranges::find(kLevels, name, &decltype(kLevels)::value_type::first);
  return found == kLevels.end() ? std::nullopt : std::optional(found->second);
}

std::string level_problem(const std::string& text) {
  return level_of(text) ? "" : "found '" + text + "', expected debug, info, warn or error";
}

// Every subcommand's values, filled by CLI11 while it parses.
struct Values {
  RunOptions run{.config = "tocsin.yml"};
  ConfigCheckOptions check{.config = "tocsin.yml"};
  StatusOptions status;
  DeploymentsOptions deployments;
  ProbeOptions probe{.config = "tocsin.yml"};
  BackupOptions backup{.config = "tocsin.yml"};
  TimersOptions timers;
};

CLI::App* add_run(CLI::App& app, RunOptions& run) {
  CLI::App* command = app.add_subcommand("run", "watch everything that the configuration names");
  add_config(*command, run.config);
  command->add_flag("--once", run.once, "check everything once and exit: 0 all up, 1 otherwise");
  return command;
}

CLI::App* add_status(CLI::App& app, StatusOptions& status) {
  CLI::App* command = app.add_subcommand("status", "show the monitors of a running daemon");
  add_server(*command, status);
  command->add_flag("-w,--watch", status.watch, "show again every 2 s until Ctrl-C");
  return command;
}

CLI::App* add_deployments(CLI::App& app, DeploymentsOptions& deployments) {
  CLI::App* command = app.add_subcommand(
      "deployments", "show what was deployed to an ECS service, when and how it ended");
  command->add_option("monitor", deployments.monitor, "the monitor of the service")->required();
  command->add_option("--limit", deployments.limit, "the newest so many, up to 1000 (default 20)")
      ->check(CLI::Range(1, 1000))
      ->type_name("N");
  add_server(*command, deployments);
  return command;
}

CLI::App* add_probe(CLI::App& app, ProbeOptions& probe) {
  CLI::App* command = app.add_subcommand("probe", "run one check now and say what it found");
  command
      ->add_option("target", probe.target,
                   "http(s)://..., tcp://host:port, or the name of a configured monitor")
      ->required();
  add_config(*command, probe.config);
  // One value each: "[BODY].a == [1,2]" is no list of CLI11's, and what follows is no condition.
  command->add_option("--expect", probe.expect, "a condition; may be given again")
      ->allow_extra_args(false)
      ->take_all()
      ->type_name("CONDITION");
  command->add_option("--timeout", probe.timeout, "for example 5s (default 10s)");
  command->add_flag("--json", probe.json, "the outcome as JSON");
  command->footer("Exit codes: 0 up, 1 down, 2 usage or configuration, 3 unknown.");
  return command;
}

CLI::App* add_backup(CLI::App& app, BackupOptions& backup) {
  CLI::App* command = app.add_subcommand("backup", "copy the live store to a file");
  command->add_option("file", backup.file, "where to; must not exist")->required();
  add_config(*command, backup.config);
  command->add_option(
      "--store", backup.store,
      "the database itself, where the secrets of the configuration are not at hand");
  return command;
}

CLI::App* add_timers(CLI::App& app, TimersOptions& timers) {
  CLI::App* command =
      app.add_subcommand("timers", "serve timers from a DynamoDB table, without a configuration");
  command->add_option("region", timers.region, "of AWS, such as eu-central-1")->required();
  command->add_option("table", timers.table, "with the hash key Timer (S)")->required();
  command->add_option("port", timers.port, "to listen on, at every address (default 8080)");
  command->footer("Credentials come from where every AWS SDK takes them.");
  return command;
}

}  // namespace

std::variant<Options, int> parse_command_line(int argc, const char* const* argv) {
  CLI::App app{"Tocsin watches what a team runs and tells who must know.", "tocsin"};
  app.set_version_flag("--version", std::string("tocsin ") + kVersion);
  app.require_subcommand(1);
  app.fallthrough();
  Options out;
  std::string level;
  auto* level_option = app.add_option("--log-level", level, "debug, info, warn or error")
                           ->check(level_problem)
                           ->type_name("LEVEL");

  Values values;
  const CLI::App* run = add_run(app, values.run);
  CLI::App* config = app.add_subcommand("config", "check a configuration, or print its schema");
  config->require_subcommand(1);
  CLI::App* check = config->add_subcommand("check", "report every problem of a configuration");
  add_config(*check, values.check.config);
  check->add_option("path", values.check.config, kConfigHelp);
  check->add_flag("--strict", values.check.strict, "warnings fail too");
  const CLI::App* schema =
      config->add_subcommand("schema", "print the JSON Schema of the configuration, for editors");
  const CLI::App* status = add_status(app, values.status);
  const CLI::App* deployments = add_deployments(app, values.deployments);
  const CLI::App* probe = add_probe(app, values.probe);
  const CLI::App* backup = add_backup(app, values.backup);
  const CLI::App* timers = add_timers(app, values.timers);
  const EcsCommands ecs(app);
  AlertingCommands alerting(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  if (level_option->count() > 0) {
    out.log_level = level_of(level);
  }
  if (run->parsed()) {
    out.command = values.run;
  } else if (check->parsed()) {
    out.command = values.check;
  } else if (schema->parsed()) {
    out.command = ConfigSchemaOptions{};
  } else if (status->parsed()) {
    out.command = values.status;
  } else if (deployments->parsed()) {
    out.command = values.deployments;
  } else if (probe->parsed()) {
    out.command = values.probe;
  } else if (backup->parsed()) {
    out.command = values.backup;
  } else if (timers->parsed()) {
    out.command = values.timers;
  } else if (ecs.parsed()) {
    out.command = ecs.chosen();
  } else {
    out.command = alerting.chosen();
  }
  return out;
}

}  // namespace tocsin::app

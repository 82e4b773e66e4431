#include "app/options_ecs.hpp"

#include <string>

#include "base/time.hpp"

namespace tocsin::app {
namespace {

using namespace std::chrono_literals;

constexpr Milliseconds kShortestInterval = 1s;
constexpr Milliseconds kLongestInterval = 1h;
constexpr Milliseconds kLongestRecord = 7 * 24h;

void add_span(CLI::App& command, const std::string& name, auto& value, Milliseconds most,
              const std::string& help) {
  command
      .add_option_function<std::string>(
          name, [&value](const std::string& text) { value = *parse_duration(text); }, help)
      ->check([most](const std::string& text) -> std::string {
        const auto span = parse_duration(text);
        return span && *span >= kShortestInterval && *span <= most
                   ? ""
                   : "found '" + text + "', expected a duration from 1s to " +
                         format_duration(most);
      })
      ->type_name("DURATION");
}

}  // namespace

EcsCommands::EcsCommands(CLI::App& app)
    : group_(app.add_subcommand("ecs", "rehearse what is told of ECS services, and record them")) {
  group_->require_subcommand(1);
  add_replay();
  add_record();
}

Command EcsCommands::chosen() const {
  return replay_command_->parsed() ? Command(replay_) : Command(record_);
}

void EcsCommands::add_replay() {
  CLI::App* command = group_->add_subcommand(
      "replay",
      "play recorded or written sequences of polls through the rules, and show what "
      "would be told");
  command->add_option("file", replay_.file, "sequences as JSON (docs/ecs-replay.md)")->required();
  command->add_option("--scenario", replay_.scenario, "only the one of this name")
      ->type_name("NAME");
  command->add_flag("--json", replay_.json, "one JSON object per notification and line");
  command->footer(
      "Asks nothing of AWS and tells nobody. Its stores are in TMPDIR and removed afterwards.\n"
      "Exit codes: 0 done, 1 failed, 2 usage, or no file of sequences.");
  replay_command_ = command;
}

void EcsCommands::add_record() {
  CLI::App* command = group_->add_subcommand(
      "record", "look at services of a live cluster for a while, into a file for ecs replay");
  command->add_option("cluster", record_.cluster, "name or ARN")->required();
  command->add_option("service", record_.services,
                      "names or patterns; without any: those of the configuration, else all");
  command->add_option("-c,--config", record_.config,
                      "take region, role, services and thresholds of its entries for the cluster");
  command->add_option("--region", record_.region, "of AWS (default: where every AWS SDK takes it)");
  command->add_option("--role-arn", record_.role_arn, "a role to assume")->type_name("ARN");
  command->add_option("--external-id", record_.external_id, "of that role");
  add_span(*command, "--interval", record_.interval, kLongestInterval,
           "between two looks at a service (default: of the configuration, else 15s)");
  add_span(*command, "--duration", record_.duration, kLongestRecord,
           "for how long (default 10m); Ctrl-C ends it earlier");
  command->add_option("--output", record_.output, "the file (default ecs-CLUSTER.json)");
  command->footer(
      "Needs ecs:ListServices, ecs:DescribeServices and ecs:DescribeServiceDeployments.\n"
      "Exit codes: 0 written, 1 no service was seen or the file cannot be written, 2 usage or\n"
      "configuration.");
}

}  // namespace tocsin::app

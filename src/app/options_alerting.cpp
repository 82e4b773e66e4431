#include "app/options_alerting.hpp"

#include <string>

#include "base/time.hpp"

namespace tocsin::app {
namespace {

std::string duration_problem(const std::string& text) {
  const auto value = parse_duration(text);
  return value && *value > Milliseconds{0}
             ? ""
             : "found '" + text + "', expected a duration such as 30m or 2h";
}

std::string time_problem(const std::string& text) {
  return parse_rfc3339(text) ? ""
                             : "found '" + text + "', expected a time such as 2026-01-31T12:00:00Z";
}

CLI::Option* add_length(CLI::App& command, std::string& value) {
  return command.add_option("--for", value, "for how long, such as 30m or 2h")
      ->check(duration_problem)
      ->type_name("DURATION");
}
CLI::Option* add_time(CLI::App& command, const std::string& name, std::string& value,
                      const std::string& help) {
  return command.add_option(name, value, help)->check(time_problem)->type_name("TIME");
}

void add_sample(CLI::App& command, NotifyOptions& notify) {
  command.add_option("channel", notify.channel, "the channel's name")->required();
  command.add_option("--event", notify.event,
                     "the type of the event, or mona's name of it (default went_down)");
  command.add_option("--monitor", notify.monitor, "whose name and labels the event carries");
  add_server(command, notify);
}

}  // namespace

void add_server(CLI::App& command, ServerOptions& server) {
  command.add_option("--url", server.url, "where the daemon listens")
      ->default_str(server.url)
      ->envname("TOCSIN_URL");
  command.add_option("--token", server.token, "API token (better: TOCSIN_TOKEN)")
      ->envname("TOCSIN_TOKEN");
  command.add_flag("--json", server.json, "what the API answers, one JSON document");
}

AlertingCommands::AlertingCommands(CLI::App& app) {
  add_silence(app);
  add_acknowledge(app);
  add_outbox(app);
  add_notify(app);
}

Command AlertingCommands::chosen() const {
  for (const auto& [command, options] : commands_) {
    if (command->parsed()) {
      return options();
    }
  }
  return RunOptions{};  // never: the parser demands one of all
}

void AlertingCommands::add_silence(CLI::App& app) {
  CLI::App* group = app.add_subcommand("silence", "tell nobody of some monitors for a while");
  group->require_subcommand(1);
  CLI::App* add = group->add_subcommand("add", "make a silence");
  add->add_option("match", silence_add_.match,
                  "labels that all must hold: team=shop env!=staging monitor=check*");
  add->add_flag("--all", silence_add_.all, "every monitor");
  auto* length = add_length(*add, silence_add_.length);
  add_time(*add, "--from", silence_add_.from, "when it begins (default now)");
  add_time(*add, "--until", silence_add_.until, "when it ends, instead of --for")->excludes(length);
  add->add_option("--by", silence_add_.by, "who makes it (default: the token's name)");
  add->add_option("--reason", silence_add_.reason, "why");
  add_server(*add, silence_add_);
  CLI::App* list = group->add_subcommand("list", "show the silences that hold and those to come");
  list->add_flag("--ended", silence_list_.ended, "also those that ran out in the last 7 days");
  add_server(*list, silence_list_);
  CLI::App* end = group->add_subcommand("end", "end a silence now; who is still down is told");
  end->add_option("id", silence_end_.ids, "its id, of `silence list`")->required();
  add_server(*end, silence_end_);
  commands_.emplace_back(add, [this] { return silence_add_; });
  commands_.emplace_back(list, [this] { return silence_list_; });
  commands_.emplace_back(end, [this] { return silence_end_; });
}

void AlertingCommands::add_outbox(CLI::App& app) {
  CLI::App* group = app.add_subcommand("outbox", "what waits for delivery");
  group->require_subcommand(1);
  CLI::App* list = group->add_subcommand("list", "show what waits, since when, and why");
  list->add_option("channel", outbox_list_.channel, "of this channel or sink alone");
  add_server(*list, outbox_list_);
  CLI::App* retry = group->add_subcommand("retry", "try again at once");
  retry->add_option("channel", outbox_retry_.channel, "this channel or sink alone");
  add_server(*retry, outbox_retry_);
  CLI::App* drop = group->add_subcommand("drop", "give up what waits");
  auto* key = drop->add_option("key", outbox_drop_.key, "one, by its key of `outbox list`");
  drop->add_option("--channel", outbox_drop_.channel, "all that waits for a channel or sink")
      ->excludes(key);
  add_server(*drop, outbox_drop_);
  commands_.emplace_back(list, [this] { return outbox_list_; });
  commands_.emplace_back(retry, [this] { return outbox_retry_; });
  commands_.emplace_back(drop, [this] { return outbox_drop_; });
}

void AlertingCommands::add_notify(CLI::App& app) {
  CLI::App* group = app.add_subcommand("notify", "try a channel out");
  group->require_subcommand(1);
  CLI::App* test = group->add_subcommand("test", "send a real message and show the answer");
  add_sample(*test, notify_test_);
  test->footer("Exit codes: 0 the channel took it, 1 it did not, 2 usage.");
  CLI::App* preview = group->add_subcommand("preview", "show what would be sent");
  add_sample(*preview, notify_preview_);
  preview->add_option("-c,--config", notify_preview_.config,
                      "read this configuration and ask no daemon");
  notify_preview_.preview = true;
  commands_.emplace_back(test, [this] { return notify_test_; });
  commands_.emplace_back(preview, [this] { return notify_preview_; });
}

void AlertingCommands::add_acknowledge(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "acknowledge", "say that somebody works on it: no reminders, no escalation");
  command->alias("ack");
  command->add_option("monitor", acknowledge_.monitor, "the monitor that is down")->required();
  auto* length = add_length(*command, acknowledge_.length);
  add_time(*command, "--until", acknowledge_.until, "until when (default: until it is up again)")
      ->excludes(length);
  command->add_option("--by", acknowledge_.by, "who (default: the token's name)");
  command->add_option("--comment", acknowledge_.comment, "what is being done");
  command->add_flag("--undo", acknowledge_.undo, "take it back");
  add_server(*command, acknowledge_);
  commands_.emplace_back(command, [this] { return acknowledge_; });
}

}  // namespace tocsin::app

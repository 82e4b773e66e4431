// `tocsin notify`: a test of a channel, and a preview of what it would send.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>

#include "adapters/clock_system/clock_system.hpp"
#include "app/commands.hpp"
#include "app/config_source.hpp"
#include "app/remote.hpp"
#include "base/event_id.hpp"
#include "base/json_writer.hpp"
#include "base/near_miss.hpp"
#include "base/redactor.hpp"
#include "check/json.hpp"
#include "config/aws_names.hpp"
#include "config/text_names.hpp"
#include "notification/sample_event.hpp"
#include "service/ecs/service_memory.hpp"
#include "web/steps_json.hpp"

namespace tocsin::app {
namespace {

// The daemon waits for the channel's own timeout.
constexpr Milliseconds kPatience{std::chrono::minutes{5}};

std::string body_of(const NotifyOptions& options) {
  std::string body;
  JsonWriter w(body);
  w.object();
  if (!options.event.empty()) {
    w.field("type", options.event);
  }
  if (!options.monitor.empty()) {
    w.field("monitor", options.monitor);
  }
  w.end_object();
  return body;
}

std::string text_of(check::JsonValue value, std::string_view name) {
  return value.find(name).string().value_or("");
}

// Shown as it is, so that it can be copied; a line end at its end.
void print_text(const std::string& text) {
  if (!text.empty()) {
    fmt::print("{}{}", text, text.ends_with('\n') ? "" : "\n");
  }
}

int print_tested(check::JsonValue tested) {
  const bool delivered = tested.find("delivered").boolean().value_or(false);
  const std::string verdict = text_of(tested, "verdict");
  fmt::print("{}{}{}\n", delivered ? "delivered" : "not delivered", verdict.empty() ? "" : ": ",
             verdict);
  const check::JsonValue answer = tested.find("answer");
  if (const std::string failure = text_of(answer, "failure"); !failure.empty()) {
    fmt::print("no answer: {}\n", failure);
  } else {
    fmt::print("answer: {}\n", answer.find("status").number());
  }
  print_text(text_of(answer, "body"));
  return delivered ? kDone : kFailed;
}

void print_step(check::JsonValue step) {
  if (step.find("kind").is_string("http")) {
    fmt::print("{} {}\n", text_of(step, "method"), text_of(step, "url"));
    for (check::JsonItems headers(step.find("headers")); headers.next();) {
      fmt::print("{}: {}\n", headers.key(), headers.value().string().value_or(""));
    }
    fmt::print("\n");
    print_text(text_of(step, "body"));
    return;
  }
  if (step.find("kind").is_string("exec")) {
    std::string line;
    for (check::JsonItems arguments(step.find("run")); arguments.next();) {
      line += (line.empty() ? "" : " ") + arguments.value().string().value_or("");
    }
    fmt::print("run {}\nwith this on its standard input:\n\n", line);
    print_text(text_of(step, "input"));
    return;
  }
  fmt::print("mail by {}:{} ({})\n\n", text_of(step, "server"), step.find("port").number(),
             text_of(step, "security"));
  print_text(text_of(step, "text"));
}

void print_preview(check::JsonValue preview) {
  bool first = true;
  for (check::JsonItems steps(preview.find("steps")); steps.next();) {
    fmt::print("{}", first ? "" : "\n--- then ---\n");
    first = false;
    print_step(steps.value());
  }
  if (first) {
    fmt::print("nothing is sent for {}\n", text_of(preview, "type"));
  }
}

// "cluster/service": the first entry that takes a service of this name. Whether it is there, and
// has the tags that the entry wants, only AWS knows.
std::optional<notification::SampleSubject> service_of(std::string_view monitor,
                                                      const config::EcsSettings& ecs) {
  const std::string_view cluster = monitor.substr(0, monitor.find('/'));
  const std::string_view place = monitor.substr(std::min(monitor.size(), cluster.size() + 1));
  const std::string_view service = place.substr(0, place.find('@'));
  for (const config::EcsCluster& entry : ecs.clusters) {
    if (service::short_name(entry.name) == cluster && config::is_ecs_name(service) &&
        entry.services.takes(service)) {
      const config::MonitorNotes& notes = *entry.notes;
      return notification::SampleSubject{std::string(monitor), "ecs",         notes.labels,
                                         notes.description,    notes.runbook, notes.dashboard};
    }
  }
  return std::nullopt;
}

Result<notification::SampleSubject> subject_of(const NotifyOptions& options,
                                               const config::Config& config) {
  if (options.monitor.empty()) {
    return notification::SampleSubject{};
  }
  const auto found = std::ranges::find(config.monitors, options.monitor, &config::Monitor::name);
  if (found == config.monitors.end()) {
    if (auto service = service_of(options.monitor, config.settings.ecs)) {
      return std::move(*service);
    }
    return fail(ErrorCode::invalid,
                fmt::format("{} has no monitor '{}'", options.config, options.monitor));
  }
  const config::MonitorNotes& notes = *found->notes;
  return notification::SampleSubject{found->name,   std::string(check::kind_of(*found->check)),
                                     notes.labels,  notes.description,
                                     notes.runbook, notes.dashboard};
}

// The preview as the API answers it, without a daemon.
Result<std::string> preview_of_config(const NotifyOptions& options) {
  const auto loaded = load_config(options.config);
  if (!loaded) {
    return fail(ErrorCode::invalid, loaded.error().message);
  }
  if (!loaded->config) {
    print_diagnostics(*loaded, stderr);
    return fail(ErrorCode::invalid, "the configuration is broken");
  }
  const auto& channels = loaded->config->channels;
  const auto found = std::ranges::find_if(
      channels, [&](const auto& channel) { return channel->name == options.channel; });
  if (found == channels.end()) {
    return fail(ErrorCode::invalid,
                fmt::format("{} has no channel '{}'", options.config, options.channel));
  }
  const auto type = config::text_type(options.event.empty() ? "went_down" : options.event);
  if (!type) {
    const auto near = near_miss(options.event, config::text_names());
    return fail(ErrorCode::invalid,
                fmt::format("--event: there is no type '{}'{}", options.event,
                            near ? fmt::format("; did you mean {}?", *near) : ""));
  }
  const auto subject = subject_of(options, *loaded->config);
  if (!subject) {
    return std::unexpected(subject.error());
  }
  notification::Message message;
  message.now = adapters::ClockSystem().now();
  EventIds ids(1);
  message.events.push_back(
      notification::sample_event(*type, ids.next(message.now), *subject, message.now));
  message.key = "test/" + message.events.front().id;
  const Redactor redactor(loaded->secrets);
  std::string body;
  JsonWriter w(body);
  w.object().field("channel", options.channel).field("type", message.events.front().type);
  w.key("steps");
  web::write_steps(w, (*found)->format->prepare(message, std::nullopt).steps,
                   [&](std::string_view text) { return redactor.redact(text); });
  w.end_object();
  return body;
}

Result<std::string> ask_daemon(const NotifyOptions& options) {
  auto remote = Remote::at(options);
  if (!remote) {
    return std::unexpected(std::move(remote).error());
  }
  return (*remote)->ask(
      {.method = "POST",
       .path = fmt::format("/api/v1/channels/{}/{}", percent_encoded(options.channel),
                           options.preview ? "preview" : "test"),
       .body = body_of(options),
       .timeout = kPatience});
}

}  // namespace

int notify(const NotifyOptions& options) {
  const auto answer = options.config.empty() ? ask_daemon(options) : preview_of_config(options);
  if (!answer) {
    return give_up(answer.error());
  }
  const auto body = *check::parse_json(*answer);
  if (options.json) {
    fmt::print("{}\n", *answer);
    return options.preview || body.find("delivered").boolean().value_or(false) ? kDone : kFailed;
  }
  if (!options.preview) {
    return print_tested(body);
  }
  print_preview(body);
  return kDone;
}

}  // namespace tocsin::app

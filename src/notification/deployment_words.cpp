#include "notification/deployment_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "alert/event_type.hpp"
#include "check/json.hpp"
#include "notification/incident.hpp"
#include "notification/values.hpp"

namespace tocsin::notification {
namespace {

using check::JsonKind;
using check::JsonValue;

constexpr std::array<std::string_view, 46> kNames{"service",
                                                  "cluster",
                                                  "deployment",
                                                  "region",
                                                  "account",
                                                  "environment",
                                                  "deploymentId",
                                                  "deploymentCreated",
                                                  "success",
                                                  "complete",
                                                  "taskDef",
                                                  "runningCount",
                                                  "desiredCount",
                                                  "image",
                                                  "images",
                                                  "version",
                                                  "link",
                                                  "taskDefinition",
                                                  "previousTaskDefinition",
                                                  "initial",
                                                  "redeploy",
                                                  "inProgress",
                                                  "supersedes",
                                                  "skipped",
                                                  "from",
                                                  "to",
                                                  "duringDeployment",
                                                  "impact",
                                                  "running",
                                                  "desired",
                                                  "failedTasks",
                                                  "flapping",
                                                  "episodes",
                                                  "stops",
                                                  "subject",
                                                  "duration",
                                                  "durationSeconds",
                                                  "rollback",
                                                  "age",
                                                  "ageSeconds",
                                                  "timeout",
                                                  "timeoutSeconds",
                                                  "reappeared",
                                                  "services",
                                                  "closed_incidents",
                                                  "remindsOf"};

constexpr std::size_t kMostListed = 20;

// The JSON of a field; "" when the event has none.
std::string_view json_of(const alert::Event& event, std::string_view name) {
  const auto found = std::ranges::find(
      event.extra, name, [](const auto& field) { return std::string_view(field.first); });
  return found == event.extra.end() ? std::string_view{} : std::string_view(found->second);
}

std::string text_of(const alert::Event& event, std::string_view name) {
  const auto value = check::parse_json(json_of(event, name));
  if (!value) return {};
  if (auto text = value->string()) return std::move(*text);
  return value->kind() == JsonKind::null ? std::string() : std::string(value->text());
}

bool flag(const alert::Event& event, std::string_view name) {
  return json_of(event, name) == "true";
}

// "web:12" of "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:12".
std::string short_arn(const std::string& arn) {
  const std::size_t slash = arn.rfind('/');
  return arn.starts_with("arn:") && slash != std::string::npos ? arn.substr(slash + 1) : arn;
}

// The tag or the digest of "host:5000/shop/web:v42" or "shop/web@sha256:1f2e3d…".
std::string version_of_image(const std::string& image) {
  const std::size_t name = image.rfind('/') == std::string::npos ? 0 : image.rfind('/') + 1;
  const std::size_t digest = image.find('@', name);
  if (digest != std::string::npos) return image.substr(digest + 1);
  const std::size_t tag = image.find(':', name);
  return tag == std::string::npos ? std::string() : image.substr(tag + 1);
}

std::string version_of(const alert::Event& event) {
  std::string version = version_of_image(text_of(event, "image"));
  return version.empty() ? short_arn(text_of(event, "taskDef")) : version;
}

std::string one_of_list(JsonValue item) {
  if (auto text = item.string()) return short_arn(*text);
  if (auto id = item.find("id").string()) return std::move(*id);
  const auto container = item.find("container").string();
  const auto image = item.find("image").string();
  return container && image ? fmt::format("{}: {}", *container, *image) : std::string(item.text());
}

// "web, api and 3 more".
std::string spoken_list(JsonValue list) {
  std::string out;
  std::size_t count = 0;
  for (check::JsonItems item(list); item.next(); ++count) {
    if (count < kMostListed) out += (count > 0 ? ", " : "") + one_of_list(item.value());
  }
  if (count > kMostListed) out += fmt::format(" and {} more", count - kMostListed);
  return out;
}

bool is_duration(std::string_view name) {
  return name == "duration" || name == "age" || name == "timeout";
}

// Of "durationSeconds" the field `duration`.
std::string_view field_of(std::string_view name) {
  if (name == "timeout") return "timeoutSeconds";
  if (name == "durationSeconds") return "duration";
  if (name == "ageSeconds") return "age";
  return name;
}

std::string spoken_seconds(std::int64_t seconds) {
  constexpr std::int64_t kMost = 100LL * 366 * 86'400;
  return spoken(Milliseconds{std::chrono::seconds{std::clamp<std::int64_t>(seconds, 0, kMost)}});
}

std::string lasted(const alert::Event& event, std::string_view name) {
  return deployment_value(event, name).for_people();
}

// " after 2m5s"
std::string after(const alert::Event& event) {
  const std::string duration = lasted(event, "duration");
  return duration.empty() ? duration : " after " + duration;
}

std::string with_space(const std::string& word) { return word.empty() ? word : " " + word; }

std::string finished_words(const alert::Event& event) {
  const std::string subject = text_of(event, "subject");
  if (subject == "scale") {
    return fmt::format("scaled to {}{}", text_of(event, "desiredCount"), after(event));
  }
  if (subject == "recover") return "recovered" + after(event);
  const std::string version = version_of(event);
  if (flag(event, "rollback")) {
    return fmt::format("rolled back{}{}", version.empty() ? "" : " to " + version, after(event));
  }
  return version.empty() ? "finished" + after(event) : version + " is live" + after(event);
}

std::string recovering_words(const alert::Event& event) {
  const std::string impact = text_of(event, "impact");
  if (flag(event, "flapping")) return "crashes again and again";
  if (impact == "deploy")
    return fmt::format("tasks of{} keep failing", with_space(version_of(event)));
  if (impact == "outage") return "no task runs";
  return fmt::format("{} of {} tasks run", text_of(event, "running"), text_of(event, "desired"));
}

std::string timeout_words(const alert::Event& event) {
  const bool scale = text_of(event, "subject") == "scale";
  const std::string what = scale ? "scaling" : "deploying" + with_space(version_of(event));
  const std::string age = lasted(event, "age");
  return age.empty() ? what + " takes too long" : fmt::format("{} takes {}", what, age);
}

std::string started_words(const alert::Event& event) {
  const std::string version = version_of(event);
  if (flag(event, "rollback")) return "rolling back" + (version.empty() ? "" : " to " + version);
  const std::string_view verb = flag(event, "redeploy") ? "redeploying" : "deploying";
  return std::string(verb) + with_space(version);
}

std::string watched_words(const alert::Event& event) {
  const auto list = check::parse_json(json_of(event, "services"));
  const std::size_t count = list ? list->size() : 0;
  return count == 1 ? "1 service is watched" : fmt::format("{} services are watched", count);
}

std::string words_of(const alert::Event& event, alert::EventType type) {
  using enum alert::EventType;
  switch (type) {
    case monitor_started:
      return watched_words(event);
    case service_created:
      return flag(event, "reappeared") ? "the service is there again" : "the service was created";
    case deploy_started:
      return started_words(event);
    case scaled:
      return fmt::format("scaled from {} to {}", text_of(event, "from"), text_of(event, "to"));
    case recovering:
      return recovering_words(event);
    case tasks_stopped: {
      const std::string stops = text_of(event, "stops");
      return stops.empty() ? "tasks stopped" : stops;
    }
    case timeout:
      return timeout_words(event);
    case rolled_back:
      return "the deployment is rolled back";
    case failed:
      return fmt::format("deploying{} failed", with_space(version_of(event)));
    case finished:
      return finished_words(event);
    case service_deleted:
      return "the service was deleted";
    case went_down:
    case still_down:
    case recovered:
    case became_unknown:
    case flapping_started:
    case flapping_ended:
    case trouble_started:
    case trouble_ended:
    case timer_expired:
    case timer_still_expired:
    case timer_rearmed:
      break;
  }
  return {};
}

}  // namespace

std::span<const std::string_view> deployment_names() { return kNames; }

Value deployment_value(const alert::Event& event, std::string_view name) {
  if (name == "version") return {Value::Kind::text, version_of(event)};
  const auto value = check::parse_json(json_of(event, field_of(name)));
  if (!value || value->kind() == JsonKind::null) return {};
  if (auto text = value->string()) {
    return {Value::Kind::text, *text, name.ends_with("Definition") ? short_arn(*text) : ""};
  }
  Value out{Value::Kind::json, std::string(value->text())};
  if (value->kind() == JsonKind::array) {
    out.plain = spoken_list(*value);
    if (out.plain.empty()) return {};
  } else if (const auto seconds = value->integer(); seconds && is_duration(name)) {
    out.plain = spoken_seconds(*seconds);
  }
  return out;
}

std::optional<std::string> deployment_title(const alert::Event& event) {
  const auto type = told_type(event);
  const std::string words = type ? words_of(event, *type) : std::string();
  if (words.empty()) return std::nullopt;
  const bool reminder = alert::to_string(*type) != event.type;
  const std::string lasts =
      reminder && event.outage ? fmt::format(", still so after {}", spoken(*event.outage)) : "";
  return fmt::format("{}: {}{}", event.monitor, words, lasts);
}

}  // namespace tocsin::notification

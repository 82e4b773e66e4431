#pragma once
// Events for the tests of this folder.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "alert/event_type.hpp"
#include "base/json_writer.hpp"
#include "notification/format.hpp"

namespace tocsin::notification {

inline alert::Event an_event(const std::string& type = "went_down",
                             const std::string& monitor = "checkout") {
  alert::Event event;
  event.id = "01KDVXZ0DWE3K99N58377CJE65";
  event.type = type;
  event.monitor = monitor;
  event.kind = "http";
  event.labels = {{"env", "production"}, {"team", "shop"}};
  event.at = from_unix_ms(1'795'250'912'007);  // 2026-11-21T08:48:32.007Z
  event.incident = event.key = monitor + "/1795250912007";
  event.state = "down";
  event.reason = "status";
  event.message = monitor + " is down: HTTP 500";
  if (type == "recovered") {
    event.at += Milliseconds{376'120};
    event.severity = alert::Severity::info;
    event.state = "up";
    event.reason.clear();
    event.message = monitor + " is up again after 6m16s";
    event.outage = Milliseconds{376'120};
  } else if (type == "became_unknown") {
    event.severity = alert::Severity::warning;
    event.incident.clear();
    event.key = event.id;
  }
  return event;
}

inline void add_text(alert::Event& event, const std::string& name, const std::string& text) {
  std::string json;
  append_json_string(json, text);
  event.extra.emplace_back(name, json);
}

inline constexpr const char* kDeployment = "prod/web/ecs-svc/1";

// Of one deployment of a service, with the fields that all such events have.
inline alert::Event of_service(const std::string& type, const std::string& incident = kDeployment) {
  alert::Event event;
  event.id = "01KDVXZ0DWE3K99N58377CJE66";
  event.type = type;
  event.severity = alert::info(alert::parse_event_type(type).value()).severity;
  event.monitor = "prod/web";
  event.kind = "ecs";
  event.labels = {{"cluster", "prod"}, {"service", "web"}};
  event.at = from_unix_ms(1'795'250'912'007);  // 2026-11-21T08:48:32.007Z
  event.incident = incident;
  event.key = "prod/web/" + type + "/1";
  event.state = "deploying";
  event.message = "web in prod: " + type;
  add_text(event, "service", "web");
  add_text(event, "cluster", "prod");
  add_text(event, "environment", "production");
  add_text(event, "taskDef", "web:12");
  add_text(event, "image", "shop/web:v42");
  event.extra.emplace_back("runningCount", "2");
  event.extra.emplace_back("desiredCount", "3");
  return event;
}

inline alert::Event with(alert::Event event, const std::string& name, const std::string& json) {
  std::erase_if(event.extra, [&](const auto& field) { return field.first == name; });
  event.extra.emplace_back(name, json);
  return event;
}

inline Message a_message(std::vector<alert::Event> events) {
  Message message;
  message.key = "ops/" + events.front().id;
  message.now = events.front().at + Milliseconds{1000};
  message.events = std::move(events);
  return message;
}

inline Message many(std::size_t count, const std::string& type = "went_down") {
  std::vector<alert::Event> events;
  for (std::size_t i = 0; i < count; ++i) {
    events.push_back(an_event(type, "monitor-" + std::to_string(i)));
  }
  return a_message(std::move(events));
}

}  // namespace tocsin::notification

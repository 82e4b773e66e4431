#include "notification/sample_event.hpp"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "alert/change_message.hpp"
#include "base/json_writer.hpp"
#include "notification/sample_service.hpp"

namespace tocsin::notification {
namespace {

constexpr Milliseconds kOutage{std::chrono::minutes{6}};

struct Content {
  std::string_view state, reason, found;
};

Content content_of(alert::EventType type) {
  using enum alert::EventType;
  switch (type) {
    case went_down:
    case still_down:
      return {"down", "status", "HTTP 503 Service Unavailable"};
    case recovered:
      return {"up", "", ""};
    case became_unknown:
      return {"unknown", "resolver", "no resolver answers"};
    case flapping_started:
      return {"down", "", ""};
    case flapping_ended:
      return {"up", "", ""};
    case trouble_started:
      return {"trouble", "channel", "channel example takes nothing: HTTP 500"};
    case trouble_ended:
      return {"ok", "", "channel example takes notifications again"};
    case timer_expired:
    case timer_still_expired:
      return {"expired", "expired", "armed for 1h, not armed again"};
    case timer_rearmed:
      return {"running", "", ""};
    case monitor_started:
    case service_created:
    case deploy_started:
    case scaled:
    case recovering:
    case tasks_stopped:
    case timeout:
    case rolled_back:
    case failed:
    case finished:
    case service_deleted: {
      const ServiceSample sample = service_sample(type);
      return {sample.state, sample.reason, sample.message};
    }
  }
  return {};
}

bool is_service(alert::EventType type) { return !service_sample(type).message.empty(); }

void add_text(alert::Event& event, std::string_view name, const std::string& text) {
  if (!text.empty()) {
    std::string json;
    append_json_string(json, text);
    event.extra.emplace_back(name, std::move(json));
  }
}

std::string sentence_of(const alert::Event& event, alert::EventType type, std::string_view found) {
  if (event.kind == "self") return std::string(found);
  if (is_service(type)) return fmt::format("{}: {}", event.monitor, found);
  return alert::change_message(event.monitor, type, found, event.outage);
}

}  // namespace

alert::Event sample_event(alert::EventType type, std::string id, const SampleSubject& subject,
                          Instant now) {
  using enum alert::EventType;
  const Content content = content_of(type);
  const bool own = type == trouble_started || type == trouble_ended;
  alert::Event event;
  event.id = std::move(id);
  event.type = alert::to_string(type);
  event.severity = alert::info(type).severity;
  event.monitor = own ? "tocsin" : subject.monitor;
  event.kind = own ? "self" : is_service(type) ? "ecs" : subject.kind;
  event.labels = own ? alert::Labels{} : subject.labels;
  event.at = now;
  event.state = content.state;
  event.reason = content.reason;
  if (type == recovered || type == still_down || type == trouble_ended ||
      type == timer_still_expired || type == timer_rearmed) {
    event.outage = kOutage;
  }
  event.message = "This is a test: " + sentence_of(event, type, content.found);
  event.key = event.monitor + "/test";
  if (alert::info(type).phase != alert::Phase::note) {
    event.incident = event.key;
  }
  event.extra.emplace_back("test", "true");
  if (is_service(type)) add_service_fields(event, type);
  if (!own) {
    add_text(event, "description", subject.description);
    add_text(event, "runbook", subject.runbook);
    add_text(event, "dashboard", subject.dashboard);
    if (type == went_down) {
      event.extra.emplace_back("evidence", R"({"status":503,"body":"Service Unavailable"})");
    }
  }
  return event;
}

}  // namespace tocsin::notification

#include "alert/event.hpp"

#include <fmt/format.h>

#include "base/json_writer.hpp"

namespace tocsin::alert {
namespace {

void write_or_null(JsonWriter& w, std::string_view name, std::string_view text) {
  w.key(name);
  if (text.empty()) {
    w.null();
  } else {
    w.value(text);
  }
}

}  // namespace

std::string to_json(const Event& event) {
  std::string out;
  out.reserve(512);
  JsonWriter w(out);
  w.object().field("id", event.id).field("type", event.type).field("monitor", event.monitor);
  w.field("kind", event.kind).key("labels").object();
  for (const auto& [key, value] : event.labels) {
    w.field(key, value);
  }
  w.end_object().field("at", event.at).field("state", event.state);
  write_or_null(w, "reason", event.reason);
  w.field("message", event.message).field("key", event.key);
  write_or_null(w, "incident", event.incident);
  if (event.late) {
    w.field("late_ms", std::int64_t{event.late->count()});
  }
  if (event.outage) {
    w.field("outage_ms", std::int64_t{event.outage->count()});
  }
  for (const auto& [name, json] : event.extra) {
    w.key(name).raw(json);
  }
  w.end_object();
  return out;
}

std::string incident_id(std::string_view monitor, Instant opened) {
  return fmt::format("{}/{}", monitor, unix_ms(opened));
}

}  // namespace tocsin::alert

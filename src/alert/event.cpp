#include "alert/event.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json_writer.hpp"
#include "check/json.hpp"

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

Labels labels_of(check::JsonValue value) {
  Labels labels;
  for (check::JsonItems item(value); item.next();) {
    labels.emplace_back(item.key(), item.value().string().value_or(""));
  }
  return labels;
}

std::optional<Milliseconds> milliseconds(check::JsonValue value) {
  const auto number = value.integer();
  return number ? std::optional(Milliseconds{*number}) : std::nullopt;
}

// False: not a field of its own.
bool read_field(Event& event, std::string_view name, check::JsonValue value) {
  struct Text {
    std::string_view name;
    std::string Event::* field;
  };
  static constexpr std::array<Text, 9> kTexts{{{"id", &Event::id},
                                               {"type", &Event::type},
                                               {"monitor", &Event::monitor},
                                               {"kind", &Event::kind},
                                               {"state", &Event::state},
                                               {"reason", &Event::reason},
                                               {"message", &Event::message},
                                               {"incident", &Event::incident},
                                               {"key", &Event::key}}};
  if (const auto* text = std::ranges::find(kTexts, name, &Text::name); text != kTexts.end()) {
    event.*(text->field) = value.string().value_or("");
  } else if (name == "severity") {
    event.severity = parse_severity(value.string().value_or("")).value_or(event.severity);
  } else if (name == "labels") {
    event.labels = labels_of(value);
  } else if (name == "at") {
    event.at = parse_rfc3339(value.string().value_or("")).value_or(Instant{});
  } else if (name == "late_ms") {
    event.late = milliseconds(value);
  } else if (name == "outage_ms") {
    event.outage = milliseconds(value);
  } else {
    return false;
  }
  return true;
}

}  // namespace

Result<Event> parse_event(std::string_view json) {
  const auto value = check::parse_json(json);
  if (!value) {
    return std::unexpected(Error(value.error()).with("not the JSON of an event"));
  }
  if (value->kind() != check::JsonKind::object) {
    return fail(ErrorCode::invalid, "not the JSON of an event: expected an object");
  }
  Event event;
  for (check::JsonItems item(*value); item.next();) {
    std::string name = item.key();
    if (!read_field(event, name, item.value())) {
      event.extra.emplace_back(std::move(name), item.value().text());
    }
  }
  return event;
}

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
  w.field("severity", to_string(event.severity));
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

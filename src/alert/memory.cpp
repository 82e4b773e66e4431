// The ledger as the store keeps it.

#include "alert/memory.hpp"

#include "base/json_writer.hpp"
#include "check/json.hpp"

namespace tocsin::alert {
namespace {

using check::JsonValue;

void write_names(JsonWriter& w, std::string_view key, const std::vector<std::string>& names) {
  w.key(key).array();
  for (const std::string& name : names) {
    w.value(name);
  }
  w.end_array();
}

void write_ms(JsonWriter& w, std::string_view key, Instant at) {
  if (at != Instant{}) {
    w.field(key, unix_ms(at));
  }
}

// The members of an object.
void write_announcement(JsonWriter& w, const Announcement& incident) {
  w.key("opening").raw(to_json(incident.opening));
  write_names(w, "told", incident.told);
  if (incident.hold != Hold::none) {
    w.field("hold", to_string(incident.hold)).field("held_by", incident.held_by);
  }
  write_ms(w, "wait_until_ms", incident.wait_until);
  write_ms(w, "last_told_ms", incident.last_told);
  if (const auto& ack = incident.acknowledgement) {
    w.key("acknowledged").object().field("by", ack->by).field("comment", ack->comment);
    write_ms(w, "at_ms", ack->at);
    write_ms(w, "until_ms", ack->until);
    w.end_object();
  }
}

void write_setbacks(JsonWriter& w, const std::vector<Setback>& setbacks) {
  w.key("setbacks").array();
  for (const Setback& setback : setbacks) {
    w.object().key("event").raw(to_json(setback.event));
    write_names(w, "told", setback.told);
    w.end_object();
  }
  w.end_array();
}

void write_topics(JsonWriter& w, const Topics& topics) {
  w.key("topics").array();
  for (const Topic& topic : topics) {
    w.object();
    write_announcement(w, topic.latest);
    w.field("subject", topic.subject);
    write_setbacks(w, topic.setbacks);
    write_ms(w, "wrong_since_ms", topic.wrong_since);
    write_names(w, "heard", topic.heard);
    w.end_object();
  }
  w.end_array();
}

std::string text(JsonValue value) { return value.string().value_or(""); }
Instant instant(JsonValue value) { return from_unix_ms(value.integer().value_or(0)); }

std::vector<std::string> names(JsonValue value) {
  std::vector<std::string> out;
  for (check::JsonItems item(value); item.next();) {
    out.push_back(text(item.value()));
  }
  return out;
}

Hold hold_of(std::string_view name) {
  for (const Hold hold :
       {Hold::silenced, Hold::flapping, Hold::waits_for_parent, Hold::parent_down}) {
    if (to_string(hold) == name) {
      return hold;
    }
  }
  return Hold::none;
}

std::optional<Announcement> read_announcement(JsonValue value) {
  auto opening = parse_event(value.find("opening").text());
  if (!opening) {
    return std::nullopt;
  }
  Announcement out;
  out.opening = std::move(*opening);
  out.told = names(value.find("told"));
  out.hold = hold_of(text(value.find("hold")));
  out.held_by = text(value.find("held_by"));
  out.wait_until = instant(value.find("wait_until_ms"));
  out.last_told = instant(value.find("last_told_ms"));
  if (const JsonValue ack = value.find("acknowledged"); ack.exists()) {
    out.acknowledgement =
        Acknowledgement{text(ack.find("by")), text(ack.find("comment")), instant(ack.find("at_ms")),
                        instant(ack.find("until_ms"))};
  }
  return out;
}

std::vector<Setback> read_setbacks(JsonValue value) {
  std::vector<Setback> out;
  for (check::JsonItems item(value); item.next() && out.size() < kMostSetbacks;) {
    if (auto event = parse_event(item.value().find("event").text())) {
      out.push_back({std::move(*event), names(item.value().find("told"))});
    }
  }
  return out;
}

Topics read_topics(JsonValue value) {
  Topics out;
  for (check::JsonItems item(value); item.next() && out.size() < kMostTopics;) {
    if (auto latest = read_announcement(item.value())) {
      Topic topic;
      topic.latest = std::move(*latest);
      topic.subject = text(item.value().find("subject"));
      topic.wrong_since = instant(item.value().find("wrong_since_ms"));
      topic.setbacks = read_setbacks(item.value().find("setbacks"));
      topic.heard = names(item.value().find("heard"));
      out.push_back(std::move(topic));
    }
  }
  return out;
}

}  // namespace

std::string to_json(const AlertMemory& memory) {
  std::string out;
  if (memory.empty()) {
    return out;
  }
  JsonWriter w(out);
  w.object();
  if (memory.incident) {
    w.key("incident").object();
    write_announcement(w, *memory.incident);
    w.end_object();
  }
  if (!memory.topics.empty()) {
    write_topics(w, memory.topics);
  }
  if (memory.flap != FlapMemory{}) {
    w.key("flap").object().field("changes", std::uint64_t{memory.flap.changes});
    w.field("flapping", memory.flap.flapping).end_object();
  }
  if (!memory.flap_told.empty()) {
    write_names(w, "flap_told", memory.flap_told);
  }
  w.end_object();
  return out;
}

AlertMemory parse_alert_memory(std::string_view json) {
  AlertMemory out;
  const auto value = check::parse_json(json);
  if (json.empty() || !value) {
    return out;
  }
  if (const JsonValue incident = value->find("incident"); incident.exists()) {
    out.incident = read_announcement(incident);
  }
  out.topics = read_topics(value->find("topics"));
  const JsonValue flap = value->find("flap");
  out.flap.changes = static_cast<std::uint32_t>(flap.find("changes").integer().value_or(0));
  out.flap.flapping = flap.find("flapping").boolean().value_or(false);
  out.flap_told = names(value->find("flap_told"));
  return out;
}

}  // namespace tocsin::alert

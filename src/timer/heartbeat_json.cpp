// A heartbeat as the store keeps it.

#include "base/json_writer.hpp"
#include "check/json.hpp"
#include "timer/heartbeat.hpp"

namespace tocsin::timer {
namespace {

using check::JsonValue;

std::string text(JsonValue value) { return value.string().value_or(""); }
Instant instant(JsonValue value) { return from_unix_ms(value.integer().value_or(0)); }

void write_ms(JsonWriter& w, std::string_view key, Instant at) {
  if (at != Instant{}) {
    w.field(key, unix_ms(at));
  }
}

Action action_of(JsonValue value) {
  return value.is_string(to_string(Action::start)) ? Action::start : Action::log;
}

std::vector<OpenRun> runs_of(JsonValue value) {
  std::vector<OpenRun> out;
  for (check::JsonItems item(value); item.next() && out.size() < kMostRuns;) {
    const JsonValue run = item.value();
    out.push_back(
        {text(run.find("rid")), instant(run.find("first_ms")), instant(run.find("latest_ms"))});
  }
  return out;
}

}  // namespace

std::string to_json(const Heartbeat& beat) {
  std::string out;
  if (beat == Heartbeat{}) {
    return out;
  }
  JsonWriter w(out);
  w.object();
  write_ms(w, "last_ping_ms", beat.last_ping);
  write_ms(w, "expected_ms", beat.expected);
  write_ms(w, "deadline_ms", beat.deadline);
  w.field("window_ms", std::int64_t{beat.window.count()}).field("plan", beat.plan);
  w.key("runs").array();
  for (const OpenRun& run : beat.runs) {
    w.object().field("rid", run.rid);
    write_ms(w, "first_ms", run.first);
    write_ms(w, "latest_ms", run.latest);
    w.end_object();
  }
  w.end_array();
  if (beat.said) {
    w.key("said").object().field("action", to_string(beat.said->action));
    write_ms(w, "at_ms", beat.said->at);
    w.field("text", beat.said->text).end_object();
  }
  w.end_object();
  return out;
}

Heartbeat parse_heartbeat(std::string_view json) {
  Heartbeat out;
  const auto value = check::parse_json(json);
  if (json.empty() || !value) {
    return out;
  }
  out.last_ping = instant(value->find("last_ping_ms"));
  out.expected = instant(value->find("expected_ms"));
  out.deadline = instant(value->find("deadline_ms"));
  out.window = Milliseconds{value->find("window_ms").integer().value_or(0)};
  out.plan = text(value->find("plan"));
  out.runs = runs_of(value->find("runs"));
  if (const JsonValue said = value->find("said"); said.exists()) {
    out.said =
        Said{action_of(said.find("action")), instant(said.find("at_ms")), text(said.find("text"))};
  }
  return out;
}

}  // namespace tocsin::timer

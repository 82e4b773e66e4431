#include "deployment/service_state.hpp"

#include <array>

#include "base/json_writer.hpp"
#include "check/json.hpp"

namespace tocsin::deployment {
namespace {

using check::JsonValue;

constexpr std::size_t kMostListed = 1'000;
constexpr std::array kPhases = {Phase::fresh, Phase::deploying, Phase::stable, Phase::failed,
                                Phase::gone};
constexpr std::array<std::string_view, 3> kScalingSteps = {"", "pending", "told"};

// Only what is not as in a fresh state: most services are steady, and there are thousands.
class Writer {
 public:
  explicit Writer(std::string& out) : w_(out) { w_.object(); }
  void text(std::string_view key, std::string_view value) {
    if (!value.empty()) {
      w_.field(key, value);
    }
  }
  void number(std::string_view key, std::int64_t value) {
    if (value != 0) {
      w_.field(key, value);
    }
  }
  void flag(std::string_view key, bool value) {
    if (value) {
      w_.field(key, true);
    }
  }
  void time(std::string_view key, Instant at) { number(key, unix_ms(at)); }
  void times(std::string_view key, const std::vector<Instant>& all) {
    if (all.empty()) {
      return;
    }
    w_.key(key).array();
    for (const Instant at : all) {
      w_.value(unix_ms(at));
    }
    w_.end_array();
  }
  void texts(std::string_view key, const std::vector<std::string>& all) {
    if (all.empty()) {
      return;
    }
    w_.key(key).array();
    for (const std::string& one : all) {
      w_.value(one);
    }
    w_.end_array();
  }
  void begin(std::string_view key) { w_.key(key).object(); }
  void end() { w_.end_object(); }

 private:
  JsonWriter w_;
};

void write(Writer& w, const Scaling& scaling) {
  if (scaling == Scaling{}) {
    return;
  }
  w.begin("scaling");
  w.text("step", kScalingSteps[static_cast<std::size_t>(scaling.step)]);
  w.number("from", scaling.from);
  w.time("since_ms", scaling.since);
  w.time("first_seen_ms", scaling.first_seen);
  w.flag("timeout_told", scaling.timeout_told);
  w.time("told_since_ms", scaling.told_since);
  w.time("told_first_seen_ms", scaling.told_first_seen);
  w.flag("told_late", scaling.told_late);
  w.end();
}

void write(Writer& w, const Recovery& recovery) {
  if (recovery == Recovery{}) {
    return;
  }
  w.begin("recovery");
  w.flag("going_on", recovery.going_on);
  w.time("began_ms", recovery.began);
  w.time("episode_ms", recovery.episode);
  w.times("episodes_ms", recovery.episodes);
  w.flag("flapping", recovery.flapping);
  w.number("flaps", recovery.flaps);
  w.flag("short_now", recovery.short_now);
  w.time("enough_since_ms", recovery.enough_since);
  w.end();
}

std::string text(JsonValue value) { return value.string().value_or(""); }
std::int64_t number(JsonValue value) { return value.integer().value_or(0); }
bool flag(JsonValue value) { return value.boolean().value_or(false); }
Instant time(JsonValue value) { return from_unix_ms(number(value)); }

Scaling read_scaling(JsonValue value) {
  Scaling out;
  for (std::size_t i = 0; i < kScalingSteps.size(); ++i) {
    if (value.find("step").is_string(kScalingSteps[i])) {
      out.step = static_cast<Scaling::Step>(i);
    }
  }
  out.from = number(value.find("from"));
  out.since = time(value.find("since_ms"));
  out.first_seen = time(value.find("first_seen_ms"));
  out.timeout_told = flag(value.find("timeout_told"));
  out.told_since = time(value.find("told_since_ms"));
  out.told_first_seen = time(value.find("told_first_seen_ms"));
  out.told_late = flag(value.find("told_late"));
  return out;
}

Recovery read_recovery(JsonValue value) {
  Recovery out;
  out.going_on = flag(value.find("going_on"));
  out.began = time(value.find("began_ms"));
  out.episode = time(value.find("episode_ms"));
  for (check::JsonItems item(value.find("episodes_ms"));
       item.next() && out.episodes.size() < kMostListed;) {
    out.episodes.push_back(time(item.value()));
  }
  out.flapping = flag(value.find("flapping"));
  out.flaps = number(value.find("flaps"));
  out.short_now = flag(value.find("short_now"));
  out.enough_since = time(value.find("enough_since_ms"));
  return out;
}

}  // namespace

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::fresh:
      return "new";
    case Phase::deploying:
      return "deploying";
    case Phase::stable:
      return "stable";
    case Phase::failed:
      return "failed";
    case Phase::gone:
      return "gone";
  }
  return "";
}

std::string to_json(const ServiceState& state) {
  std::string out;
  Writer w(out);
  w.text("phase", to_string(state.phase));
  w.flag("reborn", state.reborn);
  w.time("service_created_ms", state.service_created);
  w.time("reappeared_ms", state.reappeared);
  w.text("deployment", state.deployment);
  w.time("created_ms", state.created);
  w.text("task_definition", state.task_definition);
  w.text("thread", state.thread);
  w.flag("rollback", state.rollback);
  w.time("previous_created_ms", state.previous_created);
  w.texts("past_rollbacks", state.past_rollbacks);
  w.flag("timeout_told", state.timeout_told);
  w.flag("failing_told", state.failing_told);
  w.time("age_from_ms", state.age_from);
  w.text("finished_task_definition", state.finished_task_definition);
  w.number("desired", state.desired);
  w.number("running", state.running);
  w.number("running_all", state.running_all);
  w.time("steady_since_ms", state.steady_since);
  w.number("dips", state.dips);
  write(w, state.recovery);
  write(w, state.scaling);
  w.number("missing", state.missing);
  w.number("stale", state.stale);
  w.number("denied", state.denied);
  w.time("newest_event_ms", state.newest_event);
  w.end();
  return out;
}

ServiceState parse_service_state(std::string_view json) {
  ServiceState out;
  const auto value = check::parse_json(json);
  if (!value) {
    return out;
  }
  for (const Phase phase : kPhases) {
    if (value->find("phase").is_string(to_string(phase))) {
      out.phase = phase;
    }
  }
  out.reborn = flag(value->find("reborn"));
  out.service_created = time(value->find("service_created_ms"));
  out.reappeared = time(value->find("reappeared_ms"));
  out.deployment = text(value->find("deployment"));
  out.created = time(value->find("created_ms"));
  out.task_definition = text(value->find("task_definition"));
  out.thread = text(value->find("thread"));
  out.rollback = flag(value->find("rollback"));
  out.previous_created = time(value->find("previous_created_ms"));
  for (check::JsonItems item(value->find("past_rollbacks"));
       item.next() && out.past_rollbacks.size() < kMostListed;) {
    out.past_rollbacks.push_back(text(item.value()));
  }
  out.timeout_told = flag(value->find("timeout_told"));
  out.failing_told = flag(value->find("failing_told"));
  out.age_from = time(value->find("age_from_ms"));
  out.finished_task_definition = text(value->find("finished_task_definition"));
  out.desired = number(value->find("desired"));
  out.running = number(value->find("running"));
  out.running_all = number(value->find("running_all"));
  out.steady_since = time(value->find("steady_since_ms"));
  out.dips = number(value->find("dips"));
  out.recovery = read_recovery(value->find("recovery"));
  out.scaling = read_scaling(value->find("scaling"));
  out.missing = number(value->find("missing"));
  out.stale = number(value->find("stale"));
  out.denied = number(value->find("denied"));
  out.newest_event = time(value->find("newest_event_ms"));
  return out;
}

}  // namespace tocsin::deployment

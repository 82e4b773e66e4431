#include "web/monitor_json.hpp"

#include <chrono>

#include "alert/uptime.hpp"

namespace tocsin::web {
namespace {

void write_notes(JsonWriter& w, const config::Monitor& monitor) {
  w.key("labels").object();
  if (monitor.notes != nullptr) {
    for (const auto& [key, value] : monitor.notes->labels) {
      w.field(key, value);
    }
  }
  w.end_object();
  if (monitor.notes == nullptr) {
    return;
  }
  const auto optional = [&w](std::string_view name, const std::string& text) {
    if (!text.empty()) {
      w.field(name, text);
    }
  };
  optional("description", monitor.notes->description);
  optional("runbook", monitor.notes->runbook);
  optional("dashboard", monitor.notes->dashboard);
  if (monitor.notes->delivery_unavailable) {
    w.field("delivery", "unavailable");
  }
}

void write_instant(JsonWriter& w, std::string_view name, Instant at) {
  w.key(name);
  if (at == Instant{}) {
    w.null();
  } else {
    w.value(at);
  }
}

void write_text_or_null(JsonWriter& w, std::string_view name, std::string_view text) {
  w.key(name);
  if (text.empty()) {
    w.null();
  } else {
    w.value(text);
  }
}

void write_ratio(JsonWriter& w, std::string_view name, std::optional<double> ratio) {
  w.key(name);
  if (ratio) {
    w.value(*ratio);
  } else {
    w.null();
  }
}

// Closed buckets plus the open one, if that still lies in the window.
std::optional<double> with_open(const ports::UptimeSums::Sum& closed, const alert::Tally& open,
                                bool open_counts) {
  return alert::ratio(closed.up + (open_counts ? open.up : 0),
                      closed.down + (open_counts ? open.down : 0));
}

// The open incident, and who knows of it.
void write_incident(JsonWriter& w, const service::MonitorView& view, Instant now) {
  w.key("incident");
  if (view.incident == nullptr) {
    w.null();
    return;
  }
  const alert::Announcement& incident = *view.incident;
  w.object().field("id", incident.opening.incident).field("opened_at", incident.opening.at);
  w.key("told").array();
  for (const std::string& channel : incident.told) {
    w.value(channel);
  }
  w.end_array();
  write_text_or_null(w, "held", alert::to_string(incident.hold));
  write_text_or_null(w, "held_by", incident.held_by);
  w.key("acknowledged");
  write_acknowledgement(w, incident.acknowledged(now) ? incident.acknowledgement : std::nullopt);
  w.end_object();
}

// What is known of a job that pings; nothing that would let somebody ping for it.
void write_heartbeat(JsonWriter& w, const service::MonitorView& view) {
  if (!std::holds_alternative<check::HeartbeatCheck>(view.config->check->target)) {
    return;
  }
  static const timer::Heartbeat kNothing;
  const timer::Heartbeat& beat = view.heartbeat == nullptr ? kNothing : *view.heartbeat;
  w.key("heartbeat").object();
  write_instant(w, "last_ping", beat.last_ping);
  write_instant(w, "expected", beat.expected);
  write_instant(w, "deadline", beat.deadline);
  w.key("runs").array();
  for (const timer::OpenRun& run : beat.runs) {
    w.object();
    write_text_or_null(w, "rid", run.rid);
    w.field("started_at", run.first).end_object();
  }
  w.end_array().key("said");
  if (beat.said) {
    w.object().field("action", timer::to_string(beat.said->action));
    w.field("at", beat.said->at).field("text", beat.said->text).end_object();
  } else {
    w.null();
  }
  w.end_object();
}

// Where a service of ECS runs.
void write_service(JsonWriter& w, const service::MonitorView& view) {
  if (const auto* ecs = std::get_if<check::EcsCheck>(&view.config->check->target)) {
    w.key("ecs").object().field("cluster", ecs->cluster).field("service", ecs->service);
    w.field("region", ecs->region).field("account", ecs->account).end_object();
  }
}

}  // namespace

void write_acknowledgement(JsonWriter& w,
                           const std::optional<alert::Acknowledgement>& acknowledgement) {
  if (!acknowledgement) {
    w.null();
    return;
  }
  w.object().field("by", acknowledgement->by).field("at", acknowledgement->at);
  write_instant(w, "until", acknowledgement->until);
  w.field("comment", acknowledgement->comment).end_object();
}

void write_counters(JsonWriter& w, const schedule::Counters& counters) {
  w.field("planned", counters.planned).field("on_time", counters.on_time);
  w.field("late", counters.late);
  w.key("skipped").object();
  for (std::size_t i = 0; i < counters.skipped.size(); ++i) {
    w.field(schedule::to_string(static_cast<schedule::Skip>(i)), counters.skipped[i]);
  }
  w.end_object();
  w.field("running", counters.running).field("retries", counters.retries);
  w.field("manual", counters.manual);
}

MonitorItem::MonitorItem(const service::MonitorView& view, Instant now) {
  if (view.buckets != nullptr) {
    buckets_ = *view.buckets;
  }
  JsonWriter w(fields_);
  w.field("name", view.config->name).field("kind", check::kind_of(*view.config->check));
  write_notes(w, *view.config);
  w.field("state", alert::to_string(view.state.state));
  write_instant(w, "since", view.state.since);
  w.field("paused", view.paused).field("silenced", view.silenced);
  w.field("flapping", view.flapping);
  write_heartbeat(w, view);
  write_service(w, view);
  write_incident(w, view, now);
  w.key("last");
  if (view.last_json.empty()) {
    w.null();
  } else {
    w.raw(view.last_json);
  }
  w.key("schedule").object();
  write_counters(w, view.counters);
  write_instant(w, "next", view.next_run);
  w.end_object();
}

void MonitorItem::finish(JsonWriter& out, const ports::UptimeSums* sums, Instant now) const {
  using std::chrono::hours;
  const auto hour_counts = [&](hours window) {
    return buckets_.hour_start + hours{1} > now - window;
  };
  const auto day_counts = [&](hours window) {
    return buckets_.day_start + hours{24} > now - window;
  };
  const auto day_window = [&](const ports::UptimeSums::Sum& closed, hours window) {
    return with_open(closed, buckets_.day, day_counts(window));
  };
  out.object().raw(fields_);
  out.key("uptime").object();
  write_ratio(out, "1h", alert::last_hour(buckets_, now));
  if (sums == nullptr) {
    for (const std::string_view window : {"24h", "7d", "30d", "90d"}) {
      out.key(window).null();
    }
  } else {
    write_ratio(out, "24h", with_open(sums->day, buckets_.hour, hour_counts(hours{24})));
    write_ratio(out, "7d", day_window(sums->week, hours{24 * 7}));
    write_ratio(out, "30d", day_window(sums->month, hours{24 * 30}));
    write_ratio(out, "90d", day_window(sums->quarter, hours{24 * 90}));
  }
  out.end_object().end_object();
}

}  // namespace tocsin::web

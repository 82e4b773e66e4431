// Is it alive, is it ready, how is it doing.

#include <chrono>

#include "base/json_writer.hpp"
#include "web/handlers.hpp"
#include "web/monitor_json.hpp"

namespace tocsin::web {
namespace {

// The bound below which `share` of the values lie; null in JSON when they are beyond the last
// bound.
void write_quantile(JsonWriter& w, std::string_view name, const service::Histogram& histogram,
                    double share) {
  w.key(name);
  const auto wanted = static_cast<double>(histogram.total) * share;
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < service::Histogram::kBoundsMs.size(); ++i) {
    seen += histogram.counts[i];
    if (histogram.total > 0 && static_cast<double>(seen) >= wanted) {
      w.value(service::Histogram::kBoundsMs[i]);
      return;
    }
  }
  w.null();
}

void write_lateness(JsonWriter& w, const service::Histogram& lateness) {
  w.key("lateness").object().field("runs", lateness.total).key("mean_ms");
  if (lateness.total > 0) {
    w.value_ms(Microseconds{lateness.sum_us / static_cast<std::int64_t>(lateness.total)});
  } else {
    w.null();
  }
  // Upper bounds: the histogram knows no more.
  write_quantile(w, "p50_ms", lateness, 0.50);
  write_quantile(w, "p99_ms", lateness, 0.99);
  w.end_object();
}

void write_monitor_counts(JsonWriter& w, const service::WatchStats& stats) {
  w.key("monitors").object().field("total", stats.monitors);
  for (std::size_t i = 0; i < stats.monitors_by_state.size(); ++i) {
    w.field(alert::to_string(static_cast<alert::State>(i)), stats.monitors_by_state[i]);
  }
  w.field("paused", stats.paused).field("in_flight", stats.in_flight).end_object();
}

void write_store(JsonWriter& w, const service::StoreHealth& health) {
  w.field("store", health.degraded ? "degraded" : "ok");
  if (health.degraded) {
    w.field("store_error", health.error).field("store_since", health.since);
    w.field("journal_events", health.journal_events);
    w.field("lost_outcomes", health.lost_outcomes);
  }
}

void write_config(JsonWriter& w, const ConfigProblems& problems) {
  w.key("config").object().field("errors", problems.errors);
  w.field("warnings", problems.warnings).key("broken_dropins").array();
  for (const ConfigProblems::DropIn& broken : problems.broken_dropins) {
    w.object().field("file", broken.file).field("message", broken.message).end_object();
  }
  w.end_array().end_object();
}

}  // namespace

void answer_health(const SharedPtr& /*shared*/, Call /*call*/, Responder respond) {
  respond(json_response(200, R"({"status":"ok"})"));
}

void answer_ready(const SharedPtr& shared, Call /*call*/, Responder respond) {
  const service::StoreHealth health = shared->context.monitors.store_health();
  std::string body;
  JsonWriter w(body);
  w.object().field("status", health.degraded ? "not_ready" : "ready");
  w.field("store", health.degraded ? "degraded" : "ok");
  if (health.degraded) {
    w.field("message", "the store refuses writes: " + health.error).field("since", health.since);
  } else {
    const std::uint64_t monitors = shared->context.monitors.size();
    w.field("monitors", monitors);
  }
  w.end_object();
  respond(json_response(health.degraded ? 503 : 200, std::move(body)));
}

void answer_status(const SharedPtr& shared, Call call, Responder respond) {
  if (auto problem = unexpected_parameter(call.query)) {
    respond(problem_response(*problem));
    return;
  }
  const Context& context = shared->context;
  const service::WatchStats& stats = context.monitors.stats();
  const Microseconds uptime = context.clock.mono_now() - context.started_mono;
  std::string body;
  JsonWriter w(body);
  w.object().field("version", context.version).field("started_at", context.started_at);
  w.field("uptime_ms", std::chrono::duration_cast<Milliseconds>(uptime).count());
  write_store(w, context.monitors.store_health());
  write_monitor_counts(w, stats);
  w.key("schedule").object();
  write_counters(w, stats.counters);
  w.end_object();
  write_lateness(w, stats.lateness);
  w.field("events", stats.events).field("reloads", stats.reloads);
  write_config(w, context.config_problems ? context.config_problems() : ConfigProblems{});
  w.end_object();
  respond(json_response(200, std::move(body)));
}

}  // namespace tocsin::web

// GET /metrics. The totals are one small write; the monitors are walked in slices, a turn of the
// loop each, so that a scrape of 100,000 monitors delays no check.

#include <algorithm>
#include <array>

#include "web/handlers.hpp"
#include "web/metrics_alerting.hpp"
#include "web/metrics_text.hpp"
#include "web/metrics_timers.hpp"

namespace tocsin::web {
namespace {

constexpr std::size_t kSlice = 1000;
constexpr std::size_t kMostMonitorsUnasked = 5000;

template <std::size_t N>
using LabelArray = std::array<MetricLabel, N>;

void one(MetricsText& m, std::string_view name, std::string_view type, std::string_view help,
         std::uint64_t value) {
  m.begin(name, type, help);
  m.sample(value);
}

MetricsText::Buckets buckets_of(const service::Histogram& histogram) {
  return {service::Histogram::kBoundsMs, histogram.counts, histogram.total,
          Microseconds{histogram.sum_us}};
}

void write_process(MetricsText& m, const Context& context) {
  m.begin("tocsin_build_info", "gauge", "The running version; always 1.");
  m.sample(LabelArray<1>{{{"version", context.version}}}, std::uint64_t{1});
  m.begin("tocsin_start_time_seconds", "gauge", "Start of the process, Unix time.");
  m.sample({}, static_cast<double>(unix_ms(context.started_at)) / 1000.0);
}

void write_monitors(MetricsText& m, const service::WatchStats& stats) {
  m.begin("tocsin_monitors", "gauge", "Monitors by state.");
  for (std::size_t i = 0; i < stats.monitors_by_state.size(); ++i) {
    const std::string_view state = alert::to_string(static_cast<alert::State>(i));
    m.sample(LabelArray<1>{{{"state", state}}}, stats.monitors_by_state[i]);
  }
  one(m, "tocsin_monitors_paused", "gauge", "Monitors that are paused.", stats.paused);
  one(m, "tocsin_checks_in_flight", "gauge", "Checks that run now.", stats.in_flight);
  one(m, "tocsin_pings_total", "counter", "Pings that reached a heartbeat, since the start.",
      stats.pings);
  one(m, "tocsin_events_total", "counter", "Events since the start.", stats.events);
  m.begin("tocsin_check_outcomes_total", "counter", "Outcomes since the start, by status.");
  for (std::size_t i = 0; i < stats.outcomes.size(); ++i) {
    const std::string_view status = check::to_string(static_cast<check::Status>(i));
    m.sample(LabelArray<1>{{{"status", status}}}, stats.outcomes[i]);
  }
  m.begin("tocsin_check_duration_seconds", "histogram", "How long checks took, by kind.");
  for (std::size_t i = 0; i < stats.duration_by_kind.size(); ++i) {
    m.histogram(LabelArray<1>{{{"kind", check::kKindNames[i]}}},
                buckets_of(stats.duration_by_kind[i]));
  }
}

void write_ecs(MetricsText& m, const Context& context) {
  const auto figures = context.ecs ? context.ecs() : std::nullopt;
  if (!figures) {
    return;
  }
  one(m, "tocsin_ecs_services", "gauge", "ECS services that are looked at.", figures->services);
  one(m, "tocsin_ecs_clusters_failing", "gauge", "ECS clusters that cannot be looked at now.",
      figures->clusters_failing);
  m.begin("tocsin_ecs_looks_total", "counter", "Looks at an ECS service, and what came of them.");
  m.sample(LabelArray<1>{{{"result", "answered"}}}, figures->looks);
  m.sample(LabelArray<1>{{{"result", "unanswered"}}}, figures->unanswered);
  one(m, "tocsin_ecs_calls_total", "counter", "Calls of the ECS API.", figures->calls);
  one(m, "tocsin_ecs_notices_total", "counter", "What happened to ECS services and was told.",
      figures->notices);
}

void write_schedule(MetricsText& m, const service::WatchStats& stats) {
  const schedule::Counters& counters = stats.counters;
  one(m, "tocsin_schedule_planned_total", "counter",
      "Planned runs: always the sum of started, skipped and running ones.", counters.planned);
  m.begin("tocsin_schedule_started_total", "counter", "Planned runs that started, and when.");
  m.sample(LabelArray<1>{{{"timing", "on_time"}}}, counters.on_time);
  m.sample(LabelArray<1>{{{"timing", "late"}}}, counters.late);
  m.begin("tocsin_schedule_skipped_total", "counter", "Planned runs that did not happen, and why.");
  for (std::size_t i = 0; i < counters.skipped.size(); ++i) {
    const std::string_view reason = schedule::to_string(static_cast<schedule::Skip>(i));
    m.sample(LabelArray<1>{{{"reason", reason}}}, counters.skipped[i]);
  }
  one(m, "tocsin_schedule_running", "gauge", "Planned runs that go on now.", counters.running);
  one(m, "tocsin_schedule_retries_total", "counter", "Runs repeated at retry_every.",
      counters.retries);
  one(m, "tocsin_schedule_manual_total", "counter", "Runs that somebody asked for.",
      counters.manual);
  m.begin("tocsin_schedule_lateness_seconds", "histogram", "From the planned time to the start.");
  m.histogram({}, buckets_of(stats.lateness));
}

void write_store(MetricsText& m, const service::StoreHealth& health,
                 const ports::Store::Stats& stats) {
  one(m, "tocsin_store_degraded", "gauge", "1 while the store refuses writes.",
      health.degraded ? 1 : 0);
  one(m, "tocsin_store_journal_events", "gauge", "Events in memory until the store takes them.",
      health.journal_events);
  one(m, "tocsin_store_lost_outcomes_total", "counter",
      "Outcomes left out of the history while the store refused.", health.lost_outcomes);
  one(m, "tocsin_store_commits_total", "counter", "Transactions.", stats.commits);
  one(m, "tocsin_store_batches_total", "counter", "Batches in these transactions.", stats.batches);
  one(m, "tocsin_store_failures_total", "counter", "Transactions that failed.", stats.failures);
  one(m, "tocsin_store_queue_batches", "gauge", "Batches that wait for the store's writer.",
      stats.queued);
  one(m, "tocsin_store_size_bytes", "gauge", "Size of the database file.", stats.bytes);
}

void write_config(MetricsText& m, const Context& context) {
  const ConfigProblems problems =
      context.config_problems ? context.config_problems() : ConfigProblems{};
  one(m, "tocsin_config_reloads_total", "counter", "Configurations taken over since the start.",
      context.monitors.stats().reloads);
  m.begin("tocsin_config_problems", "gauge", "Problems of the configuration that runs.");
  m.sample(LabelArray<1>{{{"severity", "error"}}}, problems.errors);
  m.sample(LabelArray<1>{{{"severity", "warning"}}}, problems.warnings);
  one(m, "tocsin_config_broken_dropins", "gauge", "Drop-in files ignored because they are broken.",
      problems.broken_dropins.size());
}

void write_http(MetricsText& m, const Shared& shared) {
  m.begin("tocsin_http_requests_total", "counter", "Requests answered, by class of status.");
  constexpr std::array<std::string_view, 6> kClasses{"", "1xx", "2xx", "3xx", "4xx", "5xx"};
  for (std::size_t i = 2; i < kClasses.size(); ++i) {
    m.sample(LabelArray<1>{{{"status", kClasses[i]}}}, shared.answers_by_class[i]);
  }
  if (const TransportStats* stats = shared.context.transport; stats != nullptr) {
    one(m, "tocsin_http_connections", "gauge", "Open connections.", stats->connections);
    one(m, "tocsin_http_accepted_total", "counter", "Connections accepted.", stats->accepted);
    one(m, "tocsin_http_rejected_total", "counter", "Connections beyond the bound, turned away.",
        stats->rejected);
    one(m, "tocsin_http_timeouts_total", "counter", "Requests or answers that took too long.",
        stats->timeouts);
    one(m, "tocsin_http_malformed_total", "counter", "Requests that could not be read.",
        stats->malformed);
  }
}

// One scrape on its way. The two families of the monitors grow side by side.
struct Scrape {
  std::string totals, states, durations;
  std::string last;  // the name looked at last
  bool begun = false;
};

void write_monitor(Scrape& scrape, const service::MonitorView& view) {
  constexpr std::array kStates{alert::State::fresh, alert::State::up, alert::State::down,
                               alert::State::unknown};
  const std::string_view kind = check::kind_of(*view.config->check);
  MetricsText states(scrape.states);
  MetricsText durations(scrape.durations);
  if (!scrape.begun) {
    scrape.begun = true;
    states.begin("tocsin_monitor_state", "gauge", "1 for the state that the monitor is in.");
    durations.begin("tocsin_monitor_last_duration_seconds", "gauge",
                    "How long the monitor's last check took.");
  } else {
    states.resume("tocsin_monitor_state");
    durations.resume("tocsin_monitor_last_duration_seconds");
  }
  for (const alert::State state : kStates) {
    const LabelArray<3> labels{
        {{"monitor", view.config->name}, {"kind", kind}, {"state", alert::to_string(state)}}};
    states.sample(labels, std::uint64_t{view.state.state == state ? 1U : 0U});
  }
  if (!view.last_json.empty()) {
    durations.sample(LabelArray<2>{{{"monitor", view.config->name}, {"kind", kind}}},
                     static_cast<double>(view.last_duration.count()) / 1e6);
  }
}

void send(Scrape scrape, Responder& respond) {
  scrape.totals += scrape.states;
  scrape.totals += scrape.durations;
  respond(text_response("text/plain; version=0.0.4; charset=utf-8", std::move(scrape.totals)));
}

void walk(const SharedPtr& shared, Scrape scrape, Responder respond) {
  const Monitors& monitors = shared->context.monitors;
  std::size_t index = monitors.lower_bound(scrape.last);
  if (index < monitors.size() && monitors.view(index).config->name == scrape.last) {
    ++index;
  }
  const std::size_t end = std::min(monitors.size(), index + kSlice);
  for (; index < end; ++index) {
    const service::MonitorView view = monitors.view(index);
    write_monitor(scrape, view);
    if (index + 1 == end) {
      scrape.last = view.config->name;
    }
  }
  if (end == monitors.size()) {
    send(std::move(scrape), respond);
    return;
  }
  shared->context.loop.post(
      [shared, scrape = std::move(scrape), respond = std::move(respond)]() mutable {
        walk(shared, std::move(scrape), std::move(respond));
      });
}

}  // namespace

void answer_metrics(const SharedPtr& shared, Call call, Responder respond) {
  if (auto problem = unexpected_parameter(call.query)) {
    respond(problem_response(*problem));
    return;
  }
  const Context& context = shared->context;
  Scrape scrape;
  MetricsText m(scrape.totals);
  write_process(m, context);
  write_monitors(m, context.monitors.stats());
  write_schedule(m, context.monitors.stats());
  write_store(m, context.monitors.store_health(), context.store.stats());
  write_config(m, context);
  write_alerting(m, context);
  write_timers(m, context);
  write_ecs(m, context);
  write_http(m, *shared);
  const bool each =
      shared->metrics_per_monitor.value_or(context.monitors.size() <= kMostMonitorsUnasked);
  context.store.read_outbox_depth(
      [shared, each, scrape = std::move(scrape),
       respond = std::move(respond)](Result<std::uint64_t> depth) mutable {
        if (depth) {
          MetricsText more(scrape.totals);
          one(more, "tocsin_outbox_rows", "gauge", "Notifications that wait for delivery.", *depth);
        }
        if (each) {
          walk(shared, std::move(scrape), std::move(respond));
        } else {
          send(std::move(scrape), respond);
        }
      });
}

}  // namespace tocsin::web

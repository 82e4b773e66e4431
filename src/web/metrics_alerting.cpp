#include "web/metrics_alerting.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace tocsin::web {
namespace {

struct Family {
  std::string_view name;
  std::string_view type;
  std::string_view help;
  std::uint64_t (*value)(const service::OutletView&);
};

constexpr std::array<Family, 9> kFamilies{{
    {"tocsin_channel_up", "gauge", "1 while the last delivery to the channel or sink succeeded.",
     [](const service::OutletView& o) { return std::uint64_t{o.health.failing ? 0U : 1U}; }},
    {"tocsin_outbox_waiting", "gauge", "Notifications that wait or are under way.",
     [](const service::OutletView& o) { return o.waiting; }},
    {"tocsin_notifications_delivered_total", "counter", "Notifications that arrived.",
     [](const service::OutletView& o) { return o.stats.delivered; }},
    {"tocsin_notifications_dropped_total", "counter", "Notifications that were given up.",
     [](const service::OutletView& o) { return o.stats.dropped; }},
    {"tocsin_notifications_late_total", "counter", "Notifications that arrived and said so late.",
     [](const service::OutletView& o) { return o.stats.late; }},
    {"tocsin_notifications_grouped_total", "counter",
     "Notifications that arrived together with others in one message.",
     [](const service::OutletView& o) { return o.stats.grouped; }},
    {"tocsin_messages_delivered_total", "counter", "Messages that arrived.",
     [](const service::OutletView& o) { return o.stats.messages; }},
    {"tocsin_messages_failed_total", "counter", "Attempts to deliver a message that failed.",
     [](const service::OutletView& o) { return o.stats.failures; }},
    {"tocsin_messages_retried_total", "counter", "Attempts that repeated an earlier one.",
     [](const service::OutletView& o) { return o.stats.retries; }},
}};

std::array<MetricLabel, 2> labels_of(const service::OutletView& outlet) {
  return {{{"channel", outlet.name}, {"type", outlet.type}}};
}

void write_oldest(MetricsText& m, const std::vector<service::OutletView>& outlets, Instant now) {
  m.begin("tocsin_outbox_oldest_seconds", "gauge", "Age of the oldest that waits; 0 for none.");
  for (const service::OutletView& outlet : outlets) {
    const Milliseconds age = outlet.oldest == Instant{} ? Milliseconds{0} : now - outlet.oldest;
    m.sample(labels_of(outlet), static_cast<double>(std::max(age.count(), std::int64_t{0})) / 1e3);
  }
}

}  // namespace

void write_alerting(MetricsText& out, const Context& context) {
  out.begin("tocsin_incidents_open", "gauge", "Incidents that are open.");
  out.sample(context.monitors.stats().incidents);
  if (context.alerting == nullptr) {
    return;
  }
  const Instant now = context.clock.now();
  out.begin("tocsin_silences_active", "gauge", "Silences that people set and that hold now.");
  out.sample(static_cast<std::uint64_t>(
      std::ranges::count_if(context.alerting->silences(),
                            [now](const alert::Silence& silence) { return silence.active(now); })));
  const std::vector<service::OutletView> outlets = context.alerting->outlets();
  for (const Family& family : kFamilies) {
    out.begin(family.name, family.type, family.help);
    for (const service::OutletView& outlet : outlets) {
      out.sample(labels_of(outlet), family.value(outlet));
    }
  }
  write_oldest(out, outlets, now);
}

}  // namespace tocsin::web

#include "web/metrics_timers.hpp"

#include <array>

namespace tocsin::web {
namespace {

struct Family {
  std::string_view name, type, help;
  std::uint64_t TimerCalls::Counts::* value;
};

using Counts = TimerCalls::Counts;

constexpr std::array<Family, 15> kFamilies{{
    {"tocsin_timers", "gauge", "Timers that are kept, expired ones among them.", &Counts::timers},
    {"tocsin_timer_arms_total", "counter", "Timers armed or reset, durably.", &Counts::arms},
    {"tocsin_timer_commits_total", "counter",
     "Groups of writes; arms divided by commits is the size of a group.", &Counts::commits},
    {"tocsin_timer_write_failures_total", "counter", "Writes that the store refused.",
     &Counts::failures},
    {"tocsin_timer_store_bytes", "gauge", "Size of the timers' file.", &Counts::bytes},
    {"tocsin_timer_expiries_told_total", "counter", "Expiries that were told.", &Counts::expired},
    {"tocsin_timer_expiries_late_total", "counter", "Of these, more than a second late.",
     &Counts::late},
    {"tocsin_timer_recoveries_told_total", "counter", "Timers told of that were armed again.",
     &Counts::recovered},
    {"tocsin_timer_expiries_waiting", "gauge", "Expired timers within their grace or silenced.",
     &Counts::waiting},
    {"tocsin_timer_connections", "gauge", "Open connections of the timer listener.",
     &Counts::connections},
    {"tocsin_timer_connections_accepted_total", "counter", "Connections accepted.",
     &Counts::accepted},
    {"tocsin_timer_connections_rejected_total", "counter", "Connections turned away: too many.",
     &Counts::rejected},
    {"tocsin_timer_requests_total", "counter", "Requests to the timer listener.",
     &Counts::requests},
    {"tocsin_timer_requests_malformed_total", "counter", "Requests that were not HTTP.",
     &Counts::malformed},
    {"tocsin_timer_timeouts_total", "counter", "Requests and answers that took too long.",
     &Counts::timeouts},
}};

}  // namespace

void write_timers(MetricsText& out, const Context& context) {
  if (context.timers == nullptr) {
    return;
  }
  const Counts counts = context.timers->counts();
  for (const Family& family : kFamilies) {
    out.begin(family.name, family.type, family.help);
    out.sample(counts.*family.value);
  }
}

}  // namespace tocsin::web

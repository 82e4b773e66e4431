#include "sim/alert_ledger.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tocsin::test {
namespace {

using namespace std::chrono_literals;

// Later than this after its creation, a message must say so: the dispatcher's own minute, the
// longest group_wait of the simulated channels, and its second of patience.
constexpr Milliseconds kMustSayLate{75'000};

bool tells_of_trouble(const alert::Event& event) {
  return event.type == "went_down" || event.type == "still_down";
}

}  // namespace

void AlertLedger::issued(const ports::OutboxRow& row) {
  if (row.sink || issues_.contains(row.key)) return;
  auto event = alert::parse_event(row.payload);
  require(event.has_value(), row.key + " holds an event");
  if (event) issues_[row.key] = {next_number_++, row.created, std::move(*event)};
}

void AlertLedger::arrived(const std::string& channel, const alert::Event& event, Instant at) {
  const std::string key = channel + "/" + event.id;
  const auto issue = issues_.find(key);
  require(issue != issues_.end(), key + " was issued before it arrived");
  if (issue == issues_.end()) return;
  ++arrivals_;
  late_ += event.late ? 1U : 0U;
  require(event.late || at - issue->second.created <= kMustSayLate,
          fmt::format("{} ({}) says that it is late", key, event.type));
  if (const unsigned times = ++count_[key]; times > 1) {
    ++repeated_;
    require(times <= 1 + allowed_[key], fmt::format("{} ({}) arrives once", key, event.type));
    return;
  }
  Milliseconds& slowest = slowest_[channel];
  slowest = std::max(slowest, at - issue->second.created);
  std::uint64_t& newest = newest_[{channel, event.monitor}];
  require(issue->second.number > newest,
          fmt::format("{} ({}) is not overtaken by a later one", key, event.type));
  newest = issue->second.number;
}

void AlertLedger::unanswered(const std::string& channel, const alert::Event& event) {
  ++allowed_[channel + "/" + event.id];
}

void AlertLedger::killed(const StoreContents& left) {
  for (const auto& [key, row] : left.outbox) {
    if (count_.contains(key)) allowed_[key] = count_[key];
  }
}

void AlertLedger::acknowledged(const std::string& incident, Instant at) {
  acknowledged_[incident].push_back(at);
}

std::uint64_t AlertLedger::of_type(std::string_view type) const {
  return static_cast<std::uint64_t>(std::ranges::count_if(count_, [&](const auto& entry) {
    const auto issue = issues_.find(entry.first);
    return issue != issues_.end() && issue->second.event.type == type;
  }));
}

AlertLedger::Incidents AlertLedger::incidents_of(const StoreContents& stored) {
  Incidents incidents;
  for (const auto& [id, row] : stored.events) {  // ids are in order of time
    auto event = alert::parse_event(row.json);
    if (!event) continue;
    if (event->type == "went_down") {
      const bool held = std::ranges::any_of(
          event->extra, [](const auto& field) { return field.first == "held"; });
      const std::string incident = event->incident;
      incidents[incident] = {std::move(*event), std::nullopt, held};
    } else if (event->type == "recovered") {
      incidents[event->incident].end = std::move(*event);
    }
  }
  return incidents;
}

void AlertLedger::settle_incident(const Incident& incident, const config::Monitor* monitor) const {
  const alert::Event& opening = incident.opening;
  require(incident.end.has_value(), opening.incident + " came to its end");
  if (!incident.end || monitor == nullptr) return;
  for (const alert::Recipient& recipient : monitor->notes->notify) {
    const std::string& channel = recipient.channel;
    const bool told = reached(channel, opening);
    const bool at_once = recipient.after == 0ms &&
                         alert::wants(recipient, alert::EventType::went_down, opening.severity);
    require(told || !at_once || incident.held,
            fmt::format("{} was told to {}, or accounted as held", opening.incident, channel));
    require(told == reached(channel, *incident.end),
            fmt::format("{} was told to {}: {}, and so was its end", opening.incident, channel,
                        told ? "yes" : "no"));
  }
}

// Nothing contradicts the state at its time, nobody hears before their turn.
void AlertLedger::settle_times(const Incidents& incidents,
                               const std::vector<config::Monitor>& monitors) const {
  for (const auto& [key, issue] : issues_) {
    const auto found = incidents.find(issue.event.incident);
    if (!tells_of_trouble(issue.event) || found == incidents.end() || !found->second.end) continue;
    const Incident& incident = found->second;
    require(issue.created >= incident.opening.at && issue.created <= incident.end->at,
            fmt::format("{} ({}) was told while the incident was open", key, issue.event.type));
    const auto times = acknowledged_.find(issue.event.incident);
    const bool acknowledged =
        times != acknowledged_.end() &&
        std::ranges::any_of(times->second, [&](Instant at) { return at < issue.created; });
    require(!acknowledged || issue.event.type != "still_down",
            key + " reminds nobody of an acknowledged incident");
    const auto monitor = std::ranges::find(monitors, issue.event.monitor, &config::Monitor::name);
    if (monitor == monitors.end() || issue.event.type != "went_down") continue;
    const std::string channel = key.substr(0, key.find('/'));
    for (const alert::Recipient& recipient : monitor->notes->notify) {
      if (recipient.channel != channel || recipient.after == 0ms) continue;
      require(!acknowledged, key + " escalates no acknowledged incident");
      require(issue.created >= incident.opening.at + recipient.after,
              key + " escalates not before its time");
    }
  }
}

void AlertLedger::settle(const StoreContents& stored,
                         const std::vector<config::Monitor>& monitors) const {
  const Incidents incidents = incidents_of(stored);
  for (const auto& [id, incident] : incidents) {
    const auto monitor =
        std::ranges::find(monitors, incident.opening.monitor, &config::Monitor::name);
    settle_incident(incident, monitor == monitors.end() ? nullptr : &*monitor);
  }
  settle_times(incidents, monitors);
  for (const auto& [key, issue] : issues_) {
    require(count_.contains(key), fmt::format("{} ({}) arrived", key, issue.event.type));
  }
  require(stored.outbox.empty(), "nothing waits once all is well");
}

}  // namespace tocsin::test

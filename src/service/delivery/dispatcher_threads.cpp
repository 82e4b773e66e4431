// What belongs together at the other side: which rows one message tells, the message that it
// answers to, and those that it ends.

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "notification/incident.hpp"
#include "service/delivery/dispatcher.hpp"

namespace tocsin::service {
namespace {

// Some threads never see their end: it was given up, or its channel is gone. After this time they
// are forgotten; an end that comes still later is a message of its own.
constexpr Milliseconds kThreadLasts{std::chrono::days{30}};
// A deployment that failed stays so until somebody deploys again, which ends its thread.
constexpr Milliseconds kServiceThreadLasts{std::chrono::days{400}};

// Before anything is parsed: a flood of other alerts must not pay for the deployments.
bool may_be_ecs(const ports::OutboxRow& row) {
  return row.payload.find(R"("kind":"ecs")") != std::string::npos;
}

std::string group_by_labels(const std::vector<std::string>& keys, const alert::Event& event) {
  std::string group;
  for (const std::string& key : keys) {
    std::string_view value;
    if (key == "monitor") {
      value = event.monitor;
    } else if (key == "kind") {
      value = event.kind;
    } else if (key == "type") {
      value = event.type;
    } else if (const auto at =
                   std::ranges::find(event.labels, key, &alert::Labels::value_type::first);
               at != event.labels.end()) {
      value = at->second;
    }
    group += fmt::format("{}={}\n", key, value);
  }
  return group;
}

}  // namespace

// What is told in one message: an answer to an earlier message belongs to that message; else by the
// labels that group_by names; without those each deployment by itself, and everything else
// together.
std::string Dispatcher::group_of(const Line& line, const ports::OutboxRow& row) const {
  const auto& outlet = line.outlet();
  const bool may_matter =
      outlet && !outlet->sink &&
      (!outlet->group_by.empty() || outlet->format->follows_up() || may_be_ecs(row));
  if (!may_matter) {
    return {};
  }
  const auto event = alert::parse_event(row.payload);
  if (!event) {
    return {};
  }
  if (outlet->format->follows_up() && !event->incident.empty()) {
    if (const std::string* const thread = threads_.reference(outlet->name, event->incident)) {
      return "thread " + *thread;
    }
  }
  if (outlet->group_by.empty() && notification::is_ecs(*event)) {
    const std::string& story = event->incident.empty() ? event->type : event->incident;
    return kApart + story;
  }
  return group_by_labels(outlet->group_by, *event);
}

std::optional<notification::Earlier> Dispatcher::earlier_of(
    const notification::Outlet& outlet, const notification::Message& message) const {
  if (!outlet.format->follows_up() || message.events.empty()) {
    return std::nullopt;
  }
  const std::string* of_all = nullptr;
  for (const alert::Event& event : message.events) {
    const std::string* const thread = threads_.reference(outlet.name, event.incident);
    if (event.incident.empty() || thread == nullptr || (of_all != nullptr && *of_all != *thread)) {
      return std::nullopt;
    }
    of_all = thread;
  }
  return threads_.earlier(outlet.name, message.events.front().incident);
}

std::vector<notification::Over> Dispatcher::over_with(const notification::Outlet& outlet,
                                                      const notification::Message& message) const {
  std::vector<notification::Over> out;
  if (!outlet.format->follows_up()) {
    return out;
  }
  for (const alert::Event& event : message.events) {
    for (std::string& incident : notification::closed_incidents(event)) {
      if (auto earlier = threads_.earlier(outlet.name, incident)) {
        out.push_back({std::move(incident), std::move(*earlier)});
      }
    }
  }
  return out;
}

void Dispatcher::remember_threads(const Flight& flight, ports::WriteBatch& batch) {
  if (!flight.outlet->format->follows_up()) {
    return;
  }
  const Instant now = ports_.clock.now();
  threads_.forget_before(now - kThreadLasts, now - kServiceThreadLasts, batch);
  const std::string& channel = flight.outlet->name;
  for (const notification::Over& over : flight.message.over) {
    threads_.close(channel, over.incident, batch);
  }
  for (const notification::Earlier& other : flight.work.others) {
    threads_.show(channel, other.reference, other.content, now, batch);
  }
  const std::string& reference =
      flight.earlier ? flight.earlier->reference : flight.consignment->reference;
  if (reference.empty()) {
    return;
  }
  for (const alert::Event& event : flight.message.events) {
    remember_thread(flight, event, reference, batch);
  }
  if (!flight.work.content.empty()) {
    threads_.show(channel, reference, flight.work.content, now, batch);
  }
}

void Dispatcher::remember_thread(const Flight& flight, const alert::Event& event,
                                 const std::string& reference, ports::WriteBatch& batch) {
  const std::string& channel = flight.outlet->name;
  const alert::Phase phase = notification::phase_of(event);
  if (event.incident.empty()) {
    return;
  }
  if (phase == alert::Phase::closes) {
    threads_.close(channel, event.incident, batch);
    return;
  }
  const bool first =
      !flight.earlier && !flight.work.content.empty() && notification::begins_thread(event);
  // What goes on within a message about many keeps the thread that it has.
  const bool known = threads_.reference(channel, event.incident) != nullptr;
  if (first && (phase == alert::Phase::opens || !known)) {
    threads_.open(channel, event.incident, reference, event.at, batch);
  }
}

}  // namespace tocsin::service

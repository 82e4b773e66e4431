#include "notification/texts.hpp"

#include <utility>

#include "base/result.hpp"
#include "notification/values.hpp"

namespace tocsin::notification {
namespace {

// A line whose values are all missing is left out: most monitors have no runbook.
constexpr std::string_view kOpened =
    "{message}\n"
    "{description}\n"
    "Since {since}\n"
    "Runbook: {runbook}\n"
    "Dashboard: {dashboard}\n"
    "{evidence}\n"
    "Sent {late} late";
constexpr std::string_view kClosed =
    "{message}\n"
    "Incident: {since} to {time}\n"
    "Dashboard: {dashboard}\n"
    "Sent {late} late";
constexpr std::string_view kNote =
    "{message}\n"
    "{description}\n"
    "At {time}\n"
    "Runbook: {runbook}\n"
    "Dashboard: {dashboard}\n"
    "{evidence}\n"
    "Sent {late} late";

// Of ECS services. The sentence names image and task definition, how long it took and, of a crash,
// why tasks stopped. What a person acts on has runbook and dashboard; progress has not.
constexpr std::string_view kProgress =
    "{message}\n"
    "Service {service} in cluster {cluster}, environment {environment}\n"
    "{link}\n"
    "Sent {late} late";
constexpr std::string_view kCrash =
    "{message}\n"
    "Service {service} in cluster {cluster}, environment {environment}\n"
    "Image: {image}\n"
    "{description}\n"
    "Runbook: {runbook}\n"
    "Dashboard: {dashboard}\n"
    "{link}\n"
    "Sent {late} late";
constexpr std::string_view kInTrouble =
    "{message}\n"
    "Running: {runningCount} of {desiredCount}\n"
    "Service {service} in cluster {cluster}, environment {environment}\n"
    "{description}\n"
    "Runbook: {runbook}\n"
    "Dashboard: {dashboard}\n"
    "{link}\n"
    "Sent {late} late";
constexpr std::string_view kWatched =
    "{message}\n"
    "Cluster {cluster}, environment {environment}\n"
    "Services: {services}\n"
    "Sent {late} late";

Template compiled(std::string_view text) {
  auto result = compile_template(text, event_vocabulary());
  TOCSIN_ASSERT(result.has_value());
  return std::move(*result);
}

}  // namespace

std::string_view Texts::default_of(alert::EventType type) {
  using enum alert::EventType;
  switch (type) {
    case went_down:
    case still_down:
    case trouble_started:
    case timer_expired:
    case timer_still_expired:
      return kOpened;
    case recovered:
    case trouble_ended:
    case timer_rearmed:
      return kClosed;
    case became_unknown:
    case flapping_started:
    case flapping_ended:
      return kNote;
    case monitor_started:
      return kWatched;
    case service_created:
    case service_deleted:
    case deploy_started:
    case scaled:
    case finished:
      return kProgress;
    case recovering:
    case tasks_stopped:
      return kCrash;
    case timeout:
    case rolled_back:
    case failed:
      return kInTrouble;
  }
  return kNote;
}

Texts::Texts() : other_(compiled(kNote)) {
  for (const alert::EventTypeInfo& info : alert::event_types()) {
    set(info.type, compiled(default_of(info.type)));
  }
}

void Texts::set(alert::EventType type, Template text) {
  by_type_.at(static_cast<std::size_t>(type)) = std::move(text);
}

const Template& Texts::of(std::string_view type) const {
  const auto known = alert::parse_event_type(type);
  return known ? by_type_.at(static_cast<std::size_t>(*known)) : other_;
}

}  // namespace tocsin::notification

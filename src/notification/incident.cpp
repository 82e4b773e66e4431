#include "notification/incident.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "check/json.hpp"

namespace tocsin::notification {
namespace {

using alert::EventType;
using alert::Phase;

const std::string* field(const alert::Event& event, std::string_view name) {
  const auto found =
      std::ranges::find(event.extra, name, [](const auto& f) { return std::string_view(f.first); });
  return found == event.extra.end() ? nullptr : &found->second;
}

constexpr std::array kTurns{EventType::recovering, EventType::tasks_stopped, EventType::timeout,
                            EventType::rolled_back, EventType::failed};
// Of the reminders: one that only the thread shows reminds nobody.
constexpr std::array kForAll{EventType::still_down,  EventType::timer_still_expired,
                             EventType::recovering,  EventType::timeout,
                             EventType::rolled_back, EventType::failed};

bool is_one_of(const alert::Event& event, std::span<const EventType> types) {
  const auto type = alert::parse_event_type(event.type);
  return type && std::ranges::find(types, *type) != types.end();
}

bool is_end_of_rollback(const alert::Event& event) {
  const std::string* const rollback = field(event, "rollback");
  return phase_of(event) == Phase::closes && rollback != nullptr && *rollback == "true";
}

}  // namespace

Phase phase_of(const alert::Event& event) {
  const auto type = alert::parse_event_type(event.type);
  return type ? alert::info(*type).phase : Phase::note;
}

bool is_ecs(const alert::Event& event) { return event.kind == "ecs"; }

std::optional<EventType> told_type(const alert::Event& event) {
  const auto type = alert::parse_event_type(event.type);
  const std::string* const json = field(event, "remindsOf");
  if (type != EventType::still_down || !is_ecs(event) || json == nullptr) return type;
  const auto value = check::parse_json(*json);
  return value ? alert::parse_event_type(value->string().value_or("")) : type;
}

bool begins_thread(const alert::Event& event) {
  if (event.incident.empty()) return false;
  const Phase phase = phase_of(event);
  return phase == Phase::opens || phase == Phase::goes_on || phase == Phase::announces;
}

bool ends_well(const alert::Event& event) {
  return phase_of(event) == Phase::closes && !is_end_of_rollback(event) &&
         alert::parse_event_type(event.type) != EventType::service_deleted;
}

alert::Severity severity_of(const alert::Event& event) {
  return is_end_of_rollback(event) ? std::min(event.severity, alert::Severity::warning)
                                   : event.severity;
}

bool is_turn(const alert::Event& event) { return is_one_of(event, kTurns); }

bool is_for_all(const alert::Event& event) { return is_one_of(event, kForAll); }

std::vector<std::string> closed_incidents(const alert::Event& event) {
  std::vector<std::string> out;
  const std::string* const json = field(event, "closed_incidents");
  if (json == nullptr) return out;
  const auto list = check::parse_json(*json);
  if (!list || list->kind() != check::JsonKind::array) return out;
  for (check::JsonItems item(*list); item.next() && out.size() < kMostClosed;) {
    auto incident = item.value().string();
    const bool other = incident && !incident->empty() && *incident != event.incident;
    if (other && std::ranges::find(out, *incident) == out.end()) {
      out.push_back(std::move(*incident));
    }
  }
  return out;
}

}  // namespace tocsin::notification

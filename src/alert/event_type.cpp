#include "alert/event_type.hpp"

#include <algorithm>
#include <array>

namespace tocsin::alert {
namespace {

constexpr std::array<EventTypeInfo, kEventTypes> kTypes{{
    {EventType::went_down, "went_down", Severity::critical, Phase::opens,
     "fail_after failures: an incident opened"},
    {EventType::still_down, "still_down", Severity::critical, Phase::goes_on,
     "a reminder that an incident goes on"},
    {EventType::recovered, "recovered", Severity::info, Phase::closes,
     "recover_after successes: the incident closed"},
    {EventType::became_unknown, "became_unknown", Severity::warning, Phase::note,
     "fail_after outcomes in a row could not be judged, by our own fault"},
    {EventType::flapping_started, "flapping_started", Severity::warning, Phase::note,
     "the state changes too often to tell each change"},
    {EventType::flapping_ended, "flapping_ended", Severity::info, Phase::note,
     "the state is steady again"},
    {EventType::trouble_started, "trouble_started", Severity::warning, Phase::opens,
     "Tocsin itself has trouble"},
    {EventType::trouble_ended, "trouble_ended", Severity::info, Phase::closes,
     "Tocsin's own trouble is over"},
    {EventType::timer_expired, "timer_expired", Severity::critical, Phase::opens,
     "a timer that a rule names was not armed again in time"},
    {EventType::timer_still_expired, "timer_still_expired", Severity::critical, Phase::goes_on,
     "a reminder that it still is not"},
    {EventType::timer_rearmed, "timer_rearmed", Severity::info, Phase::closes,
     "it was armed again, or disarmed"},
    {EventType::monitor_started, "monitor_started", Severity::info, Phase::note,
     "the services of an ECS cluster are watched"},
    {EventType::service_created, "service_created", Severity::info, Phase::note,
     "an ECS service is there that was not"},
    {EventType::deploy_started, "deploy_started", Severity::info, Phase::announces,
     "an ECS deployment began"},
    {EventType::scaled, "scaled", Severity::info, Phase::announces,
     "the desired count of an ECS service changed"},
    {EventType::recovering, "recovering", Severity::critical, Phase::opens,
     "too few tasks of an ECS service run, or those of its deployment keep failing"},
    {EventType::tasks_stopped, "tasks_stopped", Severity::critical, Phase::goes_on,
     "why tasks of an ECS service stopped, when that was not known at once"},
    {EventType::timeout, "timeout", Severity::warning, Phase::goes_on,
     "an ECS deployment or scaling takes longer than it may"},
    {EventType::rolled_back, "rolled_back", Severity::warning, Phase::goes_on,
     "an ECS deployment is being undone"},
    {EventType::failed, "failed", Severity::critical, Phase::goes_on, "an ECS deployment failed"},
    {EventType::finished, "finished", Severity::info, Phase::closes,
     "an ECS deployment, scaling or recovery is complete"},
    {EventType::service_deleted, "service_deleted", Severity::info, Phase::closes,
     "an ECS service is gone"},
}};

constexpr std::array<std::string_view, 3> kSeverities{"critical", "warning", "info"};

}  // namespace

std::span<const EventTypeInfo> event_types() { return kTypes; }

const EventTypeInfo& info(EventType type) { return kTypes.at(static_cast<std::size_t>(type)); }

std::string_view to_string(EventType type) { return info(type).name; }

std::optional<EventType> parse_event_type(std::string_view name) {
  const auto* found = std::ranges::find(kTypes, name, &EventTypeInfo::name);
  return found == kTypes.end() ? std::nullopt : std::optional(found->type);
}

std::string_view to_string(Severity severity) {
  return kSeverities.at(static_cast<std::size_t>(severity));
}

std::optional<Severity> parse_severity(std::string_view name) {
  const auto* found = std::ranges::find(kSeverities, name);
  return found == kSeverities.end()
             ? std::nullopt
             : std::optional(static_cast<Severity>(found - kSeverities.begin()));
}

}  // namespace tocsin::alert

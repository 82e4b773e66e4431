#pragma once
// The closed list of event types (docs/events.md): what each is called and what it means for those
// who hear of it. Stored and sent by name, so a name never changes.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace tocsin::alert {

enum class EventType : std::uint8_t {
  went_down,         // an incident opened
  still_down,        // a reminder that it goes on
  recovered,         // it closed
  became_unknown,    // nobody can tell, and the fault is ours
  flapping_started,  // changes too often to tell each time
  flapping_ended,    // it is steady again
  trouble_started,   // Tocsin's own: told to `self`
  trouble_ended,
  timer_expired,        // a timer of a rule, or many of them, ran out
  timer_still_expired,  // a reminder that nobody armed it again
  timer_rearmed,        // it runs again, or was disarmed
  // Of ECS services (deployment/notice.hpp).
  monitor_started,  // a cluster is watched: which services
  service_created,
  deploy_started,
  scaled,
  recovering,     // too few tasks run, or those of a deployment keep failing
  tasks_stopped,  // why, once AWS said so: to an outage that was told before
  timeout,
  rolled_back,
  failed,
  finished,
  service_deleted,
};

inline constexpr std::size_t kEventTypes = static_cast<std::size_t>(EventType::service_deleted) + 1;

enum class Severity : std::uint8_t { critical, warning, info };

// What an event does to the incident that it names: for providers that keep incidents of their own.
// `announces` begins what people follow in one thread though nothing is wrong: a deployment, a
// scaling. What goes on or closes may then be the first that a channel hears of it.
enum class Phase : std::uint8_t { opens, goes_on, closes, note, announces };

struct EventTypeInfo {
  EventType type;
  std::string_view name;
  Severity severity;  // of went_down and still_down only where the monitor does not say otherwise
  Phase phase;
  std::string_view doc;  // one sentence
};

// In the order of the enum.
[[nodiscard]] std::span<const EventTypeInfo> event_types();
[[nodiscard]] const EventTypeInfo& info(EventType type);
[[nodiscard]] std::string_view to_string(EventType type);
[[nodiscard]] std::optional<EventType> parse_event_type(std::string_view name);

[[nodiscard]] std::string_view to_string(Severity severity);
[[nodiscard]] std::optional<Severity> parse_severity(std::string_view name);

}  // namespace tocsin::alert

#include "alert/change_message.hpp"

#include <fmt/format.h>

#include <chrono>

namespace tocsin::alert {
namespace {

std::string because(std::string_view found) {
  return found.empty() ? std::string() : fmt::format(": {}", found);
}

// Milliseconds say nothing in a long outage.
std::string spoken(Milliseconds outage) {
  using std::chrono::seconds;
  return format_duration(outage >= seconds{1} ? std::chrono::round<seconds>(outage) : outage);
}

}  // namespace

std::string change_message(std::string_view monitor, EventType type, std::string_view found,
                           std::optional<Milliseconds> outage) {
  switch (type) {
    case EventType::went_down:
      return fmt::format("{} is down{}", monitor, because(found));
    case EventType::recovered:
      return outage ? fmt::format("{} is up again after {}", monitor, spoken(*outage))
                    : fmt::format("{} is up again", monitor);
    case EventType::became_unknown:
      return fmt::format("{} cannot be judged{}", monitor, because(found));
    case EventType::still_down:
      return outage ? fmt::format("{} is still down after {}{}", monitor, spoken(*outage),
                                  because(found))
                    : fmt::format("{} is still down{}", monitor, because(found));
    case EventType::flapping_started:
      return fmt::format("{} is flapping: its state changes too often to tell each time", monitor);
    case EventType::flapping_ended:
      return fmt::format("{} has stopped flapping{}", monitor, because(found));
    case EventType::timer_expired:
      return fmt::format("{} expired{}", monitor, because(found));
    case EventType::timer_still_expired:
      return outage ? fmt::format("{} is still expired after {}", monitor, spoken(*outage))
                    : fmt::format("{} is still expired", monitor);
    case EventType::timer_rearmed:
      return outage
                 ? fmt::format("{} runs again after {}{}", monitor, spoken(*outage), because(found))
                 : fmt::format("{} runs again{}", monitor, because(found));
    case EventType::trouble_started:
    case EventType::trouble_ended:
    case EventType::monitor_started:
    case EventType::service_created:
    case EventType::deploy_started:
    case EventType::scaled:
    case EventType::recovering:
    case EventType::tasks_stopped:
    case EventType::timeout:
    case EventType::rolled_back:
    case EventType::failed:
    case EventType::finished:
    case EventType::service_deleted:
      break;  // they bring their sentence: the trouble itself, what a service does
  }
  return found.empty() ? std::string(monitor) : std::string(found);
}

std::string reminder_message(std::string_view said, Milliseconds lasts) {
  return fmt::format("{}; still so after {}", said, spoken(lasts));
}

std::string removed_message(std::string_view monitor) {
  return fmt::format("{} is no longer monitored; its incident is closed", monitor);
}

}  // namespace tocsin::alert

#pragma once
// What a sample event of an ECS service says: a deployment that never was.

#include <string>
#include <string_view>

#include "alert/event.hpp"
#include "alert/event_type.hpp"

namespace tocsin::notification {

struct ServiceSample {
  std::string_view state, reason, message;
};
// The message follows the monitor's name: "a deployment of web:12 began". Empty: of other types.
[[nodiscard]] ServiceSample service_sample(alert::EventType type);

// Cluster and service of the event's monitor, "cluster/service", as labels and as fields, and the
// other fields of its type, with one image and one task definition.
void add_service_fields(alert::Event& event, alert::EventType type);

}  // namespace tocsin::notification

#pragma once
// What the rules found about a service, as events for people and machines: sentences, severities,
// and the fields that formatters had under these names before (docs/events.md). Pure.

#include <string>
#include <vector>

#include "alert/event_type.hpp"
#include "check/outcome.hpp"
#include "deployment/notice.hpp"
#include "deployment/snapshot.hpp"
#include "service/ecs/service_memory.hpp"
#include "service/finding.hpp"

namespace tocsin::service {

// What is known beside a notice. All outlive the call.
struct Scene {
  const std::string& monitor;      // its name
  const std::string& environment;  // for people
  const std::string& region;
  const ServiceMemory& memory;           // after the look
  const deployment::Snapshot* snapshot;  // null: none was seen
  alert::Severity severity;              // of what is as bad as it gets
  std::string stops;                     // why tasks stopped; "" not known
  std::optional<Milliseconds> late;      // so long nobody looked
};

[[nodiscard]] News news_of(const deployment::Notice& notice, const Scene& scene);
// Why tasks stopped, to an outage that was told before AWS said so.
[[nodiscard]] News stops_news(const deployment::Notice& outage, const Scene& scene);

// What a look is as an outcome of the monitor. `found` says what was seen when that was no
// snapshot.
[[nodiscard]] check::Outcome outcome_of(const Scene& scene, const std::string& unseen);

// "shop/web:v42", "shop/web@sha256:1f2e3d4c5b6a": without the registry, for people.
[[nodiscard]] std::string short_image(const deployment::Image& image);
// Of AWS's console, in the partition of the service.
[[nodiscard]] std::string console_link(const ServiceMemory& memory, const std::string& region);

}  // namespace tocsin::service

#pragma once
// An event that did not happen: what a test or a preview of a channel tells.

#include <string>

#include "alert/event.hpp"
#include "alert/event_type.hpp"
#include "base/time.hpp"

namespace tocsin::notification {

// Whom it is about; the default is a monitor that does not exist.
struct SampleSubject {
  std::string monitor = "example";
  std::string kind = "http";
  alert::Labels labels;
  std::string description, runbook, dashboard;  // as its events carry them; "" none
};

// Its message says that it is a test. Every sample about one monitor has the same incident and key,
// so that a sample `recovered` closes what a sample `went_down` opened at the other side; neither
// is ever those of a real incident.
[[nodiscard]] alert::Event sample_event(alert::EventType type, std::string id,
                                        const SampleSubject& subject, Instant now);

}  // namespace tocsin::notification

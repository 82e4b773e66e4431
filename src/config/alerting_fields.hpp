#pragma once
// Sections about telling people: `self` and `maintenance`.

#include <string>
#include <vector>

#include "alert/silence.hpp"
#include "config/field_table.hpp"
#include "config/notify_fields.hpp"

namespace tocsin::config {

// What tells about Tocsin itself.
struct SelfDraft {
  std::vector<NotifyDraft> notify;
  std::vector<NamedReference> report;
  std::vector<NamedReference> gate;
  std::string heartbeat_url;
  Milliseconds heartbeat_every{60'000};
  Milliseconds report_every{60'000};
};
[[nodiscard]] const Table<SelfDraft>& self_table();

struct MaintenanceDraft {
  alert::Maintenance window;
  Position at;
};
struct MaintenanceFields {
  std::string name, schedule, timezone = "UTC";
  Position schedule_at, timezone_at;
  Milliseconds length{0};
  alert::Selector match;
};
[[nodiscard]] const Table<MaintenanceFields>& maintenance_table();
// The entries of the list that are usable; problems are reported.
[[nodiscard]] std::vector<MaintenanceDraft> decode_maintenance(Decoder& d, const Node& node);

}  // namespace tocsin::config

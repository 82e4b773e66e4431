#pragma once
// The top-level sections of a file.

#include <optional>
#include <string>
#include <vector>

#include "config/alerting_fields.hpp"
#include "config/ecs_fields.hpp"
#include "config/field_table.hpp"
#include "config/model.hpp"
#include "config/monitor_fields.hpp"
#include "config/outlet_fields.hpp"
#include "config/template_fields.hpp"
#include "config/timer_fields.hpp"

namespace tocsin::config {

// What one file says, before files are put together.
struct Part {
  Settings settings;
  Defaults defaults;
  bool defaults_usable = true;  // false: the section is broken, do not judge monitors by it
  bool pings_usable = true;     // false: the section is broken
  bool access_usable = true;    // false: listen, auth or allow_unauthenticated is broken
  std::vector<MonitorDraft> monitors;
  std::vector<OutletDraft> channels, sinks;
  TemplatesDraft templates;
  std::optional<Position> listen_at;
  SelfDraft self;
  std::optional<TimersDraft> timers;
  std::optional<EcsDraft> ecs;
  std::optional<ReportTo> self_post;  // of the founding format
  std::vector<MaintenanceDraft> maintenance;
};

// One row per section, except those whose entries are streamed: monitors, heartbeats,
// channels, sinks.
[[nodiscard]] const Table<Part>& section_table();
[[nodiscard]] std::vector<FieldDoc> streamed_sections();
// Whether a top-level key is a section of this version or of one to come.
[[nodiscard]] bool is_section(std::string_view name);

[[nodiscard]] const Table<Listen>& listen_table();
[[nodiscard]] const Table<ListenTls>& listen_tls_table();
[[nodiscard]] const Table<ApiToken>& token_table();
[[nodiscard]] const Table<Settings>& auth_settings_table();
[[nodiscard]] const Table<Settings>& metrics_table();
[[nodiscard]] const Table<Settings>& store_table();
[[nodiscard]] const Table<SqliteStore>& sqlite_table();
[[nodiscard]] const Table<Retention>& retention_table();
[[nodiscard]] const Table<Limits>& limits_table();
[[nodiscard]] const Table<LogOptions>& log_table();
[[nodiscard]] const Table<PingSettings>& ping_table();

}  // namespace tocsin::config

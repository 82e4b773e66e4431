#pragma once
// The section `ecs`: clusters whose services are watched. Its options and those of an entry of
// `clusters` are the same: what stands in the section is what its entries start from. Names and
// units of mona (docs/mona.md) are rows of their own beside ours.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/field_table.hpp"
#include "config/model.hpp"
#include "config/monitor_fields.hpp"
#include "config/notify_fields.hpp"

namespace tocsin::config {

// What one map says: an entry, or the section itself.
struct EcsOptions {
  EcsCluster cluster;  // without its notes
  // mona's way to say log_interval: a line every so many checks. It counts when it is there.
  std::optional<std::uint64_t> log_checks;
  std::vector<NotifyDraft> notify;
  alert::Labels labels;
  alert::Severity severity = alert::Severity::critical;
  Milliseconds remind_every{0};
  std::string description, runbook, dashboard;
};

// An entry laid over the section.
struct EcsEntry {
  Draft<EcsOptions> options;
  std::optional<std::size_t> index;  // in `clusters`; nullopt: `ecs` itself names a cluster
  Position at;
};

struct EcsDraft {
  std::vector<EcsEntry> entries;    // in the order in which they are asked for a service
  std::vector<NotifyDraft> notify;  // of the section
  std::vector<std::vector<NotifyDraft>> entry_notify;  // of each item of `clusters`, also of broken
  std::vector<std::string> match_labels{"service"};
};

// The whole section; what is wrong is reported.
[[nodiscard]] EcsDraft decode_ecs(Decoder& d, const Node& node);

// What the monitors of the services carry. `defaults`: what the section `defaults` says of all
// monitors, below the section and its entry.
[[nodiscard]] MonitorNotes ecs_notes_of(const Draft<EcsOptions>& options, const Common& defaults);

[[nodiscard]] const Table<EcsOptions>& ecs_option_table();
[[nodiscard]] const Table<deployment::Selection>& ecs_service_table();
// The keys that the section has beside the options.
[[nodiscard]] std::vector<FieldDoc> ecs_section_docs();

// Services by name, pattern or tag: `web`, `[web, "api-*"]` or {include, exclude, tags}.
[[nodiscard]] std::optional<deployment::Selection> decode_services(Decoder& d, const Node& node);
// One service or a list of them, as mona takes them: none is all.
[[nodiscard]] std::optional<deployment::Selection> decode_service_names(Decoder& d,
                                                                        const Node& node);

// The names of the option that `key` is one name of, ours first; empty when it has no other.
[[nodiscard]] std::span<const std::string_view> ecs_synonyms(std::string_view key);
[[nodiscard]] bool is_mona_name(std::string_view key);

}  // namespace tocsin::config

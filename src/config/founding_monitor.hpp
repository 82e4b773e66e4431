#pragma once
// Entries of a founding-format file: an endpoint becomes a monitor, and a sink of its name where
// its outcomes are posted; `self` becomes a sink for Tocsin's own health.

#include <optional>

#include "config/founding_entry.hpp"
#include "config/monitor_fields.hpp"
#include "config/outlet_fields.hpp"

namespace tocsin::config {

struct FoundingEndpoint {
  MonitorDraft monitor;
  std::optional<OutletDraft> sink;
};
// Usable only when no error was added.
[[nodiscard]] FoundingEndpoint decode_founding_endpoint(const FoundingEntry& e,
                                                        AssertionCache& assertions);

struct FoundingSelf {
  std::optional<OutletDraft> sink;
  ReportOn on = ReportOn::always;
};
// Same.
[[nodiscard]] FoundingSelf decode_founding_self(const FoundingEntry& e);

}  // namespace tocsin::config

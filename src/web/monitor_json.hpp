#pragma once
// How one monitor looks in the API.

#include <optional>
#include <string>

#include "base/json_writer.hpp"
#include "ports/store.hpp"
#include "service/views.hpp"

namespace tocsin::web {

// One item, made in two steps: uptime comes later, from the store. Owns all it needs.
class MonitorItem {
 public:
  MonitorItem(const service::MonitorView& view, Instant now);
  // `sums` are the closed buckets of this monitor; nullptr: the store did not answer, so every
  // window but the last hour is null.
  void finish(JsonWriter& out, const ports::UptimeSums* sums, Instant now) const;

 private:
  std::string fields_;  // without braces and without uptime
  alert::OpenBuckets buckets_;
};

// {by,at,until,comment} or null.
void write_acknowledgement(JsonWriter& w,
                           const std::optional<alert::Acknowledgement>& acknowledgement);

// {"planned":..,"on_time":..,...}: without `next`.
void write_counters(JsonWriter& w, const schedule::Counters& counters);

}  // namespace tocsin::web

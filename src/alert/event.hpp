#pragma once
// A change that people may want to hear of: one shape for API, store, webhook, exec and log.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alert/state.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace tocsin::alert {

using Labels = std::vector<std::pair<std::string, std::string>>;  // sorted by key

struct Event {
  std::string id;    // unique, time-ordered (base/event_id.hpp)
  std::string type;  // a name of docs/events.md (alert/event_type.hpp)
  Severity severity = Severity::critical;
  std::string monitor;
  std::string kind;
  Labels labels;
  Instant at{};
  std::string state;   // the state entered; free text for kinds with states of their own
  std::string reason;  // "" when there is none
  std::string message;
  std::string incident;  // stable id of the outage; the same in went_down and recovered
  std::string key;       // de-duplication key: derives from monitor and incident, never the process
  std::optional<Milliseconds> late;
  std::optional<Milliseconds> outage;
  std::vector<std::pair<std::string, std::string>> extra;  // further fields of its type: name, JSON
};

// {id,type,monitor,kind,labels,at,state,reason,message,key,incident,severity[,late_ms][,outage_ms],
// ...extra}. `reason` and `incident` are null when there is none.
[[nodiscard]] std::string to_json(const Event& event);

// Reads what to_json wrote, also of an older version: a field that is missing keeps its default,
// one that is not known goes to `extra` in its place. Error (invalid): not the JSON of an event.
[[nodiscard]] Result<Event> parse_event(std::string_view json);

// "checkout/1795250912007": the monitor and the Unix milliseconds at which the incident opened.
[[nodiscard]] std::string incident_id(std::string_view monitor, Instant opened);

}  // namespace tocsin::alert

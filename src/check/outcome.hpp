#pragma once
// What one check found. The same shape for every kind: HTTP and TCP now; commands, timers, pushed
// heartbeats and ECS snapshots later. Plain values, no thread, no ownership beyond their strings.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace tocsin::check {

// `unknown`: the fault is ours (resolver, descriptors, our own stall); it never blames the target.
enum class Status : std::uint8_t { up, down, unknown };

// The closed list of reasons (docs/reasons.md). Stored and sent by name, so a name never changes.
enum class Reason : std::uint8_t {
  none,            // up
  dns,             // the name has no address
  connect,         // refused, unreachable, reset while connecting
  tls,             // handshake or certificate
  timeout,         // the check's timeout passed, in whatever phase
  protocol,        // the peer spoke something else, or hung up before its answer was complete
  redirect,        // too many redirects, a loop, or an unusable Location
  status,          // final HTTP status outside 200 to 299 without a condition on [STATUS]
  assertion,       // a condition failed
  body_too_large,  // body or headers beyond their limit
  exit,            // a command's exit status
  signal,          // a command ended by a signal
  expired,         // a timer or heartbeat ran out
  reported,        // the job itself said that it failed
  tasks,           // no task of an ECS service runs
  unreadable,      // unknown: AWS did not say what an ECS service is like, or not so that we know
  resolver,        // unknown: no resolver answers us
  resources,       // unknown: descriptors, memory, local ports
  interrupted,     // unknown: we stopped the check
  internal,        // unknown: a defect or a library's surprise
};

// Why a check ran. Retries and manual checks are counted apart from the schedule.
enum class Origin : std::uint8_t { scheduled, retry, manual, pushed };

// Phase ends, measured from the start of the check; absent phases were not reached or not needed.
struct Timings {
  std::optional<Microseconds> dns, connect, tls, first_byte, total;
};

// `text` as configured; `seen` the same with what was found: "[STATUS] (500) == 200".
struct ConditionResult {
  std::string text;
  std::string seen;
  bool passed = false;
};

// A captured value: `json` is valid JSON text (a string is quoted), so its type survives.
struct CapturedValue {
  std::string name;
  std::string json;
};

struct Outcome {
  Status status = Status::unknown;
  Reason reason = Reason::none;
  std::string message;  // one sentence for people; empty when up and nothing is to be said
  Origin origin = Origin::scheduled;
  bool confirmed = false;  // another worker saw the same (cluster mode)
  std::string evidence;    // what was seen (check/excerpt.hpp), as JSON; "" none. Not in to_json
  std::string detail;      // a kind's own state beyond up/down/unknown, for example an ECS phase
  Instant started{};
  Microseconds duration{0};
  Timings timings;
  std::vector<ConditionResult> conditions;
  std::vector<CapturedValue> values;
};

[[nodiscard]] std::string_view to_string(Status status);
[[nodiscard]] std::string_view to_string(Reason reason);  // "" for none
[[nodiscard]] std::string_view to_string(Origin origin);
[[nodiscard]] std::optional<Status> parse_status(std::string_view name);
[[nodiscard]] std::optional<Reason> parse_reason(std::string_view name);

// The JSON object that the API shows as `last`, history lists and the store keeps:
// {started_at,status,reason,message,origin,duration_ms,timings_ms{},conditions[],values{}
// [,detail][,confirmed]}
// `reason` is null when there is none; timings_ms holds only the phases reached.
[[nodiscard]] std::string to_json(const Outcome& outcome);

}  // namespace tocsin::check

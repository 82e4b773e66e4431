#pragma once
// The API's handlers, one function per Action. Each answers `respond` exactly once. Called on the
// loop thread with everything about access already decided.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/event_id.hpp"
#include "base/json_writer.hpp"
#include "config/model.hpp"
#include "web/context.hpp"
#include "web/ping.hpp"
#include "web/request.hpp"
#include "web/target.hpp"

namespace tocsin::web {

// What handlers share, alive as long as any answer is outstanding.
struct Shared {
  explicit Shared(Context given)
      : context(std::move(given)),
        sample_ids(static_cast<std::uint64_t>(unix_ms(context.started_at))),
        request_ids(static_cast<std::uint64_t>(unix_ms(context.started_at)) + 1) {}
  Context context;
  EventIds sample_ids;   // of events that are sent as a test, and never stored
  EventIds request_ids;  // tell a log line and an answer that they belong together
  std::optional<bool> metrics_per_monitor;
  config::PingSettings pings;
  std::array<std::uint64_t, 6> answers_by_class{};  // index: status / 100; 0 unused
};
using SharedPtr = std::shared_ptr<Shared>;

struct Call {
  std::string name;    // {name} or {id} of the route
  std::string second;  // the second one
  Query query;
  std::string caller;  // name of the token; "" without tokens
  std::string body;    // of routes that take fields
};

void answer_health(const SharedPtr& shared, Call call, Responder respond);
void answer_ready(const SharedPtr& shared, Call call, Responder respond);
void answer_status(const SharedPtr& shared, Call call, Responder respond);
void answer_metrics(const SharedPtr& shared, Call call, Responder respond);

void list_monitors(const SharedPtr& shared, Call call, Responder respond);
void show_monitor(const SharedPtr& shared, Call call, Responder respond);
void list_history(const SharedPtr& shared, Call call, Responder respond);
void list_rollups(const SharedPtr& shared, Call call, Responder respond);
void list_deployments(const SharedPtr& shared, Call call, Responder respond);
void list_events(const SharedPtr& shared, Call call, Responder respond);

void pause_monitor(const SharedPtr& shared, Call call, Responder respond);
void resume_monitor(const SharedPtr& shared, Call call, Responder respond);
void check_monitor(const SharedPtr& shared, Call call, Responder respond);

void acknowledge_monitor(const SharedPtr& shared, Call call, Responder respond);
void unacknowledge_monitor(const SharedPtr& shared, Call call, Responder respond);
void list_silences(const SharedPtr& shared, Call call, Responder respond);
void add_silence(const SharedPtr& shared, Call call, Responder respond);
void end_silence(const SharedPtr& shared, Call call, Responder respond);

// `request` for its method and body; whether the caller may ping is decided.
void answer_ping(const SharedPtr& shared, PingCall call, const Request& request, Responder respond);

void list_channels(const SharedPtr& shared, Call call, Responder respond);
void test_channel(const SharedPtr& shared, Call call, Responder respond);
void preview_channel(const SharedPtr& shared, Call call, Responder respond);
void list_outbox(const SharedPtr& shared, Call call, Responder respond);
void retry_outbox(const SharedPtr& shared, Call call, Responder respond);
void drop_outbox(const SharedPtr& shared, Call call, Responder respond);

void list_timers(const SharedPtr& shared, Call call, Responder respond);
void show_timer(const SharedPtr& shared, Call call, Responder respond);
void arm_timer(const SharedPtr& shared, Call call, Responder respond);
void disarm_timer(const SharedPtr& shared, Call call, Responder respond);

// --- Pieces that several handlers use ---

// Maps our failures: not_found 404, conflict 409, unavailable and exhausted 503, timeout 504 ...
[[nodiscard]] Problem problem_of(const Error& error);
[[nodiscard]] Problem no_such_monitor(std::string_view name);
// False while what is asked for could not be kept; then the answer, 503, is given.
[[nodiscard]] bool store_takes_writes(const SharedPtr& shared, Responder& respond);
// Null when nobody is told of anything; then the answer, 503, is given.
[[nodiscard]] Alerting* alerting_of(const SharedPtr& shared, Responder& respond);
// Ends the items of a list and its object.
void end_list(JsonWriter& w, const std::optional<std::string>& next);
// nullopt when the query holds no parameter; for handlers that take none.
[[nodiscard]] std::optional<Problem> unexpected_parameter(const Query& query);

}  // namespace tocsin::web

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

#include "web/context.hpp"
#include "web/request.hpp"
#include "web/target.hpp"

namespace tocsin::web {

// What handlers share, alive as long as any answer is outstanding.
struct Shared {
  explicit Shared(Context given) : context(std::move(given)) {}
  Context context;
  std::optional<bool> metrics_per_monitor;
  std::array<std::uint64_t, 6> answers_by_class{};  // index: status / 100; 0 unused
};
using SharedPtr = std::shared_ptr<Shared>;

struct Call {
  std::string name;  // {name} of the route
  Query query;
  std::string caller;  // name of the token
};

void answer_health(const SharedPtr& shared, Call call, Responder respond);
void answer_ready(const SharedPtr& shared, Call call, Responder respond);
void answer_status(const SharedPtr& shared, Call call, Responder respond);
void answer_metrics(const SharedPtr& shared, Call call, Responder respond);

void list_monitors(const SharedPtr& shared, Call call, Responder respond);
void show_monitor(const SharedPtr& shared, Call call, Responder respond);
void list_history(const SharedPtr& shared, Call call, Responder respond);
void list_rollups(const SharedPtr& shared, Call call, Responder respond);
void list_events(const SharedPtr& shared, Call call, Responder respond);

void pause_monitor(const SharedPtr& shared, Call call, Responder respond);
void resume_monitor(const SharedPtr& shared, Call call, Responder respond);
void check_monitor(const SharedPtr& shared, Call call, Responder respond);

// --- Pieces that several handlers use ---

// Maps our failures: not_found 404, conflict 409, unavailable and exhausted 503, timeout 504 ...
[[nodiscard]] Problem problem_of(const Error& error);
[[nodiscard]] Problem no_such_monitor(std::string_view name);
// nullopt when the query holds no parameter; for handlers that take none.
[[nodiscard]] std::optional<Problem> unexpected_parameter(const Query& query);

}  // namespace tocsin::web

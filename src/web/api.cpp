#include "web/api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/utf8.hpp"
#include "web/framing.hpp"
#include "web/handlers.hpp"
#include "web/ping.hpp"
#include "web/router.hpp"
#include "web/target.hpp"

namespace tocsin::web {
namespace {

using Handler = void (*)(const SharedPtr&, Call, Responder);

Handler handler_of(Action action) {
  switch (action) {
    case Action::health:
      return answer_health;
    case Action::ready:
      return answer_ready;
    case Action::metrics:
      return answer_metrics;
    case Action::status:
      return answer_status;
    case Action::list_monitors:
      return list_monitors;
    case Action::show_monitor:
      return show_monitor;
    case Action::history:
      return list_history;
    case Action::rollups:
      return list_rollups;
    case Action::deployments:
      return list_deployments;
    case Action::events:
      return list_events;
    case Action::pause:
      return pause_monitor;
    case Action::resume:
      return resume_monitor;
    case Action::check_now:
      return check_monitor;
    case Action::acknowledge:
      return acknowledge_monitor;
    case Action::unacknowledge:
      return unacknowledge_monitor;
    case Action::list_silences:
      return list_silences;
    case Action::add_silence:
      return add_silence;
    case Action::end_silence:
      return end_silence;
    case Action::list_channels:
      return list_channels;
    case Action::test_channel:
      return test_channel;
    case Action::preview_channel:
      return preview_channel;
    case Action::list_outbox:
      return list_outbox;
    case Action::retry_outbox:
      return retry_outbox;
    case Action::drop_outbox:
      return drop_outbox;
    case Action::list_timers:
      return list_timers;
    case Action::show_timer:
      return show_timer;
    case Action::arm_timer:
      return arm_timer;
    case Action::disarm_timer:
      return disarm_timer;
  }
  return answer_health;
}

bool is_json(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  const std::size_t end = type.find_last_not_of(" \t");
  const std::string_view trimmed = type.substr(0, end == std::string_view::npos ? 0 : end + 1);
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(trimmed, std::string_view("application/json"), {}, lower);
}

// What a route without fields takes: an empty body or an empty object.
bool is_empty_object(std::string_view body) {
  std::string bare;
  for (const char c : body) {
    if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
      bare += c;
      if (bare.size() > 2) {
        return false;
      }
    }
  }
  return bare.empty() || bare == "{}";
}

std::optional<Problem> content_problem(const Request& head, const Route& route) {
  if (route.method == "GET") {
    return announces_body(head) ? std::optional(Problem{400, "unexpected_body",
                                                        "a GET or HEAD request takes no body"})
                                : std::nullopt;
  }
  if (head.count("content-type") == 1 && is_json(*head.header("content-type"))) {
    return std::nullopt;
  }
  return Problem{415, "unsupported_media_type",
                 "a write needs the header Content-Type: application/json"};
}

struct Admitted {
  const Route* route = nullptr;  // null: it is a ping
  Call call;
  PingCall ping;
};

}  // namespace

class Api::Impl {
 public:
  Impl(Context context, const config::Settings& settings)
      : shared_(std::make_shared<Shared>(std::move(context))), gate_(settings) {
    shared_->metrics_per_monitor = settings.metrics_per_monitor;
    shared_->pings = settings.pings;
  }

  void apply(const config::Settings& settings) {
    gate_ = Gate(settings);
    shared_->metrics_per_monitor = settings.metrics_per_monitor;
    shared_->pings = settings.pings;
  }

  std::expected<Admitted, Response> admit(const Request& head) const {
    if (const auto problem = framing_problem(head)) {
      return refuse(*problem, true);
    }
    auto target = parse_target(head.target);
    if (!target) {
      return refuse(target.error(), true);
    }
    if (is_ping(target->segments)) {
      return admit_ping(*target);
    }
    auto match = match_route(head.method, target->segments);
    const Access access = match ? match->route->access : Access::open;
    auto caller = gate_.admit(head, target->authority, access);
    if (!caller) {
      return refuse(caller.error(), false);
    }
    if (!match) {
      auto refused = refuse(match.error().problem, false);
      if (!match.error().allow.empty()) {
        refused.error().headers.emplace_back("Allow", match.error().allow);
      }
      return refused;
    }
    if (const auto problem = content_problem(head, *match->route)) {
      return refuse(*problem, false);
    }
    Admitted out;
    out.route = match->route;
    out.call = {std::move(match->name),
                std::move(match->second),
                std::move(target->query),
                std::move(caller->name),
                {}};
    return out;
  }

  // By the path alone, whatever the Host header says: a page of another site would have to know it.
  std::expected<Admitted, Response> admit_ping(const Target& target) const {
    auto call = read_ping(target);
    // The key is compared also where something else is wrong, and never a reason of its own.
    if (call && call->uuid.empty() && !gate_.is_ping_key(call->key)) {
      call = std::unexpected(kPingNotFound);
    }
    if (!call) {
      return std::unexpected(
          ping_response(call.error().status, call.error().body, shared_->pings.body_limit));
    }
    Admitted out;
    out.ping = std::move(*call);
    return out;
  }

  std::optional<std::uint64_t> keep_of_body(const Request& head) const {
    const auto target = parse_target(head.target);
    return target && is_ping(target->segments)
               ? std::optional(shared_->pings.body_limit + kReadBeyondLimit)
               : std::nullopt;
  }

  void handle_ping(PingCall call, const Request& request, Responder respond) {
    auto counted = [shared = shared_, respond = std::move(respond)](Response response) mutable {
      count(*shared, response.status);
      respond(std::move(response));
    };
    answer_ping(shared_, std::move(call), request, std::move(counted));
  }

  void handle(Request request, Responder respond) {
    auto admitted = admit(request);
    if (!admitted) {
      finish(std::move(admitted.error()), respond);
      return;
    }
    if (admitted->route == nullptr) {
      handle_ping(std::move(admitted->ping), request, std::move(respond));
      return;
    }
    if (!admitted->route->fields && !is_empty_object(request.body)) {
      finish(problem_response(
                 {400, "invalid_body", "this request takes no fields: send no body, or {}"}),
             respond);
      return;
    }
    std::string id = shared_->request_ids.next(shared_->context.clock.now());
    if (admitted->route->access == Access::write) {
      shared_->context.log.info("write request", {{"request", id},
                                                  {"action", admitted->route->pattern},
                                                  {"name", admitted->call.name},
                                                  {"token", admitted->call.caller},
                                                  {"peer", request.peer}});
    }
    admitted->call.body = std::move(request.body);
    auto counted = [shared = shared_, respond = std::move(respond),
                    id = std::move(id)](Response response) mutable {
      count(*shared, response.status);
      response.headers.emplace_back("X-Request-Id", std::move(id));
      respond(std::move(response));
    };
    handler_of(admitted->route->action)(shared_, std::move(admitted->call), std::move(counted));
  }

  void count_refused(const Response& response) { count(*shared_, response.status); }

 private:
  static std::unexpected<Response> refuse(const Problem& problem, bool close) {
    Response response = problem_response(problem);
    response.close = close;
    if (problem.status == 401) {
      response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"tocsin\"");
    }
    return std::unexpected(std::move(response));
  }

  static void count(Shared& shared, int status) {
    const auto index = static_cast<std::size_t>(std::clamp(status / 100, 1, 5));
    ++shared.answers_by_class[index];
  }

  void finish(Response response, Responder& respond) {
    count(*shared_, response.status);
    respond(std::move(response));
  }

  SharedPtr shared_;
  Gate gate_;
};

Api::Api(Context context, const config::Settings& settings)
    : impl_(std::make_shared<Impl>(std::move(context), settings)) {}

Api::~Api() = default;

Result<void> Api::apply(const config::Settings& settings) {
  if (auto safe = check_listen_safety(settings); !safe) {
    return safe;
  }
  impl_->apply(settings);
  return {};
}

std::optional<Response> Api::refuse_head(const Request& head) {
  auto admitted = impl_->admit(head);
  if (admitted) {
    return std::nullopt;
  }
  impl_->count_refused(admitted.error());
  return std::move(admitted.error());
}

std::optional<std::uint64_t> Api::keep_of_body(const Request& head) const {
  return impl_->keep_of_body(head);
}

void Api::handle(Request request, Responder respond) {
  impl_->handle(std::move(request), std::move(respond));
}

}  // namespace tocsin::web

// Timers on the main listener: what the timer listener does, with the API's tokens and forms.

#include <chrono>

#include "timer/timer.hpp"
#include "web/handlers.hpp"
#include "web/params.hpp"

namespace tocsin::web {
namespace {

// Pages of a store may be nearly empty; so many are asked for before the API answers.
constexpr int kMostPages = 50;

// Null, and answered, when there are none.
TimerCalls* timers_of(const SharedPtr& shared, Responder& respond) {
  if (shared->context.timers == nullptr) {
    respond(problem_response(
        {404, "no_timers", "there are no timers here: the configuration has no `timers`"}));
  }
  return shared->context.timers;
}

Response refusal(const Error& error) {
  return problem_response(error.code == ErrorCode::exhausted
                              ? Problem{507, "too_many_timers", error.message}
                              : problem_of(error));
}

Response no_such_timer() { return problem_response({404, "not_found", "there is no such timer"}); }

void write_timer(JsonWriter& w, const TimerView& timer) {
  const auto at = [](std::int64_t second) { return Instant{std::chrono::seconds{second}}; };
  const timer::Answer& a = timer.answer;
  w.object().field("id", timer.id).field("state", a.remaining > 0 ? "running" : "expired");
  w.field("start", at(a.start)).field("expires", at(a.start + a.seconds));
  w.field("seconds", a.seconds).field("seconds_remaining", a.remaining);
  if (timer.rule.empty()) {
    w.key("rule").null();
  } else {
    w.field("rule", timer.rule);
  }
  w.end_object();
}

Response timer_response(const TimerView& timer) {
  std::string body;
  JsonWriter w(body);
  write_timer(w, timer);
  return json_response(200, std::move(body));
}

// Listing goes on until the page is full: a filter may pass over many.
struct Listing {
  SharedPtr shared;
  Responder respond;
  std::string prefix, cursor;
  std::optional<bool> running;
  std::size_t limit = 0;
  int pages = 0;
  std::vector<TimerView> found;
};

void go_on(const std::shared_ptr<Listing>& listing);

void take_page(const std::shared_ptr<Listing>& listing, Result<TimerCalls::Page> page) {
  if (!page) {
    listing->respond(refusal(page.error()));
    return;
  }
  for (TimerView& timer : page->timers) {
    if (!listing->running || (timer.answer.remaining > 0) == *listing->running) {
      listing->found.push_back(std::move(timer));
    }
  }
  listing->cursor = page->next;
  if (!page->next.empty() && listing->found.size() < listing->limit &&
      ++listing->pages < kMostPages) {
    go_on(listing);
    return;
  }
  std::string body;
  JsonWriter w(body);
  w.object().key("items").array();
  for (const TimerView& timer : listing->found) {
    write_timer(w, timer);
  }
  end_list(w, page->next.empty() ? std::nullopt : std::optional(page->next));
  listing->respond(json_response(200, std::move(body)));
}

void go_on(const std::shared_ptr<Listing>& listing) {
  listing->shared->context.timers->list(
      listing->prefix, listing->cursor, listing->limit - listing->found.size(),
      [listing](Result<TimerCalls::Page> page) { take_page(listing, std::move(page)); });
}

}  // namespace

void list_timers(const SharedPtr& shared, Call call, Responder respond) {
  if (timers_of(shared, respond) == nullptr) {
    return;
  }
  Params params(call.query);
  auto listing = std::make_shared<Listing>();
  listing->shared = shared;
  listing->prefix = params.one("prefix").value_or("");
  listing->cursor = params.one("cursor").value_or("");
  listing->limit = params.limit();
  if (const auto state = params.one("state")) {
    listing->running = *state == "running";
    if (*state != "running" && *state != "expired") {
      params.refuse("invalid_parameter", "`state` is running or expired");
    }
  }
  if (const auto problem = params.problem()) {
    respond(problem_response(*problem));
    return;
  }
  listing->respond = std::move(respond);
  go_on(listing);
}

void show_timer(const SharedPtr& shared, Call call, Responder respond) {
  TimerCalls* timers = timers_of(shared, respond);
  if (timers == nullptr) {
    return;
  }
  if (const auto problem = unexpected_parameter(call.query)) {
    respond(problem_response(*problem));
    return;
  }
  timers->find(std::move(call.name),
               [respond = std::move(respond)](Result<std::optional<TimerView>> found) mutable {
                 if (!found) {
                   respond(refusal(found.error()));
                 } else if (!*found) {
                   respond(no_such_timer());
                 } else {
                   respond(timer_response(**found));
                 }
               });
}

void arm_timer(const SharedPtr& shared, Call call, Responder respond) {
  TimerCalls* timers = timers_of(shared, respond);
  if (timers == nullptr) {
    return;
  }
  const auto seconds = parse_unsigned(call.second);
  std::optional<Problem> problem = unexpected_parameter(call.query);
  if (!seconds || *seconds < 1 || *seconds > static_cast<std::uint64_t>(timer::kLongestSeconds)) {
    problem = {400, "invalid_seconds", "seconds are a whole number from 1 to 315360000"};
  } else if (call.name.size() > timer::kLongestId) {
    problem = {400, "invalid_id", "the id of a timer has at most 512 bytes"};
  }
  if (problem) {
    respond(problem_response(*problem));
    return;
  }
  timers->arm(std::move(call.name), static_cast<std::int64_t>(*seconds),
              [respond = std::move(respond)](Result<TimerView> armed) mutable {
                respond(armed ? timer_response(*armed) : refusal(armed.error()));
              });
}

void disarm_timer(const SharedPtr& shared, Call call, Responder respond) {
  TimerCalls* timers = timers_of(shared, respond);
  if (timers == nullptr) {
    return;
  }
  if (const auto problem = unexpected_parameter(call.query)) {
    respond(problem_response(*problem));
    return;
  }
  timers->disarm(std::move(call.name), [respond = std::move(respond)](Result<bool> was) mutable {
    if (!was) {
      respond(refusal(was.error()));
    } else if (!*was) {
      respond(no_such_timer());
    } else {
      Response done = json_response(204, "");
      std::erase_if(done.headers, [](const auto& field) { return field.first == "Content-Type"; });
      respond(std::move(done));
    }
  });
}

}  // namespace tocsin::web

#include "web/timers/timer_wire.hpp"

#include <fmt/format.h>

#include <iterator>
#include <optional>
#include <utility>
#include <variant>

#include "base/json_writer.hpp"

namespace tocsin::web {
namespace {

using timer::Answer;

// While the store refuses; as the original said it, and when to come back.
constexpr std::string_view kRetryAfter = "Retry-After: 1\r\n";

}  // namespace

TimerWire::TimerWire(service::TimerDesk& desk, const config::TimerSettings& settings, Logger& log,
                     Reply reply)
    : desk_(desk),
      log_(log),
      reply_(std::move(reply)),
      tokens_(settings),
      post_only_(settings.post_only) {}

void TimerWire::apply(const config::TimerSettings& settings) {
  tokens_ = TimerTokens(settings);
  post_only_ = settings.post_only;
}

void TimerWire::handle(const WireRequest& request, WireTicket ticket) {
  const timer::Command command =
      timer::read_command(request.method, request.target, post_only_, decoded_);
  if (const auto* check = std::get_if<timer::Check>(&command)) {
    answer(*check, request, ticket);
  } else if (const auto* arm = std::get_if<timer::Arm>(&command)) {
    answer(*arm, request, ticket);
  } else if (const auto* disarm = std::get_if<timer::Disarm>(&command)) {
    answer(*disarm, request, ticket);
  } else if (const auto* refused = std::get_if<timer::Refused>(&command)) {
    answer(*refused, ticket);
  } else {
    reply_(ticket, {200, R"({"Status":"OK"})", {}});
  }
}

void TimerWire::answer(const timer::Arm& arm, const WireRequest& request, WireTicket ticket) {
  if (!admit(tokens_.may_arm(request.authorization, arm.id), ticket)) {
    return;
  }
  desk_.arm(arm.id, arm.seconds,
            [this, ticket, id = std::string(arm.id)](const Result<Answer>& armed) {
              if (armed) {
                say(ticket, id, *armed);
              } else {
                fail_with(ticket, armed.error());
              }
            });
}

void TimerWire::answer(const timer::Check& check, const WireRequest& request, WireTicket ticket) {
  if (!admit(tokens_.may_check(request.authorization, check.id), ticket)) {
    return;
  }
  desk_.check(check.id, [this, ticket,
                         id = std::string(check.id)](const Result<std::optional<Answer>>& found) {
    if (!found) {
      fail_with(ticket, found.error());
    } else if (!*found) {
      say(ticket, 404, "Timer not found");
    } else if ((*found)->remaining == 0) {
      say(ticket, 504, "Timer expired");
    } else {
      say(ticket, id, **found);
    }
  });
}

void TimerWire::answer(const timer::Disarm& disarm, const WireRequest& request, WireTicket ticket) {
  if (!admit(tokens_.may_arm(request.authorization, disarm.id), ticket)) {
    return;
  }
  desk_.disarm(disarm.id, [this, ticket](const Result<bool>& was) {
    if (!was) {
      fail_with(ticket, was.error());
    } else if (!*was) {
      say(ticket, 404, "Timer not found");
    } else {
      reply_(ticket, {204, {}, {}});
    }
  });
}

void TimerWire::answer(const timer::Refused& refused, WireTicket ticket) {
  if (refused.allow.empty()) {
    say(ticket, refused.status, refused.message);
  } else {
    say(ticket, refused.status, refused.message, fmt::format("Allow: {}\r\n", refused.allow));
  }
}

bool TimerWire::admit(TimerTokens::Verdict verdict, WireTicket ticket) {
  if (verdict == TimerTokens::Verdict::unknown) {
    say(ticket, 401, "Unauthorized", "WWW-Authenticate: Bearer\r\n");
  } else if (verdict == TimerTokens::Verdict::other_ids) {
    say(ticket, 403, "Forbidden");
  }
  return verdict == TimerTokens::Verdict::allowed;
}

void TimerWire::say(WireTicket ticket, int status, std::string_view message,
                    std::string_view fields) {
  body_.clear();
  fmt::format_to(std::back_inserter(body_), R"({{"Message":"{}"}})", message);
  reply_(ticket, {status, body_, fields});
}

void TimerWire::say(WireTicket ticket, std::string_view id, const Answer& answer) {
  body_.clear();
  body_ += R"({"TimerId":)";
  append_json_string(body_, id);
  fmt::format_to(std::back_inserter(body_),
                 R"(,"StartTime":{},"Now":{},"Seconds":{},"SecondsRemaining":{}}})", answer.start,
                 answer.now, answer.seconds, answer.remaining);
  reply_(ticket, {200, body_, {}});
}

// Never a 404 or a 504: nobody knows.
void TimerWire::fail_with(WireTicket ticket, const Error& error) {
  if (error.code == ErrorCode::exhausted) {
    say(ticket, 507, "Too many timers");
    return;
  }
  log_.debug("a request to the timer listener failed", {{"error", error.message}});
  say(ticket, 503, "Internal error", kRetryAfter);
}

}  // namespace tocsin::web

#pragma once
// Answers the requests of the timer listener, byte by byte as the service that it replaces did.
// Timers' loop.

#include <functional>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "config/model.hpp"
#include "service/timers/timer_desk.hpp"
#include "timer/wire.hpp"
#include "web/timers/timer_tokens.hpp"
#include "web/wire/wire_server.hpp"

namespace tocsin::web {

class TimerWire {
 public:
  using Reply = std::function<void(WireTicket, const WireAnswer&)>;
  // Everything is borrowed; `reply` goes to the listener.
  TimerWire(service::TimerDesk& desk, const config::TimerSettings& settings, Logger& log,
            Reply reply);

  void handle(const WireRequest& request, WireTicket ticket);
  // On reload.
  void apply(const config::TimerSettings& settings);

 private:
  void answer(const timer::Arm& arm, const WireRequest& request, WireTicket ticket);
  void answer(const timer::Check& check, const WireRequest& request, WireTicket ticket);
  void answer(const timer::Disarm& disarm, const WireRequest& request, WireTicket ticket);
  void answer(const timer::Refused& refused, WireTicket ticket);
  // False, and answered, when the caller may not.
  [[nodiscard]] bool admit(TimerTokens::Verdict verdict, WireTicket ticket);
  void say(WireTicket ticket, int status, std::string_view message, std::string_view fields = {});
  void say(WireTicket ticket, std::string_view id, const timer::Answer& answer);
  void fail_with(WireTicket ticket, const Error& error);

  service::TimerDesk& desk_;
  Logger& log_;
  Reply reply_;
  TimerTokens tokens_;
  bool post_only_ = false;
  std::string decoded_;
  std::string body_;
};

}  // namespace tocsin::web

#pragma once
// What the timers' loop has to say to people, on its way to the main loop and back.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "timer/rule.hpp"
#include "timer/timer.hpp"

namespace tocsin::service {

using TimerRules = std::shared_ptr<const std::vector<timer::Rule>>;

struct Notice {
  // `let_go`: its rule was removed; nobody hears of it any more.
  enum class Kind : std::uint8_t { expired, still_expired, rearmed, disarmed, let_go };
  Kind kind = Kind::expired;
  TimerRules rules;  // keeps `rule` alive
  const timer::Rule* rule = nullptr;
  // One timer, or all that are told together, in order of their deadlines. Of rearmed: the new arm.
  std::vector<timer::Timer> timers;
  bool many = false;
  timer::Missed missed;  // of rearmed and disarmed
  Instant announced{};   // of the expiry, timer time
  Milliseconds lead{0};  // of timer time over the wall clock
  // An earlier process may have told it already, and died before it noted so.
  bool suspect = false;
};

}  // namespace tocsin::service

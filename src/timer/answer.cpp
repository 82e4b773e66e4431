#include "timer/answer.hpp"

#include <algorithm>
#include <chrono>

namespace tocsin::timer {

Answer answer_of(const Timer& timer, Instant now, Milliseconds lead) {
  using std::chrono::seconds;
  Answer out;
  out.seconds = timer.seconds;
  out.start = std::chrono::floor<seconds>(timer.start - lead).time_since_epoch().count();
  const auto left = std::chrono::ceil<seconds>(timer.deadline() - now).count();
  out.remaining = std::clamp<std::int64_t>(left, 0, timer.seconds);
  out.now = out.start + out.seconds - out.remaining;
  return out;
}

}  // namespace tocsin::timer

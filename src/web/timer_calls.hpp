#pragma once
// What the API asks of the timers, which live on a loop of their own.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "timer/answer.hpp"

namespace tocsin::web {

struct TimerView {
  std::string id;
  timer::Answer answer;
  std::string rule;  // that tells of its expiry; "" none
};

class TimerCalls {
 public:
  template <typename T>
  using Answer = std::move_only_function<void(Result<T>)>;

  TimerCalls() = default;
  TimerCalls(const TimerCalls&) = delete;
  TimerCalls& operator=(const TimerCalls&) = delete;
  virtual ~TimerCalls() = default;

  // Main loop; answers come there, later. Errors: unavailable, exhausted (max_timers), invalid (the
  // cursor).
  virtual void arm(std::string id, std::int64_t seconds, Answer<TimerView> answer) = 0;
  virtual void find(std::string id, Answer<std::optional<TimerView>> answer) = 0;
  virtual void disarm(std::string id, Answer<bool> answer) = 0;  // whether there was one

  struct Page {
    std::vector<TimerView> timers;
    std::string next;  // "" at the end
  };
  // In no order that means anything; a page may hold fewer than `limit`.
  virtual void list(std::string prefix, std::string cursor, std::size_t limit,
                    Answer<Page> answer) = 0;

  // For metrics; at most a second old.
  struct Counts {
    std::uint64_t timers = 0, commits = 0, arms = 0, failures = 0, bytes = 0;
    std::uint64_t expired = 0, late = 0, recovered = 0, waiting = 0;
    std::uint64_t connections = 0, accepted = 0, rejected = 0, timeouts = 0, malformed = 0;
    std::uint64_t requests = 0;
  };
  [[nodiscard]] virtual Counts counts() const = 0;
};

}  // namespace tocsin::web

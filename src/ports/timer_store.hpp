#pragma once
// The durable timers of the timer listener. Real: adapters/store_sqlite/timers_sqlite (embedded)
// and adapters/timers_dynamodb; fake: tests/support's MemoryTimerStore; all pass
// tests/contract/timer_store_contract_test.
//
// All calls come from the timer loop's thread, and answers run there, in the call itself or later.
// An answer that means success means durable. Error codes: unavailable (refuses for now, or no
// answer within the deadline: nobody knows whether it was done), exhausted (max_timers is reached,
// arming a new id only), invalid (the store cannot be used as it is configured).

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "timer/timer.hpp"

namespace tocsin::ports {

struct Armed {
  timer::Timer timer;                    // as stored
  std::optional<timer::Timer> previous;  // what was there, expired or not
};

struct TimerQuery {
  std::string prefix;  // of the id; "" any
  std::string cursor;  // TimerPage::next; "" from the beginning
  std::size_t limit = 100;
};

// In no order that means anything. A page may hold fewer than asked for, even none, and still have
// a next one. A timer that is there all the while is listed once.
struct TimerPage {
  std::vector<timer::Timer> timers;
  std::string next;  // "" at the end
};

// Something that becomes known about an arm; passed over when the timer was armed again since.
// Not so `recovered`: what was missed goes over to later arms, and is known by itself.
struct TimerMark {
  enum class Kind : std::uint8_t {
    claimed,    // its expiry is about to be told, by this process
    told,       // and is in the outbox
    recovered,  // so is the end of what `timer.missed` says
    reminded,   // people are about to be reminded of it, as was due `at`: by one process
  };
  timer::Timer timer;  // the arm
  Kind kind = Kind::claimed;
  Instant at{};          // of claimed and reminded
  bool grouped = false;  // of claimed
};

class TimerStore {
 public:
  template <typename T>
  using Answer = std::move_only_function<void(Result<T>)>;

  TimerStore() = default;
  TimerStore(const TimerStore&) = delete;
  TimerStore& operator=(const TimerStore&) = delete;
  virtual ~TimerStore() = default;

  // The time on which these timers run, and how far it is ahead of the wall clock.
  struct Time {
    Instant now{};
    Milliseconds lead{0};
  };
  [[nodiscard]] virtual Time time() = 0;

  // Which ids are to be announced. Before the first arm, and again when it changes; timers that
  // expired before are not looked at again.
  virtual void watch(std::function<bool(std::string_view id)> watched) = 0;

  // Creates or resets, from now on. What `previous` said of an expiry that was announced by itself
  // (not `grouped`) goes to `missed`.
  virtual void arm(std::string_view id, std::int64_t seconds, Answer<Armed> answer) = 0;
  // Sees every arm that was answered before, of every process that shares the store. nullopt also
  // when it expired more than keep_expired ago.
  virtual void find(std::string_view id, Answer<std::optional<timer::Timer>> answer) = 0;
  // What was there; nullopt: nothing.
  virtual void disarm(std::string_view id, Answer<std::optional<timer::Timer>> answer) = 0;
  virtual void list(TimerQuery query, Answer<TimerPage> answer) = 0;

  // Watched timers that expired and are not told, earliest deadline first as far as they are known,
  // and those whose recovery is not told. Each is handed out once in a process's life, unless it
  // was claimed by another that did not tell it within 5 minutes.
  virtual void take_due(std::size_t limit, Answer<std::vector<timer::Timer>> answer) = 0;
  // When take_due() may have something next; nullopt: nobody knows of any. May be too early.
  [[nodiscard]] virtual std::optional<Instant> next_due() = 0;
  // Which of them were applied. A claim that was not is somebody else's, or the timer is another.
  virtual void mark(std::vector<TimerMark> marks, Answer<std::vector<bool>> answer) = 0;

  struct Stats {
    std::uint64_t timers = 0;   // as far as it is known
    std::uint64_t commits = 0;  // arms / commits is the group size
    std::uint64_t arms = 0;
    std::uint64_t failures = 0;
    std::uint64_t bytes = 0;  // on disk
  };
  [[nodiscard]] virtual Stats stats() const = 0;
};

}  // namespace tocsin::ports

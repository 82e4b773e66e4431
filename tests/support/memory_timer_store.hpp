#pragma once
// The fake of ports::TimerStore: a map in memory that answers on the next turn of the loop. It may
// be told to refuse.

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "ports/loop.hpp"
#include "ports/timer_store.hpp"

namespace tocsin::test {

// What outlives the process: hand it to the next store.
struct MemoryTimers {
  std::map<std::string, timer::Timer, std::less<>> timers;
  // Arms that expired while nobody wanted to hear of them.
  std::set<std::pair<std::string, Instant>> passed_over;
  std::set<std::tuple<std::string, Instant, Instant>> reminded;  // arms, and when it was due
};

class MemoryTimerStore final : public ports::TimerStore {
 public:
  struct Options {
    std::uint64_t max_timers = 10'000'000;
    Milliseconds keep_expired{std::chrono::hours{24 * 30}};
  };
  // Runs on the wall clock. Everything is borrowed.
  MemoryTimerStore(ports::Loop& loop, const ports::Clock& clock, MemoryTimers& kept,
                   Options options);

  [[nodiscard]] Time time() override;
  void watch(std::function<bool(std::string_view id)> watched) override;
  void arm(std::string_view id, std::int64_t seconds, Answer<ports::Armed> answer) override;
  void find(std::string_view id, Answer<std::optional<timer::Timer>> answer) override;
  void disarm(std::string_view id, Answer<std::optional<timer::Timer>> answer) override;
  void list(ports::TimerQuery query, Answer<ports::TimerPage> answer) override;
  void take_due(std::size_t limit, Answer<std::vector<timer::Timer>> answer) override;
  [[nodiscard]] std::optional<Instant> next_due() override;
  void mark(std::vector<ports::TimerMark> marks, Answer<std::vector<bool>> answer) override;
  [[nodiscard]] Stats stats() const override;

  void refuse(bool refuses) { refuses_ = refuses; }
  void refuse_marks(bool refuses) { refuses_marks_ = refuses; }

 private:
  template <typename T>
  void reply(Answer<T> answer, T value);
  template <typename T>
  [[nodiscard]] bool refused(Answer<T>& answer, bool also = false);
  [[nodiscard]] const timer::Timer* found(std::string_view id) const;
  [[nodiscard]] bool waits(const timer::Timer& timer) const;
  void pass_over_unwatched();

  ports::Loop& loop_;
  const ports::Clock& clock_;
  MemoryTimers& kept_;
  Options options_;
  std::function<bool(std::string_view)> watched_;
  std::set<std::pair<std::string, Instant>> handed_out_;
  Stats stats_;
  bool watching_ = false;  // watch() was called
  bool refuses_ = false;
  bool refuses_marks_ = false;
};

}  // namespace tocsin::test

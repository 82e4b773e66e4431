#pragma once
// Loop and clock on virtual time for unit tests and simulations: one thread, jumps from one due
// moment to the next. The wall clock may be stepped and the machine suspended.

#include <deque>
#include <map>
#include <utility>

#include "ports/loop.hpp"

namespace tocsin::test {

class VirtualLoop final : public ports::Loop, public ports::Clock {
 public:
  // Starts at 2026-01-01T00:00:00Z unless told otherwise; monotonic time starts at 1000 s.
  explicit VirtualLoop(Instant start = from_unix_ms(1'767'225'600'000));

  [[nodiscard]] Instant now() const override;
  [[nodiscard]] MonoTime mono_now() const override { return mono_; }

  void post(ports::Task task) override { ready_.push_back(std::move(task)); }
  ports::TimerId call_at(MonoTime when, ports::Task task) override;
  void cancel(ports::TimerId id) override;

  // Runs everything that is posted, without moving time.
  void run_ready();
  // Runs timers and posts in order until virtual time reaches `until`; ends with time at `until`.
  void run_until(MonoTime until);
  void run_for(Microseconds duration) { run_until(mono_ + duration); }
  // Runs the next timer, if there is one due by `limit`. False when there is none.
  bool run_one(MonoTime limit);
  // Drops every timer and post: what a killed process would have done next.
  void clear();
  [[nodiscard]] bool idle() const { return ready_.empty() && timers_.empty(); }

  // The wall clock jumps; monotonic time and timers stay.
  void step_wall(Milliseconds by) { wall_offset_ += by; }
  // The machine sleeps: both clocks advance, nothing runs meanwhile.
  void suspend(Milliseconds duration) { mono_ += duration; }

 private:
  struct Key {
    MonoTime when;
    ports::TimerId id;  // ties run in order of their making
    auto operator<=>(const Key&) const = default;
  };

  MonoTime mono_{std::chrono::seconds{1000}};
  Microseconds wall_offset_;
  ports::TimerId next_id_ = 1;
  std::deque<ports::Task> ready_;
  std::map<Key, ports::Task> timers_;
  std::map<ports::TimerId, MonoTime> due_;
};

}  // namespace tocsin::test

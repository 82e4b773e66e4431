#pragma once
// How often one account and region is asked. ECS has token buckets that everything in the account
// shares (API reference, "Request throttling": 20 calls a second for services), so we keep to a
// part of them, spread; and when AWS throttles all the same, everything is asked less often for a
// while. One for all clusters of an account and region. Loop thread only.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>

#include "ports/loop.hpp"

namespace tocsin::service {

class CallBudget {
 public:
  struct Options {
    double per_second = 5;      // a quarter of what AWS refills
    std::size_t in_flight = 4;  // calls at one time; as many may follow each other at once
    std::size_t waiting = 20'000;
  };
  CallBudget(ports::Loop& loop, const ports::Clock& clock, Options options);
  ~CallBudget();
  CallBudget(const CallBudget&) = delete;
  CallBudget& operator=(const CallBudget&) = delete;

  // `call` runs when a call may be made, in the order of asking, never inline. Whoever makes it
  // says finished() when its answer is there. False, and nothing runs: too many wait.
  [[nodiscard]] bool ask(std::move_only_function<void()> call);
  // The same for what people wait for: every second call is one of these while both kinds wait. A
  // call that nobody wants any more when its turn comes is left out.
  [[nodiscard]] bool ask_soon(std::move_only_function<void()> call,
                              std::move_only_function<bool()> wanted);
  void finished();

  // Somebody who wants to ask in this interval: so far it may be stretched.
  void serve(Milliseconds interval);
  // AWS throttled a call: intervals are twice as long from now on, up to `longest`; at most once in
  // ten seconds, since calls in flight are all throttled together.
  void throttled();
  // A call went through: after a while without throttling intervals shrink again, slowly.
  void answered();
  // How long an interval is meant to be, and how long it is.
  [[nodiscard]] Milliseconds stretched(Milliseconds interval) const;
  [[nodiscard]] double stretch() const { return stretch_; }
  [[nodiscard]] double per_second() const { return options_.per_second; }

  // Calls begun, of all time.
  [[nodiscard]] std::uint64_t calls() const { return calls_; }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
  struct Urgent {
    std::move_only_function<void()> call;
    std::move_only_function<bool()> wanted;
  };
  void run();
  void later();
  [[nodiscard]] bool has_next();
  [[nodiscard]] std::move_only_function<void()> take_next();

  ports::Loop& loop_;
  const ports::Clock& clock_;
  Options options_;
  Microseconds gap_;
  MonoTime next_{};  // the moment at which a call would be exactly on the even pace
  std::deque<std::move_only_function<void()>> waiting_;
  std::deque<Urgent> urgent_;
  bool urgent_was_last_ = false;
  std::size_t in_flight_ = 0;
  std::uint64_t calls_ = 0;
  double stretch_ = 1;
  Milliseconds shortest_{0};  // interval; 0: nobody said one
  MonoTime stretched_at_{};
  ports::TimerId timer_ = 0;
  bool posted_ = false;
  std::shared_ptr<bool> alive_;
};

}  // namespace tocsin::service

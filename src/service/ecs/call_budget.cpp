#include "service/ecs/call_budget.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tocsin::service {
namespace {

using namespace std::chrono_literals;

constexpr Milliseconds kLongest = 5min;
constexpr double kMostStretch = 64;
constexpr Microseconds kBetweenStretches = 10s;
constexpr Microseconds kCalmBeforeShrinking = 30s;
constexpr double kShrink = 0.8;

}  // namespace

CallBudget::CallBudget(ports::Loop& loop, const ports::Clock& clock, Options options)
    : loop_(loop),
      clock_(clock),
      options_(options),
      gap_(std::llround(1e6 / options.per_second)),
      alive_(std::make_shared<bool>(true)) {}

CallBudget::~CallBudget() {
  *alive_ = false;
  loop_.cancel(timer_);
}

bool CallBudget::ask(std::move_only_function<void()> call) {
  if (waiting_.size() >= options_.waiting) {
    return false;
  }
  waiting_.push_back(std::move(call));
  later();
  return true;
}

bool CallBudget::ask_soon(std::move_only_function<void()> call,
                          std::move_only_function<bool()> wanted) {
  if (urgent_.size() >= options_.waiting) {
    return false;
  }
  urgent_.push_back({std::move(call), std::move(wanted)});
  later();
  return true;
}

bool CallBudget::has_next() {
  while (!urgent_.empty() && !urgent_.front().wanted()) {
    urgent_.pop_front();
  }
  return !urgent_.empty() || !waiting_.empty();
}

std::move_only_function<void()> CallBudget::take_next() {
  const bool soon = !urgent_.empty() && (waiting_.empty() || !urgent_was_last_);
  urgent_was_last_ = soon;
  std::move_only_function<void()> call;
  if (soon) {
    call = std::move(urgent_.front().call);
    urgent_.pop_front();
  } else {
    call = std::move(waiting_.front());
    waiting_.pop_front();
  }
  return call;
}

void CallBudget::finished() {
  --in_flight_;
  later();
}

void CallBudget::later() {
  if (std::exchange(posted_, true)) {
    return;
  }
  loop_.post([this, alive = alive_] {
    if (*alive) {
      posted_ = false;
      run();
    }
  });
}

// Even pace, save that as many calls as may be in flight may follow each other at once.
void CallBudget::run() {
  const auto burst = static_cast<std::int64_t>(options_.in_flight) - 1;
  while (in_flight_ < options_.in_flight && has_next()) {
    const MonoTime now = clock_.mono_now();
    const MonoTime allowed = next_ - burst * gap_;
    if (now < allowed) {
      loop_.cancel(timer_);
      timer_ = loop_.call_at(allowed, [this] { run(); });
      return;
    }
    next_ = std::max(next_, now) + gap_;
    ++in_flight_;
    ++calls_;
    take_next()();
  }
}

void CallBudget::serve(Milliseconds interval) {
  shortest_ = shortest_ == 0ms ? interval : std::min(shortest_, interval);
}

void CallBudget::throttled() {
  const MonoTime now = clock_.mono_now();
  if (stretched_at_ == MonoTime{} || now - stretched_at_ >= kBetweenStretches) {
    const double most = shortest_ == 0ms ? kMostStretch
                                         : static_cast<double>(kLongest.count()) /
                                               static_cast<double>(shortest_.count());
    stretch_ = std::min(stretch_ * 2, std::clamp(most, 2.0, kMostStretch));
    stretched_at_ = now;
  }
}

void CallBudget::answered() {
  const MonoTime now = clock_.mono_now();
  if (stretch_ > 1 && now - stretched_at_ >= kCalmBeforeShrinking) {
    stretch_ = std::max(1.0, stretch_ * kShrink);
    stretched_at_ = now;
  }
}

Milliseconds CallBudget::stretched(Milliseconds interval) const {
  const auto longer = Milliseconds{std::llround(static_cast<double>(interval.count()) * stretch_)};
  return std::max(interval, std::min(longer, kLongest));
}

}  // namespace tocsin::service

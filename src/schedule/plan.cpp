#include "schedule/plan.hpp"

#include <algorithm>

#include "base/result.hpp"
#include "schedule/cron.hpp"

namespace tocsin::schedule {
namespace {

using namespace std::chrono_literals;

constexpr Milliseconds kFirstWithin = 60s;
constexpr Milliseconds kAtStartWithin = 10s;
constexpr Milliseconds kLeastTolerance = 100ms;
// Vixie cron takes a longer step for a correction of a clock that was wrong, and so do we: else a
// fixed entry would stay silent until the wrong time is reached.
constexpr Milliseconds kReplayedStep = 3h;

template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};

// The remainder that is never negative.
std::int64_t modulo(std::int64_t value, std::int64_t by) {
  const std::int64_t rest = value % by;
  return rest < 0 ? rest + by : rest;
}

std::int64_t interval_ms(const EveryPlan& plan) {
  TOCSIN_ASSERT(plan.every > 0ms);
  return plan.every.count();
}

std::int64_t phase_ms(const EveryPlan& plan, std::uint64_t hash) {
  return static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(interval_ms(plan)));
}

Instant next_of_interval(const EveryPlan& plan, std::uint64_t hash, Instant after) {
  const std::int64_t earliest = unix_ms(after) + 1;
  return from_unix_ms(earliest + modulo(phase_ms(plan, hash) - earliest, interval_ms(plan)));
}

// A share of `window` by the upper half of the hash: the lower decides the phase.
Milliseconds share_of(Milliseconds window, std::uint64_t hash) {
  const std::uint64_t part = hash >> 32U;
  const auto size = static_cast<std::uint64_t>(std::max(window, 0ms).count());
  return Milliseconds{static_cast<std::int64_t>((part * size) >> 32U)};
}

Milliseconds one_percent(Milliseconds interval) {
  return std::max(kLeastTolerance, interval / 100);
}

}  // namespace

std::optional<Instant> next_planned(const Plan& plan, std::uint64_t hash, Instant after) {
  return std::visit(
      Overloaded{[&](const EveryPlan& p) -> std::optional<Instant> {
                   return next_of_interval(p, hash, after);
                 },
                 [&](const CronPlan& p) { return p.cron->next(after); },
                 [](const DelayPlan&) -> std::optional<Instant> { return std::nullopt; }},
      plan.when);
}

std::uint64_t count_planned(const Plan& plan, std::uint64_t hash, Instant after, Instant until) {
  if (until <= after) {
    return 0;
  }
  return std::visit(Overloaded{[&](const EveryPlan& p) -> std::uint64_t {
                                 const Instant first = next_of_interval(p, hash, after);
                                 if (first > until) return 0;
                                 return 1 + static_cast<std::uint64_t>((until - first) / p.every);
                               },
                               [&](const CronPlan& p) { return p.cron->count(after, until); },
                               [](const DelayPlan&) -> std::uint64_t { return 0; }},
                    plan.when);
}

Milliseconds on_time_tolerance(const Plan& plan, Instant planned) {
  if (plan.tolerance) {
    return *plan.tolerance;
  }
  return std::visit(Overloaded{[](const EveryPlan& p) { return one_percent(p.every); },
                               [planned](const CronPlan& p) {
                                 const auto next = p.cron->next(planned);
                                 return next ? one_percent(*next - planned) : kLeastTolerance;
                               },
                               [](const DelayPlan& p) { return one_percent(p.delay); }},
                    plan.when);
}

std::optional<Milliseconds> shortest_gap(const Plan& plan, Instant from) {
  return std::visit(
      Overloaded{[](const EveryPlan& p) { return std::optional(p.every); },
                 [from](const CronPlan& p) { return p.cron->shortest_gap(from); },
                 [](const DelayPlan&) -> std::optional<Milliseconds> { return std::nullopt; }},
      plan.when);
}

Instant first_run(const Plan& plan, std::uint64_t hash, Instant now) {
  if (const auto* cron = std::get_if<CronPlan>(&plan.when)) {
    return plan.run_at_start ? now + share_of(kAtStartWithin, hash)
                             : cron->cron->next(now).value_or(kNever);
  }
  const auto* every = std::get_if<EveryPlan>(&plan.when);
  const Milliseconds interval =
      every != nullptr ? every->every : std::get<DelayPlan>(plan.when).delay;
  if (every != nullptr && interval <= (plan.run_at_start ? kAtStartWithin : kFirstWithin)) {
    return next_of_interval(*every, hash, now);  // its own phase comes soon enough
  }
  return now +
         share_of(std::min(interval, plan.run_at_start ? kAtStartWithin : kFirstWithin), hash);
}

Instant resume_after_step(const Plan& plan, Instant before, Instant after) {
  const auto* cron = std::get_if<CronPlan>(&plan.when);
  const bool replays = after < before && before - after <= kReplayedStep;
  return cron != nullptr && !cron->cron->follows_real_time() && replays ? before : after;
}

}  // namespace tocsin::schedule

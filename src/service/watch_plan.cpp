// When: due times, catching up, clock steps, sleep. Decisions here are about planned runs alone.

#include <algorithm>
#include <chrono>

#include "schedule/cron.hpp"
#include "service/watch_impl.hpp"

namespace tocsin::service {
namespace {

using namespace std::chrono_literals;

constexpr Microseconds kHousekeepingEvery = 1s;
// The loop turns at least once a second. Not having turned for this long means that the machine
// slept or the process was stopped: nobody watched, which is not the same as being overloaded.
constexpr Microseconds kSleepAfter = 5s;
// A difference between the clocks that grew by more than this is a step, less is slewing.
constexpr Microseconds kWallStep = 1s;
// Due runs that lie this close together are one wake-up.
constexpr Microseconds kCoalesce = 5ms;
// After this many starts the loop serves others before it goes on.
constexpr int kStartsPerTurn = 200;
// A monitor whose next planned run is further away than this gets a first run of its own.
constexpr Milliseconds kFirstRunWithin = 60s;

Microseconds magnitude(Microseconds d) { return d < Microseconds{0} ? -d : d; }

}  // namespace

Instant Watch::Impl::wall_of(MonoTime at) const {
  return Instant{std::chrono::floor<Milliseconds>(at.time_since_epoch() + wall_lead_)};
}

void Watch::Impl::wake() {
  timer_ = 0;
  if (stopping_) {
    return;
  }
  const MonoTime now = ports_.clock.mono_now();
  if (now - last_wake_ > kSleepAfter) {
    notice_sleep(now);
  }
  last_wake_ = now;
  notice_wall_step(now);
  int starts = 0;
  while (const auto next = agenda_.earliest()) {
    if (next->due > now || ++starts > kStartsPerTurn) {
      break;
    }
    due(next->slot, now);
  }
  if (now >= next_housekeeping_) {
    housekeeping(now);
  } else {
    settle_due(ports_.clock.now());
  }
  arm();
}

void Watch::Impl::arm() {
  MonoTime when = next_housekeeping_;
  if (const auto next = agenda_.earliest()) {
    when = std::min(when, std::max(next->due, last_wake_ + kCoalesce));
  }
  if (settle_next_) {
    when = std::min(when, ports_.clock.mono_now());
  }
  if (timer_ != 0) {
    ports_.loop.cancel(timer_);
  }
  armed_for_ = when;
  timer_ = ports_.loop.call_at(when, [this] { wake(); });
}

void Watch::Impl::housekeeping(MonoTime now) {
  next_housekeeping_ = now + kHousekeepingEvery;
  recorder_.sweep();
  alert_tick(ports_.clock.now());
}

// Runs planned while the machine slept are counted and not caught up; the phase holds, so that
// waking does not start everything at once.
void Watch::Impl::notice_sleep(MonoTime now) {
  woke_from_sleep_ = now;
  const Instant before = wall_of(last_wake_);
  // Where the wall clock would be without a step; a step is dealt with after this.
  const Instant after = wall_of(now);
  ports_.log.warn("Tocsin did not run for a while; planned checks of that time are skipped",
                  {{"gap_ms", std::chrono::duration_cast<Milliseconds>(now - last_wake_).count()}});
  listens_since_ = now;
  for (const std::uint32_t id : by_name_) {
    Slot& s = slots_[id];
    if (s.pinged()) {
      plan_beat(id);
      continue;
    }
    if (!s.has_plan || s.planned > after || s.planned <= before) {
      continue;
    }
    const std::uint64_t missed =
        1 + schedule::count_planned(*s.config.plan, s.hash, s.planned, after);
    count_planned(s, missed);
    count_skipped(id, schedule::Skip::process_down, missed);
    s.accounted_until = after;
    if (std::holds_alternative<schedule::DelayPlan>(s.config.plan->when)) {
      plan_at(id, schedule::first_run(*s.config.plan, s.hash, after));
    } else {
      plan_after(id, after);
    }
  }
}

void Watch::Impl::notice_wall_step(MonoTime now) {
  const Microseconds lead = ports_.clock.now().time_since_epoch() - now.time_since_epoch();
  if (magnitude(lead - wall_lead_) <= kWallStep) {
    wall_lead_ = lead;
    return;
  }
  const Instant before = wall_of(now);
  wall_lead_ = lead;
  const Instant after = wall_of(now);
  ports_.log.warn(
      "the wall clock stepped; phases are derived anew and the time between plans no runs",
      {{"from", format_rfc3339(before)}, {"to", format_rfc3339(after)}});
  for (const std::uint32_t id : by_name_) {
    Slot& s = slots_[id];
    if (s.pinged()) {
      step_beat(id, before, after);
      continue;
    }
    if (!s.has_plan) {
      continue;
    }
    s.accounted_until = after;
    s.recorded = false;  // the store has a time of the clock as it was
    if (std::holds_alternative<schedule::DelayPlan>(s.config.plan->when)) {
      s.planned += after - before;  // a delay has no phase: it goes on, told in the new time
      continue;
    }
    plan_after(id, schedule::resume_after_step(*s.config.plan, before, after));
  }
}

void Watch::Impl::count_planned(Slot& s, std::uint64_t runs) {
  s.counters.planned += runs;
  stats_.counters.planned += runs;
}

void Watch::Impl::count_skipped(std::uint32_t id, schedule::Skip why, std::uint64_t runs) {
  slots_[id].counters.skip(why) += runs;
  stats_.counters.skip(why) += runs;
  recorder_.touch(id);
}

void Watch::Impl::plan_at(std::uint32_t id, Instant planned) {
  Slot& s = slots_[id];
  s.has_plan = true;
  s.derived = false;
  s.planned = planned;
  s.due = MonoTime{planned.time_since_epoch() - wall_lead_};
  index_due(id);
}

void Watch::Impl::plan_after(std::uint32_t id, Instant after) {
  Slot& s = slots_[id];
  const auto planned = schedule::next_planned(*s.config.plan, s.hash, after);
  if (planned) {
    plan_at(id, *planned);
    s.derived = true;
    return;
  }
  s.has_plan = false;
  index_due(id);
}

void Watch::Impl::plan_first(std::uint32_t id) {
  const Slot& s = slots_[id];
  if (s.pinged()) {
    plan_beat(id);
    return;
  }
  if (s.found()) {
    return;  // who found it looks at it
  }
  const Instant now = wall_of(last_wake_);
  const schedule::Plan& plan = *s.config.plan;
  const bool delayed = std::holds_alternative<schedule::DelayPlan>(plan.when);
  if (plan.run_at_start || delayed) {
    plan_at(id, schedule::first_run(plan, s.hash, now));
    return;
  }
  const auto planned = schedule::next_planned(plan, s.hash, now);
  const bool soon = planned && *planned - now <= kFirstRunWithin;
  if (s.outcome_count > 0 || soon) {
    plan_after(id, now);
  } else {
    plan_at(id, schedule::first_run(plan, s.hash, now));
  }
}

void Watch::Impl::index_due(std::uint32_t id) {
  const Slot& s = slots_[id];
  if (!s.has_plan && !s.retry_waits()) {
    agenda_.remove(id);
    return;
  }
  MonoTime when = s.has_plan ? s.due : s.retry_at;
  if (s.retry_waits()) {
    when = std::min(when, s.retry_at);
  }
  agenda_.set(id, when);
}

void Watch::Impl::due(std::uint32_t id, MonoTime now) {
  Slot& s = slots_[id];
  if (s.retry_waits() && s.retry_at <= now) {
    s.retry_at = MonoTime{};
    index_due(id);
    if (!s.paused && !s.retry_running) {
      start_run(id, {.origin = check::Origin::retry}, nullptr);
    }
  }
  if (s.has_plan && s.due <= now) {
    s.pinged() ? beat_due(id, now) : scheduled_due(id, now);
  }
}

void Watch::Impl::scheduled_due(std::uint32_t id, MonoTime now) {
  Slot& s = slots_[id];
  const schedule::Plan& plan = *s.config.plan;
  const Instant wall_now = wall_of(now);
  Instant planned = s.planned;
  // Older planned instants that passed while the loop was busy: only the newest is run.
  std::uint64_t missed = 0;
  while (const auto later = schedule::next_planned(plan, s.hash, planned)) {
    if (*later > wall_now) {
      break;
    }
    planned = *later;
    ++missed;
  }
  if (missed > 0) {
    count_planned(s, missed);
    count_skipped(id, schedule::Skip::overload, missed);
  }
  count_planned(s, 1);
  const bool derived = s.recorded && (s.derived || missed > 0);
  s.accounted_until = planned;
  const Microseconds lateness = missed > 0 ? Microseconds{wall_now - planned} : now - s.due;
  if (std::holds_alternative<schedule::DelayPlan>(plan.when)) {
    s.has_plan = false;  // planned anew when the run ends
    index_due(id);
  } else {
    plan_after(id, planned);
  }
  if (s.paused) {
    count_skipped(id, schedule::Skip::paused, 1);
  } else if (s.counters.running >= plan.max_overlap) {
    count_skipped(id, schedule::Skip::overlap, 1);
  } else if (stats_.in_flight >= limits_.concurrent_checks) {
    count_skipped(id, schedule::Skip::overload, 1);
  } else {
    stats_.lateness.add(std::max(lateness, Microseconds{0}));
    const bool late = lateness > schedule::on_time_tolerance(plan, planned);
    start_run(id, {.late = late, .derived = derived}, nullptr);
    return;
  }
  if (!s.has_plan) {
    plan_at(id, schedule::first_run(plan, s.hash, wall_now));  // a skipped delay run: try again
  }
}

}  // namespace tocsin::service

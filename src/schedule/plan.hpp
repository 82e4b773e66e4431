#pragma once
// When a monitor is due, as pure functions of the plan, the monitor's hash and the wall clock.

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>

#include "base/time.hpp"

namespace tocsin::schedule {

class Cron;  // schedule/cron.hpp

// Every `every`, at the instants whose Unix milliseconds are congruent to hash mod every: the phase
// survives restarts, reloads and a takeover by another process.
struct EveryPlan {
  Milliseconds every{60'000};
  bool operator==(const EveryPlan&) const = default;
};
// At the instants of a cron expression in its time zone.
struct CronPlan {
  std::shared_ptr<const Cron> cron;  // shared between monitors with the same text and zone
};
// `delay` after the end of the last run.
struct DelayPlan {
  Milliseconds delay{30'000};
  bool operator==(const DelayPlan&) const = default;
};

struct Plan {
  std::variant<EveryPlan, CronPlan, DelayPlan> when;
  bool run_at_start = false;              // first run within 10 s of the start, whatever is stored
  std::uint32_t max_overlap = 1;          // runs of one monitor at the same time
  Milliseconds retry_every{0};            // 0: no retries
  std::optional<Milliseconds> tolerance;  // on time when started within; absent: max(100 ms, 1 %)
};

// The first planned instant strictly after `after`; nullopt when there is none (a cron that never
// matches again within its search range, or a DelayPlan, which depends on the last run).
[[nodiscard]] std::optional<Instant> next_planned(const Plan& plan, std::uint64_t hash,
                                                  Instant after);

// How many planned instants lie in (after, until]. 0 for a DelayPlan. Constant time for an
// interval; for a cron the cost grows with the days between, not with the matches.
[[nodiscard]] std::uint64_t count_planned(const Plan& plan, std::uint64_t hash, Instant after,
                                          Instant until);

// A run counts as on time when it started at most this long after its planned instant.
[[nodiscard]] Milliseconds on_time_tolerance(const Plan& plan, Instant planned);

// The shortest gap between two planned instants (cron: of the 366 days from `from`, see
// Cron::shortest_gap); nullopt for a DelayPlan or a cron with fewer than two matches.
[[nodiscard]] std::optional<Milliseconds> shortest_gap(const Plan& plan, Instant from);

// What first_run answers for a cron that never matches: the end of the year 9999.
inline constexpr Instant kNever = from_unix_ms(253'402'300'799'999);

// The first run of a monitor without a stored outcome. An interval or delay: `now` plus a share, by
// hash, of min(interval, 60 s), which is the phase itself when the interval is no longer than that.
// A cron: its next match, because whoever names times means those. With `run_at_start`: `now` plus
// a share of 10 s for all three.
[[nodiscard]] Instant first_run(const Plan& plan, std::uint64_t hash, Instant now);

// After a wall clock step from `before` to `after` (both wall readings of the same moment): the
// instant strictly after which the next planned run is sought. The time between the two readings
// plans no runs. Intervals and crons whose hour or minute starts with `*` continue from `after`;
// fixed crons do not repeat what a backward step replays, unless it is longer than 3 h: that
// corrects a clock that was wrong, and the new time holds at once (as in Vixie cron).
[[nodiscard]] Instant resume_after_step(const Plan& plan, Instant before, Instant after);

}  // namespace tocsin::schedule

#pragma once
// Cron expressions as Vixie cron reads them, five fields or six with leading seconds, in an IANA
// time zone. Immutable; safe to share between threads.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "schedule/calendar.hpp"

namespace tocsin::schedule {

// A time zone with its rules, from the system's tz database (each loaded once per process by
// date::tz; the only file access, done while configuration loads). Thread-safe. `UTC` needs no
// database. Errors: `invalid` for an unknown name, with the nearest one; `unavailable` when the
// database is missing or unreadable.
class Zone;
[[nodiscard]] Result<std::shared_ptr<const Zone>> find_zone(std::string_view iana_name);

// Rules (crontab(5) of Vixie cron, 4.1): lists, ranges, steps, names of months and weekdays, 0 and
// 7 are Sunday; day-of-month OR day-of-week when both are restricted, that is when neither starts
// with
// `*`; @yearly @annually @monthly @weekly @daily @midnight @hourly; @reboot is refused. Entries
// whose hour or minute field starts with `*` follow real time over a DST change; fixed ones run
// exactly once: those that fall into the gap run together at the first instant after it, one that
// falls into the repeated hour runs in the first.
class Cron {
 public:
  // Errors are `invalid` and name the field, what was found and what is allowed.
  [[nodiscard]] static Result<Cron> parse(std::string_view expression,
                                          std::shared_ptr<const Zone> zone);

  // The first match strictly after `after`; nullopt when none lies within the next 30 years. Always
  // a whole second. Instants before 1900 count as 1900.
  [[nodiscard]] std::optional<Instant> next(Instant after) const;

  // How many matches lie in (after, until]. The cost grows with the days between, not the matches:
  // about a millisecond for a hundred years.
  [[nodiscard]] std::uint64_t count(Instant after, Instant until) const;

  // The shortest distance between two matches of the days (in the zone) from that of `from` to the
  // 368th after it, so that every match within 366 times 24 hours counts, also over a day that the
  // zone skips; nullopt with fewer than two. Never too long; shorter than what is really met only
  // where the one day of a rare pattern is itself a day of a DST change.
  [[nodiscard]] std::optional<Milliseconds> shortest_gap(Instant from) const;

  // Whether the hour or minute field starts with `*`.
  [[nodiscard]] bool follows_real_time() const { return wildcard_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const Zone& zone() const { return *zone_; }

 private:
  Cron() = default;
  [[nodiscard]] std::optional<std::chrono::sys_seconds> first(std::chrono::sys_seconds from,
                                                              std::chrono::sys_seconds end) const;
  [[nodiscard]] std::optional<std::chrono::sys_seconds> last(std::chrono::sys_seconds from,
                                                             std::chrono::sys_seconds end) const;
  void consider_change(std::chrono::sys_seconds begin, std::chrono::sys_seconds change,
                       std::chrono::sys_seconds end,
                       std::optional<std::chrono::seconds>& best) const;

  std::string text_;
  std::shared_ptr<const Zone> zone_;
  Calendar calendar_;
  bool wildcard_ = false;
};

}  // namespace tocsin::schedule

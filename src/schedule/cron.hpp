#pragma once
// Cron expressions as Vixie cron reads them, five fields or six with leading seconds, in an IANA time
// zone. Immutable; safe to share between threads.

#include <array>
#include <bitset>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace tocsin::schedule {

// A time zone with its rules, from the system's tz database (loaded once per process by date::tz;
// the only file access, done while configuration loads).
class Zone;
[[nodiscard]] Result<std::shared_ptr<const Zone>> find_zone(std::string_view iana_name);

// Rules (crontab(5) of Vixie cron, 4.1): lists, ranges, steps, names of months and weekdays, 0 and 7
// are Sunday; day-of-month OR day-of-week when both are restricted; @yearly @annually @monthly
// @weekly @daily @midnight @hourly; @reboot is refused. Entries whose hour or minute field starts
// with `*` follow real time over a DST change; fixed ones run exactly once: one that falls into the
// gap runs at the first instant after it, one that falls into the repeated hour runs in the first.
class Cron {
 public:
  // Errors are `invalid` and name the field, what was found and what is allowed.
  [[nodiscard]] static Result<Cron> parse(std::string_view expression,
                                          std::shared_ptr<const Zone> zone);

  // The first match strictly after `after`; nullopt when none lies within the next 30 years.
  [[nodiscard]] std::optional<Instant> next(Instant after) const;

  // Whether the hour or minute field starts with `*`.
  [[nodiscard]] bool follows_real_time() const { return wildcard_; }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  Cron() = default;

  std::string text_;
  std::shared_ptr<const Zone> zone_;
  std::bitset<60> seconds_, minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;     // 1 to 31
  std::bitset<13> months_;   // 1 to 12
  std::bitset<7> weekdays_;  // 0 is Sunday
  bool any_day_ = false;     // day-of-month is `*`
  bool any_weekday_ = false;
  bool wildcard_ = false;
};

}  // namespace tocsin::schedule

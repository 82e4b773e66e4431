#pragma once
// The fields of a cron expression over local calendar time: no time zone, no instants. A plain
// value; its functions need every set but the day sets to be non-empty.

#include <chrono>
#include <cstdint>
#include <optional>

namespace tocsin::schedule {

struct Calendar {
  // Bit i of a set means that the value i matches.
  std::uint64_t second_set = 1;   // 0 to 59
  std::uint64_t minute_set = 0;   // 0 to 59
  std::uint64_t hour_set = 0;     // 0 to 23
  std::uint64_t day_set = 0;      // 1 to 31
  std::uint64_t month_set = 0;    // 1 to 12
  std::uint64_t weekday_set = 0;  // 0 is Sunday, to 6
  bool any_day = false;           // the day-of-month field starts with `*`
  bool any_weekday = false;       // the day-of-week field starts with `*`

  using Local = std::chrono::local_seconds;
  using OfDay = std::chrono::seconds;  // since local midnight, 0 to 86399

  // Day-of-month OR day-of-week when both are restricted, else both must match (crontab(5)).
  [[nodiscard]] bool matches_day(std::chrono::local_days day) const;

  // The first match in [from, end). Jumps by field: the cost grows with the days between.
  [[nodiscard]] std::optional<Local> first(Local from, Local end) const;
  // The last match in [from, end).
  [[nodiscard]] std::optional<Local> last(Local from, Local end) const;
  // How many matches lie in [from, end).
  [[nodiscard]] std::uint64_t count(Local from, Local end) const;

  // The shortest distance between two matches of one day; nullopt when a day has just one.
  [[nodiscard]] std::optional<OfDay> shortest_gap_in_day() const;
  // The first and the last match of every day that matches.
  [[nodiscard]] OfDay first_of_day() const;
  [[nodiscard]] OfDay last_of_day() const;

 private:
  [[nodiscard]] std::optional<OfDay> first_from(OfDay from) const;
  [[nodiscard]] std::optional<OfDay> last_before(OfDay end) const;
  [[nodiscard]] std::uint64_t count_before(OfDay end) const;
};

}  // namespace tocsin::schedule

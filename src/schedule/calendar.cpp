#include "schedule/calendar.hpp"

#include <algorithm>
#include <bit>

namespace tocsin::schedule {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::local_days;
using std::chrono::seconds;
using std::chrono::year_month;
using std::chrono::year_month_day;

constexpr seconds kDay{86'400};

constexpr std::uint64_t below(unsigned bit) { return (std::uint64_t{1} << bit) - 1; }
constexpr bool has(std::uint64_t set, unsigned bit) { return ((set >> bit) & 1U) != 0; }

// The lowest value of the set that is >= `from` (at most 60).
constexpr std::optional<unsigned> lowest(std::uint64_t set, unsigned from = 0) {
  set &= ~below(from);
  if (set == 0) return std::nullopt;
  return static_cast<unsigned>(std::countr_zero(set));
}
// The highest value of the set that is < `end`.
constexpr std::optional<unsigned> highest(std::uint64_t set, unsigned end = 60) {
  set &= below(end);
  if (set == 0) return std::nullopt;
  return 63U - static_cast<unsigned>(std::countl_zero(set));
}
constexpr std::uint64_t population(std::uint64_t set) {
  return static_cast<std::uint64_t>(std::popcount(set));
}

// The time of day in its three fields.
struct Clock {
  explicit Clock(seconds of_day)
      : hour(static_cast<unsigned>(of_day.count() / 3600)),
        minute(static_cast<unsigned>(of_day.count() / 60 % 60)),
        second(static_cast<unsigned>(of_day.count() % 60)) {}
  unsigned hour, minute, second;
};
constexpr seconds of_day(unsigned hour, unsigned minute, unsigned second) {
  return seconds{hour * 3600 + minute * 60 + second};
}

// The shortest distance between neighbours in a set.
std::optional<unsigned> closest(std::uint64_t set) {
  std::optional<unsigned> best;
  auto previous = lowest(set);
  while (previous) {
    const auto next = lowest(set, *previous + 1);
    if (next) {
      best = std::min(best.value_or(60), *next - *previous);
    }
    previous = next;
  }
  return best;
}

}  // namespace

bool Calendar::matches_day(local_days day) const {
  const year_month_day date{day};
  if (!has(month_set, static_cast<unsigned>(date.month()))) {
    return false;
  }
  const bool by_day = has(day_set, static_cast<unsigned>(date.day()));
  const bool by_weekday = has(weekday_set, std::chrono::weekday{day}.c_encoding());
  return any_day || any_weekday ? by_day && by_weekday : by_day || by_weekday;
}

seconds Calendar::first_of_day() const {
  return of_day(*lowest(hour_set), *lowest(minute_set), *lowest(second_set));
}

seconds Calendar::last_of_day() const {
  return of_day(*highest(hour_set), *highest(minute_set), *highest(second_set));
}

std::optional<seconds> Calendar::first_from(seconds from) const {
  const Clock c{from};
  if (has(hour_set, c.hour)) {
    if (has(minute_set, c.minute)) {
      if (const auto second = lowest(second_set, c.second)) {
        return of_day(c.hour, c.minute, *second);
      }
    }
    if (const auto minute = lowest(minute_set, c.minute + 1)) {
      return of_day(c.hour, *minute, *lowest(second_set));
    }
  }
  const auto hour = lowest(hour_set, c.hour + 1);
  if (!hour) return std::nullopt;
  return of_day(*hour, *lowest(minute_set), *lowest(second_set));
}

std::optional<seconds> Calendar::last_before(seconds end) const {
  const Clock c{end};
  if (has(hour_set, c.hour)) {
    if (has(minute_set, c.minute)) {
      if (const auto second = highest(second_set, c.second)) {
        return of_day(c.hour, c.minute, *second);
      }
    }
    if (const auto minute = highest(minute_set, c.minute)) {
      return of_day(c.hour, *minute, *highest(second_set));
    }
  }
  const auto hour = highest(hour_set, c.hour);
  if (!hour) return std::nullopt;
  return of_day(*hour, *highest(minute_set), *highest(second_set));
}

std::uint64_t Calendar::count_before(seconds end) const {
  const Clock c{end};
  const std::uint64_t per_minute = population(second_set);
  const std::uint64_t per_hour = population(minute_set) * per_minute;
  std::uint64_t total = population(hour_set & below(c.hour)) * per_hour;
  if (has(hour_set, c.hour)) {
    total += population(minute_set & below(c.minute)) * per_minute;
    if (has(minute_set, c.minute)) {
      total += population(second_set & below(c.second));
    }
  }
  return total;
}

std::optional<Calendar::Local> Calendar::first(Local from, Local end) const {
  if (from >= end) return std::nullopt;
  auto day = floor<days>(from);
  seconds start = from - day;
  while (Local{day} < end) {
    const year_month_day date{day};
    if (!has(month_set, static_cast<unsigned>(date.month()))) {
      const year_month next = year_month{date.year(), date.month()} + std::chrono::months{1};
      day = local_days{next / 1};
      start = seconds{0};
      continue;
    }
    if (matches_day(day)) {
      if (const auto found = first_from(start)) {
        const Local match = day + *found;
        return match < end ? std::optional(match) : std::nullopt;
      }
    }
    day += days{1};
    start = seconds{0};
  }
  return std::nullopt;
}

std::optional<Calendar::Local> Calendar::last(Local from, Local end) const {
  auto day = floor<days>(end);
  std::optional<seconds> until = end - day;  // absent: the whole day
  while (day + kDay > from) {
    if (matches_day(day)) {
      const std::optional<seconds> found = until ? last_before(*until) : last_of_day();
      if (found) {
        const Local match = day + *found;
        return match >= from ? std::optional(match) : std::nullopt;
      }
    }
    day -= days{1};
    until.reset();
  }
  return std::nullopt;
}

std::uint64_t Calendar::count(Local from, Local end) const {
  if (from >= end) return 0;
  const std::uint64_t per_day =
      population(hour_set) * population(minute_set) * population(second_set);
  const auto first_day = floor<days>(from);
  const auto last_day = floor<days>(end);
  std::uint64_t total = 0;
  for (auto day = first_day; day < last_day; day += days{1}) {
    total += matches_day(day) ? per_day : 0;
  }
  total += matches_day(last_day) ? count_before(end - last_day) : 0;
  total -= matches_day(first_day) ? count_before(from - first_day) : 0;
  return total;
}

std::optional<seconds> Calendar::shortest_gap_in_day() const {
  std::optional<seconds> best;
  const auto consider = [&best](unsigned distance) {
    best = std::min(best.value_or(kDay), seconds{distance});
  };
  const unsigned second_span = *highest(second_set) - *lowest(second_set);
  const unsigned minute_span = (*highest(minute_set) - *lowest(minute_set)) * 60 + second_span;
  if (const auto step = closest(second_set)) consider(*step);
  if (const auto step = closest(minute_set)) consider(*step * 60 - second_span);
  if (const auto step = closest(hour_set)) consider(*step * 3600 - minute_span);
  return best;
}

}  // namespace tocsin::schedule

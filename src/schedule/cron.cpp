#include "schedule/cron.hpp"

#include <algorithm>

#include "schedule/zone.hpp"

namespace tocsin::schedule {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::floor;
using std::chrono::local_days;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using std::chrono::year;
using Local = Calendar::Local;

constexpr sys_seconds kEarliest = sys_days{year{1900} / 1 / 1};
constexpr sys_seconds kLatest = sys_days{year{9900} / 1 / 1};
constexpr days kSearch{30 * 366};
constexpr days kGapWindow{369};

Local to_local(sys_seconds at, seconds offset) { return Local{(at + offset).time_since_epoch()}; }
sys_seconds to_instant(Local at, seconds offset) {
  return sys_seconds{at.time_since_epoch()} - offset;
}
Instant to_milliseconds(sys_seconds at) { return Instant{at}; }
// The first whole second strictly after `at`, within what the search can handle.
sys_seconds second_after(Instant at) {
  return std::clamp(floor<seconds>(std::clamp(at, Instant{kEarliest}, Instant{kLatest})) + 1s,
                    kEarliest, kLatest);
}

// The local time from which a span's instants belong to fixed entries: in the repeated hour of a
// backward change the clock shows times that the span before has already served.
Local fresh_from(const Zone::Span& span) {
  return to_local(span.begin, std::max(span.offset, span.before));
}
// Whether a match lies among the local times that the change at the span's beginning left out.
bool gap_matches(const Calendar& calendar, const Zone::Span& span) {
  return span.offset > span.before &&
         calendar.first(to_local(span.begin, span.before), to_local(span.begin, span.offset));
}

// The instant at which a local day begins; after a gap at midnight, the first instant of the day.
sys_seconds midnight(const Zone& zone, local_days day) {
  const Local local{day};
  const Zone::Span* span = &zone.at(to_instant(local, 0s) - days{2});
  while (local >= to_local(span->end, span->offset)) {
    span = &zone.at(span->end);
  }
  return std::max(span->begin, to_instant(local, span->offset));
}

}  // namespace

// The first match in [from, end).
std::optional<sys_seconds> Cron::first(sys_seconds from, sys_seconds end) const {
  while (from < end) {
    const Zone::Span& span = zone_->at(from);
    if (!wildcard_ && from == span.begin && gap_matches(calendar_, span)) {
      return from;
    }
    Local start = to_local(from, span.offset);
    if (!wildcard_) {
      start = std::max(start, fresh_from(span));
    }
    const Local stop = to_local(std::min(span.end, end), span.offset);
    if (const auto found = calendar_.first(start, stop)) {
      return to_instant(*found, span.offset);
    }
    from = span.end;
  }
  return std::nullopt;
}

// The last match in [from, end).
std::optional<sys_seconds> Cron::last(sys_seconds from, sys_seconds end) const {
  while (from < end) {
    const Zone::Span& span = zone_->at(end - 1s);
    const sys_seconds begin = std::max(from, span.begin);
    Local start = to_local(begin, span.offset);
    if (!wildcard_) {
      start = std::max(start, fresh_from(span));
    }
    if (const auto found = calendar_.last(start, to_local(end, span.offset))) {
      return to_instant(*found, span.offset);
    }
    if (!wildcard_ && begin == span.begin && gap_matches(calendar_, span)) {
      return begin;
    }
    end = begin;
  }
  return std::nullopt;
}

std::optional<Instant> Cron::next(Instant after) const {
  const sys_seconds from = second_after(after);
  const auto found = first(from, std::min(from + kSearch, kLatest));
  return found ? std::optional(to_milliseconds(*found)) : std::nullopt;
}

std::uint64_t Cron::count(Instant after, Instant until) const {
  sys_seconds from = second_after(after);
  const sys_seconds end = second_after(until);
  std::uint64_t total = 0;
  while (from < end) {
    const Zone::Span& span = zone_->at(from);
    Local start = to_local(from, span.offset);
    if (!wildcard_) {
      const bool at_gap = from == span.begin && gap_matches(calendar_, span);
      const bool also_there = calendar_.first(start, start + 1s).has_value();
      total += at_gap && !also_there ? 1 : 0;
      start = std::max(start, fresh_from(span));
    }
    total += calendar_.count(start, to_local(std::min(span.end, end), span.offset));
    from = span.end;
  }
  return total;
}

std::optional<Milliseconds> Cron::shortest_gap(Instant from) const {
  const sys_seconds at = second_after(from) - 1s;
  const local_days today = floor<days>(to_local(at, zone_->at(at).offset));
  const auto in_day = calendar_.shortest_gap_in_day();
  std::optional<seconds> best;
  const auto consider = [&best](seconds gap) { best = std::min(best.value_or(gap), gap); };
  std::optional<sys_seconds> previous;  // the last match of the days so far
  sys_seconds begin = midnight(*zone_, today);
  for (local_days day = today; day < today + kGapWindow; day += days{1}) {
    const sys_seconds end = midnight(*zone_, day + days{1});
    const auto opening = first(begin, end);
    if (opening) {
      if (previous) {
        consider(*opening - *previous);
      }
      previous = last(begin, end);
      if (in_day) {
        consider(*in_day);
      }
      if (const sys_seconds change = zone_->at(end - 1s).begin; change >= begin) {
        consider_change(begin, change, end, best);
      }
    }
    begin = end;
  }
  return best;
}

// The gaps that a change of offset within [begin, end) bends: those before and after the first
// match at or after it. One at the day's very beginning may bring the matches of a day that was
// skipped into this one.
void Cron::consider_change(sys_seconds begin, sys_seconds change, sys_seconds end,
                           std::optional<seconds>& best) const {
  const auto before = last(begin, change);
  const auto after = first(change, end);
  if (!after) {
    return;
  }
  if (before) {
    best = std::min(best.value_or(*after - *before), *after - *before);
  }
  if (const auto third = first(*after + 1s, end)) {
    best = std::min(best.value_or(*third - *after), *third - *after);
  }
}

}  // namespace tocsin::schedule

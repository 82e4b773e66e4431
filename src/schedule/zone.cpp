#include "schedule/zone.hpp"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "base/near_miss.hpp"
#include "base/utf8.hpp"
#include "schedule/cron.hpp"

namespace tocsin::schedule {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using std::chrono::year;

constexpr year kFirstYear{1970};
// Debian compiles the tz database with explicit changes up to this year; date::tz reads those and
// leaves out the rule that follows them.
constexpr year kLastListedYear{2037};
constexpr year kExtendUntil{2100};
constexpr std::size_t kLongestName = 100;

std::shared_ptr<const Zone> load(const date::time_zone& zone) {
  std::vector<Zone::Change> changes;
  auto info = zone.get_info(sys_seconds{sys_days{kFirstYear / 1 / 1}});
  const auto first_offset = info.offset;
  while (info.end < sys_seconds{sys_days{kExtendUntil / 1 / 1}}) {
    const sys_seconds at = info.end;
    info = zone.get_info(at);
    changes.push_back({at, info.offset});
  }
  changes = extend_rules(std::move(changes), kLastListedYear, kExtendUntil);
  return std::make_shared<const Zone>(zone.name(), first_offset, changes);
}

// "posix/" repeats every name; "right/" counts leap seconds, which our Unix times do not.
bool is_offered(std::string_view name) {
  return !name.starts_with("posix/") && !name.starts_with("right/");
}

std::string_view last_part(std::string_view name) { return name.substr(name.rfind('/') + 1); }

std::optional<std::string_view> suggest(std::string_view name,
                                        std::span<const std::string_view> known) {
  // "Zurich" means "Europe/Zurich" before it means any name with as few edits.
  std::vector<std::string_view> cities;
  for (const std::string_view candidate : known) {
    cities.push_back(last_part(candidate));
  }
  if (const auto city = near_miss(last_part(name), cities)) {
    std::vector<std::string_view> same_city;
    for (const std::string_view candidate : known) {
      if (last_part(candidate) == *city) {
        same_city.push_back(candidate);
      }
    }
    if (same_city.size() == 1 || name.find('/') == std::string_view::npos) {
      return same_city.front();
    }
  }
  return near_miss(name, known);
}

Result<std::shared_ptr<const Zone>> unknown_zone(std::string_view name, const date::tzdb& db) {
  std::vector<std::string_view> known;
  for (const date::time_zone& zone : db.zones) {
    if (is_offered(zone.name())) {
      known.push_back(zone.name());
    }
  }
  if (known.empty()) {
    return fail(ErrorCode::unavailable,
                "the time zone database is missing; install the package tzdata, or use UTC");
  }
  const auto meant = suggest(name, known);
  return fail(ErrorCode::invalid,
              fmt::format("unknown time zone \"{}\"; {}", clip(printable(name), kLongestName),
                          meant ? fmt::format("did you mean {}?", *meant)
                                : "names are those of the tz database, such as Europe/Zurich"));
}

Result<std::shared_ptr<const Zone>> look_up(std::string_view name) {
  if (name == "UTC") {  // works on machines without a tz database
    return std::make_shared<const Zone>("UTC", 0s, std::vector<Zone::Change>{});
  }
  try {
    const date::tzdb& db = date::get_tzdb();
    const auto found = std::ranges::find_if(
        db.zones, [name](const date::time_zone& zone) { return zone.name() == name; });
    if (found == db.zones.end() || !is_offered(name)) {
      return unknown_zone(name, db);
    }
    return load(*found);
  } catch (const std::exception& e) {
    return fail(
        ErrorCode::unavailable,
        fmt::format("reading time zone \"{}\" from the tz database: {}; install the package "
                    "tzdata, or use UTC",
                    clip(printable(name), kLongestName), e.what()));
  }
}

}  // namespace

Zone::Zone(std::string name, std::chrono::seconds first_offset, const std::vector<Change>& changes)
    : name_(std::move(name)) {
  spans_.push_back({kBegin, kEnd, first_offset, first_offset});
  for (const Change& change : changes) {
    Span& last = spans_.back();
    if (change.offset != last.offset && change.at > last.begin && change.at < kEnd) {
      const std::chrono::seconds before = last.offset;
      last.end = change.at;
      spans_.push_back({change.at, kEnd, change.offset, before});
    }
  }
  spans_.shrink_to_fit();
}

const Zone::Span& Zone::at(sys_seconds instant) const {
  const auto after = std::ranges::upper_bound(spans_, instant, {}, &Span::begin);
  return after == spans_.begin() ? spans_.front() : *std::prev(after);
}

std::vector<Zone::Change> extend_rules(std::vector<Zone::Change> changes, year last_listed,
                                       year until_year) {
  const sys_days listed_end{(last_listed + std::chrono::years{1}) / 1 / 1};
  if (changes.empty() || changes.back().at < sys_days{last_listed / 1 / 1} ||
      changes.back().at >= listed_end) {
    return changes;  // nothing changes any more, or the database lists more than we assume
  }
  const std::vector<Zone::Change> listed = changes;
  // January and February, then the rest: with both, a leap year needs no model that is one itself.
  const auto copy_part = [&](year target, std::chrono::month first, std::chrono::month end_month) {
    const sys_days target_begin{target / first / 1};
    year model = last_listed;
    while (model.is_leap() || std::chrono::weekday{sys_days{model / first / 1}} !=
                                  std::chrono::weekday{target_begin}) {
      --model;
    }
    const sys_days begin{model / first / 1};
    const sys_days end{end_month == std::chrono::January ? (model + std::chrono::years{1}) / 1 / 1
                                                         : model / end_month / 1};
    for (const Zone::Change& change : listed) {
      if (change.at >= begin && change.at < end) {
        changes.push_back({change.at + (target_begin - begin), change.offset});
      }
    }
  };
  for (year target = last_listed + std::chrono::years{1}; target <= until_year; ++target) {
    copy_part(target, std::chrono::January, std::chrono::March);
    copy_part(target, std::chrono::March, std::chrono::January);
  }
  return changes;
}

Result<std::shared_ptr<const Zone>> find_zone(std::string_view iana_name) {
  // One zone serves all monitors that name it. Loading holds the lock: it is short, and the first
  // reading of the database is not safe to run twice at once.
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<const Zone>, std::less<>> loaded;
  const std::lock_guard lock(mutex);
  if (const auto known = loaded.find(iana_name); known != loaded.end()) {
    return known->second;
  }
  auto zone = look_up(iana_name);
  if (zone) {
    loaded.emplace(std::string(iana_name), *zone);
  }
  return zone;
}

}  // namespace tocsin::schedule

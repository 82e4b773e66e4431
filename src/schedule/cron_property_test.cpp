// Random expressions against an oracle that walks over every instant and asks the tz library.

#include <date/tz.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <set>
#include <vector>

#include "base/random.hpp"
#include "schedule/cron.hpp"

namespace tocsin::schedule {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_seconds;

constexpr std::uint64_t kSeed = 20'261'121;

// One field: its text and the values that it means, made together.
struct Field {
  std::string text;
  std::set<unsigned> values;
};

Field random_entry(Random& random, unsigned low, unsigned high) {
  Field field;
  const unsigned span = high - low + 1;
  const auto pick = [&] { return low + static_cast<unsigned>(random.below(span)); };
  const unsigned a = pick();
  const unsigned b = pick();
  const unsigned step = 1 + static_cast<unsigned>(random.below(span / 2));
  switch (random.below(4)) {
    case 0:
      field.text = fmt::format("*/{}", step);
      for (unsigned v = low; v <= high; v += step) field.values.insert(v);
      break;
    case 1:
      field.text = fmt::format("{}-{}", std::min(a, b), std::max(a, b));
      for (unsigned v = std::min(a, b); v <= std::max(a, b); ++v) field.values.insert(v);
      break;
    default:
      field.text = fmt::format("{}", a);
      field.values.insert(a);
  }
  return field;
}

Field random_field(Random& random, unsigned low, unsigned high, unsigned star_of_ten) {
  Field field;
  if (random.below(10) < star_of_ten) {
    field.text = "*";
    for (unsigned v = low; v <= high; ++v) field.values.insert(v);
    return field;
  }
  for (std::uint64_t entries = 1 + random.below(3); entries > 0; --entries) {
    const Field entry = random_entry(random, low, high);
    field.text += (field.text.empty() ? "" : ",") + entry.text;
    field.values.insert(entry.values.begin(), entry.values.end());
  }
  return field;
}

struct Expression {
  std::array<Field, 6> fields;  // with seconds
  bool with_seconds = false;

  [[nodiscard]] std::string text() const {
    std::string out = with_seconds ? fields[0].text + " " : "";
    for (std::size_t i = 1; i < fields.size(); ++i) {
      out += (i == 1 ? "" : " ") + fields.at(i).text;
    }
    return out;
  }
  [[nodiscard]] bool starts_with_star(std::size_t i) const { return fields.at(i).text[0] == '*'; }
  [[nodiscard]] bool follows_real_time() const {
    return starts_with_star(1) || starts_with_star(2);
  }

  [[nodiscard]] bool matches(std::chrono::local_seconds local) const {
    const auto day = std::chrono::floor<std::chrono::days>(local);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{local - day};
    const auto has = [this](std::size_t i, auto value) {
      return fields.at(i).values.contains(static_cast<unsigned>(value));
    };
    const bool by_day = has(3, static_cast<unsigned>(date.day()));
    const bool by_weekday = has(5, std::chrono::weekday{day}.c_encoding());
    const bool either = !starts_with_star(3) && !starts_with_star(5);
    return has(0, time.seconds().count()) && has(1, time.minutes().count()) &&
           has(2, time.hours().count()) && has(4, static_cast<unsigned>(date.month())) &&
           (either ? by_day || by_weekday : by_day && by_weekday);
  }
};

Expression random_expression(Random& random, bool with_seconds) {
  Expression out;
  out.with_seconds = with_seconds;
  out.fields[0] = with_seconds ? random_field(random, 0, 59, 3) : Field{"0", {0}};
  out.fields[1] = random_field(random, 0, 59, 2);
  out.fields[2] = random_field(random, 0, 23, 4);
  if (random.chance(1, 2)) {  // the hours in which clocks change
    do {
      out.fields[2] = random_field(random, 0, 3, 0);
    } while (out.fields[2].text.find('*') != std::string::npos);  // would mean the whole range
  }
  out.fields[3] = random_field(random, 1, 31, 7);
  out.fields[4] = random_field(random, 1, 12, 8);
  out.fields[5] = random_field(random, 0, 6, 7);
  return out;
}

// Whether the expression runs at `t`, straight from the rules.
bool runs_at(const Expression& expression, const date::time_zone& zone, sys_seconds t) {
  const auto now = zone.get_info(t);
  const std::chrono::local_seconds local{(t + now.offset).time_since_epoch()};
  if (expression.follows_real_time()) {
    return expression.matches(local);
  }
  const auto before = zone.get_info(t - 1s);
  if (now.offset > before.offset) {  // t ends a gap
    for (auto skipped = local - (now.offset - before.offset); skipped < local; skipped += 1s) {
      if (expression.matches(skipped)) return true;
    }
  }
  const auto kind = zone.get_info(date::local_seconds{local.time_since_epoch()});
  const bool second_pass =
      kind.result == date::local_info::ambiguous && now.offset == kind.second.offset;
  return expression.matches(local) && !second_pass;
}

struct Place {
  const char* zone;
  const char* change;  // of the past, so that every edition of the tz database has it
};
constexpr std::array kPlaces{
    Place{"Europe/Zurich", "2025-03-30T01:00:00Z"},
    Place{"Europe/Zurich", "2025-10-26T01:00:00Z"},
    Place{"America/New_York", "2024-03-10T07:00:00Z"},
    Place{"America/New_York", "2024-11-03T06:00:00Z"},
    Place{"Australia/Lord_Howe", "2025-10-04T15:30:00Z"},
    Place{"Australia/Lord_Howe", "2025-04-05T15:00:00Z"},
    Place{"America/Sao_Paulo", "2018-11-04T03:00:00Z"},
    Place{"America/Sao_Paulo", "2018-02-18T02:00:00Z"},
    Place{"Africa/Casablanca", "2025-04-06T02:00:00Z"},
    Place{"Africa/Casablanca", "2025-02-23T02:00:00Z"},
    Place{"Pacific/Apia", "2011-12-30T10:00:00Z"},
    Place{"Asia/Kolkata", "2025-01-01T00:00:00Z"},
};

// Compares next() and count() with the oracle over [begin, begin + window].
void compare(const Expression& expression, const char* zone_name, sys_seconds begin,
             std::chrono::seconds window, std::chrono::seconds stride) {
  SCOPED_TRACE(fmt::format("seed {} expression \"{}\" zone {} after {}", kSeed, expression.text(),
                           zone_name, format_rfc3339(Instant{begin})));
  const auto cron = Cron::parse(expression.text(), *find_zone(zone_name));
  ASSERT_TRUE(cron) << cron.error().message;
  const date::time_zone& zone = *date::locate_zone(zone_name);
  Instant last{begin};
  std::uint64_t count = 0;
  for (sys_seconds t = begin + stride; t <= begin + window; t += stride) {
    if (!runs_at(expression, zone, t)) {
      continue;
    }
    ++count;
    const auto next = cron->next(last);
    ASSERT_EQ(next, std::optional(Instant{t})) << (next ? format_rfc3339(*next) : "never");
    ASSERT_GT(*next, last);
    last = *next;
  }
  const auto beyond = cron->next(last);
  EXPECT_TRUE(!beyond || *beyond > Instant{begin + window});
  EXPECT_EQ(cron->count(Instant{begin}, Instant{begin + window}), count);
  if (count > 0) {
    EXPECT_EQ(cron->count(Instant{begin}, last - 1ms), count - 1);
  }
}

TEST(CronProperty, AgreesByTheMinuteAroundEveryKindOfChange) {
  Random random(kSeed);
  for (int i = 0; i < 800; ++i) {
    const Place& place = kPlaces.at(random.below(kPlaces.size()));
    const auto change = std::chrono::floor<std::chrono::minutes>(*parse_rfc3339(place.change));
    const sys_seconds begin = change - std::chrono::minutes{random.below(36ULL * 60)};
    compare(random_expression(random, false), place.zone, begin, 48h, 60s);
    if (HasFatalFailure()) return;
  }
}

TEST(CronProperty, AgreesByTheSecondAroundEveryKindOfChange) {
  Random random(kSeed + 1);
  for (int i = 0; i < 80; ++i) {
    const Place& place = kPlaces.at(random.below(kPlaces.size()));
    const auto change = std::chrono::floor<std::chrono::seconds>(*parse_rfc3339(place.change));
    const sys_seconds begin = change - std::chrono::seconds{random.below(3ULL * 3600)};
    compare(random_expression(random, true), place.zone, begin, 5h, 1s);
    if (HasFatalFailure()) return;
  }
}

TEST(CronProperty, AgreesByTheDayOverYears) {
  Random random(kSeed + 2);
  for (int i = 0; i < 600; ++i) {
    Expression expression = random_expression(random, false);
    expression.fields[1] = {"0", {0}};
    expression.fields[2] = {"0", {0}};
    const auto day = std::chrono::sys_days{std::chrono::year{1990} / 1 / 1} +
                     std::chrono::days{random.below(30'000)};
    compare(expression, "UTC", day, std::chrono::days{900}, std::chrono::days{1});
    if (HasFatalFailure()) return;
  }
}

TEST(CronProperty, TheShortestGapIsTheShortestThatNextMeets) {
  Random random(kSeed + 3);
  for (int i = 0; i < 60; ++i) {
    Expression expression = random_expression(random, false);
    expression.fields[1] = Field{fmt::format("{}", random.below(60)), {}};
    const Place& place = kPlaces.at(random.below(kPlaces.size()));
    SCOPED_TRACE(
        fmt::format("seed {} expression \"{}\" zone {}", kSeed, expression.text(), place.zone));
    const auto cron = Cron::parse(expression.text(), *find_zone(place.zone));
    ASSERT_TRUE(cron);
    // From local midnight, so that the days of the promise are those that are walked.
    const date::time_zone& zone = *date::locate_zone(place.zone);
    const date::local_days day{date::year{2025} / 1 / 1};
    const Instant begin{zone.to_sys(date::local_seconds{day})};
    const Instant end{zone.to_sys(date::local_seconds{day + date::days{369}})};
    std::optional<Milliseconds> shortest;
    std::size_t runs = 0;
    auto previous = cron->next(begin - 1ms);
    while (previous && *previous < end) {
      ++runs;
      const auto next = cron->next(*previous);
      if (next && *next < end) {
        shortest = std::min(shortest.value_or(*next - *previous), *next - *previous);
      }
      previous = next;
    }
    const auto promised = cron->shortest_gap(begin);
    if (shortest) {
      ASSERT_TRUE(promised);
      EXPECT_LE(*promised, *shortest);
    }
    if (runs > 100) {  // more than one day of a change could hold
      EXPECT_EQ(promised, shortest);
    }
  }
}

}  // namespace
}  // namespace tocsin::schedule

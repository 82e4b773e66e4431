// Reading cron expressions: every error names the field, what was found and what is allowed.

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <span>
#include <string>
#include <vector>

#include "base/near_miss.hpp"
#include "base/utf8.hpp"
#include "schedule/cron.hpp"

namespace tocsin::schedule {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kLongestText = 1024;
constexpr std::string_view kBlank = " \t";

constexpr std::array kMonthNames{"jan"sv, "feb"sv, "mar"sv, "apr"sv, "may"sv, "jun"sv,
                                 "jul"sv, "aug"sv, "sep"sv, "oct"sv, "nov"sv, "dec"sv};
constexpr std::array kWeekdayNames{"sun"sv, "mon"sv, "tue"sv, "wed"sv, "thu"sv, "fri"sv, "sat"sv};

struct FieldRule {
  std::string_view name;
  unsigned low = 0;
  unsigned high = 0;
  std::span<const std::string_view> names;  // names[0] is the value `low` or, of weekdays, 0
};

constexpr FieldRule kSecond{"second", 0, 59, {}};
constexpr FieldRule kMinute{"minute", 0, 59, {}};
constexpr FieldRule kHour{"hour", 0, 23, {}};
constexpr FieldRule kDay{"day-of-month", 1, 31, {}};
constexpr FieldRule kMonth{"month", 1, 12, kMonthNames};
constexpr FieldRule kWeekday{"day-of-week", 0, 7, kWeekdayNames};

struct Macro {
  std::string_view name;
  std::string_view fields;
};
constexpr std::array kMacros{Macro{"@yearly", "0 0 1 1 *"},  Macro{"@annually", "0 0 1 1 *"},
                             Macro{"@monthly", "0 0 1 * *"}, Macro{"@weekly", "0 0 * * 0"},
                             Macro{"@daily", "0 0 * * *"},   Macro{"@midnight", "0 0 * * *"},
                             Macro{"@hourly", "0 * * * *"}};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

// One field while it is read; knows how to say what is wrong with it.
class FieldReader {
 public:
  FieldReader(const FieldRule& rule, std::string_view text) : rule_(rule), text_(text) {}

  Result<std::uint64_t> read() const {
    std::uint64_t set = 0;
    for (std::size_t at = 0; at <= text_.size();) {
      const std::size_t comma = std::min(text_.find(',', at), text_.size());
      const auto entry = read_entry(text_.substr(at, comma - at));
      if (!entry) return entry;
      set |= *entry;
      at = comma + 1;
    }
    return set;
  }

 private:
  [[nodiscard]] std::unexpected<Error> wrong(std::string_view what) const {
    return fail(ErrorCode::invalid,
                fmt::format("{} field \"{}\": {}", rule_.name, clip(printable(text_), 60), what));
  }
  [[nodiscard]] std::string allowed() const {
    if (rule_.names.empty()) {
      return fmt::format("allowed are {} to {}", rule_.low, rule_.high);
    }
    return fmt::format("allowed are {} to {} and {} to {}", rule_.low, rule_.high,
                       rule_.names.front(), rule_.names.back());
  }

  [[nodiscard]] Result<unsigned> read_value(std::string_view text) const {
    if (!text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos) {
      unsigned value = 0;
      const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
      if (read.ec != std::errc{} || value < rule_.low || value > rule_.high) {
        const bool wraps = rule_.low == 0 && read.ec == std::errc{} && value == rule_.high + 1;
        return wrong(fmt::format("{} is out of range; {}{}", clip(text, 20), allowed(),
                                 wraps ? "; did you mean 0?" : ""));
      }
      return value;
    }
    return read_name(text);
  }

  [[nodiscard]] Result<unsigned> read_name(std::string_view text) const {
    const std::string name = lower(text);
    for (unsigned i = 0; i < rule_.names.size(); ++i) {
      if (rule_.names[i] == name) {
        return rule_.low + i;
      }
    }
    const std::string shown = clip(printable(text), 20);
    if (text.empty()) {
      return wrong(fmt::format("a value is missing; {}", allowed()));
    }
    if (text == "?") {
      return wrong("\"?\" is not part of cron; write \"*\"");
    }
    if (rule_.names.empty()) {
      return wrong(fmt::format("\"{}\" is not a number; {}", shown, allowed()));
    }
    // "monday" and "sept" begin with what they mean.
    auto meant = near_miss(name.substr(0, 3), rule_.names);
    for (const std::string_view known : rule_.names) {
      meant = name.starts_with(known) ? known : meant;
    }
    return wrong(fmt::format("\"{}\" is not a value; {}{}", shown, allowed(),
                             meant ? fmt::format("; did you mean {}?", *meant) : ""));
  }

  // "*", "3", "1-5", each but the second with "/step".
  [[nodiscard]] Result<std::uint64_t> read_entry(std::string_view entry) const {
    if (entry.empty()) {
      return wrong(text_.empty() ? "it is empty" : "an entry between the commas is empty");
    }
    const std::size_t slash = entry.find('/');
    const std::string_view range = entry.substr(0, slash);
    const auto bounds = read_range(range);
    if (!bounds) return std::unexpected(bounds.error());
    unsigned step = 1;
    if (slash != std::string_view::npos) {
      const auto read = read_step(entry.substr(slash + 1), range, *bounds);
      if (!read) return std::unexpected(read.error());
      step = *read;
    }
    std::uint64_t set = 0;
    for (unsigned value = bounds->low; value <= bounds->high; value += step) {
      set |= std::uint64_t{1} << value;
    }
    return set;
  }

  struct Bounds {
    unsigned low = 0;
    unsigned high = 0;
  };

  [[nodiscard]] Result<Bounds> read_range(std::string_view range) const {
    if (range == "*") {
      // 7 is 0 again: with both, "*/2" would mean Sunday to the wrong end.
      return Bounds{rule_.low, &rule_ == &kWeekday ? 6 : rule_.high};
    }
    if (range.starts_with('*')) {
      return wrong(fmt::format("\"{}\" has something after the \"*\"; steps are written \"*/5\"",
                               clip(printable(range), 20)));
    }
    const std::size_t dash = range.find('-');
    const auto low = read_value(range.substr(0, dash));
    if (!low) return std::unexpected(low.error());
    if (dash == std::string_view::npos) {
      return Bounds{*low, *low};
    }
    auto high = read_value(range.substr(dash + 1));
    if (!high) return std::unexpected(high.error());
    if (&rule_ == &kWeekday && *high == 0 && *low > 0) {
      high = 7;  // "fri-sun"
    }
    if (*low > *high) {
      return wrong(fmt::format("the range {} runs backwards; did you mean {}-{},{}-{}?", range,
                               *low, &rule_ == &kWeekday ? 6 : rule_.high, rule_.low, *high));
    }
    return Bounds{*low, *high};
  }

  [[nodiscard]] Result<unsigned> read_step(std::string_view text, std::string_view range,
                                           const Bounds& bounds) const {
    unsigned step = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), step);
    if (text.empty() || read.ec != std::errc{} || read.ptr != text.data() + text.size()) {
      return wrong(fmt::format("the step \"{}\" is not a number; steps are written \"*/5\"",
                               clip(printable(text), 20)));
    }
    if (step == 0) {
      return wrong("the step is 0; it must be at least 1");
    }
    if (range != "*" && range.find('-') == std::string_view::npos) {
      return wrong(fmt::format("a step needs a range; did you mean \"{}-{}/{}\"?", range,
                               &rule_ == &kWeekday ? 6 : rule_.high, step));
    }
    // Vixie cron takes it and runs at the first value alone, which nobody who writes it means.
    if (const unsigned size = bounds.high - bounds.low + 1; step > size) {
      return wrong(
          fmt::format("the step {} is longer than the {} values it steps over; for longer "
                      "intervals use `every`",
                      step, size));
    }
    return step;
  }

  const FieldRule& rule_;
  std::string_view text_;
};

std::vector<std::string_view> split_blanks(std::string_view text) {
  std::vector<std::string_view> out;
  while (true) {
    const std::size_t begin = text.find_first_not_of(kBlank);
    if (begin == std::string_view::npos) return out;
    const std::size_t end = std::min(text.find_first_of(kBlank, begin), text.size());
    out.push_back(text.substr(begin, end - begin));
    text.remove_prefix(end);
  }
}

// "@daily" as its five fields.
Result<std::string_view> expand_macro(std::string_view text) {
  const std::string name = lower(text);
  std::vector<std::string_view> names;
  for (const Macro& macro : kMacros) {
    if (macro.name == name) {
      return macro.fields;
    }
    names.push_back(macro.name);
  }
  if (name == "@reboot") {
    return fail(ErrorCode::invalid,
                "@reboot is refused: a monitor has no boot of its own; use `run_at_start: true` "
                "beside a schedule");
  }
  if (name.starts_with("@every")) {
    return fail(ErrorCode::invalid,
                "@every is not part of cron; use `every: 5m` instead of a schedule");
  }
  const auto meant = near_miss(name, names);
  return fail(ErrorCode::invalid,
              fmt::format("\"{}\" is not known; {}", clip(printable(text), 60),
                          meant ? fmt::format("did you mean {}?", *meant)
                                : "allowed are @yearly @annually @monthly @weekly @daily @midnight "
                                  "@hourly"));
}

std::unexpected<Error> wrong_count(std::string_view text, std::size_t count) {
  constexpr std::string_view kAllowed =
      "a schedule has 5 fields (minute hour day-of-month month day-of-week), or 6 with seconds in "
      "front";
  std::string hint;
  if (count == 7) {
    hint = "; there is no field for the year";
  } else if (count == 1 && parse_duration(text)) {
    hint = fmt::format("; for an interval write `every: {}`", text);
  }
  return fail(ErrorCode::invalid,
              fmt::format("\"{}\" has {} field{}; {}{}", clip(printable(text), 60), count,
                          count == 1 ? "" : "s", kAllowed, hint));
}

}  // namespace

Result<Cron> Cron::parse(std::string_view expression, std::shared_ptr<const Zone> zone) {
  TOCSIN_ASSERT(zone != nullptr);
  const std::size_t begin = std::min(expression.find_first_not_of(kBlank), expression.size());
  const std::string_view text =
      expression.substr(begin, expression.find_last_not_of(kBlank) + 1 - begin);
  if (text.size() > kLongestText) {
    return fail(ErrorCode::invalid, fmt::format("the schedule has {} characters; allowed are {}",
                                                text.size(), kLongestText));
  }
  if (!text.empty() && (text.front() == '"' || text.front() == '\'')) {
    return fail(ErrorCode::invalid, fmt::format("{} has quotes inside the value; quote it once",
                                                clip(printable(text), 60)));
  }
  if (text.find('=') != std::string_view::npos) {
    return fail(
        ErrorCode::invalid,
        fmt::format("\"{}\" sets a variable; the time zone is set with `timezone` beside the "
                    "schedule",
                    clip(printable(text), 60)));
  }
  std::string_view fields_text = text;
  if (text.starts_with('@')) {
    const auto fields = expand_macro(text);
    if (!fields) return std::unexpected(fields.error());
    fields_text = *fields;
  }
  std::vector<std::string_view> fields = split_blanks(fields_text);
  if (fields.size() != 5 && fields.size() != 6) {
    return wrong_count(text, fields.size());
  }
  if (fields.size() == 5) {
    fields.insert(fields.begin(), "0");
  }
  constexpr std::array kRules{&kSecond, &kMinute, &kHour, &kDay, &kMonth, &kWeekday};
  std::array<std::uint64_t, 6> sets{};
  for (std::size_t i = 0; i < kRules.size(); ++i) {
    const auto set = FieldReader(*kRules.at(i), fields[i]).read();
    if (!set) return std::unexpected(set.error());
    sets.at(i) = *set;
  }
  Cron cron;
  cron.text_ = text;
  cron.zone_ = std::move(zone);
  const std::uint64_t weekdays = (sets[5] & 0x7FU) | (sets[5] >> 7U);  // 7 is Sunday too
  cron.calendar_ = {sets[0],
                    sets[1],
                    sets[2],
                    sets[3],
                    sets[4],
                    weekdays,
                    fields[3].starts_with('*'),
                    fields[5].starts_with('*')};
  cron.wildcard_ = fields[1].starts_with('*') || fields[2].starts_with('*');
  return cron;
}

}  // namespace tocsin::schedule

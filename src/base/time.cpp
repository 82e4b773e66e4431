#include "base/time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>
#include <limits>

namespace tocsin {
namespace {

using std::chrono::days;

struct Cursor {
  std::string_view rest;

  bool take(char c) {
    if (rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  std::optional<int> digits(std::size_t count) {
    if (rest.size() < count) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const char c = rest[i];
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + (c - '0');
    }
    rest.remove_prefix(count);
    return value;
  }
};

std::optional<Milliseconds> parse_fraction(Cursor& in) {
  if (!in.take('.')) return Milliseconds{0};
  int value = 0;
  int scale = 100;
  std::size_t count = 0;
  while (const auto digit = in.digits(1)) {
    value += *digit * scale;
    scale /= 10;
    ++count;
  }
  if (count == 0) return std::nullopt;
  return Milliseconds{value};
}

std::optional<std::chrono::minutes> parse_offset(Cursor& in) {
  if (in.take('Z') || in.take('z')) return std::chrono::minutes{0};
  const bool negative = !in.rest.empty() && in.rest.front() == '-';
  if (!in.take('+') && !in.take('-')) return std::nullopt;
  const auto hours = in.digits(2);
  if (!hours || !in.take(':')) return std::nullopt;
  const auto minutes = in.digits(2);
  if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const std::chrono::minutes offset{*hours * 60 + *minutes};
  return negative ? -offset : offset;
}

struct Unit {
  std::string_view name;
  std::uint64_t scale;
};

constexpr std::array<Unit, 5> kDurationUnits{
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::array<Unit, 8> kSizeUnits{{{"B", 1},
                                          {"kB", 1000},
                                          {"KiB", 1024},
                                          {"MB", 1'000'000},
                                          {"MiB", 1024ULL * 1024},
                                          {"GB", 1'000'000'000},
                                          {"GiB", 1024ULL * 1024 * 1024},
                                          {"TiB", 1024ULL * 1024 * 1024 * 1024}}};

// A decimal number times a unit, exact: nullopt when digits are missing, too many, or the product
// is not whole or overflows int64.
struct Quantity {
  std::uint64_t whole = 0;
  std::uint64_t fraction = 0;
  std::uint64_t fraction_scale = 1;
};

std::optional<Quantity> parse_quantity(std::string_view& text) {
  Quantity q;
  std::size_t i = 0;
  for (; i < text.size() && std::isdigit(static_cast<unsigned char>(text[i])) != 0; ++i) {
    if (i >= 15) return std::nullopt;
    q.whole = q.whole * 10 + static_cast<std::uint64_t>(text[i] - '0');
  }
  if (i == 0) return std::nullopt;
  if (i < text.size() && text[i] == '.') {
    const std::size_t start = ++i;
    for (; i < text.size() && std::isdigit(static_cast<unsigned char>(text[i])) != 0; ++i) {
      if (i - start >= 9) return std::nullopt;
      q.fraction = q.fraction * 10 + static_cast<std::uint64_t>(text[i] - '0');
      q.fraction_scale *= 10;
    }
    if (i == start) return std::nullopt;
  }
  text.remove_prefix(i);
  return q;
}

std::optional<std::uint64_t> scale_quantity(const Quantity& q, std::uint64_t scale) {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (q.whole > kMax / scale) return std::nullopt;
  if (q.fraction > kMax / scale || q.fraction * scale % q.fraction_scale != 0) return std::nullopt;
  const std::uint64_t total = q.whole * scale + q.fraction * scale / q.fraction_scale;
  return total > kMax ? std::nullopt : std::optional(total);
}

}  // namespace

void append_rfc3339(std::string& out, Instant at) {
  using namespace std::chrono;
  const Instant low = sys_days{year{0} / 1 / 1};
  const Instant high = Instant{sys_days{year{10000} / 1 / 1}} - milliseconds{1};
  at = std::clamp(at, low, high);
  const auto day = floor<days>(at);
  const year_month_day date{day};
  const hh_mm_ss time{at - day};
  // By hand: every outcome of every check prints one.
  const auto put = [&out](std::int64_t value, int digits, char after) {
    const std::size_t end = out.size() + static_cast<std::size_t>(digits);
    out.resize(end + 1, after);
    for (std::size_t place = end; digits-- > 0; value /= 10) {
      out[--place] = static_cast<char>('0' + value % 10);
    }
  };
  put(static_cast<int>(date.year()), 4, '-');
  put(static_cast<unsigned>(date.month()), 2, '-');
  put(static_cast<unsigned>(date.day()), 2, 'T');
  put(time.hours().count(), 2, ':');
  put(time.minutes().count(), 2, ':');
  put(time.seconds().count(), 2, '.');
  put(time.subseconds().count(), 3, 'Z');
}

std::string format_rfc3339(Instant at) {
  std::string out;
  append_rfc3339(out, at);
  return out;
}

std::optional<Instant> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  Cursor in{text};
  const auto y = in.digits(4);
  if (!y || !in.take('-')) return std::nullopt;
  const auto mo = in.digits(2);
  if (!mo || !in.take('-')) return std::nullopt;
  const auto d = in.digits(2);
  if (!d || !(in.take('T') || in.take('t') || in.take(' '))) return std::nullopt;
  const auto h = in.digits(2);
  if (!h || !in.take(':')) return std::nullopt;
  const auto mi = in.digits(2);
  if (!mi || !in.take(':')) return std::nullopt;
  const auto s = in.digits(2);
  if (!s || *h > 23 || *mi > 59 || *s > 60) return std::nullopt;
  const auto fraction = parse_fraction(in);
  if (!fraction) return std::nullopt;
  const auto offset = parse_offset(in);
  if (!offset || !in.rest.empty()) return std::nullopt;
  const year_month_day date{year{*y}, month{static_cast<unsigned>(*mo)},
                            day{static_cast<unsigned>(*d)}};
  if (!date.ok()) return std::nullopt;
  return Instant{sys_days{date}} + hours{*h} + minutes{*mi} + seconds{*s} + *fraction - *offset;
}

std::optional<Milliseconds> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::uint64_t total = 0;
  while (!text.empty()) {
    const auto quantity = parse_quantity(text);
    if (!quantity) return std::nullopt;
    std::size_t letters = 0;
    while (letters < text.size() && std::isalpha(static_cast<unsigned char>(text[letters])) != 0) {
      ++letters;
    }
    const auto* unit = std::ranges::find(kDurationUnits, text.substr(0, letters), &Unit::name);
    if (unit == kDurationUnits.end()) return std::nullopt;
    text.remove_prefix(letters);
    const auto part = scale_quantity(*quantity, unit->scale);
    if (!part) return std::nullopt;
    total += *part;
    if (total > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max() / 1'000'000)) {
      return std::nullopt;
    }
  }
  return Milliseconds{static_cast<std::int64_t>(total)};
}

std::string format_duration(Milliseconds value) {
  if (value.count() == 0) return "0s";
  std::string out = value.count() < 0 ? "-" : "";
  auto rest = value.count() < 0 ? 0 - static_cast<std::uint64_t>(value.count())
                                : static_cast<std::uint64_t>(value.count());
  constexpr std::array<Unit, 5> kDescending{
      {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};
  for (const Unit& unit : kDescending) {
    if (rest >= unit.scale) {
      fmt::format_to(std::back_inserter(out), "{}{}", rest / unit.scale, unit.name);
      rest %= unit.scale;
    }
  }
  return out;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const auto quantity = parse_quantity(text);
  if (!quantity) return std::nullopt;
  if (text.empty()) return scale_quantity(*quantity, 1);
  const auto* unit = std::ranges::find(kSizeUnits, text, &Unit::name);
  return unit == kSizeUnits.end() ? std::nullopt : scale_quantity(*quantity, unit->scale);
}

std::string format_size(std::uint64_t bytes) {
  for (const std::string_view name : {"TiB", "GiB", "MiB", "KiB"}) {
    const std::uint64_t scale = std::ranges::find(kSizeUnits, name, &Unit::name)->scale;
    if (bytes >= scale && bytes % scale == 0) return fmt::format("{}{}", bytes / scale, name);
  }
  return fmt::format("{}", bytes);
}

}  // namespace tocsin

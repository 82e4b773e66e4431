#pragma once
// Time types. Wall clock and monotonic clock are different types and do not convert: an Instant is
// stored and shown, a MonoTime measures durations and deadlines. Nothing here reads a clock; that
// is ports::Clock alone.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin {

using Milliseconds = std::chrono::milliseconds;
using Microseconds = std::chrono::microseconds;

// Wall clock, UTC. Stored and sent as int64 Unix milliseconds (`_ms`), shown as RFC 3339.
using Instant = std::chrono::sys_time<Milliseconds>;

// The tag of our monotonic clock. The real one is CLOCK_BOOTTIME: it counts suspended time.
struct MonoClock {
  using rep = std::int64_t;
  using period = std::micro;
  using duration = Microseconds;
  using time_point = std::chrono::time_point<MonoClock, Microseconds>;
  static constexpr bool is_steady = true;
};
using MonoTime = MonoClock::time_point;

[[nodiscard]] constexpr std::int64_t unix_ms(Instant at) { return at.time_since_epoch().count(); }
[[nodiscard]] constexpr Instant from_unix_ms(std::int64_t ms) { return Instant{Milliseconds{ms}}; }

// "2026-11-21T08:48:32.120Z". Years outside 0000 to 9999 are clamped to that range.
[[nodiscard]] std::string format_rfc3339(Instant at);
void append_rfc3339(std::string& out, Instant at);
// Accepts RFC 3339 with optional fraction and "Z" or an offset. nullopt when it is anything else.
[[nodiscard]] std::optional<Instant> parse_rfc3339(std::string_view text);

// "500ms", "30s", "5m", "2h", "7d" and sums such as "1h30m"; a fraction is allowed ("1.5s") when
// the result is whole milliseconds. nullopt for anything else, negative values and overflow.
[[nodiscard]] std::optional<Milliseconds> parse_duration(std::string_view text);
// The shortest exact form that parse_duration reads back: "1h30m", "90s" is "1m30s", zero is "0s".
[[nodiscard]] std::string format_duration(Milliseconds value);

// "1024", "64KiB", "1MiB", "2GiB" (also B, kB, MB, GB as powers of 1000). nullopt otherwise.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);
[[nodiscard]] std::string format_size(std::uint64_t bytes);

}  // namespace tocsin

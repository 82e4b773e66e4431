#pragma once
// The monitors of a daemon as text for a terminal: used by `run` at its start, `run --once` and
// `status`. Pure.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace tocsin::app {

struct TableRow {
  std::string name;
  std::string kind;
  std::string state;     // new up down unknown
  std::string overlays;  // "paused", "silenced" ...; may be empty
  Instant since{};       // epoch: unknown
  std::string duration;  // of the last check, "12ms"; empty: none
  std::string message;   // of the last outcome
};

struct TableStyle {
  std::size_t width = 100;  // of the terminal; messages are cut to fit
  bool color = false;
  std::size_t most = 40;  // rows shown; what is not up comes first when there are more
};

// A heading, a row per monitor and a line of counts ("3 monitors: 1 down, 2 up").
[[nodiscard]] std::string render_table(std::vector<TableRow> rows, Instant now,
                                       const TableStyle& style);

// "paused, silenced": what lies over a monitor's state; "" when nothing does.
[[nodiscard]] std::string overlay_text(bool paused, bool silenced, bool flapping,
                                       bool acknowledged = false);

// How long a check took: "12ms", "2999ms"; "<1ms" for what is shorter.
[[nodiscard]] std::string took_text(Microseconds duration);

// "5m", "3h", "2d": the largest unit, for people.
[[nodiscard]] std::string short_duration(Milliseconds value);

// Columns that `text` takes on a terminal: code points, which is right for all but wide and
// combining ones.
[[nodiscard]] std::size_t columns(std::string_view text);
// Printable, and cut to `width` columns.
[[nodiscard]] std::string fit(std::string_view text, std::size_t width);
// The same, filled up with spaces.
[[nodiscard]] std::string padded(std::string_view text, std::size_t width);

// `text` in the color of `state` when color is on.
[[nodiscard]] std::string colored(std::string_view text, std::string_view state, bool color);

}  // namespace tocsin::app

#include "app/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/utf8.hpp"

namespace tocsin::app {
namespace {

constexpr std::array<std::string_view, 4> kStateOrder{"down", "unknown", "new", "up"};

std::size_t rank(std::string_view state) {
  return static_cast<std::size_t>(std::ranges::find(kStateOrder, state) - kStateOrder.begin());
}

std::string counts_line(const std::vector<TableRow>& rows) {
  std::string out = fmt::format("{} monitor{}", rows.size(), rows.size() == 1 ? "" : "s");
  std::string_view separator = ": ";
  for (const std::string_view state : kStateOrder) {
    const auto count = std::ranges::count(rows, state, &TableRow::state);
    if (count > 0) {
      out += fmt::format("{}{} {}", separator, count, state);
      separator = ", ";
    }
  }
  return out;
}

}  // namespace

std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string fit(std::string_view text, std::size_t width) {
  std::string out = printable(text);
  while (columns(out) > width && !out.empty()) {
    // Drop one whole code point.
    std::size_t cut = out.size() - 1;
    while (cut > 0 && (static_cast<unsigned char>(out[cut]) & 0xC0U) == 0x80U) {
      --cut;
    }
    out.resize(cut);
  }
  return out;
}

std::string padded(std::string_view text, std::size_t width) {
  std::string out = fit(text, width);
  out.append(width - columns(out), ' ');
  return out;
}

std::string overlay_text(bool paused, bool silenced, bool flapping, bool acknowledged) {
  std::string out;
  const auto add = [&out](bool holds, std::string_view name) {
    if (holds) {
      out += out.empty() ? "" : ", ";
      out += name;
    }
  };
  add(paused, "paused");
  add(silenced, "silenced");
  add(flapping, "flapping");
  add(acknowledged, "acknowledged");
  return out;
}

std::string took_text(Microseconds duration) {
  if (duration < Milliseconds{1}) {
    return "<1ms";
  }
  return fmt::format("{}ms", std::chrono::duration_cast<Milliseconds>(duration).count());
}

std::string short_duration(Milliseconds value) {
  struct Step {
    std::int64_t ms;
    std::string_view unit;
  };
  constexpr std::array<Step, 4> kSteps{
      {{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1000, "s"}}};
  for (const Step& step : kSteps) {
    if (value.count() >= step.ms) {
      return fmt::format("{}{}", value.count() / step.ms, step.unit);
    }
  }
  return fmt::format("{}ms", std::max<std::int64_t>(value.count(), 0));
}

std::string colored(std::string_view text, std::string_view state, bool color) {
  if (!color) {
    return std::string(text);
  }
  const std::string_view code = state == "up"     ? "32"
                                : state == "down" ? "31;1"
                                : state == "new"  ? "2"
                                                  : "33";
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

std::string render_table(std::vector<TableRow> rows, Instant now, const TableStyle& style) {
  std::string footer = counts_line(rows);
  if (rows.size() > style.most) {
    std::ranges::sort(rows, {}, [](const TableRow& row) {
      return std::pair(rank(row.state), std::string_view(row.name));
    });
    footer += fmt::format(" ({} not shown)", rows.size() - style.most);
    rows.resize(style.most);
  }
  std::size_t name_width = 7;
  std::size_t kind_width = 4;
  std::size_t state_width = 7;
  for (TableRow& row : rows) {
    name_width = std::max(name_width, std::min<std::size_t>(columns(row.name), 40));
    kind_width = std::max(kind_width, columns(row.kind));
    if (!row.overlays.empty()) {
      row.overlays = fmt::format("{} ({})", row.state, row.overlays);
    }
    state_width = std::max(state_width, columns(row.overlays));
  }
  std::string out = fmt::format("{}  {}  {}  {}  {}  {}\n", padded("MONITOR", name_width),
                                padded("KIND", kind_width), padded("STATE", state_width),
                                padded("SINCE", 5), padded("TOOK", 6), "LAST CHECK");
  const std::size_t used = name_width + kind_width + state_width + 5 + 6 + 10;
  const std::size_t room = style.width > used + 20 ? style.width - used : 20;
  for (const TableRow& row : rows) {
    const std::string_view state = row.overlays.empty() ? row.state : row.overlays;
    const std::string since = row.since == Instant{} ? "" : short_duration(now - row.since);
    out += fmt::format("{}  {}  {}  {}  {}  {}\n", padded(row.name, name_width),
                       padded(row.kind, kind_width),
                       colored(padded(state, state_width), row.state, style.color),
                       padded(since, 5), padded(row.duration, 6), fit(row.message, room));
  }
  return out + footer + "\n";
}

}  // namespace tocsin::app

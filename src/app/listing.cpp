#include "app/listing.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/table.hpp"

namespace tocsin::app {
namespace {

// The last column keeps this much, however wide the others are.
constexpr std::size_t kLeastRoom = 30;
constexpr std::string_view kGap = "  ";

}  // namespace

std::string render_columns(const std::vector<std::string_view>& heads,
                           const std::vector<std::vector<std::string>>& rows, std::size_t width) {
  std::vector<std::size_t> widths;
  for (const std::string_view head : heads) {
    widths.push_back(columns(head));
  }
  for (const auto& row : rows) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i) {
      widths[i] = std::max(widths[i], columns(fit(row[i], width)));
    }
  }
  std::size_t used = 0;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
    used += widths[i] + kGap.size();
  }
  const std::size_t room = std::max(width > used ? width - used : 0, kLeastRoom);
  std::string out;
  const auto add = [&](const auto& cells) {
    for (std::size_t i = 0; i + 1 < cells.size(); ++i) {
      out += padded(cells[i], widths[i]);
      out += kGap;
    }
    out += fit(cells.back(), room);
    out.erase(out.find_last_not_of(' ') + 1);
    out += '\n';
  };
  add(heads);
  std::ranges::for_each(rows, add);
  return out;
}

std::string counted(std::size_t count, std::string_view noun) {
  if (count == 1) {
    return fmt::format("1 {}", noun);
  }
  return count == 0 ? fmt::format("no {}s", noun) : fmt::format("{} {}s", count, noun);
}

}  // namespace tocsin::app

#include "config/suggest.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/time.hpp"

namespace tocsin::config {
namespace {

constexpr std::size_t kLongestWord = 64;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string squeeze(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ' && c != '_') out += lower(c);
  }
  return out;
}

using Alias = std::pair<std::string_view, std::string_view>;

// `text` as a number followed by one of the aliases; the number with the unit it stands for.
std::optional<std::string> with_unit(std::string_view text, std::span<const Alias> aliases) {
  const std::string word = squeeze(text);
  const std::size_t digits = word.find_first_not_of("0123456789.");
  const std::string_view number = std::string_view(word).substr(0, digits);
  if (number.empty() || number.size() > 12) return std::nullopt;
  const std::string_view unit =
      digits == std::string::npos ? std::string_view{} : std::string_view(word).substr(digits);
  const auto found = std::ranges::find(aliases, unit, &Alias::first);
  if (found == aliases.end()) return std::nullopt;
  return std::string(number) + std::string(found->second);
}

constexpr std::array<Alias, 23> kDurationAliases{
    {{"", "s"},      {"sec", "s"},     {"secs", "s"},         {"second", "s"}, {"seconds", "s"},
     {"s", "s"},     {"min", "m"},     {"mins", "m"},         {"minute", "m"}, {"minutes", "m"},
     {"m", "m"},     {"hour", "h"},    {"hours", "h"},        {"hr", "h"},     {"hrs", "h"},
     {"h", "h"},     {"day", "d"},     {"days", "d"},         {"d", "d"},      {"ms", "ms"},
     {"msec", "ms"}, {"millis", "ms"}, {"milliseconds", "ms"}}};
constexpr std::array<Alias, 12> kSizeAliases{{{"k", "KiB"},
                                              {"kb", "kB"},
                                              {"kib", "KiB"},
                                              {"m", "MiB"},
                                              {"mb", "MB"},
                                              {"mib", "MiB"},
                                              {"g", "GiB"},
                                              {"gb", "GB"},
                                              {"gib", "GiB"},
                                              {"b", "B"},
                                              {"bytes", "B"},
                                              {"tib", "TiB"}}};

}  // namespace

std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> before_last(to.size() + 1);
  std::vector<std::size_t> last(to.size() + 1);
  std::vector<std::size_t> row(to.size() + 1);
  for (std::size_t j = 0; j <= to.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t replace = last[j - 1] + (from[i - 1] == to[j - 1] ? 0U : 1U);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replace});
      if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[to.size()];
}

std::optional<std::string_view> nearest(std::string_view text,
                                        std::span<const std::string_view> known) {
  if (text.empty() || text.size() > kLongestWord) return std::nullopt;
  std::string folded;
  for (const char c : text) folded += c == '-' ? '_' : lower(c);
  std::optional<std::string_view> best;
  std::size_t best_distance = std::max<std::size_t>(1, text.size() / 3) + 1;
  for (const std::string_view word : known) {
    // "warning" for warn, "timeouts" for timeout.
    const bool begins = word.size() >= 3 && folded.starts_with(word);
    if (begins && !best) best = word;
    const std::size_t distance = std::min(edit_distance(folded, word), edit_distance(text, word));
    if (distance < best_distance) {
      best = word;
      best_distance = distance;
    }
  }
  return best;
}

std::optional<std::string> nearest_duration(std::string_view text) {
  auto guess = with_unit(text, kDurationAliases);
  return guess && parse_duration(*guess) ? guess : std::nullopt;
}

std::optional<std::string> nearest_size(std::string_view text) {
  auto guess = with_unit(text, kSizeAliases);
  return guess && parse_size(*guess) ? guess : std::nullopt;
}

}  // namespace tocsin::config

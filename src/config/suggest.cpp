#include "config/suggest.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/time.hpp"

namespace tocsin::config {
namespace {

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

std::optional<std::string> nearest_duration(std::string_view text) {
  auto guess = with_unit(text, kDurationAliases);
  return guess && parse_duration(*guess) ? guess : std::nullopt;
}

std::optional<std::string> nearest_size(std::string_view text) {
  auto guess = with_unit(text, kSizeAliases);
  return guess && parse_size(*guess) ? guess : std::nullopt;
}

}  // namespace tocsin::config

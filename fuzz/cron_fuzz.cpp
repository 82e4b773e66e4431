// Cron expressions: the first byte picks the zone, the next four the start, the rest is the text.
// Whatever parses keeps the promises of schedule/cron.hpp; whatever does not names a cause.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/utf8.hpp"
#include "schedule/cron.hpp"

namespace {

using tocsin::Instant;
using tocsin::Milliseconds;
using tocsin::schedule::Cron;

constexpr std::array<std::string_view, 6> kZones{
    "UTC",         "Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo",
    "Pacific/Apia"};
constexpr std::size_t kHeader = 5;

void check_matches(const Cron& cron, Instant start) {
  Instant last = start;
  std::uint64_t count = 0;
  Milliseconds closest = Milliseconds::max();
  while (count < 20) {
    const auto next = cron.next(last);
    if (!next) break;
    TOCSIN_ASSERT(*next > last);
    TOCSIN_ASSERT(tocsin::unix_ms(*next) % 1000 == 0);
    if (count > 0) closest = std::min(closest, *next - last);
    last = *next;
    ++count;
  }
  TOCSIN_ASSERT(cron.count(start, last) == count);
  const auto gap = cron.shortest_gap(start);
  const bool in_window = last - start < std::chrono::days{366};
  TOCSIN_ASSERT(count < 2 || !in_window || (gap && *gap <= closest && *gap > Milliseconds{0}));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < kHeader) {
    return 0;
  }
  const auto zone = tocsin::schedule::find_zone(kZones.at(data[0] % kZones.size()));
  if (!zone) {
    return 0;  // no tz database on this machine
  }
  std::uint32_t seconds = 0;
  for (std::size_t i = 1; i < kHeader; ++i) {
    seconds = (seconds << 8U) | data[i];
  }
  std::string text;
  for (std::size_t i = kHeader; i < size; ++i) {
    text.push_back(static_cast<char>(data[i]));
  }
  const auto cron = Cron::parse(text, *zone);
  if (cron) {
    check_matches(*cron, tocsin::from_unix_ms(std::int64_t{seconds} * 1000));
  } else {
    TOCSIN_ASSERT(!cron.error().message.empty() && cron.error().message.size() < 1000);
    TOCSIN_ASSERT(tocsin::is_utf8(cron.error().message));
  }
  return 0;
}

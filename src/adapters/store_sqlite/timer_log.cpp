#include "adapters/store_sqlite/timer_log.hpp"

#include <utility>

namespace tocsin::store_sqlite {
namespace {

// The first byte of an entry. Numbers are LEB128; moments are Unix milliseconds of timer time,
// zigzag-coded, since a clock may be before 1970.
constexpr unsigned kGone = 0x01;
constexpr unsigned kAnnounced = 0x02;
constexpr unsigned kTold = 0x04;
constexpr unsigned kGrouped = 0x08;
constexpr unsigned kMissed = 0x10;
constexpr unsigned kKnown = 0x1f;

void append_number(std::string& log, std::uint64_t value) {
  while (value >= 0x80) {
    log.push_back(static_cast<char>(value | 0x80U));
    value >>= 7U;
  }
  log.push_back(static_cast<char>(value));
}

void append_instant(std::string& log, Instant at) {
  const auto bits = static_cast<std::uint64_t>(unix_ms(at));
  append_number(log, bits << 1U ^ (unix_ms(at) < 0 ? ~std::uint64_t{0} : 0));
}

void append_id(std::string& log, std::string_view id) {
  append_number(log, id.size());
  log.append(id);
}

}  // namespace

void append_put(std::string& log, const timer::Timer& timer) {
  unsigned flags = 0;
  flags |= timer.announced != Instant{} ? kAnnounced : 0U;
  flags |= timer.told ? kTold : 0U;
  flags |= timer.grouped ? kGrouped : 0U;
  flags |= timer.missed ? kMissed : 0U;
  log.push_back(static_cast<char>(flags));
  append_id(log, timer.id);
  append_instant(log, timer.start);
  append_number(log, static_cast<std::uint64_t>(timer.seconds));
  if (timer.announced != Instant{}) {
    append_instant(log, timer.announced);
  }
  if (timer.missed) {
    append_instant(log, timer.missed->deadline);
    append_instant(log, timer.missed->announced);
    append_instant(log, timer.missed->armed);
  }
}

void append_gone(std::string& log, std::string_view id) {
  log.push_back(static_cast<char>(kGone));
  append_id(log, id);
}

timer::Timer TimerLogReader::Entry::timer() const {
  return {std::string(id), start, seconds, announced, told, grouped, missed};
}

bool TimerLogReader::read_number(std::uint64_t& out) {
  out = 0;
  for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    out |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) {
      return true;
    }
  }
  return false;
}

bool TimerLogReader::read_instant(Instant& out) {
  std::uint64_t coded = 0;
  if (!read_number(coded)) {
    return false;
  }
  const std::uint64_t bits = coded >> 1U ^ ((coded & 1U) != 0 ? ~std::uint64_t{0} : 0);
  out = from_unix_ms(static_cast<std::int64_t>(bits));
  return true;
}

bool TimerLogReader::read_extra(Entry& entry, unsigned flags) {
  entry.told = (flags & kTold) != 0;
  entry.grouped = (flags & kGrouped) != 0;
  if ((flags & kAnnounced) != 0 && !read_instant(entry.announced)) {
    return false;
  }
  if ((flags & kMissed) == 0) {
    return true;
  }
  timer::Missed missed;
  const bool whole =
      read_instant(missed.deadline) && read_instant(missed.announced) && read_instant(missed.armed);
  entry.missed = missed;
  return whole;
}

Result<std::optional<TimerLogReader::Entry>> TimerLogReader::next() {
  if (rest_.empty()) {
    return std::optional<Entry>{};
  }
  static const Error kDamaged{ErrorCode::unavailable,
                              "the timers' log is damaged: restore a backup, or move the file away "
                              "to begin without timers"};
  const unsigned flags = static_cast<unsigned char>(rest_.front());
  rest_.remove_prefix(1);
  Entry entry;
  std::uint64_t size = 0;
  if ((flags & ~kKnown) != 0 || !read_number(size) || size > timer::kLongestId ||
      size > rest_.size()) {
    return std::unexpected(kDamaged);
  }
  entry.id = rest_.substr(0, size);
  rest_.remove_prefix(size);
  entry.gone = (flags & kGone) != 0;
  if (entry.gone) {
    return entry;
  }
  std::uint64_t seconds = 0;
  if (!read_instant(entry.start) || !read_number(seconds) || seconds == 0 ||
      seconds > static_cast<std::uint64_t>(timer::kLongestSeconds) || !read_extra(entry, flags)) {
    return std::unexpected(kDamaged);
  }
  entry.seconds = static_cast<std::int64_t>(seconds);
  return entry;
}

}  // namespace tocsin::store_sqlite

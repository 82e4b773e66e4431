#include "adapters/store_sqlite/record_codec.hpp"

#include <charconv>
#include <concepts>
#include <cstdint>
#include <limits>
#include <utility>

namespace tocsin::store_sqlite {
namespace {

constexpr std::int64_t kVersion = 1;

class ListWriter {
 public:
  explicit ListWriter(std::string& out) : out_(out) {
    out_.clear();
    put(kVersion);
  }
  template <std::integral T>
  void put(T value) {
    if (!out_.empty()) {
      out_ += ' ';
    }
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, value);
    out_.append(digits, end.ptr);
  }

 private:
  std::string& out_;
};

class ListReader {
 public:
  explicit ListReader(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {
    std::int64_t version = 0;
    take(version);
    ok_ = ok_ && version >= kVersion;
  }
  // What is not there any more reads as zero.
  template <std::integral T>
  void take(T& value) {
    value = 0;
    if (!ok_ || at_ == end_) {
      return;
    }
    const auto parsed = std::from_chars(at_, end_, value);
    ok_ = parsed.ec == std::errc{} && (parsed.ptr == end_ || *parsed.ptr == ' ');
    at_ = ok_ && parsed.ptr != end_ ? parsed.ptr + 1 : parsed.ptr;
  }
  void take(Instant& value) {
    std::int64_t ms = 0;
    take(ms);
    value = from_unix_ms(ms);
  }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool more() const { return ok_ && at_ != end_; }

 private:
  const char* at_;
  const char* end_;
  bool ok_ = true;
};

void put(ListWriter& list, const alert::Tally& tally) {
  list.put(tally.up);
  list.put(tally.down);
  list.put(tally.unknown);
  list.put(tally.duration_us_sum);
  list.put(tally.duration_us_max);
}

void take(ListReader& list, alert::Tally& tally) {
  list.take(tally.up);
  list.take(tally.down);
  list.take(tally.unknown);
  list.take(tally.duration_us_sum);
  list.take(tally.duration_us_max);
}

}  // namespace

// New fields of either list go to its end; a new skip kind is a new field at the end, too.
void encode(const schedule::Counters& counters, std::string& out) {
  static_assert(schedule::kSkipKinds == 5, "a sixth kind of skip goes to the end of the list");
  ListWriter list(out);
  list.put(counters.planned);
  list.put(counters.on_time);
  list.put(counters.late);
  for (const std::uint64_t skipped : counters.skipped) {
    list.put(skipped);
  }
  list.put(counters.running);
  list.put(counters.retries);
  list.put(counters.manual);
}

bool decode(std::string_view text, schedule::Counters& counters) {
  ListReader list(text);
  list.take(counters.planned);
  list.take(counters.on_time);
  list.take(counters.late);
  for (std::uint64_t& skipped : counters.skipped) {
    list.take(skipped);
  }
  list.take(counters.running);
  list.take(counters.retries);
  list.take(counters.manual);
  return list.ok();
}

void encode(const alert::OpenBuckets& buckets, std::string& out) {
  ListWriter list(out);
  list.put(unix_ms(buckets.hour_start));
  list.put(unix_ms(buckets.day_start));
  put(list, buckets.hour);
  put(list, buckets.day);
  list.put(unix_ms(buckets.slot_start));
  for (const std::uint16_t up : buckets.slot_up) {
    list.put(up);
  }
  for (const std::uint16_t down : buckets.slot_down) {
    list.put(down);
  }
}

bool decode(std::string_view text, alert::OpenBuckets& buckets) {
  ListReader list(text);
  list.take(buckets.hour_start);
  list.take(buckets.day_start);
  take(list, buckets.hour);
  take(list, buckets.day);
  list.take(buckets.slot_start);
  for (std::uint16_t& up : buckets.slot_up) {
    list.take(up);
  }
  for (std::uint16_t& down : buckets.slot_down) {
    list.take(down);
  }
  return list.ok();
}

// The newest row, then how much smaller each further one is: short numbers.
void encode(const RecentOutcomes& recent, std::string& out) {
  ListWriter list(out);
  list.put(recent.sequence);
  std::int64_t newer = 0;
  for (const std::int64_t row : recent.rows) {
    list.put(newer == 0 ? row : newer - row);
    newer = row;
  }
}

bool decode(std::string_view text, RecentOutcomes& recent) {
  recent.sequence = 0;
  recent.rows.clear();
  if (text.empty()) {
    return true;
  }
  ListReader list(text);
  list.take(recent.sequence);
  std::int64_t newer = 0;
  while (list.more()) {
    std::int64_t number = 0;
    list.take(number);
    newer = newer == 0 ? number : newer - number;
    if (number <= 0 || newer <= 0) {
      return false;
    }
    recent.rows.push_back(newer);
  }
  return list.ok();
}

}  // namespace tocsin::store_sqlite

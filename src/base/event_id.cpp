#include "base/event_id.hpp"

#include <algorithm>
#include <array>
#include <tuple>

namespace tocsin {
namespace {
constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
}

std::string EventIds::next(Instant now) {
  const auto ms = static_cast<std::uint64_t>(std::max<std::int64_t>(unix_ms(now), 0));
  if (ms > last_ms_) {
    last_ms_ = ms;
    high_ = random_.next() & 0x7FFFU;  // the top bit stays free, so counting up never overflows
    low_ = random_.next();
  } else if (++low_ == 0) {
    ++high_;
  }
  std::string id(26, '0');
  std::uint64_t time = last_ms_;
  for (std::size_t i = 10; i-- > 0; time >>= 5U) {
    id[i] = kAlphabet[time & 31U];
  }
  std::uint64_t high = high_;
  std::uint64_t low = low_;
  for (std::size_t i = 26; i-- > 10;) {
    id[i] = kAlphabet[low & 31U];
    low = (low >> 5U) | (high << 59U);
    high >>= 5U;
  }
  return id;
}

void EventIds::resume_after(std::string_view id) {
  if (id.size() != 26) {
    return;
  }
  std::array<std::uint64_t, 26> digits{};
  for (std::size_t i = 0; i < id.size(); ++i) {
    const std::size_t value = kAlphabet.find(id[i]);
    if (value == std::string_view::npos) {
      return;
    }
    digits[i] = value;
  }
  std::uint64_t ms = 0;
  for (std::size_t i = 0; i < 10; ++i) {
    ms = (ms << 5U) | digits[i];
  }
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  for (std::size_t i = 10; i < 26; ++i) {
    high = (high << 5U) | (low >> 59U);
    low = (low << 5U) | digits[i];
  }
  high &= 0xFFFFU;
  if (std::tie(ms, high, low) > std::tie(last_ms_, high_, low_)) {
    last_ms_ = ms;
    high_ = high;
    low_ = low;
  }
}

}  // namespace tocsin

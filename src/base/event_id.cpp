#include "base/event_id.hpp"

#include <algorithm>

namespace tocsin {

std::string EventIds::next(Instant now) {
  const auto ms = static_cast<std::uint64_t>(std::max<std::int64_t>(unix_ms(now), 0));
  if (ms > last_ms_) {
    last_ms_ = ms;
    high_ = random_.next() & 0x7FFFU;  // the top bit stays free, so counting up never overflows
    low_ = random_.next();
  } else if (++low_ == 0) {
    ++high_;
  }
  constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
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

}  // namespace tocsin

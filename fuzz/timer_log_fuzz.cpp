// The timers' log: any bytes are read or refused; what is read and written again is the same.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "adapters/store_sqlite/timer_log.hpp"
#include "base/result.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using tocsin::store_sqlite::TimerLogReader;
  TimerLogReader reader(std::string_view(reinterpret_cast<const char*>(data), size));
  while (true) {
    const auto entry = reader.next();
    if (!entry || !*entry) {
      return 0;
    }
    std::string again;
    if ((*entry)->gone) {
      tocsin::store_sqlite::append_gone(again, (*entry)->id);
    } else {
      tocsin::store_sqlite::append_put(again, (*entry)->timer());
    }
    TimerLogReader second(again);
    const auto same = second.next();
    TOCSIN_ASSERT(same && *same);
    TOCSIN_ASSERT((*same)->gone == (*entry)->gone && (*same)->id == (*entry)->id);
    TOCSIN_ASSERT((*entry)->gone || (*same)->timer() == (*entry)->timer());
  }
}

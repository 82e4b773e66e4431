#pragma once
// The bytes of the timers' log: what became of a timer, one entry after the other. The last entry
// of an id counts. Pure. Layout: docs/formats.md.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "timer/timer.hpp"

namespace tocsin::store_sqlite {

void append_put(std::string& log, const timer::Timer& timer);
void append_gone(std::string& log, std::string_view id);

// Reads entries in their order. Views point into the log.
class TimerLogReader {
 public:
  explicit TimerLogReader(std::string_view log) : rest_(log) {}

  struct Entry {
    std::string_view id;
    bool gone = false;
    Instant start{};
    std::int64_t seconds = 0;
    // Of timers whose expiry was told.
    Instant announced{};
    bool told = false;
    bool grouped = false;
    std::optional<timer::Missed> missed;

    [[nodiscard]] timer::Timer timer() const;
    [[nodiscard]] bool plain() const { return announced == Instant{} && !told && !missed; }
  };
  // nullopt at the end. Error (unavailable): the log is damaged.
  [[nodiscard]] Result<std::optional<Entry>> next();

 private:
  [[nodiscard]] bool read_number(std::uint64_t& out);
  [[nodiscard]] bool read_instant(Instant& out);
  [[nodiscard]] bool read_extra(Entry& entry, unsigned flags);

  std::string_view rest_;
};

}  // namespace tocsin::store_sqlite

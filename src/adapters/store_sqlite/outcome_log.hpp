#pragma once
// The recent outcomes of all monitors, in the order in which they came: one after the other, so
// that a transaction of many checks fills a few pages instead of rewriting one per monitor. Which
// rows are a monitor's stands in its own row, which every check writes anyway. Writer thread only,
// inside a transaction that the caller opens and ends.

#include <cstdint>
#include <string>
#include <string_view>

#include "adapters/store_sqlite/record_codec.hpp"
#include "adapters/store_sqlite/sqlite_connection.hpp"
#include "base/result.hpp"
#include "ports/store.hpp"

namespace tocsin::store_sqlite {

class OutcomeLog {
 public:
  OutcomeLog() = default;
  // The connection outlives the result. `keep` outcomes per monitor stay.
  [[nodiscard]] static Result<OutcomeLog> prepare(Connection& connection, std::uint32_t keep);

  // Each returns an SQLite code.
  // `recent` is the column of the monitor's row, and is brought up to date. An outcome that is
  // older than the newest one is passed over, the newest itself replaced: a journal may be
  // replayed. `holds`: whether the row's outcome is now the newest.
  [[nodiscard]] int put(std::int64_t monitor, const ports::OutcomeRow& row, std::string& recent,
                        bool& holds);
  // All rows that `recent` names go.
  [[nodiscard]] int drop(std::string_view recent);

 private:
  std::uint32_t keep_ = 0;
  std::int64_t next_row_ = 1;
  RecentOutcomes list_;  // a buffer
  Statement insert_, replace_, remove_;
};

}  // namespace tocsin::store_sqlite

#pragma once
// Forgets what retention does not keep, a bounded piece per transaction, so that no commit waits
// long.

#include <cstdint>

#include "adapters/store_sqlite/sqlite_connection.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "config/model.hpp"

namespace tocsin::store_sqlite {

// Writer thread only. Walks all monitors round and round: also those that are paused, and what a
// lowered setting no longer keeps. One step looks at 64 monitors and deletes about 2,000 rows. The
// outcomes bound themselves: their rows are rings.
class RetentionSweep {
 public:
  [[nodiscard]] static Result<RetentionSweep> prepare(Connection& connection,
                                                      const config::Retention& retention);
  // Inside a transaction; an SQLite code.
  [[nodiscard]] int step(Instant now);

 private:
  RetentionSweep() = default;
  [[nodiscard]] int sweep_monitor(std::int64_t id, Instant now);
  [[nodiscard]] int count(int code);

  config::Retention retention_;
  Connection* connection_ = nullptr;
  std::int64_t cursor_ = 0;   // the last monitor that is done in this round
  std::int64_t deleted_ = 0;  // rows, in this step
  Statement monitors_, rollups_, events_, deployments_;
};

}  // namespace tocsin::store_sqlite

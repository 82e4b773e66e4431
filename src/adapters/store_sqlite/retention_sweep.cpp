#include "adapters/store_sqlite/retention_sweep.hpp"

#include <sqlite3.h>

#include <array>
#include <utility>
#include <vector>

#include "adapters/store_sqlite/batch_writer.hpp"

namespace tocsin::store_sqlite {
namespace {

constexpr std::int64_t kRowsPerStep = 2000;

constexpr const char* kMonitors =
    "SELECT id, outcome_count FROM monitors WHERE id > ?1 ORDER BY id LIMIT 64";
constexpr const char* kOutcomes =
    "DELETE FROM outcomes WHERE id IN "
    "(SELECT id FROM outcomes WHERE id >= ?1 AND id <= ?2 ORDER BY id LIMIT 1000)";
constexpr const char* kRollups =
    "DELETE FROM rollups WHERE monitor = ?1 AND level = ?2 AND start < ?3";
constexpr const char* kEvents =
    "DELETE FROM events WHERE sequence IN "
    "(SELECT sequence FROM events WHERE at < ?1 ORDER BY at LIMIT 256)";

}  // namespace

Result<RetentionSweep> RetentionSweep::prepare(Connection& connection,
                                               const config::Retention& retention) {
  RetentionSweep sweep;
  sweep.retention_ = retention;
  sweep.connection_ = &connection;
  const std::array<std::pair<Statement*, const char*>, 4> wanted{{
      {&sweep.monitors_, kMonitors},
      {&sweep.outcomes_, kOutcomes},
      {&sweep.rollups_, kRollups},
      {&sweep.events_, kEvents},
  }};
  for (const auto& [statement, sql] : wanted) {
    auto prepared = Statement::prepare(connection, sql);
    if (!prepared) {
      return std::unexpected(std::move(prepared).error());
    }
    *statement = std::move(*prepared);
  }
  return sweep;
}

int RetentionSweep::count(int code) {
  if (code == SQLITE_OK) {
    deleted_ += sqlite3_changes64(connection_->raw());
  }
  return code;
}

int RetentionSweep::sweep_monitor(std::int64_t id, std::uint64_t outcomes, Instant now) {
  int code = SQLITE_OK;
  if (outcomes > retention_.outcomes) {
    code = count(outcomes_.bind(1, outcome_id(id, 0))
                     .bind(2, outcome_id(id, outcomes - retention_.outcomes))
                     .run());
  }
  if (code == SQLITE_OK) {
    code = count(rollups_.bind(1, id)
                     .bind(2, std::int64_t{0})
                     .bind(3, unix_ms(now - retention_.hourly))
                     .run());
  }
  if (code == SQLITE_OK) {
    code = count(rollups_.bind(1, id)
                     .bind(2, std::int64_t{1})
                     .bind(3, unix_ms(now - retention_.daily))
                     .run());
  }
  return code;
}

int RetentionSweep::step(Instant now) {
  deleted_ = 0;
  int code = count(events_.bind(1, unix_ms(now - retention_.events)).run());
  if (code != SQLITE_OK) {
    return code;
  }
  std::vector<std::pair<std::int64_t, std::uint64_t>> monitors;
  monitors_.bind(1, cursor_);
  while ((code = monitors_.step()) == SQLITE_ROW) {
    monitors.emplace_back(monitors_.integer(0), monitors_.natural(1));
  }
  monitors_.reset();
  if (code != SQLITE_DONE) {
    return code;
  }
  if (monitors.empty()) {
    cursor_ = 0;
  }
  for (const auto& [id, outcomes] : monitors) {
    const std::int64_t before = deleted_;
    if (code = sweep_monitor(id, outcomes, now); code != SQLITE_OK) {
      return code;
    }
    // A monitor with much to forget is looked at again before the walk goes on.
    if (deleted_ - before < 1000) {
      cursor_ = id;
    }
    if (deleted_ >= kRowsPerStep || cursor_ != id) {
      break;
    }
  }
  return SQLITE_OK;
}

}  // namespace tocsin::store_sqlite

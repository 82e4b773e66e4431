#include "adapters/store_sqlite/retention_sweep.hpp"

#include <sqlite3.h>

#include <utility>
#include <vector>

namespace tocsin::store_sqlite {
namespace {

constexpr std::int64_t kRowsPerStep = 2000;

constexpr const char* kMonitors = "SELECT id FROM monitors WHERE id > ?1 ORDER BY id LIMIT 64";
constexpr const char* kRollups =
    "DELETE FROM rollups WHERE monitor = ?1 AND level = ?2 AND start < ?3";
constexpr const char* kEvents =
    "DELETE FROM events WHERE sequence IN "
    "(SELECT sequence FROM events WHERE at < ?1 ORDER BY at LIMIT 256)";
constexpr const char* kDeployments =
    "DELETE FROM deployments WHERE rowid IN "
    "(SELECT rowid FROM deployments WHERE created < ?1 ORDER BY created LIMIT 256)";

}  // namespace

Result<RetentionSweep> RetentionSweep::prepare(Connection& connection,
                                               const config::Retention& retention) {
  RetentionSweep sweep;
  sweep.retention_ = retention;
  sweep.connection_ = &connection;
  auto prepared = Statement::prepare_all(connection, {
                                                         {&sweep.monitors_, kMonitors},
                                                         {&sweep.rollups_, kRollups},
                                                         {&sweep.events_, kEvents},
                                                         {&sweep.deployments_, kDeployments},
                                                     });
  if (!prepared) {
    return std::unexpected(std::move(prepared).error());
  }
  return sweep;
}

int RetentionSweep::count(int code) {
  if (code == SQLITE_OK) {
    deleted_ += sqlite3_changes64(connection_->raw());
  }
  return code;
}

int RetentionSweep::sweep_monitor(std::int64_t id, Instant now) {
  const int code = count(rollups_.bind(1, id)
                             .bind(2, std::int64_t{0})
                             .bind(3, unix_ms(now - retention_.hourly))
                             .run());
  if (code != SQLITE_OK) {
    return code;
  }
  return count(
      rollups_.bind(1, id).bind(2, std::int64_t{1}).bind(3, unix_ms(now - retention_.daily)).run());
}

int RetentionSweep::step(Instant now) {
  deleted_ = 0;
  const std::int64_t oldest = unix_ms(now - retention_.events);
  int code = count(events_.bind(1, oldest).run());
  if (code == SQLITE_OK) {
    code = count(deployments_.bind(1, oldest).run());
  }
  if (code != SQLITE_OK) {
    return code;
  }
  std::vector<std::int64_t> monitors;
  monitors_.bind(1, cursor_);
  while ((code = monitors_.step()) == SQLITE_ROW) {
    monitors.push_back(monitors_.integer(0));
  }
  monitors_.reset();
  if (code != SQLITE_DONE) {
    return code;
  }
  if (monitors.empty()) {
    cursor_ = 0;
  }
  for (const std::int64_t id : monitors) {
    if (code = sweep_monitor(id, now); code != SQLITE_OK) {
      return code;
    }
    cursor_ = id;
    if (deleted_ >= kRowsPerStep) {
      break;
    }
  }
  return SQLITE_OK;
}

}  // namespace tocsin::store_sqlite

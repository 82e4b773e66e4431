#include "adapters/store_sqlite/queries.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <utility>

#include "adapters/store_sqlite/record_codec.hpp"
#include "check/outcome.hpp"

namespace tocsin::store_sqlite {
namespace {

using std::chrono::hours;

constexpr const char* kLoad =
    "SELECT name, kind, state, reason, since, incident_opened, first_failure, known_count, "
    "failures, ups_in_row, unknowns_in_row, paused, accounted_until, outcome_count, last_started, "
    "counters, buckets, last_json, first_success, alerting, heartbeat, recent "
    "FROM monitors ORDER BY name";
constexpr const char* kFind = "SELECT id, recent FROM monitors WHERE name = ?1";
constexpr const char* kOutcome = "SELECT sequence, json FROM outcomes WHERE id = ?1";
constexpr const char* kRollups =
    "SELECT start, up, down, unknown, duration_us_sum, duration_us_max FROM rollups "
    "WHERE monitor = ?1 AND level = ?2 AND start >= ?3 ORDER BY start LIMIT ?4";
constexpr const char* kOutbox =
    "SELECT key, target, sink, monitor, event_id, created, payload FROM outbox ORDER BY sequence";
constexpr const char* kThreads =
    "SELECT channel, incident, reference, content, created FROM threads ORDER BY channel, incident";
constexpr const char* kMemos = "SELECT name, text FROM memos ORDER BY name";
constexpr const char* kSilences = "SELECT id, json FROM silences ORDER BY id";
constexpr const char* kDeployments =
    "SELECT id, created, json FROM deployments WHERE monitor = ?1 AND (created, id) < (?2, ?3) "
    "ORDER BY created DESC, id DESC LIMIT ?4";
constexpr const char* kDepth = "SELECT count(*) FROM outbox";
// Buckets that closed in (now - window, now]: two windows of one level in one pass.
constexpr const char* kUptime =
    "SELECT total(up), total(down), total(iif(start > ?4, up, 0)), total(iif(start > ?4, down, 0)) "
    "FROM rollups WHERE monitor = ?1 AND level = ?2 AND start > ?3 AND start <= ?5";

std::int64_t row_limit(std::size_t limit) {
  return static_cast<std::int64_t>(std::min<std::size_t>(limit, 1'000'000));
}

Error damaged(const Connection& connection, std::string_view name, std::string_view column) {
  return Error{ErrorCode::internal,
               fmt::format("{}: the row of monitor '{}' is damaged: column {} cannot be read; "
                           "restore a backup",
                           connection.path(), name, column)};
}

Result<ports::MonitorRecord> read_record(const Connection& connection, const Statement& row) {
  ports::MonitorRecord record;
  record.name = row.text(0);
  record.kind = row.text(1);
  const auto state = alert::parse_state(row.text(2));
  const auto reason = row.text(3).empty() ? check::Reason::none : check::parse_reason(row.text(3));
  if (!state || !reason) {
    return std::unexpected(damaged(connection, record.name, state ? "reason" : "state"));
  }
  record.state.state = *state;
  record.state.reason = *reason;
  record.state.since = from_unix_ms(row.integer(4));
  record.state.incident_opened = from_unix_ms(row.integer(5));
  record.state.first_failure = from_unix_ms(row.integer(6));
  record.state.known_count = static_cast<std::uint8_t>(row.integer(7));
  record.state.failures = static_cast<std::uint32_t>(row.integer(8));
  record.state.ups_in_row = static_cast<std::uint16_t>(row.integer(9));
  record.state.unknowns_in_row = static_cast<std::uint16_t>(row.integer(10));
  record.paused = row.integer(11) != 0;
  record.accounted_until = from_unix_ms(row.integer(12));
  record.outcome_count = row.natural(13);
  record.last_started = from_unix_ms(row.integer(14));
  if (!decode(row.text(15), record.counters)) {
    return std::unexpected(damaged(connection, record.name, "counters"));
  }
  if (!decode(row.text(16), record.buckets)) {
    return std::unexpected(damaged(connection, record.name, "buckets"));
  }
  record.last_json = row.text(17);
  record.state.first_success = from_unix_ms(row.integer(18));
  record.alerting = row.text(19);
  record.memory = row.text(20);
  return record;
}

std::uint64_t sum(const Statement& row, int column) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(row.integer(column), 0));
}

}  // namespace

Result<Queries> Queries::open(const std::string& path, const std::string& vfs) {
  Queries queries;
  auto connection = Connection::open(path, Access::read_only, vfs);
  if (!connection) {
    return std::unexpected(std::move(connection).error());
  }
  queries.connection_ = std::move(*connection);
  auto prepared =
      Statement::prepare_all(queries.connection_, {
                                                      {&queries.find_, kFind},
                                                      {&queries.outcome_, kOutcome},
                                                      {&queries.uptime_, kUptime},
                                                      {&queries.rollups_, kRollups},
                                                      {&queries.depth_, kDepth},
                                                      {&queries.deployments_, kDeployments},
                                                  });
  if (!prepared) {
    return std::unexpected(std::move(prepared).error());
  }
  return queries;
}

Result<void> Queries::load(const std::function<void(ports::MonitorRecord)>& each) {
  auto rows = Statement::prepare(connection_, kLoad);
  if (!rows) {
    return std::unexpected(std::move(rows).error());
  }
  int code = SQLITE_OK;
  while ((code = rows->step()) == SQLITE_ROW) {
    auto record = read_record(connection_, *rows);
    if (!record) {
      return std::unexpected(std::move(record).error());
    }
    if (auto added = add_last(rows->text(21), *record); !added) {
      return added;
    }
    each(std::move(*record));
  }
  return code == SQLITE_DONE ? Result<void>{} : std::unexpected(connection_.error(code));
}

// The last outcome of a record that leaves it to the log.
Result<void> Queries::add_last(std::string_view recent, ports::MonitorRecord& record) {
  RecentOutcomes list;
  if (!decode(recent, list)) {
    return std::unexpected(damaged(connection_, record.name, "recent"));
  }
  if (!record.last_json.empty() || list.rows.empty() || list.sequence != record.outcome_count) {
    return {};
  }
  const int code = outcome_.bind(1, list.rows.front()).step();
  if (code == SQLITE_ROW) {
    record.last_json = outcome_.text(1);
  }
  Result<void> result;
  if (code != SQLITE_ROW && code != SQLITE_DONE) {
    result = std::unexpected(connection_.error(code));
  }
  outcome_.reset();
  return result;
}

// Runs `sql` once and hands each row over.
template <typename Each>
Result<void> Queries::visit(const char* sql, Each each) {
  auto rows = Statement::prepare(connection_, sql);
  if (!rows) {
    return std::unexpected(std::move(rows).error());
  }
  int code = SQLITE_OK;
  while ((code = rows->step()) == SQLITE_ROW) {
    each(*rows);
  }
  return code == SQLITE_DONE ? Result<void>{} : std::unexpected(connection_.error(code));
}

Result<void> Queries::load_outbox(const std::function<void(ports::OutboxRow)>& each) {
  return visit(kOutbox, [&](const Statement& row) {
    each({std::string(row.text(0)), std::string(row.text(1)), row.integer(2) != 0,
          std::string(row.text(3)), std::string(row.text(4)), from_unix_ms(row.integer(5)),
          std::string(row.text(6))});
  });
}

Result<std::vector<ports::ThreadRow>> Queries::threads() {
  std::vector<ports::ThreadRow> found;
  auto read = visit(kThreads, [&](const Statement& row) {
    found.push_back({std::string(row.text(0)), std::string(row.text(1)), std::string(row.text(2)),
                     std::string(row.text(3)), from_unix_ms(row.integer(4))});
  });
  return read ? Result<std::vector<ports::ThreadRow>>(std::move(found))
              : std::unexpected(std::move(read).error());
}

Result<std::vector<ports::MemoRow>> Queries::memos() {
  std::vector<ports::MemoRow> found;
  auto read = visit(kMemos, [&](const Statement& row) {
    found.push_back({std::string(row.text(0)), std::string(row.text(1))});
  });
  return read ? Result<std::vector<ports::MemoRow>>(std::move(found))
              : std::unexpected(std::move(read).error());
}

Result<std::vector<ports::SilenceRow>> Queries::silences() {
  std::vector<ports::SilenceRow> found;
  auto read = visit(kSilences, [&](const Statement& row) {
    found.push_back({std::string(row.text(0)), std::string(row.text(1))});
  });
  return read ? Result<std::vector<ports::SilenceRow>>(std::move(found))
              : std::unexpected(std::move(read).error());
}

Result<std::int64_t> Queries::find_id(const std::string& monitor) {
  const int code = find_.bind(1, monitor).step();
  const std::int64_t id = code == SQLITE_ROW ? find_.integer(0) : 0;
  Result<std::int64_t> result = id;
  if (code != SQLITE_ROW && code != SQLITE_DONE) {
    result = std::unexpected(connection_.error(code));
  }
  find_.reset();
  return result;
}

Result<RecentOutcomes> Queries::recent(const std::string& monitor) {
  RecentOutcomes list;
  const int code = find_.bind(1, monitor).step();
  Result<RecentOutcomes> result;
  if (code == SQLITE_ROW && !decode(find_.text(1), list)) {
    result = std::unexpected(damaged(connection_, monitor, "recent"));
  } else if (code == SQLITE_ROW || code == SQLITE_DONE) {
    result = std::move(list);
  } else {
    result = std::unexpected(connection_.error(code));
  }
  find_.reset();
  return result;
}

Result<std::vector<ports::OutcomeRow>> Queries::outcomes(const std::string& monitor,
                                                         std::uint64_t before, std::size_t limit) {
  std::vector<ports::OutcomeRow> found;
  const auto list = recent(monitor);
  if (!list) {
    return std::unexpected(list.error());
  }
  for (const std::int64_t id : list->rows) {
    if (found.size() >= limit) {
      break;
    }
    const int code = outcome_.bind(1, id).step();
    // What is not there was let go of since the list was read.
    if (code == SQLITE_ROW && (before == 0 || outcome_.natural(0) < before)) {
      found.push_back({monitor, outcome_.natural(0), std::string(outcome_.text(1))});
    }
    const bool failed = code != SQLITE_ROW && code != SQLITE_DONE;
    Error error = failed ? connection_.error(code) : Error{};
    outcome_.reset();
    if (failed) {
      return std::unexpected(std::move(error));
    }
  }
  return found;
}

Result<std::vector<ports::EventRow>> Queries::events(const ports::EventQuery& query) {
  std::string sql = "SELECT id, monitor, type, at, json FROM events WHERE 1";
  sql += query.monitor.empty() ? "" : " AND monitor = ?1";
  sql += query.type.empty() ? "" : " AND type = ?2";
  sql += query.before_id.empty() ? "" : " AND id < ?3";
  sql += " ORDER BY id DESC LIMIT ?4";
  auto rows = Statement::prepare(connection_, sql.c_str());
  if (!rows) {
    return std::unexpected(std::move(rows).error());
  }
  if (!query.monitor.empty()) {
    rows->bind(1, query.monitor);
  }
  if (!query.type.empty()) {
    rows->bind(2, query.type);
  }
  if (!query.before_id.empty()) {
    rows->bind(3, query.before_id);
  }
  rows->bind(4, row_limit(query.limit));
  std::vector<ports::EventRow> found;
  int code = SQLITE_OK;
  while ((code = rows->step()) == SQLITE_ROW) {
    found.push_back({std::string(rows->text(0)), std::string(rows->text(1)),
                     std::string(rows->text(2)), from_unix_ms(rows->integer(3)),
                     std::string(rows->text(4))});
  }
  if (code != SQLITE_DONE) {
    return std::unexpected(connection_.error(code));
  }
  return found;
}

Result<std::vector<ports::DeploymentRow>> Queries::deployments(
    const ports::DeploymentQuery& query) {
  const bool newest = query.before == Instant{};
  deployments_.bind(1, query.monitor)
      .bind(2, newest ? std::numeric_limits<std::int64_t>::max() : unix_ms(query.before))
      .bind(3, query.before_id)
      .bind(4, row_limit(query.limit));
  std::vector<ports::DeploymentRow> found;
  int code = SQLITE_OK;
  while ((code = deployments_.step()) == SQLITE_ROW) {
    found.push_back({query.monitor, std::string(deployments_.text(0)),
                     from_unix_ms(deployments_.integer(1)), std::string(deployments_.text(2))});
  }
  Result<std::vector<ports::DeploymentRow>> result = std::move(found);
  if (code != SQLITE_DONE) {
    result = std::unexpected(connection_.error(code));
  }
  deployments_.reset();
  return result;
}

Result<void> Queries::add_uptime(std::int64_t monitor, Instant now, ports::UptimeSums& sums) {
  struct Pass {
    std::int64_t level;
    Milliseconds bucket, wide, narrow;
    ports::UptimeSums::Sum *wide_sum, *narrow_sum;
  };
  const std::array<Pass, 2> passes{{
      {0, hours{1}, hours{24 * 7}, hours{24}, &sums.week, &sums.day},
      {1, hours{24}, hours{24 * 90}, hours{24 * 30}, &sums.quarter, &sums.month},
  }};
  for (const Pass& pass : passes) {
    uptime_.bind(1, monitor)
        .bind(2, pass.level)
        .bind(3, unix_ms(now - pass.wide - pass.bucket))
        .bind(4, unix_ms(now - pass.narrow - pass.bucket))
        .bind(5, unix_ms(now - pass.bucket));
    const int code = uptime_.step();
    if (code == SQLITE_ROW) {
      *pass.wide_sum = {sum(uptime_, 0), sum(uptime_, 1)};
      *pass.narrow_sum = {sum(uptime_, 2), sum(uptime_, 3)};
    }
    Result<void> result;
    if (code != SQLITE_ROW) {
      result = std::unexpected(connection_.error(code));
    }
    uptime_.reset();
    if (!result) {
      return result;
    }
  }
  return {};
}

Result<std::vector<ports::UptimeSums>> Queries::uptime(const std::vector<std::string>& monitors,
                                                       Instant now) {
  std::vector<ports::UptimeSums> result(monitors.size());
  for (std::size_t i = 0; i < monitors.size(); ++i) {
    const auto id = find_id(monitors[i]);
    if (!id) {
      return std::unexpected(id.error());
    }
    if (*id == 0) {
      continue;
    }
    if (auto added = add_uptime(*id, now, result[i]); !added) {
      return std::unexpected(std::move(added).error());
    }
  }
  return result;
}

Result<std::vector<ports::RollupRow>> Queries::rollups(const std::string& monitor,
                                                       alert::RollupLevel level, Instant from,
                                                       std::size_t limit) {
  std::vector<ports::RollupRow> found;
  const auto id = find_id(monitor);
  if (!id || *id == 0) {
    return id ? Result<std::vector<ports::RollupRow>>(std::move(found))
              : std::unexpected(id.error());
  }
  rollups_.bind(1, *id)
      .bind(2, std::int64_t{level == alert::RollupLevel::hour ? 0 : 1})
      .bind(3, unix_ms(from))
      .bind(4, row_limit(limit));
  int code = SQLITE_OK;
  while ((code = rollups_.step()) == SQLITE_ROW) {
    alert::Tally tally;
    tally.up = static_cast<std::uint32_t>(rollups_.integer(1));
    tally.down = static_cast<std::uint32_t>(rollups_.integer(2));
    tally.unknown = static_cast<std::uint32_t>(rollups_.integer(3));
    tally.duration_us_sum = rollups_.natural(4);
    tally.duration_us_max = static_cast<std::uint32_t>(rollups_.integer(5));
    found.push_back({monitor, {level, from_unix_ms(rollups_.integer(0)), tally}});
  }
  Result<std::vector<ports::RollupRow>> result = std::move(found);
  if (code != SQLITE_DONE) {
    result = std::unexpected(connection_.error(code));
  }
  rollups_.reset();
  return result;
}

Result<std::uint64_t> Queries::outbox_depth() {
  const int code = depth_.step();
  Result<std::uint64_t> result = code == SQLITE_ROW ? depth_.natural(0) : 0;
  if (code != SQLITE_ROW) {
    result = std::unexpected(connection_.error(code));
  }
  depth_.reset();
  return result;
}

}  // namespace tocsin::store_sqlite

#include "adapters/store_sqlite/batch_writer.hpp"

#include <sqlite3.h>

#include <utility>

#include "adapters/store_sqlite/record_codec.hpp"
#include "alert/state.hpp"
#include "check/outcome.hpp"

namespace tocsin::store_sqlite {
namespace {

constexpr const char* kFind = "SELECT id, recent FROM monitors WHERE name = ?1";
constexpr const char* kInsert =
    "INSERT INTO monitors (kind, state, reason, since, incident_opened, first_failure, "
    "known_count, failures, ups_in_row, unknowns_in_row, paused, accounted_until, outcome_count, "
    "last_started, "
    "counters, buckets, last_json, first_success, name, alerting, heartbeat) VALUES "
    "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, "
    "?22)";
constexpr const char* kUpdate =
    "UPDATE monitors SET kind = ?1, state = ?2, reason = ?3, since = ?4, incident_opened = ?5, "
    "first_failure = ?6, known_count = ?7, failures = ?8, ups_in_row = ?9, unknowns_in_row = ?10, "
    "paused = ?11, accounted_until = ?12, outcome_count = ?13, last_started = ?14, counters = ?15, "
    "buckets = ?16, last_json = ?17, first_success = ?18, alerting = ?20, recent = ?21, "
    "heartbeat = ?22 "
    "WHERE id = ?19";
constexpr const char* kSetRecent = "UPDATE monitors SET recent = ?2 WHERE id = ?1";
constexpr const char* kPutRollup =
    "INSERT INTO rollups VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) "
    "ON CONFLICT (monitor, level, start) DO UPDATE SET up = up + excluded.up, "
    "down = down + excluded.down, unknown = unknown + excluded.unknown, "
    "duration_us_sum = duration_us_sum + excluded.duration_us_sum, "
    "duration_us_max = max(duration_us_max, excluded.duration_us_max)";
constexpr const char* kSubtract =
    "UPDATE rollups SET up = up - ?4, down = down - ?5, unknown = unknown - ?6, "
    "duration_us_sum = duration_us_sum - ?7 WHERE monitor = ?1 AND level = ?2 AND start = ?3";
constexpr const char* kDropEmptyRollup =
    "DELETE FROM rollups WHERE monitor = ?1 AND level = ?2 AND start = ?3 "
    "AND up <= 0 AND down <= 0 AND unknown <= 0";
constexpr const char* kPutEvent =
    "INSERT INTO events (id, monitor, type, at, json) VALUES (?1, ?2, ?3, ?4, ?5) "
    "ON CONFLICT (id) DO NOTHING";
constexpr const char* kPutDeployment =
    "INSERT INTO deployments (monitor, id, created, json) VALUES (?1, ?2, ?3, ?4) "
    "ON CONFLICT (monitor, id) DO UPDATE SET created = excluded.created, json = excluded.json";
constexpr const char* kPutOutbox =
    "INSERT INTO outbox (key, target, sink, monitor, event_id, created, payload) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (key) DO NOTHING";
constexpr const char* kDropOutbox = "DELETE FROM outbox WHERE key = ?1";
constexpr const char* kPutThread =
    "INSERT INTO threads (channel, incident, reference, content, created) "
    "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (channel, incident) DO UPDATE SET "
    "reference = excluded.reference, content = excluded.content, created = excluded.created";
constexpr const char* kDropThread = "DELETE FROM threads WHERE channel = ?1 AND incident = ?2";
constexpr const char* kPutSilence =
    "INSERT INTO silences (id, json) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET "
    "json = excluded.json";
constexpr const char* kPutMemo =
    "INSERT INTO memos (name, text) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET text = "
    "excluded.text";
constexpr const char* kDropMemo = "DELETE FROM memos WHERE name = ?1";
constexpr const char* kDropSilence = "DELETE FROM silences WHERE id = ?1";
constexpr const char* kRemoveRollups = "DELETE FROM rollups WHERE monitor = ?1";
constexpr const char* kRemoveMonitor = "DELETE FROM monitors WHERE id = ?1";
constexpr const char* kSetNumber = "UPDATE meta SET commits = ?1 WHERE id = 1";

template <typename Rows, typename Write>
int each(const Rows& rows, Write write) {
  for (const auto& row : rows) {
    if (const int code = write(row); code != SQLITE_OK) {
      return code;
    }
  }
  return SQLITE_OK;
}

std::int64_t level_number(alert::RollupLevel level) {
  return level == alert::RollupLevel::hour ? 0 : 1;
}

}  // namespace

Result<BatchWriter> BatchWriter::prepare(Connection& connection, std::uint32_t keep) {
  BatchWriter writer;
  writer.keep_ = keep;
  writer.connection_ = &connection;
  auto prepared =
      Statement::prepare_all(connection, {
                                             {&writer.find_, kFind},
                                             {&writer.insert_, kInsert},
                                             {&writer.update_, kUpdate},
                                             {&writer.set_recent_, kSetRecent},
                                             {&writer.put_rollup_, kPutRollup},
                                             {&writer.subtract_, kSubtract},
                                             {&writer.drop_empty_rollup_, kDropEmptyRollup},
                                             {&writer.put_event_, kPutEvent},
                                             {&writer.put_deployment_, kPutDeployment},
                                             {&writer.put_outbox_, kPutOutbox},
                                             {&writer.drop_outbox_, kDropOutbox},
                                             {&writer.put_thread_, kPutThread},
                                             {&writer.drop_thread_, kDropThread},
                                             {&writer.put_memo_, kPutMemo},
                                             {&writer.drop_memo_, kDropMemo},
                                             {&writer.put_silence_, kPutSilence},
                                             {&writer.drop_silence_, kDropSilence},
                                             {&writer.remove_rollups_, kRemoveRollups},
                                             {&writer.remove_monitor_, kRemoveMonitor},
                                             {&writer.set_number_, kSetNumber},
                                         });
  if (!prepared) {
    return std::unexpected(std::move(prepared).error());
  }
  auto log = OutcomeLog::prepare(connection, keep);
  if (!log) {
    return std::unexpected(std::move(log).error());
  }
  writer.log_ = std::move(*log);
  return writer;
}

int BatchWriter::write(const ports::WriteBatch& batch) {
  int code = each(batch.removed, [this](const auto& name) { return remove(name); });
  for (std::size_t i = 0; code == SQLITE_OK && i < batch.monitors.size(); ++i) {
    code = write_monitor(batch.monitors[i], outcome_of(batch, i));
  }
  for (std::size_t i = 0; code == SQLITE_OK && i < batch.outcomes.size(); ++i) {
    if (outcome_of(batch, i) == nullptr) {
      code = write_outcome(batch.outcomes[i]);
    }
  }
  if (code == SQLITE_OK) {
    code = each(batch.rollups, [this](const auto& row) { return write_rollup(row); });
  }
  if (code == SQLITE_OK) {
    code = each(batch.events, [this](const auto& row) { return write_event(row); });
  }
  if (code == SQLITE_OK) {
    code = each(batch.deployments, [this](const auto& row) { return write_deployment(row); });
  }
  if (code == SQLITE_OK) {
    code = each(batch.outbox, [this](const auto& row) { return write_outbox(row); });
  }
  return code == SQLITE_OK ? write_delivery(batch) : code;
}

int BatchWriter::write_delivery(const ports::WriteBatch& batch) {
  int code = each(batch.delivered,
                  [this](const std::string& key) { return drop_outbox_.bind(1, key).run(); });
  if (code == SQLITE_OK) {
    code = each(batch.threads, [this](const ports::ThreadRow& row) {
      return put_thread_.bind(1, row.channel)
          .bind(2, row.incident)
          .bind(3, row.reference)
          .bind(4, row.content)
          .bind(5, unix_ms(row.created))
          .run();
    });
  }
  if (code == SQLITE_OK) {
    code = each(batch.ended_threads, [this](const auto& key) {
      return drop_thread_.bind(1, key.first).bind(2, key.second).run();
    });
  }
  if (code == SQLITE_OK) {
    code = each(batch.memos, [this](const ports::MemoRow& row) {
      return row.text.empty() ? drop_memo_.bind(1, row.name).run()
                              : put_memo_.bind(1, row.name).bind(2, row.text).run();
    });
  }
  if (code == SQLITE_OK) {
    code = each(batch.silences, [this](const ports::SilenceRow& row) {
      return put_silence_.bind(1, row.id).bind(2, row.json).run();
    });
  }
  if (code == SQLITE_OK) {
    code = each(batch.ended_silences,
                [this](const std::string& id) { return drop_silence_.bind(1, id).run(); });
  }
  return code;
}

int BatchWriter::find(const std::string& name, Known*& monitor) {
  monitor = nullptr;
  if (const auto known = known_.find(name); known != known_.end()) {
    monitor = &known->second;
    return SQLITE_OK;
  }
  const int code = find_.bind(1, name).step();
  if (code == SQLITE_ROW) {
    monitor =
        &known_.emplace(name, Known{find_.integer(0), std::string(find_.text(1))}).first->second;
  }
  find_.reset();
  return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

// Whoever hands over a record and its outcome hands over the same text twice, and it is most of the
// record: kept once, a page holds four times as many records.
const ports::OutcomeRow* BatchWriter::outcome_of(const ports::WriteBatch& batch,
                                                 std::size_t index) const {
  if (keep_ == 0 || index >= batch.outcomes.size() || index >= batch.monitors.size()) {
    return nullptr;
  }
  const ports::MonitorRecord& record = batch.monitors[index];
  const ports::OutcomeRow& outcome = batch.outcomes[index];
  const bool its_last = outcome.sequence == record.outcome_count &&
                        outcome.monitor == record.name && outcome.json == record.last_json;
  return its_last ? &outcome : nullptr;
}

void BatchWriter::bind_record(Statement& statement, const ports::MonitorRecord& record,
                              bool json_in_log) {
  const alert::MonitorState& state = record.state;
  encode(record.counters, counters_);
  encode(record.buckets, buckets_);
  statement.bind(1, record.kind)
      .bind(2, alert::to_string(state.state))
      .bind(3, check::to_string(state.reason))
      .bind(4, unix_ms(state.since))
      .bind(5, unix_ms(state.incident_opened))
      .bind(6, unix_ms(state.first_failure))
      .bind(7, std::int64_t{state.known_count})
      .bind(8, std::int64_t{state.failures})
      .bind(9, std::int64_t{state.ups_in_row})
      .bind(10, std::int64_t{state.unknowns_in_row})
      .bind(11, std::int64_t{record.paused ? 1 : 0})
      .bind(12, unix_ms(record.accounted_until))
      .bind(13, record.outcome_count)
      .bind(14, unix_ms(record.last_started))
      .bind(15, counters_)
      .bind(16, buckets_)
      .bind(17, json_in_log ? std::string_view{} : std::string_view(record.last_json))
      .bind(18, unix_ms(state.first_success))
      .bind(20, record.alerting)
      .bind(22, record.memory);
}

int BatchWriter::write_monitor(const ports::MonitorRecord& record,
                               const ports::OutcomeRow* outcome) {
  Known* monitor = nullptr;
  int code = find(record.name, monitor);
  if (code != SQLITE_OK) {
    return code;
  }
  if (monitor == nullptr) {
    bind_record(insert_, record, outcome != nullptr);
    code = insert_.bind(19, record.name).run();
    if (code == SQLITE_OK) {
      known_.emplace(record.name, Known{sqlite3_last_insert_rowid(connection_->raw()), {}});
    }
    return code == SQLITE_OK && outcome != nullptr ? write_outcome(*outcome) : code;
  }
  bool in_log = false;
  if (outcome != nullptr) {
    code = log_.put(monitor->id, *outcome, monitor->recent, in_log);
  } else if (keep_ == 0 && !monitor->recent.empty()) {
    code = log_.drop(monitor->recent);
    monitor->recent.clear();
  }
  if (code != SQLITE_OK) {
    return code;
  }
  bind_record(update_, record, in_log);
  return update_.bind(19, monitor->id).bind(21, monitor->recent).run();
}

int BatchWriter::write_outcome(const ports::OutcomeRow& row) {
  Known* monitor = nullptr;
  int code = find(row.monitor, monitor);
  if (code != SQLITE_OK || monitor == nullptr || keep_ == 0) {
    return code;
  }
  bool holds = false;
  code = log_.put(monitor->id, row, monitor->recent, holds);
  return code == SQLITE_OK ? set_recent_.bind(1, monitor->id).bind(2, monitor->recent).run() : code;
}

int BatchWriter::write_rollup(const ports::RollupRow& row) {
  Known* monitor = nullptr;
  if (const int code = find(row.monitor, monitor); code != SQLITE_OK || monitor == nullptr) {
    return code;
  }
  const alert::Tally& tally = row.bucket.tally;
  return put_rollup_.bind(1, monitor->id)
      .bind(2, level_number(row.bucket.level))
      .bind(3, unix_ms(row.bucket.start))
      .bind(4, std::int64_t{tally.up})
      .bind(5, std::int64_t{tally.down})
      .bind(6, std::int64_t{tally.unknown})
      .bind(7, tally.duration_us_sum)
      .bind(8, std::int64_t{tally.duration_us_max})
      .run();
}

int BatchWriter::subtract(std::span<const ports::RollupRow> rollups) {
  for (const ports::RollupRow& row : rollups) {
    Known* monitor = nullptr;
    int code = find(row.monitor, monitor);
    if (code == SQLITE_OK && monitor != nullptr) {
      const alert::Tally& tally = row.bucket.tally;
      code = subtract_.bind(1, monitor->id)
                 .bind(2, level_number(row.bucket.level))
                 .bind(3, unix_ms(row.bucket.start))
                 .bind(4, std::int64_t{tally.up})
                 .bind(5, std::int64_t{tally.down})
                 .bind(6, std::int64_t{tally.unknown})
                 .bind(7, tally.duration_us_sum)
                 .run();
    }
    if (code == SQLITE_OK && monitor != nullptr) {
      code = drop_empty_rollup_.bind(1, monitor->id)
                 .bind(2, level_number(row.bucket.level))
                 .bind(3, unix_ms(row.bucket.start))
                 .run();
    }
    if (code != SQLITE_OK) {
      return code;
    }
  }
  return SQLITE_OK;
}

int BatchWriter::set_commit_number(std::uint64_t number) {
  return set_number_.bind(1, number).run();
}

int BatchWriter::write_event(const ports::EventRow& row) {
  return put_event_.bind(1, row.id)
      .bind(2, row.monitor)
      .bind(3, row.type)
      .bind(4, unix_ms(row.at))
      .bind(5, row.json)
      .run();
}

int BatchWriter::write_deployment(const ports::DeploymentRow& row) {
  return put_deployment_.bind(1, row.monitor)
      .bind(2, row.id)
      .bind(3, unix_ms(row.created))
      .bind(4, row.json)
      .run();
}

int BatchWriter::write_outbox(const ports::OutboxRow& row) {
  return put_outbox_.bind(1, row.key)
      .bind(2, row.target)
      .bind(3, std::int64_t{row.sink ? 1 : 0})
      .bind(4, row.monitor)
      .bind(5, row.event_id)
      .bind(6, unix_ms(row.created))
      .bind(7, row.payload)
      .run();
}

int BatchWriter::remove(const std::string& name) {
  Known* monitor = nullptr;
  int code = find(name, monitor);
  if (code != SQLITE_OK || monitor == nullptr) {
    return code;
  }
  const Known gone = std::move(*monitor);
  known_.erase(name);
  code = log_.drop(gone.recent);
  if (code == SQLITE_OK) {
    code = remove_rollups_.bind(1, gone.id).run();
  }
  return code == SQLITE_OK ? remove_monitor_.bind(1, gone.id).run() : code;
}

}  // namespace tocsin::store_sqlite

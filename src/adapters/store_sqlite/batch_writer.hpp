#pragma once
// Turns a WriteBatch into rows, with statements prepared once. Writer thread only, inside a
// transaction that the caller opens and ends.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "adapters/store_sqlite/outcome_log.hpp"
#include "adapters/store_sqlite/sqlite_connection.hpp"
#include "base/result.hpp"
#include "ports/store.hpp"

namespace tocsin::store_sqlite {

class BatchWriter {
 public:
  // The connection outlives the result. `keep` outcomes per monitor stay.
  [[nodiscard]] static Result<BatchWriter> prepare(Connection& connection, std::uint32_t keep);

  // Each returns an SQLite code; the transaction is of no use unless it is SQLITE_OK.
  // Order within a batch: removed, monitors, outcomes, roll-ups, events, deployments, outbox.
  // Outcomes and roll-ups of a monitor that has no record are dropped: it was removed meanwhile.
  [[nodiscard]] int write(const ports::WriteBatch& batch);
  // Takes back roll-ups that an earlier write merged; see Writer about doubtful commits.
  [[nodiscard]] int subtract(std::span<const ports::RollupRow> rollups);
  [[nodiscard]] int set_commit_number(std::uint64_t number);

  // After a rollback: rows that the cache knows may be gone.
  void forget_monitors() { known_.clear(); }

 private:
  struct Known {
    std::int64_t id = 0;
    std::string recent;  // the column
  };

  BatchWriter() = default;
  // Null in `monitor` when there is none of this name.
  [[nodiscard]] int find(const std::string& name, Known*& monitor);
  // The outcome that comes with the record, if it is to be kept; null: none.
  [[nodiscard]] const ports::OutcomeRow* outcome_of(const ports::WriteBatch& batch,
                                                    std::size_t index) const;
  [[nodiscard]] int write_monitor(const ports::MonitorRecord& record,
                                  const ports::OutcomeRow* outcome);
  [[nodiscard]] int write_outcome(const ports::OutcomeRow& row);
  [[nodiscard]] int write_rollup(const ports::RollupRow& row);
  [[nodiscard]] int write_event(const ports::EventRow& row);
  [[nodiscard]] int write_deployment(const ports::DeploymentRow& row);
  [[nodiscard]] int write_outbox(const ports::OutboxRow& row);
  // What was delivered, what is being talked about, what is kept in mind, who is silenced.
  [[nodiscard]] int write_delivery(const ports::WriteBatch& batch);
  [[nodiscard]] int remove(const std::string& name);
  // `json_in_log`: `last_json` is left out, since the log has the same text.
  void bind_record(Statement& statement, const ports::MonitorRecord& record, bool json_in_log);

  std::uint32_t keep_ = 0;
  Connection* connection_ = nullptr;
  OutcomeLog log_;
  std::unordered_map<std::string, Known> known_;  // looked up only, never walked
  std::string counters_, buckets_;                // encoding buffers
  Statement find_, insert_, update_, set_recent_, put_rollup_, subtract_, drop_empty_rollup_,
      put_event_, put_deployment_, put_outbox_, drop_outbox_, put_thread_, drop_thread_, put_memo_,
      drop_memo_, put_silence_, drop_silence_, remove_rollups_, remove_monitor_, set_number_;
};

}  // namespace tocsin::store_sqlite

#pragma once
// Turns a WriteBatch into rows, with statements prepared once. Writer thread only, inside a
// transaction that the caller opens and ends.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "adapters/store_sqlite/sqlite_connection.hpp"
#include "base/result.hpp"
#include "ports/store.hpp"

namespace tocsin::store_sqlite {

// The row of an outcome: 31 bits of monitor and 32 of slot. The rows of a monitor are a ring of
// `keep` slots, so that a check rewrites one row in place, on one page.
[[nodiscard]] constexpr std::int64_t outcome_id(std::int64_t monitor, std::uint64_t slot) {
  return (monitor << 32) | static_cast<std::int64_t>(slot & 0xffff'ffffU);
}
inline constexpr std::uint64_t kLastSlot = 0xffff'ffffU;

class BatchWriter {
 public:
  // The connection outlives the result. `keep` outcomes per monitor stay.
  [[nodiscard]] static Result<BatchWriter> prepare(Connection& connection, std::uint32_t keep);

  // Each returns an SQLite code; the transaction is of no use unless it is SQLITE_OK.
  // Order within a batch: monitors, outcomes, roll-ups, events, outbox, removed. Outcomes and
  // roll-ups of a monitor that has no record are dropped: it was removed meanwhile.
  [[nodiscard]] int write(const ports::WriteBatch& batch);
  // Takes back roll-ups that an earlier write merged; see Writer about doubtful commits.
  [[nodiscard]] int subtract(std::span<const ports::RollupRow> rollups);
  [[nodiscard]] int set_commit_number(std::uint64_t number);

  // After a rollback: rows that the cache knows may be gone.
  void forget_ids() { ids_.clear(); }

 private:
  BatchWriter() = default;
  // 0 in `id` when there is no such monitor.
  [[nodiscard]] int find_id(std::string_view name, std::int64_t& id);
  // `last_json` is left out when the same text is in the ring.
  [[nodiscard]] int write_monitor(const ports::MonitorRecord& record, bool json_in_ring);
  [[nodiscard]] int write_outcome(const ports::OutcomeRow& row);
  [[nodiscard]] int write_rollup(const ports::RollupRow& row);
  [[nodiscard]] int write_event(const ports::EventRow& row);
  [[nodiscard]] int write_outbox(const ports::OutboxRow& row);
  // What was delivered, what is being talked about, who is silenced.
  [[nodiscard]] int write_delivery(const ports::WriteBatch& batch);
  [[nodiscard]] int remove(const std::string& name);
  void bind_record(Statement& statement, const ports::MonitorRecord& record, bool json_in_ring);
  [[nodiscard]] bool in_ring(const ports::WriteBatch& batch, std::size_t index) const;

  std::uint32_t keep_ = 0;
  Connection* connection_ = nullptr;
  std::unordered_map<std::string, std::int64_t> ids_;  // looked up only, never walked
  std::string counters_, buckets_;                     // encoding buffers
  Statement find_, insert_, update_, put_outcome_, put_rollup_, subtract_, drop_empty_rollup_,
      put_event_, put_outbox_, drop_outbox_, put_thread_, drop_thread_, put_silence_, drop_silence_,
      remove_outcomes_, remove_rollups_, remove_monitor_, set_number_;
};

}  // namespace tocsin::store_sqlite

#pragma once
// What the store is asked for: prepared reads on one read-only connection.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/store_sqlite/record_codec.hpp"
#include "adapters/store_sqlite/sqlite_connection.hpp"
#include "base/result.hpp"
#include "ports/store.hpp"

namespace tocsin::store_sqlite {

// Owns its connection. One thread at a time. Every statement is its own read transaction:
// it sees what was committed when it began, and holds the log back no longer than it runs.
class Queries {
 public:
  [[nodiscard]] static Result<Queries> open(const std::string& path, const std::string& vfs);

  [[nodiscard]] Result<void> load(const std::function<void(ports::MonitorRecord)>& each);
  [[nodiscard]] Result<void> load_outbox(const std::function<void(ports::OutboxRow)>& each);
  [[nodiscard]] Result<std::vector<ports::ThreadRow>> threads();
  [[nodiscard]] Result<std::vector<ports::SilenceRow>> silences();
  [[nodiscard]] Result<std::vector<ports::MemoRow>> memos();
  [[nodiscard]] Result<std::vector<ports::OutcomeRow>> outcomes(const std::string& monitor,
                                                                std::uint64_t before,
                                                                std::size_t limit);
  [[nodiscard]] Result<std::vector<ports::EventRow>> events(const ports::EventQuery& query);
  [[nodiscard]] Result<std::vector<ports::DeploymentRow>> deployments(
      const ports::DeploymentQuery& query);
  [[nodiscard]] Result<std::vector<ports::UptimeSums>> uptime(
      const std::vector<std::string>& monitors, Instant now);
  [[nodiscard]] Result<std::vector<ports::RollupRow>> rollups(const std::string& monitor,
                                                              alert::RollupLevel level,
                                                              Instant from, std::size_t limit);
  [[nodiscard]] Result<std::uint64_t> outbox_depth();

 private:
  Queries() = default;
  template <typename Each>
  [[nodiscard]] Result<void> visit(const char* sql, Each each);
  // 0 when there is no such monitor.
  [[nodiscard]] Result<std::int64_t> find_id(const std::string& monitor);
  [[nodiscard]] Result<RecentOutcomes> recent(const std::string& monitor);
  [[nodiscard]] Result<void> add_last(std::string_view recent, ports::MonitorRecord& record);
  [[nodiscard]] Result<void> add_uptime(std::int64_t monitor, Instant now, ports::UptimeSums& sums);

  Connection connection_;  // before the statements, which must go first
  Statement find_, outcome_, uptime_, rollups_, depth_, deployments_;
};

}  // namespace tocsin::store_sqlite

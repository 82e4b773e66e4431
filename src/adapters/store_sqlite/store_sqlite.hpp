#pragma once
// ports::Store in one SQLite file (tables: docs/formats.md). Write-ahead log, a full sync for every
// commit; one writer thread, one reader thread. Beside the file stand SQLite's "-wal" and "-shm",
// our
// ".lock" (held while we live, names our pid) and ".reserve" (space for a full disk).

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"
#include "config/model.hpp"
#include "ports/loop.hpp"
#include "ports/store.hpp"

namespace tocsin::store_sqlite {

class LockFile;
class Queries;
class Reader;
class Writer;

struct StoreSqliteOptions {
  std::string path = "tocsin.db";
  config::Retention retention;
  std::uint64_t reserve_bytes = std::uint64_t{8} << 20U;  // 0: no reserve file
  std::string vfs;                                        // SQLite VFS by name; empty: the system's
  std::size_t max_queued_batches = 16'384;
  std::size_t max_queued_reads = 1'024;
  // One transaction begins at the earliest this long after the one before: what comes meanwhile is
  // one transaction and one sync. A commit after a pause is not held up. 0: as fast as they go.
  Milliseconds gather{0};
};

class StoreSqlite final : public ports::Store {
 public:
  // Opens or creates (mode 0600) the store; blocks. Loop, clock and logger outlive it; the clock is
  // read on the loop thread only. Errors say what to do: conflict (another process has it: its pid
  // is named), invalid (no database, another program's, a newer schema), unavailable (folder
  // missing or not writable, disk full, I/O error).
  [[nodiscard]] static Result<std::unique_ptr<StoreSqlite>> open(ports::Loop& loop,
                                                                 const ports::Clock& clock,
                                                                 StoreSqliteOptions options,
                                                                 Logger& logger);
  // Commits what was handed over, posts the answers, closes. Blocks for as long as that takes.
  ~StoreSqlite() override;

  // A consistent copy, also while another process uses `from`; see copy_store in backup.hpp.
  [[nodiscard]] static Result<void> backup_file(const std::string& from, const std::string& to);

  [[nodiscard]] Result<void> load(const std::function<void(ports::MonitorRecord)>& each) override;
  [[nodiscard]] Result<void> load_outbox(
      const std::function<void(ports::OutboxRow)>& each) override;
  [[nodiscard]] Result<std::vector<ports::ThreadRow>> load_threads() override;
  [[nodiscard]] Result<std::vector<ports::SilenceRow>> load_silences() override;
  [[nodiscard]] Result<std::vector<ports::MemoRow>> load_memos() override;
  void commit(ports::WriteBatch batch, Done done) override;
  void retry() override;
  void read_outcomes(std::string monitor, std::uint64_t before, std::size_t limit,
                     Answer<std::vector<ports::OutcomeRow>> answer) override;
  void read_events(ports::EventQuery query, Answer<std::vector<ports::EventRow>> answer) override;
  void read_deployments(ports::DeploymentQuery query,
                        Answer<std::vector<ports::DeploymentRow>> answer) override;
  void read_uptime(std::vector<std::string> monitors, Instant now,
                   Answer<std::vector<ports::UptimeSums>> answer) override;
  void read_rollups(std::string monitor, alert::RollupLevel level, Instant from, std::size_t limit,
                    Answer<std::vector<ports::RollupRow>> answer) override;
  void read_outbox_depth(Answer<std::uint64_t> answer) override;
  // One at a time, on a thread of its own; `exhausted` while another one runs.
  void backup(std::string path, Done done) override;
  [[nodiscard]] Stats stats() const override;

 private:
  StoreSqlite(ports::Loop& loop, const ports::Clock& clock, StoreSqliteOptions options);
  template <typename T, typename Ask>
  void read(Answer<T> answer, Ask ask);

  ports::Loop& loop_;
  const ports::Clock& clock_;
  const StoreSqliteOptions options_;
  std::unique_ptr<LockFile> lock_;  // released last
  std::unique_ptr<Writer> writer_;
  std::unique_ptr<Reader> reader_;
  std::thread backup_thread_;
  std::atomic<bool> backup_runs_{false};
  std::atomic<bool> stopping_{false};
};

}  // namespace tocsin::store_sqlite

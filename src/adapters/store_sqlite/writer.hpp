#pragma once
// The one thread that writes. Everything that waits becomes one transaction: many writers, one
// sync.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "adapters/store_sqlite/batch_writer.hpp"
#include "adapters/store_sqlite/reserve_file.hpp"
#include "adapters/store_sqlite/retention_sweep.hpp"
#include "adapters/store_sqlite/sqlite_connection.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "config/model.hpp"
#include "ports/loop.hpp"
#include "ports/store.hpp"

namespace tocsin::store_sqlite {

struct WriterOptions {
  std::string path;
  std::string vfs;
  config::Retention retention;
  std::uint64_t reserve_bytes = 0;
  std::size_t max_queued = 0;  // batches
  Milliseconds gather{0};      // see StoreSqliteOptions
};

class Writer {
 public:
  // Prepares the schema on the calling thread, then starts the writer. Loop and logger outlive it.
  [[nodiscard]] static Result<std::unique_ptr<Writer>> open(ports::Loop& loop, Logger& logger,
                                                            WriterOptions options);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  // Writes what is queued, posts the answers, then stops.
  ~Writer();

  // Loop thread. `now` drives retention.
  void commit(ports::WriteBatch batch, ports::Store::Done done, Instant now);
  void retry();

  // Any thread.
  [[nodiscard]] ports::Store::Stats stats() const;

 private:
  // A batch belongs to the epoch in which it was handed over; retry() begins the next one. A
  // failure ends its epoch: whatever else belongs to it fails unwritten, however late it comes.
  struct Job {
    ports::WriteBatch batch;
    ports::Store::Done done;
    Instant now{};
    std::uint64_t epoch = 0;
    bool refused = false;  // the queue was full: fails, and ends its epoch
  };
  struct Failure {
    Error error;
    bool out_of_space = false;
    bool at_commit = false;  // the commit itself failed, so that a later recovery may find it
    bool reconnect = false;  // the connection may not be trusted any more
  };
  using Answer = std::pair<ports::Store::Done, Result<void>>;

  Writer(ports::Loop& loop, Logger& logger, WriterOptions options);

  Result<void> connect(bool first);
  void disconnect();
  void serve();
  [[nodiscard]] std::vector<Job> take_group();
  void process(std::vector<Job> group);
  [[nodiscard]] Result<void> write_group(const std::vector<Job*>& jobs);
  [[nodiscard]] std::optional<Failure> attempt(const std::vector<Job*>& jobs);
  [[nodiscard]] Failure failure(int code) const;
  void remember_doubtful(const std::vector<Job*>& jobs);
  [[nodiscard]] Result<void> settle_doubtful();
  void after_commit(std::size_t batches, bool swept);

  ports::Loop& loop_;
  Logger& logger_;
  const WriterOptions options_;

  // Of the loop thread.
  std::uint64_t epoch_ = 0;

  // Of the writer thread.
  Connection connection_;
  Statement begin_, end_, undo_;
  std::optional<BatchWriter> rows_;
  std::optional<RetentionSweep> sweep_;
  ReserveFile reserve_;
  bool reconnect_ = false;
  std::optional<std::uint64_t> failed_epoch_;
  Error last_error_;
  std::optional<Instant> last_sweep_;
  std::chrono::steady_clock::time_point next_group_{};
  // Every attempt to commit has a number, written in its transaction. A commit whose sync failed
  // was reported as failed, and the caller will hand its content over again; but its frames may lie
  // whole in the log, and a recovery (both connections reopened) then brings it back. All of a
  // batch can be written twice except roll-ups, which would count twice: they are kept here until a
  // later commit succeeds, and are subtracted when the number shows that the commit did come back.
  std::uint64_t attempts_ = 0;
  std::deque<std::pair<std::uint64_t, std::vector<ports::RollupRow>>> doubtful_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> queue_;    // guarded by mutex_
  bool urgent_ = false;      // somebody waits for what is in the queue
  std::size_t waiting_ = 0;  // real batches in queue_; guarded by mutex_
  bool stopping_ = false;    // guarded by mutex_

  std::atomic<std::uint64_t> commits_{0}, batches_{0}, failures_{0}, queued_{0}, bytes_{0};

  std::thread thread_;
};

}  // namespace tocsin::store_sqlite

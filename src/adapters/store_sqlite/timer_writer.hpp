#pragma once
// The thread that writes the timers' log: one transaction and one sync for each job. One job at a
// time; what comes meanwhile is the next job's.

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "adapters/store_sqlite/sqlite_connection.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "ports/loop.hpp"

namespace tocsin::store_sqlite {

class TimerWriter {
 public:
  struct Clock {
    Milliseconds lead{0};
    Instant looked_until{};  // whatever expired before was handed out
  };
  struct OldRow {
    std::int64_t sequence = 0;
    std::string entries;
  };
  struct Job {
    std::string entries;
    std::int64_t drop_until = 0;  // rows of this sequence and before go
    std::optional<Clock> clock;   // to be stored
    std::size_t read_oldest = 0;  // bytes of the oldest rows to bring back, from `read_after` on
    std::int64_t read_after = 0;
  };
  struct Done {
    Result<void> result;
    std::vector<OldRow> oldest;
    std::uint64_t bytes = 0;  // of the file
  };

  // Prepares the file on the calling thread, then starts the writer. The loop outlives it.
  [[nodiscard]] static Result<std::unique_ptr<TimerWriter>> open(ports::Loop& loop,
                                                                 std::string path, std::string vfs);
  TimerWriter(const TimerWriter&) = delete;
  TimerWriter& operator=(const TimerWriter&) = delete;
  // Ends after the job that runs; its answer is dropped.
  ~TimerWriter();

  // Before the first job. All rows come in their order.
  [[nodiscard]] Result<Clock> load_clock();
  [[nodiscard]] Result<void> load(const std::function<Result<void>(std::string_view)>& each);
  // `done` runs on the loop thread. Call again only after it did.
  void write(Job job, std::move_only_function<void(Done)> done);
  // As write(), on the calling thread, when nothing is written: for the last job.
  [[nodiscard]] Done write_last(const Job& job);

 private:
  TimerWriter(ports::Loop& loop, std::string path, std::string vfs);
  Result<void> connect(bool first);
  void disconnect();
  void serve();
  [[nodiscard]] Done process(const Job& job);
  [[nodiscard]] int attempt(const Job& job);
  [[nodiscard]] int read_oldest(const Job& job, std::vector<OldRow>& out);

  ports::Loop& loop_;
  const std::string path_;
  const std::string vfs_;

  // Of the writer thread, once it runs.
  Connection connection_;
  Statement begin_, end_, undo_, insert_, drop_, clock_, oldest_;
  bool reconnect_ = false;

  std::mutex mutex_;
  std::condition_variable wake_;
  struct Waiting {
    Job job;
    std::move_only_function<void(Done)> done;
  };
  std::optional<Waiting> waiting_;  // guarded by mutex_
  bool stopping_ = false;           // guarded by mutex_
  std::thread thread_;
};

}  // namespace tocsin::store_sqlite

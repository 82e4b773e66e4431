#pragma once
// The one thread that reads for the loop, so that no query ever waits for a commit or the reverse.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "adapters/store_sqlite/queries.hpp"
#include "base/result.hpp"

namespace tocsin::store_sqlite {

class Reader {
 public:
  // Runs on the reader thread, exactly once. The queries are there, or why not. Says whether the
  // connection may be used on; if not, the next job opens it again.
  using Job = std::move_only_function<bool(Result<Queries*>)>;

  [[nodiscard]] static Result<std::unique_ptr<Reader>> open(std::string path, std::string vfs,
                                                            std::size_t max_queued);
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  // Jobs that still wait run with `cancelled`.
  ~Reader();

  // Loop thread. Beyond the bound the job runs with `exhausted` (on the reader thread, too).
  void submit(Job job);

 private:
  struct Entry {
    Job job;
    bool refused = false;
  };

  Reader(std::string path, std::string vfs, std::size_t max_queued);
  void serve();
  void run(Entry entry, bool stopping);

  const std::string path_;
  const std::string vfs_;
  const std::size_t max_queued_;
  std::optional<Queries> queries_;  // of the reader thread

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Entry> queue_;  // guarded by mutex_
  std::size_t waiting_ = 0;  // guarded by mutex_
  bool stopping_ = false;    // guarded by mutex_

  std::thread thread_;
};

}  // namespace tocsin::store_sqlite

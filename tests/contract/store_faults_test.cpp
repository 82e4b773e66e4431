// Every write, truncation and sync of a workload fails once, fails for good, or is where the power
// goes. After each: what was acknowledged is wholly there, what was not is wholly there or not at
// all, and the file is sound.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "adapters/store_sqlite/store_sqlite.hpp"
#include "adapters/store_sqlite/writer.hpp"
#include "contract/store_harness.hpp"

namespace tocsin::test {
namespace {

using store_sqlite::StoreSqlite;
using store_sqlite::StoreSqliteOptions;
using Kind = FaultPlan::Kind;

constexpr std::uint64_t kMonitors = 4;
constexpr std::uint64_t kGroups = 12;
constexpr std::uint64_t kBatchesPerGroup = 3;

class StoreFaults : public ::testing::Test {
 protected:
  Result<std::unique_ptr<StoreSqlite>> open(const std::string& path) {
    StoreSqliteOptions options;
    options.path = path;
    options.reserve_bytes = 0;
    options.vfs = vfs_.name();
    return StoreSqlite::open(loop_, loop_, std::move(options), log_);
  }

  struct Run {
    std::uint64_t acknowledged = 0;  // batches 1 to this one
    std::uint64_t handed_over = 0;
  };

  // Groups of batches until one is refused. With `persist` the caller does what the service does:
  // it calls retry() and hands over again what failed, until everything is written.
  Run work(StoreSqlite& store, bool persist) {
    Run run;
    std::uint64_t next = 1;
    while (next <= kGroups * kBatchesPerGroup) {
      std::size_t answered = 0;
      std::uint64_t written = 0;
      for (std::uint64_t i = 0; i < kBatchesPerGroup; ++i) {
        run.handed_over = std::max(run.handed_over, next + i);
        store.commit(numbered_batch(next + i, kMonitors), [&](Result<void> result) {
          ++answered;
          written += result ? 1U : 0U;
        });
      }
      EXPECT_TRUE(loop_.run_until([&] { return answered == kBatchesPerGroup; }));
      next += written;
      run.acknowledged = next - 1;
      if (written < kBatchesPerGroup) {
        if (!persist) {
          break;
        }
        store.retry();
      }
    }
    return run;
  }

  // Looks with the system's own VFS at what the disk holds.
  void check(const std::string& path, const Run& run, const std::string& what) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
    std::string verdict;
    sqlite3_exec(
        db, "PRAGMA integrity_check",
        [](void* out, int, char** values, char**) {
          *static_cast<std::string*>(out) += values[0];
          return 0;
        },
        &verdict, nullptr);
    sqlite3_close(db);
    ASSERT_EQ(verdict, "ok") << what;
    StoreSqliteOptions options;
    options.path = path;
    options.reserve_bytes = 0;
    auto store = StoreSqlite::open(loop_, loop_, std::move(options), log_);
    ASSERT_TRUE(store) << what << ": " << store.error().message;
    ASSERT_EQ(check_numbered(loop_, **store, kMonitors, run.acknowledged, run.handed_over), "")
        << what;
  }

  // One workload with `plan`; false when its moment never came.
  bool one(FaultPlan plan, bool persist, std::uint64_t seed) {
    const TemporaryFolder folder(TemporaryFolder::Where::memory);
    const std::string path = folder.file("store.db");
    Run run;
    vfs_.set_plan(plan);
    {
      auto store = open(path);
      if (store) {
        run = work(**store, persist);
      }
    }
    const bool struck = vfs_.struck();
    vfs_.restart(seed);
    if (persist && struck) {
      EXPECT_TRUE(run.acknowledged >= kGroups * kBatchesPerGroup || run.handed_over == 0);
    }
    check(path, run, fmt::format("operation {}, seed {}", plan.at, seed));
    return struck;
  }

  bool write(store_sqlite::Writer& writer, std::uint64_t number) {
    std::optional<bool> written;
    writer.commit(
        numbered_batch(number, kMonitors),
        [&](Result<void> result) { written = result.has_value(); }, loop_.now());
    EXPECT_TRUE(loop_.run_until([&] { return written.has_value(); }));
    return written.value_or(false);
  }

  PumpLoop loop_;
  NullLogger log_;
  FaultVfs vfs_{"store-faults"};
};

TEST_F(StoreFaults, APowerCutAtEveryOperationKeepsWhatWasAcknowledged) {
  for (const std::uint64_t seed : {0U, 1U, 2U, 3U}) {
    std::uint64_t at = 1;
    while (one({Kind::power_cut, at, 0}, false, seed) && !HasFatalFailure()) {
      ++at;
    }
    EXPECT_GT(at, kGroups) << "the workload is too small to say anything";
  }
}

TEST_F(StoreFaults, OneFailedOperationIsRetriedAndLosesNothing) {
  for (const int code : {0, SQLITE_FULL}) {
    std::uint64_t at = 1;
    while (one({Kind::fail_once, at, code}, true, 0) && !HasFatalFailure()) {
      ++at;
    }
    EXPECT_GT(at, kGroups);
  }
}

TEST_F(StoreFaults, ADiskThatFailsForGoodKeepsWhatWasAcknowledged) {
  for (const int code : {0, SQLITE_FULL, SQLITE_READONLY}) {
    std::uint64_t at = 1;
    while (one({Kind::fail_from, at, code}, false, at) && !HasFatalFailure()) {
      ++at;
    }
    EXPECT_GT(at, kGroups);
  }
}

// The proof that these tests see a missing sync: the same workload on a store that does not sync.
TEST_F(StoreFaults, WithoutSyncsAPowerCutWouldLoseAcknowledgedBatches) {
  const TemporaryFolder folder(TemporaryFolder::Where::memory);
  const std::string path = folder.file("plain.db");
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                            vfs_.name().c_str()),
            SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db,
                         "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                         "CREATE TABLE t (x); PRAGMA synchronous = OFF; INSERT INTO t VALUES (1)",
                         nullptr, nullptr, nullptr),
            SQLITE_OK);
  vfs_.set_plan({Kind::power_cut, 1, 0});
  sqlite3_close(db);
  vfs_.restart(0);
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  std::string rows;
  sqlite3_exec(
      db, "SELECT count(*) FROM t",
      [](void* out, int, char** values, char**) {
        *static_cast<std::string*>(out) = values[0];
        return 0;
      },
      &rows, nullptr);
  sqlite3_close(db);
  EXPECT_EQ(rows, "0");
}

// A commit whose sync failed was reported as failed, and is handed over again; yet its frames may
// lie whole in the log and come back when the log is read anew. Roll-ups must not count twice then.
TEST_F(StoreFaults, ACommitThatComesBackIsNotCountedTwice) {
  std::uint64_t at = 1;
  for (bool struck = true; struck && !HasFailure(); ++at) {
    const TemporaryFolder folder(TemporaryFolder::Where::memory);
    const std::string path = folder.file("store.db");
    ASSERT_TRUE(open(path));
    {
      // The writer alone: while a reader has the log open, nothing reads it anew.
      auto writer = store_sqlite::Writer::open(loop_, log_, {path, vfs_.name(), {}, 0, 100});
      ASSERT_TRUE(writer) << writer.error().message;
      ASSERT_TRUE(write(**writer, 1));
      vfs_.set_plan({Kind::fail_from, at, 0});
      bool written = write(**writer, 2);
      struck = vfs_.struck();
      for (int attempt = 0; !written && attempt < 6; ++attempt) {
        if (attempt == 2) {
          vfs_.set_plan({});
        }
        (*writer)->retry();
        written = write(**writer, 2);
      }
      ASSERT_TRUE(written);
      vfs_.set_plan({});
    }
    vfs_.restart(0);
    check(path, {2, 2}, fmt::format("operation {}", at));
  }
  EXPECT_GT(at, 2U);
}

}  // namespace
}  // namespace tocsin::test

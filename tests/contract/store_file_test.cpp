// What is particular to the SQLite store: its files, its schema, who may open it, a full disk.

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "adapters/store_sqlite/store_sqlite.hpp"
#include "contract/store_harness.hpp"

namespace tocsin::test {
namespace {

using store_sqlite::StoreSqlite;
using store_sqlite::StoreSqliteOptions;

class StoreFile : public ::testing::Test {
 protected:
  Result<std::unique_ptr<StoreSqlite>> open(StoreSqliteOptions options = {}) {
    if (options.path == StoreSqliteOptions{}.path) {
      options.path = path_;
    }
    return StoreSqlite::open(loop_, loop_, std::move(options), log_);
  }
  // Expects a refusal and gives its text.
  std::string refusal(ErrorCode code, StoreSqliteOptions options = {}) {
    const auto store = open(std::move(options));
    EXPECT_FALSE(store);
    if (store) {
      return "";
    }
    EXPECT_EQ(to_string(store.error().code), to_string(code)) << store.error().message;
    return store.error().message;
  }
  void sql(const std::string& path, const char* script) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, script, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  }

  PumpLoop loop_;
  NullLogger log_;
  TemporaryFolder folder_;
  std::string path_ = folder_.file("tocsin.db");
};

auto mentions(const std::string& text) { return ::testing::HasSubstr(text); }

TEST_F(StoreFile, IsReadableByItsOwnerAlone) {
  const auto store = open({.reserve_bytes = 4096});
  ASSERT_TRUE(store) << store.error().message;
  for (const char* suffix : {"", "-wal", "-shm", ".lock", ".reserve"}) {
    struct stat info{};
    ASSERT_EQ(::stat((path_ + suffix).c_str(), &info), 0) << suffix;
    EXPECT_EQ(info.st_mode & 0777U, 0600U) << suffix;
  }
}

TEST_F(StoreFile, ASecondUserIsRefusedAndToldThePid) {
  auto first = open();
  ASSERT_TRUE(first);
  EXPECT_THAT(refusal(ErrorCode::conflict), mentions(fmt::format("process {}", ::getpid())));
  // The same file by another name.
  std::filesystem::create_symlink(path_, folder_.file("alias.db"));
  EXPECT_THAT(refusal(ErrorCode::conflict, {.path = folder_.file("alias.db")}),
              mentions("store.sqlite.path"));
  first->reset();
  EXPECT_TRUE(open());
}

TEST_F(StoreFile, AStaleLockFileLocksNobodyOut) {
  std::ofstream(path_ + ".lock") << "1\n";
  EXPECT_TRUE(open());
}

TEST_F(StoreFile, ANewerSchemaIsRefusedAndLeftAlone) {
  ASSERT_TRUE(open());
  sql(path_, "PRAGMA user_version = 4711");
  EXPECT_THAT(refusal(ErrorCode::invalid), mentions("newer Tocsin (schema 4711"));
  sql(path_, "PRAGMA user_version = 5");
  EXPECT_TRUE(open());
}

// What version 5 changed, undone.
constexpr const char* kToVersion4 =
    "DROP TABLE deployments; DROP TABLE memos; PRAGMA user_version = 4";

// What versions 4 and 5 changed, undone.
constexpr const char* kToVersion3 =
    "DROP TABLE deployments; DROP TABLE memos; ALTER TABLE monitors DROP COLUMN heartbeat; PRAGMA "
    "user_version = 3";

// What versions 3 to 5 changed, undone: a ring of 20 rows per monitor.
constexpr const char* kToVersion2 =
    "DROP TABLE deployments; DROP TABLE memos; ALTER TABLE monitors DROP COLUMN heartbeat; "
    "CREATE TABLE rings (id INTEGER PRIMARY KEY, sequence INTEGER NOT NULL, json TEXT NOT NULL); "
    "INSERT INTO rings SELECT (monitor << 32) + sequence % 20, sequence, json FROM outcomes; "
    "DROP TABLE outcomes; ALTER TABLE rings RENAME TO outcomes; "
    "ALTER TABLE monitors DROP COLUMN recent; "
    "ALTER TABLE meta ADD COLUMN keep INTEGER NOT NULL DEFAULT 20; PRAGMA user_version = 2";

TEST_F(StoreFile, AStoreOfTheFirstSchemaIsBroughtUpWithWhatItHolds) {
  {
    auto store = open();
    ASSERT_TRUE(store);
    ASSERT_TRUE(commit(loop_, **store, numbered_batch(1, 1)));
  }
  sql(path_, kToVersion2);
  sql(path_,
      "ALTER TABLE monitors DROP COLUMN alerting; DROP TABLE threads; DROP TABLE silences; "
      "PRAGMA user_version = 1");
  auto store = open();
  ASSERT_TRUE(store);
  const auto records = load_all(**store);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].name, "monitor-0");
  EXPECT_EQ(records[0].alerting, "");
  std::size_t waiting = 0;
  ASSERT_TRUE((*store)->load_outbox([&](const ports::OutboxRow&) { ++waiting; }));
  EXPECT_EQ(waiting, 1U);
}

TEST_F(StoreFile, AStoreWithoutHeartbeatsIsBroughtUpAndKeepsThem) {
  {
    auto store = open();
    ASSERT_TRUE(store);
    ASSERT_TRUE(commit(loop_, **store, numbered_batch(1, 1)));
  }
  sql(path_, kToVersion3);
  {
    auto store = open();
    ASSERT_TRUE(store) << store.error().message;
    auto records = load_all(**store);
    ASSERT_EQ(records.size(), 1U);
    EXPECT_EQ(records[0].memory, "");
    ports::WriteBatch batch;
    records[0].memory = "{\"plan\":\"every 1d\"}";
    batch.monitors.push_back(records[0]);
    ASSERT_TRUE(commit(loop_, **store, std::move(batch)));
  }
  auto store = open();
  ASSERT_TRUE(store);
  EXPECT_EQ(load_all(**store).at(0).memory, "{\"plan\":\"every 1d\"}");
}

TEST_F(StoreFile, AStoreWithoutDeploymentsIsBroughtUpAndKeepsThem) {
  {
    auto store = open();
    ASSERT_TRUE(store);
    ASSERT_TRUE(commit(loop_, **store, numbered_batch(1, 1)));
  }
  sql(path_, kToVersion4);
  {
    auto store = open();
    ASSERT_TRUE(store) << store.error().message;
    EXPECT_EQ(load_all(**store).size(), 1U);
    EXPECT_TRUE(deployments_of(loop_, **store, {.monitor = "monitor-0"}).empty());
    ASSERT_TRUE(commit(loop_, **store, numbered_batch(2, 1)));
  }
  auto store = open();
  ASSERT_TRUE(store);
  EXPECT_EQ(deployments_of(loop_, **store, {.monitor = "monitor-0"}).size(), 1U);
  EXPECT_EQ(check_numbered(loop_, **store, 1, 2, 2), "");
}

TEST_F(StoreFile, RingsOfOutcomesBecomeALogThatGoesOn) {
  const auto put = [this](ports::Store& store, const std::string& name, std::uint64_t from,
                          std::uint64_t to) {
    for (std::uint64_t n = from; n <= to; ++n) {
      ports::WriteBatch batch;
      batch.monitors.push_back(make_record(name, n));
      batch.outcomes.push_back({name, n, fmt::format("{{\"n\":{}}}", n)});
      ASSERT_TRUE(commit(loop_, store, std::move(batch)));
    }
  };
  const auto sequences = [this](ports::Store& store, const std::string& name) {
    std::vector<std::uint64_t> found;
    for (const auto& row : outcomes_of(loop_, store, name, 0, 100)) {
      EXPECT_EQ(row.json, fmt::format("{{\"n\":{}}}", row.sequence));
      found.push_back(row.sequence);
    }
    return found;
  };
  {
    auto store = open();
    ASSERT_TRUE(store);
    put(**store, "a", 1, 25);
    put(**store, "b", 1, 2);
    put(**store, "a", 26, 26);
    ports::WriteBatch batch;
    batch.monitors.push_back(make_record("never checked"));
    ASSERT_TRUE(commit(loop_, **store, std::move(batch)));
  }
  sql(path_, kToVersion2);
  auto store = open();
  ASSERT_TRUE(store) << store.error().message;
  const auto records = load_all(**store);
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0].last_json, "{\"n\":26}");
  EXPECT_EQ(records[1].last_json, "{\"n\":2}");
  EXPECT_EQ(records[2].last_json, "");
  EXPECT_EQ(sequences(**store, "a").size(), 20U);
  EXPECT_EQ(sequences(**store, "a").back(), 7U);
  put(**store, "a", 27, 29);
  put(**store, "b", 3, 3);
  const auto kept = sequences(**store, "a");
  EXPECT_EQ(kept.size(), 20U);
  EXPECT_EQ(kept.front(), 29U);
  EXPECT_EQ(kept.back(), 10U);
  EXPECT_EQ(sequences(**store, "b"), (std::vector<std::uint64_t>{3, 2, 1}));
}

TEST_F(StoreFile, AFileThatIsNoDatabaseIsRefusedAndLeftAlone) {
  const std::string content(5000, 'x');
  std::ofstream(path_) << content;
  EXPECT_THAT(refusal(ErrorCode::invalid), mentions("file is not a database (SQLITE_NOTADB 26"));
  std::ifstream file(path_);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), content);
}

TEST_F(StoreFile, AnotherProgramsDatabaseIsRefused) {
  sql(path_, "CREATE TABLE theirs (x)");
  EXPECT_THAT(refusal(ErrorCode::invalid), mentions("database of another program"));
}

TEST_F(StoreFile, AMissingFolderIsNamed) {
  const std::string message =
      refusal(ErrorCode::unavailable, {.path = folder_.file("missing/tocsin.db")});
  EXPECT_THAT(message, mentions("missing/tocsin.db.lock: No such file"));
  EXPECT_THAT(message, mentions("create the folder"));
}

TEST_F(StoreFile, ADamagedRowIsNamed) {
  {
    auto store = open();
    ASSERT_TRUE(store);
    ASSERT_TRUE(commit(loop_, **store, numbered_batch(1, 1)));
  }
  sql(path_, "UPDATE monitors SET counters = '1 2 x'");
  auto store = open();
  ASSERT_TRUE(store);
  const auto loaded = (*store)->load([](const ports::MonitorRecord&) {});
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message, mentions("'monitor-0' is damaged: column counters"));
}

TEST_F(StoreFile, ARowOfAnOlderListReadsAsZerosAtItsEnd) {
  {
    auto store = open();
    ASSERT_TRUE(store);
    ASSERT_TRUE(commit(loop_, **store, numbered_batch(1, 1)));
  }
  sql(path_, "UPDATE monitors SET counters = '1 5 5', buckets = '1 3600000'");
  auto store = open();
  ASSERT_TRUE(store);
  const auto records = load_all(**store);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].counters, (schedule::Counters{.planned = 5, .on_time = 5}));
  EXPECT_EQ(unix_ms(records[0].buckets.hour_start), 3'600'000);
}

TEST_F(StoreFile, ABackupOfALiveStoreIsAStore) {
  auto store = open();
  ASSERT_TRUE(store);
  for (std::uint64_t n = 1; n <= 20; ++n) {
    ASSERT_TRUE(commit(loop_, **store, numbered_batch(n, 3)));
  }
  // From within, while commits go on, and from outside.
  std::optional<Result<void>> copied;
  (*store)->backup(folder_.file("inside.db"), [&](Result<void> r) { copied = std::move(r); });
  ASSERT_TRUE(commit(loop_, **store, numbered_batch(21, 3)));
  ASSERT_TRUE(loop_.run_until([&] { return copied.has_value(); }));
  ASSERT_TRUE(*copied) << copied->error().message;
  const auto outside = StoreSqlite::backup_file(path_, folder_.file("outside.db"));
  ASSERT_TRUE(outside) << outside.error().message;
  store->reset();
  for (const auto& [name, least] : {std::pair{"inside.db", 20U}, std::pair{"outside.db", 21U}}) {
    struct stat info{};
    ASSERT_EQ(::stat(folder_.file(name).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
    auto copy = open({.path = folder_.file(name)});
    ASSERT_TRUE(copy) << copy.error().message;
    EXPECT_EQ(check_numbered(loop_, **copy, 3, least, 21), "");
  }
}

TEST_F(StoreFile, ABackupOverwritesNothing) {
  ASSERT_TRUE(open());
  std::ofstream(folder_.file("mine")) << "precious";
  const auto copied = StoreSqlite::backup_file(path_, folder_.file("mine"));
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().code, ErrorCode::conflict);
  EXPECT_EQ(std::filesystem::file_size(folder_.file("mine")), 8U);
  const auto itself = StoreSqlite::backup_file(path_, path_);
  ASSERT_FALSE(itself);
  const auto nothing = StoreSqlite::backup_file(folder_.file("no.db"), folder_.file("copy.db"));
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, ErrorCode::not_found);
  EXPECT_FALSE(std::filesystem::exists(folder_.file("copy.db.partial")));
}

// A small file system of our own: as root, else in a user namespace. Needs a process of its own,
// because the namespace of a process with threads cannot change.
class TinyDisk {
 public:
  explicit TinyDisk(const std::string& folder) : folder_(folder) {
    if (::getuid() != 0) {
      const auto uid = ::getuid();
      if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0) {
        std::ofstream("/proc/self/uid_map") << "0 " << uid << " 1\n";
      }
    }
    mounted_ = ::mount("tmpfs", folder_.c_str(), "tmpfs", 0, "size=2m,mode=0700") == 0;
  }
  TinyDisk(const TinyDisk&) = delete;
  TinyDisk& operator=(const TinyDisk&) = delete;
  ~TinyDisk() {
    if (mounted_) {
      ::umount2(folder_.c_str(), MNT_DETACH);
    }
  }
  [[nodiscard]] bool mounted() const { return mounted_; }
  [[nodiscard]] bool remount(unsigned long flags) const {
    return ::mount("tmpfs", folder_.c_str(), "tmpfs", MS_REMOUNT | flags, nullptr) == 0;
  }

 private:
  std::string folder_;
  bool mounted_ = false;
};

// Fills the disk until nothing more fits.
void fill(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const std::string block(4096, 'x');
  while (::write(file, block.data(), block.size()) > 0) {
  }
  ::close(file);
}

std::string full_disk_story(const std::string& folder) {
  PumpLoop loop;
  NullLogger log;
  StoreSqliteOptions options;
  options.path = folder + "/tocsin.db";
  options.reserve_bytes = 256 << 10;
  auto store = StoreSqlite::open(loop, loop, options, log);
  if (!store) {
    return store.error().message;
  }
  const std::string reserve = options.path + ".reserve";
  if (!std::filesystem::exists(reserve)) {
    return "no reserve";
  }
  std::uint64_t next = 1;
  fill(folder + "/ballast");
  // The reserve carries the next commits; then the store refuses, and reads go on.
  Result<void> done;
  while ((done = commit(loop, **store, numbered_batch(next, 2)))) {
    ++next;
  }
  if (done.error().code != ErrorCode::unavailable || next < 5) {
    return fmt::format("batch {}: {}", next, done.error().message);
  }
  if (std::filesystem::exists(reserve)) {
    return "the reserve was not given up";
  }
  (*store)->retry();
  if (commit(loop, **store, numbered_batch(next, 2))) {
    return "a full disk took a batch";
  }
  if (auto wrong = check_numbered(loop, **store, 2, next - 1, next - 1); !wrong.empty()) {
    return wrong;
  }
  // Room again, without a restart.
  std::filesystem::remove(folder + "/ballast");
  (*store)->retry();
  loop.advance_wall(Milliseconds{5000});
  if (done = commit(loop, **store, numbered_batch(next, 2)); !done) {
    return "after the disk had room again: " + done.error().message;
  }
  if (!std::filesystem::exists(reserve)) {
    return "the reserve was not made again";
  }
  return check_numbered(loop, **store, 2, next, next);
}

std::string read_only_story(const std::string& folder, const TinyDisk& disk) {
  PumpLoop loop;
  NullLogger log;
  StoreSqliteOptions options;
  options.path = folder + "/tocsin.db";
  auto store = StoreSqlite::open(loop, loop, options, log);
  if (!store) {
    return store.error().message;
  }
  store->reset();  // a disk with files open for writing does not become read-only
  if (!disk.remount(MS_RDONLY)) {
    return "cannot remount";
  }
  const auto refused = StoreSqlite::open(loop, loop, options, log);
  if (refused || refused.error().message.find("Read-only file system") == std::string::npos ||
      refused.error().message.find("make the folder writable") == std::string::npos) {
    return refused ? "a read-only disk was taken" : refused.error().message;
  }
  return disk.remount(0) && StoreSqlite::open(loop, loop, options, log) ? "" : "no recovery";
}

// Runs `story` on a disk of 2 MiB in a child; "" when all is well.
template <typename Story>
std::optional<std::string> on_tiny_disk(const std::string& folder, Story story) {
  int pipe_ends[2];
  TOCSIN_ASSERT(::pipe2(pipe_ends, O_CLOEXEC) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    std::string text = "no mount";
    {
      const TinyDisk disk(folder);
      if (disk.mounted()) {
        text = "told: " + story(disk);
      }
    }
    static_cast<void>(::write(pipe_ends[1], text.data(), text.size()) < 0);
    ::_exit(0);
  }
  ::close(pipe_ends[1]);
  std::string told;
  char buffer[4096];
  for (ssize_t size = 0; (size = ::read(pipe_ends[0], buffer, sizeof buffer)) > 0;) {
    told.append(buffer, static_cast<std::size_t>(size));
  }
  ::close(pipe_ends[0]);
  ::waitpid(child, nullptr, 0);
  if (told == "no mount") {
    return std::nullopt;
  }
  return told.starts_with("told: ") ? told.substr(6) : "the child died: " + told;
}

TEST_F(StoreFile, AFullDiskIsSurvivedWithoutARestart) {
  const auto told = on_tiny_disk(folder_.path(),
                                 [&](const TinyDisk&) { return full_disk_story(folder_.path()); });
  if (told) {
    EXPECT_EQ(*told, "");
    return;
  }
  // Neither root nor user namespaces: the VFS says "full" instead.
  FaultVfs vfs("tiny-disk");
  {
    auto store = open({.reserve_bytes = 4096, .vfs = vfs.name()});
    ASSERT_TRUE(store);
    vfs.set_plan({FaultPlan::Kind::fail_from, 1, SQLITE_FULL});
    const auto refused = commit(loop_, **store, numbered_batch(1, 1));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
    EXPECT_FALSE(std::filesystem::exists(path_ + ".reserve"));
    vfs.set_plan({});
    (*store)->retry();
    loop_.advance_wall(Milliseconds{5000});
    EXPECT_TRUE(commit(loop_, **store, numbered_batch(1, 1)));
    EXPECT_TRUE(std::filesystem::exists(path_ + ".reserve"));
  }
}

TEST_F(StoreFile, AReadOnlyFileSystemIsRefusedWithAdvice) {
  const auto told = on_tiny_disk(
      folder_.path(), [&](const TinyDisk& disk) { return read_only_story(folder_.path(), disk); });
  if (told) {
    EXPECT_EQ(*told, "");
    return;
  }
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0500), 0);
  EXPECT_THAT(refusal(ErrorCode::unavailable), mentions("make the folder writable"));
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0700), 0);
}

TEST_F(StoreFile, AReserveOfAnotherSizeIsMadeAnew) {
  ASSERT_TRUE(open({.reserve_bytes = 4096}));
  ASSERT_TRUE(open({.reserve_bytes = 8192}));
  EXPECT_EQ(std::filesystem::file_size(path_ + ".reserve"), 8192U);
  ASSERT_TRUE(open({.reserve_bytes = 0}));
  EXPECT_FALSE(std::filesystem::exists(path_ + ".reserve"));
}

}  // namespace
}  // namespace tocsin::test

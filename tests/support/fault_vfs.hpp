#pragma once
// An SQLite VFS that forgets what was not synced and fails the Nth write or sync. kill -9 alone
// cannot show a missing fsync: the kernel keeps what the process wrote. Here an unsynced write
// stays in memory until its file is synced, and a simulated power cut drops it.
//
// It lies over the system's own VFS, and everything but file content passes through to it: names,
// locks and the shared memory of the WAL index are the real ones, so the store runs in its
// production configuration (WAL, synchronous=FULL, two connections). What a power cut does to the
// WAL index needs no simulation: SQLite throws it away and reads the log anew when the first
// connection opens a file.

#include <cstdint>
#include <memory>
#include <string>

namespace tocsin::test {

struct FaultPlan {
  enum class Kind : std::uint8_t {
    none,
    fail_once,  // operation `at` fails, the next ones work
    fail_from,  // operation `at` and all after it fail
    power_cut,  // the process "dies" at operation `at`: it and all after it fail, nothing more
                // reaches the disk
  };
  Kind kind = Kind::none;
  std::uint64_t at = 0;  // counts writes, truncations and syncs from 1
  int code = 0;          // SQLite code of a failure; 0: SQLITE_IOERR_WRITE, _TRUNCATE or _FSYNC
};

// Registered with SQLite while it lives. All connections are closed before it goes. Thread-safe.
class FaultVfs {
 public:
  explicit FaultVfs(std::string name);
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;
  ~FaultVfs();

  [[nodiscard]] const std::string& name() const;

  void set_plan(FaultPlan plan);  // counting starts anew
  // Operations since set_plan, and whether the plan's moment has come.
  [[nodiscard]] std::uint64_t operations() const;
  [[nodiscard]] bool struck() const;
  [[nodiscard]] std::uint64_t syncs() const;  // that succeeded, since the beginning

  // The power comes back; all connections are closed by now. Of the writes that were not synced,
  // those survive that the seed picks, in sectors of 512 bytes (a disk may write its cache in any
  // order and stop within a page); seed 0: none survives. Clears the plan. The real files hold what
  // is durable only from here on: call this before another VFS looks at them.
  void restart(std::uint64_t seed);

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace tocsin::test

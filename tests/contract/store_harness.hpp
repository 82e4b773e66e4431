#pragma once
// What the store suites share: a loop that also takes posts from other threads, a folder that goes
// away, the stores under test, and batches that can be recognised again.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "config/model.hpp"
#include "ports/loop.hpp"
#include "ports/store.hpp"
#include "support/fault_vfs.hpp"
#include "support/memory_store.hpp"

namespace tocsin::test {

// Virtual time for timers, real waiting for posts of other threads.
class PumpLoop final : public ports::Loop, public ports::Clock {
 public:
  [[nodiscard]] Instant now() const override { return wall_; }
  [[nodiscard]] MonoTime mono_now() const override { return mono_; }
  void post(ports::Task task) override;
  ports::TimerId call_at(MonoTime when, ports::Task task) override;
  void cancel(ports::TimerId id) override;

  void advance_wall(Milliseconds by) { wall_ += by; }
  // Time passes only by advance(); otherwise the loop jumps to the next timer when it has nothing
  // else to do.
  void stand_still() { jumps_ = false; }
  // While it stands still and nothing happens for a second of real time: so much passes. For what
  // tries again after a moment when something real failed.
  void pass_when_stuck(Milliseconds by) { when_stuck_ = by; }
  // Time passes on both clocks. Timers that became due run with the next run_until().
  void advance(Milliseconds by) {
    wall_ += by;
    mono_ += by;
  }
  // Runs tasks and timers until `done`; false when that took longer than a minute of real time.
  [[nodiscard]] bool run_until(const std::function<bool()>& done);
  // Runs what is due by now, with all that follows from it on this thread.
  void run_due();

 private:
  bool run_one(bool wait);
  [[nodiscard]] bool timer_may_run() const;

  Instant wall_ = from_unix_ms(1'767'225'600'000);  // 2026-01-01T00:00:00Z
  MonoTime mono_{std::chrono::seconds{1000}};
  bool jumps_ = true;
  Milliseconds when_stuck_{0};
  ports::TimerId next_id_ = 1;
  std::map<std::pair<MonoTime, ports::TimerId>, ports::Task> timers_;
  std::mutex mutex_;
  std::condition_variable posted_;
  std::deque<ports::Task> tasks_;  // guarded by mutex_
};

// A new folder under the system's temporary one, removed with everything in it. In memory (when the
// system has /dev/shm) where a test simulates the disk anyway and the real one only costs time.
class TemporaryFolder {
 public:
  enum class Where : std::uint8_t { disk, memory };
  explicit TemporaryFolder(Where where = Where::disk);
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// One kind of store that can be opened, killed or closed, and opened again on what it kept.
class Backend {
 public:
  struct Options {
    config::Retention retention;
    std::size_t max_queued_batches = 16'384;
  };
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;
  // Ends the store that is open, then opens one.
  virtual ports::Store& open(PumpLoop& loop, const Options& options) = 0;
  // From now on no write succeeds, until heal().
  virtual void break_disk() = 0;
  virtual void heal() = 0;
};

[[nodiscard]] std::unique_ptr<Backend> make_memory_backend();
[[nodiscard]] std::unique_ptr<Backend> make_sqlite_backend();         // the system's VFS
[[nodiscard]] std::unique_ptr<Backend> make_faulty_sqlite_backend();  // break_disk() works

// Blocking forms of the port's calls.
[[nodiscard]] Result<void> commit(PumpLoop& loop, ports::Store& store, ports::WriteBatch batch);
[[nodiscard]] std::vector<ports::MonitorRecord> load_all(ports::Store& store);

template <typename T, typename Call>
[[nodiscard]] Result<T> ask(PumpLoop& loop, Call call) {
  std::optional<Result<T>> got;
  call(ports::Store::Answer<T>([&got](Result<T> result) { got = std::move(result); }));
  if (!loop.run_until([&got] { return got.has_value(); })) {
    return fail(ErrorCode::timeout, "no answer");
  }
  return std::move(*got);
}

[[nodiscard]] std::vector<ports::OutcomeRow> outcomes_of(PumpLoop& loop, ports::Store& store,
                                                         const std::string& monitor,
                                                         std::uint64_t before = 0,
                                                         std::size_t limit = 1000);
[[nodiscard]] std::vector<ports::EventRow> events_of(PumpLoop& loop, ports::Store& store,
                                                     ports::EventQuery query = {});
[[nodiscard]] std::vector<ports::RollupRow> rollups_of(
    PumpLoop& loop, ports::Store& store, const std::string& monitor,
    alert::RollupLevel level = alert::RollupLevel::hour);

[[nodiscard]] std::vector<ports::DeploymentRow> deployments_of(PumpLoop& loop, ports::Store& store,
                                                               ports::DeploymentQuery query);

// A record with nothing special in it but `name` and `outcomes`.
[[nodiscard]] ports::MonitorRecord make_record(const std::string& name, std::uint64_t outcomes = 0);

// Batch `number` of a run over `monitors` monitors: one record, outcome, roll-up, event, deployment
// and outbox row, all of which tell the number, so that a store can be checked for whole batches.
[[nodiscard]] ports::WriteBatch numbered_batch(std::uint64_t number, std::uint64_t monitors);
// "" when the store holds exactly batches 1 to N, each of them wholly, for an N >= `acknowledged`
// (and <= `handed_over`); else what is wrong.
[[nodiscard]] std::string check_numbered(PumpLoop& loop, ports::Store& store,
                                         std::uint64_t monitors, std::uint64_t acknowledged,
                                         std::uint64_t handed_over);

}  // namespace tocsin::test

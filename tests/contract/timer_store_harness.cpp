#include "contract/timer_store_harness.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>

#include "adapters/store_sqlite/timers_sqlite.hpp"
#include "support/fault_vfs.hpp"
#include "support/memory_timer_store.hpp"

namespace tocsin::test {
namespace {

class MemoryBackend final : public TimerBackend {
 public:
  ports::TimerStore& open(PumpLoop& loop, const Options& options) override {
    store_ = std::make_unique<MemoryTimerStore>(
        loop, loop, kept_, MemoryTimerStore::Options{options.max_timers, options.keep_expired});
    return *store_;
  }
  void break_store() override { store_->refuse(true); }
  void heal() override { store_->refuse(false); }

 private:
  MemoryTimers kept_;
  std::unique_ptr<MemoryTimerStore> store_;
};

NullLogger null_logger;

class SqliteTimers final : public TimerBackend {
 public:
  SqliteTimers() {
    static std::atomic<int> count{0};
    vfs_ = std::make_unique<FaultVfs>(fmt::format("timers-{}", ++count));
  }
  ports::TimerStore& open(PumpLoop& loop, const Options& options) override {
    store_.reset();
    store_sqlite::TimersSqliteOptions wanted;
    wanted.path = folder_.file("timers.db");
    wanted.vfs = vfs_->name();
    wanted.max_timers = options.max_timers;
    wanted.keep_expired = options.keep_expired;
    wanted.key = {1, 2};
    wanted.gather = Microseconds{0};  // the loop's time stands still
    auto opened = store_sqlite::TimersSqlite::open(loop, loop, std::move(wanted), null_logger);
    if (!opened) {
      ADD_FAILURE() << opened.error().message;
      std::abort();
    }
    store_ = std::move(*opened);
    return *store_;
  }
  void break_store() override {
    vfs_->set_plan({FaultPlan::Kind::fail_from, 1, 13});  // SQLITE_FULL
  }
  void heal() override { vfs_->set_plan({}); }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<FaultVfs> vfs_;
  std::unique_ptr<store_sqlite::TimersSqlite> store_;
};

}  // namespace

std::unique_ptr<TimerBackend> make_memory_timers() { return std::make_unique<MemoryBackend>(); }
std::unique_ptr<TimerBackend> make_sqlite_timers() { return std::make_unique<SqliteTimers>(); }

Result<ports::Armed> arm(PumpLoop& loop, ports::TimerStore& store, std::string_view id,
                         std::int64_t seconds) {
  return ask<ports::Armed>(loop, [&](auto answer) { store.arm(id, seconds, std::move(answer)); });
}

Result<std::optional<timer::Timer>> find(PumpLoop& loop, ports::TimerStore& store,
                                         std::string_view id) {
  return ask<std::optional<timer::Timer>>(loop,
                                          [&](auto answer) { store.find(id, std::move(answer)); });
}

Result<std::optional<timer::Timer>> disarm(PumpLoop& loop, ports::TimerStore& store,
                                           std::string_view id) {
  return ask<std::optional<timer::Timer>>(
      loop, [&](auto answer) { store.disarm(id, std::move(answer)); });
}

std::vector<timer::Timer> list_all(PumpLoop& loop, ports::TimerStore& store,
                                   const std::string& prefix, std::size_t page) {
  std::vector<timer::Timer> all;
  ports::TimerQuery query{prefix, "", page};
  do {
    auto got =
        ask<ports::TimerPage>(loop, [&](auto answer) { store.list(query, std::move(answer)); });
    if (!got) {
      return {};
    }
    std::ranges::move(got->timers, std::back_inserter(all));
    query.cursor = got->next;
  } while (!query.cursor.empty());
  std::ranges::sort(all, {}, &timer::Timer::id);
  return all;
}

std::vector<timer::Timer> take_due(PumpLoop& loop, ports::TimerStore& store, std::size_t limit) {
  return ask<std::vector<timer::Timer>>(
             loop, [&](auto answer) { store.take_due(limit, std::move(answer)); })
      .value_or(std::vector<timer::Timer>{});
}

std::vector<bool> mark(PumpLoop& loop, ports::TimerStore& store,
                       std::vector<ports::TimerMark> marks) {
  return ask<std::vector<bool>>(
             loop, [&](auto answer) { store.mark(std::move(marks), std::move(answer)); })
      .value_or(std::vector<bool>{});
}

}  // namespace tocsin::test

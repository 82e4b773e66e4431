#include "contract/store_harness.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <optional>

#include "adapters/store_sqlite/store_sqlite.hpp"

namespace tocsin::test {
namespace {

using store_sqlite::StoreSqlite;
using store_sqlite::StoreSqliteOptions;

NullLogger null_logger;

class MemoryBackend final : public Backend {
 public:
  ports::Store& open(PumpLoop& loop, const Options& options) override {
    StoreContents kept;
    if (store_) {
      kept = store_->contents();
      store_.reset();
    }
    MemoryStoreOptions wanted;
    wanted.retention = options.retention;
    wanted.max_queued_batches = options.max_queued_batches;
    store_ = std::make_unique<MemoryStore>(loop, loop, wanted, std::move(kept));
    return *store_;
  }
  void break_disk() override { store_->refuse(); }
  void heal() override { store_->accept(); }

 private:
  std::unique_ptr<MemoryStore> store_;
};

class SqliteBackend final : public Backend {
 public:
  explicit SqliteBackend(bool faulty) {
    static std::atomic<int> count{0};
    if (faulty) {
      vfs_ = std::make_unique<FaultVfs>(fmt::format("contract-{}", ++count));
    }
  }
  ports::Store& open(PumpLoop& loop, const Options& options) override {
    store_.reset();
    StoreSqliteOptions wanted;
    wanted.path = folder_.file("store.db");
    wanted.retention = options.retention;
    wanted.max_queued_batches = options.max_queued_batches;
    wanted.reserve_bytes = 4096;
    wanted.vfs = vfs_ ? vfs_->name() : "";
    auto opened = StoreSqlite::open(loop, loop, std::move(wanted), null_logger);
    if (!opened) {
      ADD_FAILURE() << opened.error().message;
      std::abort();
    }
    store_ = std::move(*opened);
    return *store_;
  }
  void break_disk() override {
    vfs_->set_plan({FaultPlan::Kind::fail_from, 1, 13});  // SQLITE_FULL
  }
  void heal() override { vfs_->set_plan({}); }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<FaultVfs> vfs_;
  std::unique_ptr<StoreSqlite> store_;
};

std::string monitor_of(std::uint64_t number, std::uint64_t monitors) {
  return fmt::format("monitor-{}", number % monitors);
}

// What an intact store holds of monitor `index` after batches 1 to `last`.
std::uint64_t batches_of(std::uint64_t index, std::uint64_t monitors, std::uint64_t last) {
  const std::uint64_t first = index == 0 ? monitors : index;
  return last < first ? 0 : (last - first) / monitors + 1;
}

}  // namespace

void PumpLoop::post(ports::Task task) {
  {
    const std::scoped_lock lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  posted_.notify_one();
}

ports::TimerId PumpLoop::call_at(MonoTime when, ports::Task task) {
  const ports::TimerId id = next_id_++;
  timers_.emplace(std::pair{when, id}, std::move(task));
  return id;
}

void PumpLoop::cancel(ports::TimerId id) {
  std::erase_if(timers_, [id](const auto& entry) { return entry.first.second == id; });
}

bool PumpLoop::timer_may_run() const {
  return !timers_.empty() && (jumps_ || timers_.begin()->first.first <= mono_);
}

bool PumpLoop::run_one(bool wait) {
  ports::Task task;
  {
    std::unique_lock lock(mutex_);
    if (tasks_.empty() && wait) {
      posted_.wait_for(lock, std::chrono::milliseconds{200}, [this] { return !tasks_.empty(); });
    }
    if (!tasks_.empty()) {
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
  }
  if (task) {
    task();
    return true;
  }
  if (!timer_may_run()) {
    return false;
  }
  const auto first = timers_.begin();
  mono_ = std::max(mono_, first->first.first);
  task = std::move(first->second);
  timers_.erase(first);
  task();
  return true;
}

bool PumpLoop::run_until(const std::function<bool()>& done) {
  int idle = 0;
  while (!done()) {
    if (run_one(!timer_may_run())) {
      idle = 0;
    } else if (++idle > 300) {
      return false;
    } else if (idle % 5 == 0) {
      advance(when_stuck_);
    }
  }
  return true;
}

void PumpLoop::run_due() {
  const bool jumps = std::exchange(jumps_, false);
  while (run_one(false)) {
  }
  jumps_ = jumps;
}

TemporaryFolder::TemporaryFolder(Where where) {
  const bool memory = where == Where::memory && ::access("/dev/shm", W_OK) == 0;
  const auto parent =
      memory ? std::filesystem::path("/dev/shm") : std::filesystem::temp_directory_path();
  std::string pattern = parent / "tocsin-store-XXXXXX";
  TOCSIN_ASSERT(::mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::unique_ptr<Backend> make_memory_backend() { return std::make_unique<MemoryBackend>(); }
std::unique_ptr<Backend> make_sqlite_backend() { return std::make_unique<SqliteBackend>(false); }
std::unique_ptr<Backend> make_faulty_sqlite_backend() {
  return std::make_unique<SqliteBackend>(true);
}

Result<void> commit(PumpLoop& loop, ports::Store& store, ports::WriteBatch batch) {
  std::optional<Result<void>> got;
  store.commit(std::move(batch), [&got](Result<void> result) { got = std::move(result); });
  if (!loop.run_until([&got] { return got.has_value(); })) {
    return fail(ErrorCode::timeout, "no answer");
  }
  return std::move(*got);
}

std::vector<ports::MonitorRecord> load_all(ports::Store& store) {
  std::vector<ports::MonitorRecord> records;
  const auto loaded =
      store.load([&records](ports::MonitorRecord record) { records.push_back(std::move(record)); });
  EXPECT_TRUE(loaded) << loaded.error().message;
  return records;
}

std::vector<ports::OutcomeRow> outcomes_of(PumpLoop& loop, ports::Store& store,
                                           const std::string& monitor, std::uint64_t before,
                                           std::size_t limit) {
  auto got = ask<std::vector<ports::OutcomeRow>>(
      loop, [&](auto answer) { store.read_outcomes(monitor, before, limit, std::move(answer)); });
  EXPECT_TRUE(got) << got.error().message;
  return got.value_or(std::vector<ports::OutcomeRow>{});
}

std::vector<ports::EventRow> events_of(PumpLoop& loop, ports::Store& store,
                                       ports::EventQuery query) {
  auto got = ask<std::vector<ports::EventRow>>(
      loop, [&](auto answer) { store.read_events(query, std::move(answer)); });
  EXPECT_TRUE(got) << got.error().message;
  return got.value_or(std::vector<ports::EventRow>{});
}

std::vector<ports::RollupRow> rollups_of(PumpLoop& loop, ports::Store& store,
                                         const std::string& monitor, alert::RollupLevel level) {
  auto got = ask<std::vector<ports::RollupRow>>(loop, [&](auto answer) {
    store.read_rollups(monitor, level, Instant{}, 100'000, std::move(answer));
  });
  EXPECT_TRUE(got) << got.error().message;
  return got.value_or(std::vector<ports::RollupRow>{});
}

std::vector<ports::DeploymentRow> deployments_of(PumpLoop& loop, ports::Store& store,
                                                 ports::DeploymentQuery query) {
  auto got = ask<std::vector<ports::DeploymentRow>>(
      loop, [&](auto answer) { store.read_deployments(query, std::move(answer)); });
  EXPECT_TRUE(got) << got.error().message;
  return got.value_or(std::vector<ports::DeploymentRow>{});
}

ports::MonitorRecord make_record(const std::string& name, std::uint64_t outcomes) {
  ports::MonitorRecord record;
  record.name = name;
  record.kind = "http";
  record.outcome_count = outcomes;
  record.last_json = outcomes == 0 ? "" : fmt::format("{{\"n\":{}}}", outcomes);
  return record;
}

ports::WriteBatch numbered_batch(std::uint64_t number, std::uint64_t monitors) {
  const std::string name = monitor_of(number, monitors);
  const std::uint64_t sequence = batches_of(number % monitors, monitors, number);
  const std::string event = fmt::format("{:026}", number);
  ports::WriteBatch batch;
  batch.monitors.push_back(make_record(name, sequence));
  batch.monitors.back().counters.planned = number;
  batch.monitors.back().counters.on_time = number;
  batch.outcomes.push_back({name, sequence, fmt::format("{{\"n\":{}}}", number)});
  alert::Tally tally;
  tally.up = 1;
  tally.duration_us_sum = number;
  batch.rollups.push_back(
      {name, {alert::RollupLevel::hour, from_unix_ms(1'767'222'000'000), tally}});
  const Instant at = from_unix_ms(1'767'225'600'000 + static_cast<std::int64_t>(number));
  batch.events.push_back({event, name, "went_down", at, fmt::format("{{\"n\":{}}}", number)});
  batch.deployments.push_back({name, "ecs-svc/1", at, fmt::format("{}", sequence)});
  batch.outbox.push_back({"ops/" + event, "ops", false, name, event, at, "{}"});
  return batch;
}

std::string check_numbered(PumpLoop& loop, ports::Store& store, std::uint64_t monitors,
                           std::uint64_t acknowledged, std::uint64_t handed_over) {
  ports::EventQuery query;
  query.limit = 1'000'000;
  const auto events = events_of(loop, store, query);
  const std::uint64_t last = events.size();
  if (last < acknowledged || last > handed_over) {
    return fmt::format("{} batches are there, {} were acknowledged, {} handed over", last,
                       acknowledged, handed_over);
  }
  if (last > 0 && events.front().id != fmt::format("{:026}", last)) {
    return fmt::format("{} events, but the newest is {}", last, events.front().id);
  }
  const auto depth =
      ask<std::uint64_t>(loop, [&](auto answer) { store.read_outbox_depth(std::move(answer)); });
  if (!depth || *depth != last) {
    return fmt::format("{} events and {} outbox rows", last, depth.value_or(0));
  }
  const auto records = load_all(store);
  for (std::uint64_t index = 0; index < monitors; ++index) {
    const std::uint64_t count = batches_of(index, monitors, last);
    const std::string name = fmt::format("monitor-{}", index);
    const auto record = std::ranges::find(records, name, &ports::MonitorRecord::name);
    const std::uint64_t stored = record == records.end() ? 0 : record->outcome_count;
    const auto rollups = rollups_of(loop, store, name);
    const std::uint64_t ups = rollups.empty() ? 0 : rollups.front().bucket.tally.up;
    const auto outcomes = outcomes_of(loop, store, name, 0, 1);
    const std::uint64_t sequence = outcomes.empty() ? 0 : outcomes.front().sequence;
    if (stored != count || ups != count || sequence != count) {
      return fmt::format(
          "after batch {}: {} has {} outcomes in its record, {} in its history and "
          "{} in its roll-up instead of {}",
          last, name, stored, sequence, ups, count);
    }
    const auto deployments = deployments_of(loop, store, {name, {}, "", 10});
    const std::string version = deployments.empty() ? "0" : deployments.front().json;
    if (deployments.size() > 1 || version != std::to_string(count)) {
      return fmt::format("after batch {}: {} has {} deployments, the newest of version {}", last,
                         name, deployments.size(), version);
    }
  }
  return "";
}

}  // namespace tocsin::test

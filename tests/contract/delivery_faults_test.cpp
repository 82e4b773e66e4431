// The power goes at every write, truncation and sync of a life in which things go down, are told
// and come back: watch and dispatcher on virtual time over the real store on a disk that forgets.
// The next life tells everything that is in the store, and nothing was told that is not.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>

#include "adapters/store_sqlite/store_sqlite.hpp"
#include "check/assertions.hpp"
#include "contract/store_harness.hpp"
#include "service/delivery/dispatcher.hpp"
#include "service/watch.hpp"
#include "sim/seed.hpp"
#include "support/scripted_courier.hpp"
#include "support/scripted_prober.hpp"
#include "support/virtual_loop.hpp"

namespace tocsin::test {
namespace {

using namespace std::chrono_literals;
using store_sqlite::StoreSqlite;
using store_sqlite::StoreSqliteOptions;

constexpr int kMonitors = 3;

// Tells how many commits are not answered yet.
class CountingStore final : public ports::Store {
 public:
  explicit CountingStore(std::unique_ptr<StoreSqlite> store) : store_(std::move(store)) {}
  [[nodiscard]] std::uint64_t outstanding() const { return outstanding_; }

  Result<void> load(const std::function<void(ports::MonitorRecord)>& each) override {
    return store_->load(each);
  }
  Result<void> load_outbox(const std::function<void(ports::OutboxRow)>& each) override {
    return store_->load_outbox(each);
  }
  Result<std::vector<ports::ThreadRow>> load_threads() override { return store_->load_threads(); }
  Result<std::vector<ports::MemoRow>> load_memos() override { return store_->load_memos(); }
  Result<std::vector<ports::SilenceRow>> load_silences() override {
    return store_->load_silences();
  }
  void commit(ports::WriteBatch batch, Done done) override {
    ++outstanding_;
    store_->commit(std::move(batch), [this, done = std::move(done)](Result<void> result) mutable {
      --outstanding_;
      done(std::move(result));
    });
  }
  void retry() override { store_->retry(); }
  void read_outcomes(std::string monitor, std::uint64_t before, std::size_t limit,
                     Answer<std::vector<ports::OutcomeRow>> answer) override {
    store_->read_outcomes(std::move(monitor), before, limit, std::move(answer));
  }
  void read_events(ports::EventQuery query, Answer<std::vector<ports::EventRow>> answer) override {
    store_->read_events(std::move(query), std::move(answer));
  }
  void read_deployments(ports::DeploymentQuery query,
                        Answer<std::vector<ports::DeploymentRow>> answer) override {
    store_->read_deployments(std::move(query), std::move(answer));
  }
  void read_uptime(std::vector<std::string> monitors, Instant now,
                   Answer<std::vector<ports::UptimeSums>> answer) override {
    store_->read_uptime(std::move(monitors), now, std::move(answer));
  }
  void read_rollups(std::string monitor, alert::RollupLevel level, Instant from, std::size_t limit,
                    Answer<std::vector<ports::RollupRow>> answer) override {
    store_->read_rollups(std::move(monitor), level, from, limit, std::move(answer));
  }
  void read_outbox_depth(Answer<std::uint64_t> answer) override {
    store_->read_outbox_depth(std::move(answer));
  }
  void backup(std::string path, Done done) override {
    store_->backup(std::move(path), std::move(done));
  }
  [[nodiscard]] Stats stats() const override { return store_->stats(); }

 private:
  std::unique_ptr<StoreSqlite> store_;
  std::uint64_t outstanding_ = 0;
};

// The body is the events' ids, one per line.
class IdFormat final : public notification::Format {
 public:
  [[nodiscard]] notification::Audience audience() const override {
    return notification::Audience::machines;
  }
  [[nodiscard]] notification::Work prepare(
      const notification::Message& message,
      const std::optional<notification::Earlier>& /*earlier*/) const override {
    notification::HttpStep step;
    for (const alert::Event& event : message.events) {
      step.body += event.id + "\n";
    }
    notification::Work work;
    work.steps.emplace_back(std::move(step));
    return work;
  }
  [[nodiscard]] notification::Verdict judge(const notification::Work& /*work*/,
                                            std::size_t /*index*/,
                                            const notification::Answer& answer) const override {
    return notification::judge_http(answer);
  }
};

config::Config make_config() {
  config::Config out;
  auto notes = std::make_shared<config::MonitorNotes>();
  notes->notify = {{"ops", {}, {}, 0s}};
  notes->flapping = false;
  auto plan = std::make_shared<schedule::Plan>();
  plan->when = schedule::EveryPlan{2s};
  for (int i = 0; i < kMonitors; ++i) {
    config::Monitor monitor;
    monitor.name = fmt::format("m{}", i);
    auto spec = std::make_shared<check::CheckSpec>();
    spec->target = check::HttpCheck{monitor.name, std::make_shared<const check::HttpOptions>()};
    spec->assertions = check::Assertions::none();
    spec->timeout = 1s;
    monitor.check = spec;
    monitor.plan = plan;
    monitor.notes = notes;
    monitor.thresholds.fail_count = monitor.thresholds.fail_window = 1;
    out.monitors.push_back(std::move(monitor));
  }
  auto outlet = std::make_shared<notification::Outlet>();
  outlet->name = "ops";
  outlet->type = "webhook";
  outlet->format = std::make_shared<IdFormat>();
  out.channels.push_back(std::move(outlet));
  return out;
}

class DeliveryFaults : public testing::Test {
 protected:
  // One process, from its start to its end or to the moment at which the power goes.
  struct Life {
    std::unique_ptr<CountingStore> store;
    std::unique_ptr<ScriptedCourier> courier;
    std::unique_ptr<service::Watch> watch;
    std::unique_ptr<service::Dispatcher> dispatcher;
  };

  Result<std::unique_ptr<StoreSqlite>> open(const std::string& path, const std::string& vfs) {
    StoreSqliteOptions options;
    options.path = path;
    options.reserve_bytes = 0;
    options.vfs = vfs;
    return StoreSqlite::open(pump_, virtual_, std::move(options), log_);
  }

  bool begin(Life& life, const std::string& path, const std::string& vfs) {
    auto store = open(path, vfs);
    if (!store) return false;
    life.store = std::make_unique<CountingStore>(std::move(*store));
    life.courier = std::make_unique<ScriptedCourier>(virtual_, virtual_);
    life.courier->script = [this](const notification::Step& step) {
      const std::string& body = std::get<notification::HttpStep>(step).body;
      // Without power nothing leaves. (While the power holds and only the disk refuses, what is
      // announced goes out from memory: that is another matter.)
      if (vfs_.struck()) return ScriptedCourier::Reply{{}, 20ms, true};
      for (std::size_t at = 0; at < body.size(); at = body.find('\n', at) + 1) {
        ++arrived_[body.substr(at, body.find('\n', at) - at)];
      }
      return ScriptedCourier::Reply{ScriptedCourier::ok(), 20ms, false};
    };
    service::Watch::Ports ports{virtual_, virtual_, prober_, *life.store, log_};
    life.watch = std::make_unique<service::Watch>(ports, 5);
    service::Dispatcher::Hooks hooks;
    service::Watch& watch = *life.watch;
    hooks.record = [&watch](ports::WriteBatch batch) { watch.record_delivered(std::move(batch)); };
    life.dispatcher = std::make_unique<service::Dispatcher>(
        service::Dispatcher::Ports{virtual_, virtual_, *life.courier, log_}, std::move(hooks),
        service::Dispatcher::Bounds{}, 6);
    service::Dispatcher& dispatcher = *life.dispatcher;
    watch.on_notifications(
        [&dispatcher](std::vector<ports::OutboxRow> rows) { dispatcher.deliver(std::move(rows)); });
    const config::Config config = make_config();
    dispatcher.set_outlets(config.channels, config.sinks);
    std::vector<ports::OutboxRow> waiting;
    if (!life.store->load_outbox(
            [&](ports::OutboxRow row) { waiting.push_back(std::move(row)); })) {
      return false;
    }
    dispatcher.deliver(std::move(waiting));
    return life.watch->start(config).has_value();
  }

  // Every commit is answered before time goes on. False once the power is gone.
  bool live(Life& life, Milliseconds duration) {
    const MonoTime until = virtual_.mono_now() + duration;
    while (virtual_.run_one(until)) {
      EXPECT_TRUE(pump_.run_until([&] { return life.store->outstanding() == 0; }));
      if (vfs_.struck()) return false;
    }
    return true;
  }

  // Down and up again, one after the other; `false` when the power went.
  bool work(Life& life) {
    for (int i = 0; i < kMonitors; ++i) {
      const std::string name = fmt::format("m{}", i);
      prober_.force(name, check::Status::down);
      if (!live(life, 4s)) return false;
      prober_.force(name, check::Status::up);
      if (!live(life, 4s)) return false;
    }
    return true;
  }

  void end(Life& life) {
    life.watch.reset();
    life.dispatcher.reset();
    life.courier.reset();
    life.store.reset();
    virtual_.clear();
    prober_.forget_in_flight();
  }

  std::map<std::string, std::string> stored_events(Life& life) {
    std::map<std::string, std::string> out;
    ports::EventQuery query;
    query.limit = 1000;
    for (const ports::EventRow& row : events_of(pump_, *life.store, query)) {
      out[row.id] = row.type + " " + row.monitor;
    }
    return out;
  }

  // False when the moment of the fault never came.
  bool one(std::uint64_t at, std::uint64_t seed) {
    const TemporaryFolder folder(TemporaryFolder::Where::memory);
    const std::string path = folder.file("store.db");
    arrived_.clear();
    for (int i = 0; i < kMonitors; ++i) {
      prober_.force(fmt::format("m{}", i), check::Status::up);
    }
    vfs_.set_plan({FaultPlan::Kind::power_cut, at, 0});
    Life first;
    if (begin(first, path, vfs_.name())) (void)work(first);
    const bool struck = vfs_.struck();
    end(first);
    vfs_.restart(seed);
    vfs_.set_plan({});
    const std::map<std::string, unsigned> before = arrived_;
    Life second;
    EXPECT_TRUE(begin(second, path, ""));
    std::set<std::string> waited;
    EXPECT_TRUE(second.store->load_outbox(
        [&](const ports::OutboxRow& row) { waited.insert(row.event_id); }));
    for (int i = 0; i < kMonitors; ++i) {
      prober_.force(fmt::format("m{}", i), check::Status::up);
    }
    EXPECT_TRUE(live(second, 20s));
    compare(stored_events(second), before, waited);
    EXPECT_EQ(second.dispatcher->waiting(), 0U);
    end(second);
    return struck;
  }

  void compare(const std::map<std::string, std::string>& stored,
               const std::map<std::string, unsigned>& before, const std::set<std::string>& waited) {
    for (const auto& [id, what] : stored) {
      EXPECT_TRUE(arrived_.contains(id)) << what << " is stored and was never told";
    }
    for (const auto& [id, times] : arrived_) {
      EXPECT_TRUE(stored.contains(id)) << id << " was told, and the store knows nothing of it";
      const bool between = before.contains(id) && waited.contains(id);
      EXPECT_LE(times, between ? 2U : 1U) << id << " came too often";
    }
  }

  PumpLoop pump_;        // the store's answers
  VirtualLoop virtual_;  // everything else
  NullLogger log_;
  FaultVfs vfs_{"delivery-faults"};
  ScriptedProber prober_{virtual_, virtual_, 1};
  std::map<std::string, unsigned> arrived_;  // by event
};

TEST_F(DeliveryFaults, APowerCutAtEveryOperationLosesNoNotificationAndRepeatsNoneThatIsRecorded) {
  const std::uint64_t seeds = divisor() > 1 ? 1 : 3;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    std::uint64_t at = 1;
    while (one(at, seed) && !HasFailure()) {
      ++at;
    }
    EXPECT_FALSE(HasFailure()) << "operation " << at << ", seed " << seed;
    EXPECT_GT(at, 40U) << "the life is too short to say anything";
  }
}

}  // namespace
}  // namespace tocsin::test

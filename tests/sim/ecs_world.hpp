#pragma once
// A fleet of ECS services, the process that watches it, and everything that may go wrong between
// them, on virtual time. One seed decides everything.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/random.hpp"
#include "config/model.hpp"
#include "service/ecs/fleet.hpp"
#include "sim/ecs_cloud.hpp"
#include "sim/ecs_ledger.hpp"
#include "support/memory_store.hpp"
#include "support/scripted_prober.hpp"
#include "support/virtual_loop.hpp"

namespace tocsin::test {

// Says of each transaction that it is durable, in order; also of one that a kill made durable
// without anybody hearing of it.
class DurableTap final : public ports::Store {
 public:
  using Heard = std::function<void(const ports::WriteBatch&)>;
  DurableTap(MemoryStore& store, Heard heard) : store_(store), heard_(std::move(heard)) {}
  void hear_the_rest();

  Result<void> load(const std::function<void(ports::MonitorRecord)>& each) override {
    return store_.load(each);
  }
  Result<void> load_outbox(const std::function<void(ports::OutboxRow)>& each) override {
    return store_.load_outbox(each);
  }
  Result<std::vector<ports::ThreadRow>> load_threads() override { return store_.load_threads(); }
  Result<std::vector<ports::MemoRow>> load_memos() override { return store_.load_memos(); }
  Result<std::vector<ports::SilenceRow>> load_silences() override { return store_.load_silences(); }
  void commit(ports::WriteBatch batch, Done done) override;
  void retry() override { store_.retry(); }
  void read_outcomes(std::string monitor, std::uint64_t before, std::size_t limit,
                     Answer<std::vector<ports::OutcomeRow>> answer) override {
    store_.read_outcomes(std::move(monitor), before, limit, std::move(answer));
  }
  void read_events(ports::EventQuery query, Answer<std::vector<ports::EventRow>> answer) override {
    store_.read_events(std::move(query), std::move(answer));
  }
  void read_deployments(ports::DeploymentQuery query,
                        Answer<std::vector<ports::DeploymentRow>> answer) override {
    store_.read_deployments(std::move(query), std::move(answer));
  }
  void read_uptime(std::vector<std::string> monitors, Instant now,
                   Answer<std::vector<ports::UptimeSums>> answer) override {
    store_.read_uptime(std::move(monitors), now, std::move(answer));
  }
  void read_rollups(std::string monitor, alert::RollupLevel level, Instant from, std::size_t limit,
                    Answer<std::vector<ports::RollupRow>> answer) override {
    store_.read_rollups(std::move(monitor), level, from, limit, std::move(answer));
  }
  void read_outbox_depth(Answer<std::uint64_t> answer) override {
    store_.read_outbox_depth(std::move(answer));
  }
  void backup(std::string path, Done done) override {
    store_.backup(std::move(path), std::move(done));
  }
  Stats stats() const override { return store_.stats(); }

 private:
  MemoryStore& store_;
  Heard heard_;
  std::deque<std::shared_ptr<ports::WriteBatch>> pending_;
};

class EcsWorld {
 public:
  struct Options {
    std::uint64_t seed = 1;
    std::size_t services = 12;
    bool quiet = false;  // nothing ever happens to the services
  };
  explicit EcsWorld(const Options& options);
  ~EcsWorld();

  void boot();
  // The process dies: what was not durable is gone.
  void kill();
  void shut_down();
  void run_for(Milliseconds duration);
  // One thing that may happen between the watch and AWS, the store and people.
  void disturb();
  // Everything is well from now on, for long enough; then what is known against what is true.
  void settle();

  [[nodiscard]] bool healthy() const { return problem_.empty(); }
  // What is wrong, and the story of the service that it happened to.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] std::uint64_t kills() const { return kills_; }
  [[nodiscard]] std::uint64_t happenings() const;
  [[nodiscard]] std::uint64_t looks() const { return looks_; }
  [[nodiscard]] std::uint64_t calls() const;

  VirtualLoop loop;
  EcsLedger ledger;

 private:
  struct Process;

  [[nodiscard]] std::size_t names() const;  // of all services that ever were
  void make_clouds(const Options& options);
  void make_config();
  void tick();
  void apply();
  void deliver(const std::vector<ports::OutboxRow>& rows);
  void require(bool held, const std::string& what);
  [[nodiscard]] std::string story_of(const std::string& what) const;
  [[nodiscard]] config::EcsCluster entry(std::size_t cloud, const std::string& cluster);
  void bad_weather();
  void good_weather();
  void reload();
  void pause_or_resume();
  void add_silence();
  void end_silence();
  void trouble_store();
  void compare();
  void compare_service(const std::string& cluster, const EcsTruth& truth, std::size_t& expected);
  void look_at_counters();
  const std::string& any_monitor();

  Random random_;
  NullLogger log_;
  ScriptedProber prober_;
  std::string problem_;
  std::uint64_t kills_ = 0, boots_ = 0, looks_ = 0;
  bool quiet_ = false;
  bool settled_ = false;
  bool store_refuses_ = false;
  std::vector<std::unique_ptr<EcsCloud>> clouds_;
  std::vector<config::EcsCluster> entries_;  // all that ever are
  std::vector<bool> present_;
  std::shared_ptr<config::MonitorNotes> notes_;
  StoreContents contents_;
  std::string chosen_;
  std::unique_ptr<Process> process_;
};

}  // namespace tocsin::test

#pragma once
// The fake of ports::Store: everything in memory, on the loop's own time, stricter than the real
// one. Misuse of the contract aborts. What was committed can be taken out to start the next one
// with, which is how simulations kill a process.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "config/model.hpp"
#include "ports/loop.hpp"
#include "ports/store.hpp"

namespace tocsin::test {

// What is durable: plain values, copied by a simulated crash.
struct StoreContents {
  // Level (0 hour, 1 day) and start in Unix milliseconds.
  using BucketKey = std::pair<int, std::int64_t>;

  std::map<std::string, ports::MonitorRecord> monitors;
  std::map<std::string, std::map<std::uint64_t, std::string>> outcomes;
  std::map<std::string, std::map<BucketKey, alert::Tally>> rollups;
  std::map<std::string, ports::EventRow> events;
  std::map<std::string, ports::OutboxRow> outbox;
  std::map<std::string, std::uint64_t> outbox_order;  // key to its number in order of commit
  std::map<std::pair<std::string, std::string>, ports::ThreadRow> threads;
  std::map<std::string, std::string> silences;
  std::map<std::string, std::string> memos;
  std::map<std::pair<std::string, std::string>, ports::DeploymentRow> deployments;  // monitor, id
  std::uint64_t outbox_rows = 0;                                                    // ever
};

struct MemoryStoreOptions {
  Microseconds commit_latency{2'000};  // all that waits commits together when it has passed
  Microseconds read_latency{500};
  config::Retention retention;
  std::size_t max_queued_batches = 16'384;
};

// Loop thread only. The loop and the clock outlive it. Destroying it is a kill: what was not
// committed is gone and no callback runs any more.
class MemoryStore final : public ports::Store {
 public:
  MemoryStore(ports::Loop& loop, const ports::Clock& clock, MemoryStoreOptions options = {},
              StoreContents contents = {});
  ~MemoryStore() override;

  // Faults. Batches handed over are counted from 1 over the store's life; from number `batch` on
  // they fail with `unavailable` (the disk is full) until accept().
  void refuse_from(std::uint64_t batch) { refuse_from_ = batch; }
  void refuse() { refuse_from_ = 0; }
  void accept() { refuse_from_.reset(); }
  void set_commit_latency(Microseconds latency) { options_.commit_latency = latency; }

  // What a kill at this moment would leave behind.
  [[nodiscard]] const StoreContents& contents() const { return contents_; }
  [[nodiscard]] std::uint64_t handed_over() const { return handed_over_; }

  [[nodiscard]] Result<void> load(const std::function<void(ports::MonitorRecord)>& each) override;
  [[nodiscard]] Result<void> load_outbox(
      const std::function<void(ports::OutboxRow)>& each) override;
  [[nodiscard]] Result<std::vector<ports::ThreadRow>> load_threads() override;
  [[nodiscard]] Result<std::vector<ports::SilenceRow>> load_silences() override;
  [[nodiscard]] Result<std::vector<ports::MemoRow>> load_memos() override;
  void commit(ports::WriteBatch batch, Done done) override;
  void retry() override { ++epoch_; }
  void read_outcomes(std::string monitor, std::uint64_t before, std::size_t limit,
                     Answer<std::vector<ports::OutcomeRow>> answer) override;
  void read_events(ports::EventQuery query, Answer<std::vector<ports::EventRow>> answer) override;
  void read_deployments(ports::DeploymentQuery query,
                        Answer<std::vector<ports::DeploymentRow>> answer) override;
  void read_uptime(std::vector<std::string> monitors, Instant now,
                   Answer<std::vector<ports::UptimeSums>> answer) override;
  void read_rollups(std::string monitor, alert::RollupLevel level, Instant from, std::size_t limit,
                    Answer<std::vector<ports::RollupRow>> answer) override;
  void read_outbox_depth(Answer<std::uint64_t> answer) override;
  // Counts as done without a copy; contents() is the copy.
  void backup(std::string path, Done done) override;
  [[nodiscard]] Stats stats() const override;

 private:
  struct Job {
    ports::WriteBatch batch;
    Done done;
    std::uint64_t epoch = 0;
    std::uint64_t number = 0;
    bool refused = false;
  };

  void flush();
  [[nodiscard]] Result<void> write(Job& job);
  void apply(ports::WriteBatch& batch);
  void apply_outcome(ports::OutcomeRow& row);
  void apply_delivery(ports::WriteBatch& batch);
  void forget_old();
  // Runs `task` on the loop after `latency`, unless the store is gone by then.
  void later(Microseconds latency, ports::Task task);

  ports::Loop& loop_;
  const ports::Clock& clock_;
  MemoryStoreOptions options_;
  StoreContents contents_;
  std::deque<Job> queue_;
  std::size_t waiting_ = 0;
  std::uint64_t epoch_ = 0;
  std::optional<std::uint64_t> failed_epoch_;
  std::optional<std::uint64_t> refuse_from_;
  std::uint64_t handed_over_ = 0;
  ports::TimerId flush_timer_ = 0;
  std::uint64_t next_pending_ = 0;
  std::map<std::uint64_t, ports::TimerId> pending_;  // timers of later()
  Instant last_forget_{};
  Stats stats_;
};

}  // namespace tocsin::test

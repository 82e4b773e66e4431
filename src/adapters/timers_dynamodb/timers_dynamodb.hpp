#pragma once
// ports::TimerStore in a DynamoDB table that any number of processes, and the service that this
// replaces, may share. Every write is conditional on what it replaces, so that an answer that was
// lost, or a request that comes late or twice, loses no arm and invents none. Reads are consistent.
// Timers run on the wall clock, to the second. Loop thread only.
//
// Expiries are found in the table's index by deadline, which only timers that people wait for
// enter; a scan of the table every ten minutes enters those that other programs armed.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "adapters/aws/api.hpp"
#include "adapters/timers_dynamodb/row.hpp"
#include "adapters/timers_dynamodb/table_facts.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "ports/loop.hpp"
#include "ports/timer_store.hpp"

namespace tocsin::timers_dynamodb {

struct TimersDynamoDbOptions {
  std::string table;
  Milliseconds keep_expired{std::chrono::hours{24 * 30}};
  Milliseconds request_deadline{5'000};  // of one arm, check or disarm with all its retries
  Milliseconds look_every{1'000};        // at the index, as next_due() asks for
  Milliseconds sweep_every{10 * 60'000};
  Milliseconds check_every{60'000};  // the table again, while it lacks something
};

class TimersDynamoDb final : public ports::TimerStore {
 public:
  // All outlive the store. `random` draws what tells this process from others.
  TimersDynamoDb(ports::Loop& loop, const ports::Clock& clock, aws::Api& api, Random& random,
                 Logger& logger, TimersDynamoDbOptions options);
  ~TimersDynamoDb() override;

  // Asks DynamoDB what the table is like; for the start, which refuses a table that cannot be used.
  // Errors as of the port: invalid says what to change, unavailable may pass.
  void check_table(Answer<TableFacts> answer);

  [[nodiscard]] Time time() override;
  // Begins to scan the table, if anything is watched.
  void watch(std::function<bool(std::string_view id)> watched) override;
  void arm(std::string_view id, std::int64_t seconds, Answer<ports::Armed> answer) override;
  void find(std::string_view id, Answer<std::optional<timer::Timer>> answer) override;
  void disarm(std::string_view id, Answer<std::optional<timer::Timer>> answer) override;
  void list(ports::TimerQuery query, Answer<ports::TimerPage> answer) override;
  void take_due(std::size_t limit, Answer<std::vector<timer::Timer>> answer) override;
  [[nodiscard]] std::optional<Instant> next_due() override;
  void mark(std::vector<ports::TimerMark> marks, Answer<std::vector<bool>> answer) override;
  [[nodiscard]] Stats stats() const override { return stats_; }

 private:
  struct Arming;
  struct Disarming;
  struct Marking;
  struct Taking;
  struct Sweep;
  using CallDone = std::move_only_function<void(aws::ApiResult)>;
  using Handed =
      std::tuple<std::string, std::int64_t, std::int64_t>;  // id, start, which turn of it

  [[nodiscard]] MonoTime deadline() const;
  [[nodiscard]] std::int64_t next_version();
  [[nodiscard]] bool kept(const Row& row) const;
  [[nodiscard]] std::optional<timer::Timer> shown(const Row& row) const;
  void call(const aws::Operation& operation, std::string json, MonoTime deadline, CallDone done);
  [[nodiscard]] Error error_of(const aws::Failure& failure);
  // The row as it is now; nullopt: none, not even a tombstone.
  void read(const std::string& id, MonoTime deadline, Answer<std::optional<Row>> answer);

  void arm_at_once(const std::shared_ptr<Arming>& arming);
  void arm_after_reading(const std::shared_ptr<Arming>& arming);
  void arm_over(const std::shared_ptr<Arming>& arming, const std::optional<Row>& before);
  void armed(const std::shared_ptr<Arming>& arming, const std::optional<Row>& previous);
  void disarm_over(const std::shared_ptr<Disarming>& disarming, std::optional<Row> before);

  // timers_dynamodb_due.cpp
  void take(const std::shared_ptr<Taking>& taking);
  void take_page(const std::shared_ptr<Taking>& taking, std::uint64_t shard,
                 std::string_view after);
  void take_rows(Taking& taking, std::uint64_t shard, std::vector<Row>& rows);
  void taken(const std::shared_ptr<Taking>& taking, std::uint64_t shard,
             const aws::ApiResult& result);
  void end_taking(Taking& taking);
  [[nodiscard]] std::optional<Handed> eligible(const Row& row) const;
  void mend_index(const Row& row);
  void mark_next(const std::shared_ptr<Marking>& marking);
  void mark_one(const std::shared_ptr<Marking>& marking, std::size_t index, int variant);
  void mark_heir(const std::shared_ptr<Marking>& marking, std::size_t index);
  void marked(const std::shared_ptr<Marking>& marking, std::size_t index, int variant,
              const aws::ApiResult& result);

  // timers_dynamodb_sweep.cpp
  void begin_watching();
  void table_checked(const Result<TableFacts>& facts);
  void recheck_later();
  void started();
  void sweep();
  void sweep_page(const std::shared_ptr<Sweep>& sweep, std::string_view after);
  void swept(const std::shared_ptr<Sweep>& sweep, const aws::ApiResult& result);
  void sweep_row(Sweep& sweep, const Row& row);
  void sweep_writes(const std::shared_ptr<Sweep>& sweep);
  void end_sweep(const Sweep& sweep);

  ports::Loop& loop_;
  const ports::Clock& clock_;
  aws::Api& api_;
  Logger& logger_;
  TimersDynamoDbOptions options_;
  std::string process_;  // tells our claims from others'
  std::int64_t last_version_ = 0;
  std::uint64_t version_noise_ = 0;
  Stats stats_;

  std::function<bool(std::string_view)> watched_;
  std::optional<bool> index_;      // whether the table has it; nullopt: not known yet
  std::string told_problem_;       // the last that was logged
  std::optional<Instant> opened_;  // when the first watch() came
  bool starting_ = false;          // the table is looked at, or scanned for the first time
  std::vector<std::shared_ptr<Taking>> waiting_;  // for the end of that
  // Until the index was read to its end once, what an earlier process left is handed out at once.
  bool first_pass_ = true;
  std::map<Handed, MonoTime> handed_;       // and when it was last seen in the index
  std::map<std::int64_t, Instant> recent_;  // the earliest of our own, by second of arming
  std::optional<Instant> upcoming_;         // the earliest that the last look saw ahead
  std::optional<Instant> last_take_;        // its beginning
  std::shared_ptr<Sweep> sweep_;            // under way
  std::optional<Instant> last_sweep_;       // the beginning of the last whole one
  ports::TimerId sweep_timer_ = 0;
  ports::TimerId check_timer_ = 0;
  std::shared_ptr<int> alive_;
};

}  // namespace tocsin::timers_dynamodb

#pragma once
// The durable record. What is acknowledged or announced is committed here first. Real:
// adapters/store_sqlite; fake: tests/support's MemoryStore; both pass
// tests/contract/store_contract.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "alert/state.hpp"
#include "alert/uptime.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "notification/outbox.hpp"
#include "schedule/counters.hpp"

namespace tocsin::ports {

// Everything durable about one monitor but its history: loaded and let go by name.
struct MonitorRecord {
  std::string name;
  std::string kind;
  alert::MonitorState state;
  schedule::Counters counters;  // running is 0 in a stored record unless a run is in flight
  Instant accounted_until{};    // planned runs up to here are counted
  alert::OpenBuckets buckets;
  bool paused = false;
  std::uint64_t outcome_count = 0;  // of all time; the sequence of the last outcome
  Instant last_started{};           // of the last outcome; epoch 0: none yet
  std::string last_json;            // check::to_json of the last outcome; "" none yet
  std::string alerting;             // alert::to_json of its AlertMemory; "" when there is nothing
  std::string memory;               // what only its kind remembers: timer::to_json of a heartbeat,
                                    // service::to_json of an ECS service; "" of other kinds
};

struct OutcomeRow {
  std::string monitor;
  std::uint64_t sequence = 0;  // MonitorRecord::outcome_count at that time
  std::string json;
};

struct RollupRow {
  std::string monitor;
  alert::ClosedBucket bucket;
};

struct EventRow {
  std::string id;
  std::string monitor;
  std::string type;
  Instant at{};
  std::string json;  // alert::to_json
};

// A notification that waits. `key` is the primary key.
using OutboxRow = notification::Notification;

// What a channel needs to answer to a message that it sent about an incident.
struct ThreadRow {
  std::string channel;
  std::string incident;  // with `channel` the primary key
  std::string reference;
  std::string content;
  Instant created{};
};

// One deployment of an ECS service, as far as it is known by now.
struct DeploymentRow {
  std::string monitor;
  std::string id;     // "ecs-svc/..."; with `monitor` the primary key
  Instant created{};  // by AWS's clock: history is in this order
  std::string json;   // deployment::to_json of its record
};

// What a part of the program keeps in mind for its next start, beside monitors.
struct MemoRow {
  std::string name;  // of the part, then of what it is about: "ecs:eu-west-1/prod"
  std::string text;  // "" forgets it
};

struct SilenceRow {
  std::string id;
  std::string json;  // alert::to_json
};

// One atomic change. All of it is durable or none of it. `removed` is applied first: a monitor that
// is removed and named in `monitors` too starts anew.
struct WriteBatch {
  std::vector<MonitorRecord> monitors;  // upserts by name
  std::vector<OutcomeRow> outcomes;
  std::vector<RollupRow> rollups;      // a row that exists is merged
  std::vector<EventRow> events;        // an id that exists is kept (a journal may be replayed)
  std::vector<OutboxRow> outbox;       // a key that exists is kept
  std::vector<std::string> delivered;  // outbox keys that go, once `outbox` is in
  std::vector<ThreadRow> threads;      // upserts
  std::vector<std::pair<std::string, std::string>> ended_threads;  // channel, incident
  std::vector<DeploymentRow> deployments;                          // upserts; outlive `removed`
  std::vector<MemoRow> memos;                                      // upserts by name
  std::vector<SilenceRow> silences;                                // upserts by id
  std::vector<std::string> ended_silences;                         // ids
  bool awaited = false;  // somebody waits for it: not to be put off for the sake of a larger group
  std::vector<std::string> removed;  // monitors whose record, history and roll-ups go; events stay
};

struct EventQuery {
  std::string monitor;    // "" any
  std::string type;       // "" any
  std::string before_id;  // strictly older than this id; "" from the newest
  std::size_t limit = 100;
};

struct DeploymentQuery {
  std::string monitor;
  // Strictly older than this pair; epoch 0: from the newest. Several may share one moment.
  Instant before{};
  std::string before_id;
  std::size_t limit = 100;
};

struct UptimeSums {
  struct Sum {
    std::uint64_t up = 0;
    std::uint64_t down = 0;
  };
  Sum day, week, month, quarter;  // closed buckets of 24 h, 7 d, 30 d, 90 d; open ones excluded
};

class Store {
 public:
  using Done = std::move_only_function<void(Result<void>)>;
  template <typename T>
  using Answer = std::move_only_function<void(Result<T>)>;

  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;

  // Before the loop runs. Calls `each` for every stored monitor, in name order.
  [[nodiscard]] virtual Result<void> load(const std::function<void(MonitorRecord)>& each) = 0;

  // Before the loop runs, as load(). Outbox rows in the order in which they were committed.
  [[nodiscard]] virtual Result<void> load_outbox(const std::function<void(OutboxRow)>& each) = 0;
  [[nodiscard]] virtual Result<std::vector<ThreadRow>> load_threads() = 0;
  [[nodiscard]] virtual Result<std::vector<SilenceRow>> load_silences() = 0;
  [[nodiscard]] virtual Result<std::vector<MemoRow>> load_memos() = 0;  // by name

  // Loop thread; never blocks. `done` runs on the loop thread in the order of the calls, with
  // success only when the batch is durable (synced). After a failed batch every batch that was
  // handed over before retry() fails too, unwritten, so that a later change never overtakes a lost
  // one; the caller keeps them, calls retry() and hands over what must not be lost again.
  // Error codes: unavailable (disk full, I/O error, read-only), exhausted (queue bound reached),
  // internal.
  virtual void commit(WriteBatch batch, Done done) = 0;
  virtual void retry() = 0;

  // Reads see what was committed. Loop thread; `answer` runs on the loop thread.
  // Outcomes newest first as stored JSON, with their sequence, strictly below `before` (0: newest).
  virtual void read_outcomes(std::string monitor, std::uint64_t before, std::size_t limit,
                             Answer<std::vector<OutcomeRow>> answer) = 0;
  virtual void read_events(EventQuery query, Answer<std::vector<EventRow>> answer) = 0;
  // Newest first: by `created`, of those that share one by id. Of a monitor that is gone, too.
  virtual void read_deployments(DeploymentQuery query,
                                Answer<std::vector<DeploymentRow>> answer) = 0;
  // One sum per name, in the same order; a name without roll-ups has zeros.
  virtual void read_uptime(std::vector<std::string> monitors, Instant now,
                           Answer<std::vector<UptimeSums>> answer) = 0;
  virtual void read_rollups(std::string monitor, alert::RollupLevel level, Instant from,
                            std::size_t limit, Answer<std::vector<RollupRow>> answer) = 0;
  // How many outbox rows wait.
  virtual void read_outbox_depth(Answer<std::uint64_t> answer) = 0;

  // A consistent copy of the live store.
  virtual void backup(std::string path, Done done) = 0;

  struct Stats {
    std::uint64_t commits = 0;  // transactions
    std::uint64_t batches = 0;  // batches in them; batches / commits is the group size
    std::uint64_t failures = 0;
    std::uint64_t queued = 0;
    std::uint64_t bytes = 0;  // of the database file
  };
  [[nodiscard]] virtual Stats stats() const = 0;
};

}  // namespace tocsin::ports

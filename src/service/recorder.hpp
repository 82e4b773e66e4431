#pragma once
// Makes changes durable, then visible. While the store refuses, changes are held in a bounded
// memory journal, become visible from there and are committed under the same ids when the store
// returns; only these can be lost by a kill. Loop thread only.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "alert/event.hpp"
#include "base/log.hpp"
#include "ports/loop.hpp"
#include "ports/store.hpp"
#include "service/outbox_journal.hpp"
#include "service/slot.hpp"
#include "service/views.hpp"

namespace tocsin::service {

// One change of one monitor: what becomes visible once it is durable.
struct Change {
  static constexpr std::uint32_t kNoSlot = UINT32_MAX;  // of a monitor that is gone

  std::uint32_t slot = kNoSlot;
  std::uint32_t incarnation = 0;
  bool has_outcome = false;  // `last_json` and `duration` are of a new outcome
  alert::MonitorState state;
  std::string last_json;
  Microseconds duration{0};
  std::shared_ptr<const timer::Heartbeat> beat;  // as the record of this change has it; may be null
  Accounted accounted;                           // what the record of this change says
  bool state_changed = false;
  alert::State from = alert::State::fresh;
  std::string reason, message;
  std::vector<alert::Event> events;  // the first is of the change of state, if it made one
  Instant at{};
  ports::Store::Done done;                // of the command that asked for it; may be empty
  std::move_only_function<void()> shown;  // when it is visible; may be empty
};

// A monitor's record, and whose it is when it becomes durable.
struct Snapshot {
  ports::MonitorRecord record;
  std::uint32_t incarnation = 0;
  Accounted accounted;
};

// The accounting of a monitor in a record that was written without a change.
struct Touched {
  std::uint32_t slot = 0;
  std::uint32_t incarnation = 0;
  Accounted accounted;
};

class Recorder {
 public:
  struct Hooks {
    // The durable record of a monitor as it is judged now; nullopt when the slot is free.
    std::function<std::optional<Snapshot>(std::uint32_t slot)> record;
    // A touched record is durable.
    std::function<void(const Touched&)> written;
    // Makes a change visible. Called once per change, in the order of their making.
    std::function<void(Change&)> apply;
    // Takes notifications that may now leave. Called after `apply` of their change.
    std::function<void(std::vector<ports::OutboxRow>)> deliver;
  };
  struct Bounds {
    std::size_t journal_events = 10'000;
    std::size_t journal_rollups = 200'000;
    std::size_t journal_outbox = 100'000;
    std::size_t journal_deployments = 10'000;
    std::size_t monitors_per_write = 500;   // of touched records; a first part after the question
    std::size_t touched_per_sweep = 5'000;  // more wait for the next: the loop must not stand still
    std::size_t monitors_per_replay = 50'000;
  };

  Recorder(ports::Store& store, const ports::Clock& clock, Logger& log, Hooks hooks, Bounds bounds);

  // Hands a change over. The batch holds its record, outcome, event and outbox rows.
  void submit(ports::WriteBatch batch, Change change);
  // The monitor's record changed without an outcome (a skipped run): written with one of the next
  // sweeps, oldest first.
  void touch(std::uint32_t slot);
  // The monitor is gone and its slot may be used again at once. `batch` names it in `removed` and
  // holds its closing event, if it had an open incident.
  void submit_removal(std::uint32_t slot, ports::WriteBatch batch, Change change);

  // The slot may be used again at once, though its monitor is not gone: what the journal holds
  // about it is written without its record, which the caller submits.
  void release(std::uint32_t slot);

  // What was delivered and what it leads to: only `delivered`, `threads` and `ended_threads` of the
  // batch. Kept in the journal while the store refuses, and committed behind what it holds.
  void submit_delivered(ports::WriteBatch batch);
  // Something people asked for that concerns no monitor's record (a silence). `done` tells when it
  // is durable; refused at once while the store refuses.
  void submit_command(ports::WriteBatch batch, ports::Store::Done done);

  // Once a second: tries the store again while it refuses, else writes touched records.
  void sweep();
  // Writes everything touched; `done` runs when nothing is in flight any more, or the store
  // refused.
  void flush(std::move_only_function<void()> done);

  // The newest outcome of the monitor that is on its way to the store; null when none is.
  [[nodiscard]] const std::string* outcome_in_flight(std::uint32_t slot,
                                                     std::uint32_t incarnation) const;

  [[nodiscard]] bool degraded() const { return health_.degraded; }
  [[nodiscard]] StoreHealth health() const;
  [[nodiscard]] std::vector<alert::Event> journaled_events() const;

 private:
  struct InFlight {
    Change change;
    std::vector<ports::OutboxRow> outbox;
    std::vector<ports::RollupRow> rollups;
    std::vector<std::string> removed;
    std::vector<ports::DeploymentRow> deployments;
    std::vector<Touched> touched;  // to be touched again when this is refused
    ports::WriteBatch delivered;   // of submit_delivered, to be handed over again
    std::vector<ports::MemoRow> memos;
  };
  // By monitor and id: only the latest version of each waits.
  using Deployments = std::map<std::pair<std::string, std::string>, ports::DeploymentRow>;
  // What waits for the store about one monitor.
  struct Held {
    std::vector<alert::Event> events;
    std::vector<ports::RollupRow> rollups;
    bool last_outcome = false;
  };

  void commit(ports::WriteBatch batch, InFlight entry);
  void committed(Result<void> result);
  void hold(InFlight entry);
  void keep(Held& held, InFlight& entry);
  void keep_deployments(std::vector<ports::DeploymentRow>& rows);
  // Of one monitor; "": of all.
  void take_deployments(const std::string& monitor, ports::WriteBatch& batch);
  void degrade(const Error& error);
  void replay();
  void replayed(Result<void> result);
  [[nodiscard]] ports::WriteBatch replay_batch();
  void write_touched(std::size_t most);
  void finish_flush();

  ports::Store& store_;
  const ports::Clock& clock_;
  Logger& log_;
  Hooks hooks_;
  Bounds bounds_;

  std::deque<InFlight> in_flight_;  // in commit order; answers come in the same order
  struct Journal {
    std::map<std::uint32_t, Held> by_slot;
    Held orphans;                          // of monitors that were removed meanwhile
    std::vector<ports::OutboxRow> outbox;  // of a part on its way; else in outbox_journal_
    std::vector<std::string> removed;
    Deployments deployments;  // of a monitor with its record or before it, never behind it
    std::map<std::string, std::string> memos;
    ports::WriteBatch delivered;  // goes with the last part: behind the rows that it ends
    [[nodiscard]] bool empty() const {
      return by_slot.empty() && removed.empty() && memos.empty() && orphans.events.empty() &&
             deployments.empty() && delivered.delivered.empty() && delivered.threads.empty() &&
             delivered.ended_threads.empty();
    }
  };
  void give_back(Journal part);

  [[nodiscard]] bool journal_is_empty() const {
    return journal_.empty() && outbox_journal_.empty();
  }
  void hold_delivered(ports::WriteBatch delivered);

  Journal journal_;
  OutboxJournal outbox_journal_;
  Journal replaying_;  // a part of the journal on its way to the store
  bool replay_in_flight_ = false;
  std::size_t replay_size_ = 1;  // monitors in the next part; one, until the store takes it
  // Changes go to the journal. Ends when the last part of it is on its way: what comes after is
  // committed behind it, or the journal of a busy watch would never be empty.
  bool holding_ = false;
  std::size_t held_events_ = 0;
  std::size_t held_rollups_ = 0;
  std::deque<std::uint32_t> touched_;
  std::vector<bool> is_touched_;  // by slot
  std::uint64_t lost_events_ = 0;
  StoreHealth health_;
  std::move_only_function<void()> flush_done_;
};

}  // namespace tocsin::service

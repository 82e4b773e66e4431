#pragma once
// The main loop of the product: due time -> check -> outcome -> judge -> one transaction ->
// announce. Owns all monitors. Loop thread only; passive between its timer and its callbacks.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/announcement.hpp"
#include "alert/silence.hpp"
#include "base/log.hpp"
#include "base/redactor.hpp"
#include "base/result.hpp"
#include "config/model.hpp"
#include "ports/loop.hpp"
#include "ports/prober.hpp"
#include "ports/store.hpp"
#include "service/finding.hpp"
#include "service/views.hpp"
#include "timer/heartbeat.hpp"

namespace tocsin::service {

class Watch {
 public:
  // Everything outside, borrowed for the watch's life.
  struct Ports {
    const ports::Clock& clock;
    ports::Loop& loop;
    ports::Prober& prober;
    ports::Store& store;
    Logger& log;
  };

  Watch(Ports ports, std::uint64_t seed);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // Loads what the store knows, counts the runs planned while the process was down, begins
  // planning. Call once, before anything else. The error is the store's.
  [[nodiscard]] Result<void> start(const config::Config& config);

  // Takes over a new configuration: kept monitors keep phase, state and counters; removed ones
  // close their incident and leave the store; new ones start. Checks in flight of removed or
  // changed monitors are dropped when they answer.
  void reload(const config::Config& config);

  // Plans nothing more, counts checks in flight as interrupted, commits what is left. `done` runs
  // on the loop thread when all is durable or the store refused.
  void stop(std::move_only_function<void()> done);

  // --- Reading. Monitors are numbered 0 to size() - 1 in name order; a reload renumbers. ---
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] MonitorView view(std::size_t index) const;
  // Index of the first monitor whose name is >= `name`; size() when there is none.
  [[nodiscard]] std::size_t lower_bound(std::string_view name) const;
  // size() when there is no such monitor.
  [[nodiscard]] std::size_t find(std::string_view name) const;
  [[nodiscard]] const WatchStats& stats() const;
  [[nodiscard]] StoreHealth store_health() const;
  // Events that are announced but not yet in the store (while it refuses), oldest first.
  [[nodiscard]] std::vector<alert::Event> journaled_events() const;

  // --- Commands. `done` runs on the loop thread. Errors: not_found, unavailable (store refuses).
  // --- Success means durable.
  void set_paused(std::string_view name, bool paused, ports::Store::Done done);
  // Runs one check now, outside the schedule; answers its outcome as stored JSON. conflict: a
  // manual check of this monitor is already running.
  void check_now(std::string_view name, std::move_only_function<void(Result<std::string>)> done);

  // --- Monitors that no configuration names: services of a cluster (kind ecs). Whoever finds them
  // --- looks at them, and reports. A reload of the configuration leaves them alone. ---
  // What the store has of those that an earlier process followed and nobody follows or abandoned
  // yet, in name order.
  [[nodiscard]] std::vector<FoundRecord> left_behind() const;
  // Followed from now on, with what the store has of it; again: what changed of its configuration
  // is taken over. Error conflict: a configured monitor has this name.
  [[nodiscard]] Result<void> follow(const config::Monitor& monitor);
  // False as well when the configuration took its name for another.
  [[nodiscard]] bool follows(std::string_view name) const;
  // Nobody looks at what an earlier process followed: it leaves the store, and pages are resolved.
  void abandon(std::string_view name);
  // Before a look at it is reported. False: it is paused; the look is counted as skipped.
  [[nodiscard]] bool takes_findings(std::string_view name);
  // What is kept in mind for the next start, by name, as of the last change. "" forgets.
  [[nodiscard]] const std::map<std::string, std::string>& memos() const;
  void keep(ports::MemoRow memo);
  // What came of a look. Of one that nobody follows nothing is kept.
  void report(std::string_view name, Finding finding);
  // It is gone, or nobody looks any more. What is open of it is closed, it leaves the store.
  void unfollow(std::string_view name, Finding finding);

  // --- Pings. ---
  // `ping.at` is given here, `ping.text` redacted. A ping that counts is judged at once; `done`
  // runs when it is durable. Errors: not_found, conflict (too many runs are open), exhausted (too
  // many pings wait for the store), unavailable: the store refuses. Such a ping is known until a
  // kill all the same, so that a fault of ours turns no job down; saying it again does no harm.
  // While the monitor is paused a ping is kept in mind and not judged; it resumes nothing.
  void ping(const PingOf& of, timer::Ping ping, ports::Store::Done done);

  // --- Who is told. ---
  // Takes the notifications that may leave: they are durable, in the same transaction as what they
  // tell of, or in the journal while the store refuses. Set before start().
  using Deliver = std::move_only_function<void(std::vector<ports::OutboxRow>)>;
  void on_notifications(Deliver deliver);
  // What was delivered; kept with the same care as everything else.
  void record_delivered(ports::WriteBatch batch);
  // When everything that was handed over so far is durable. Error: unavailable.
  void when_durable(ports::Store::Done done);

  // The open incident of a monitor is being worked on: reminders and escalation stop. nullopt takes
  // it back. Errors: not_found, conflict (no open incident), unavailable.
  void acknowledge(std::string_view name,
                   const std::optional<alert::Acknowledgement>& acknowledgement,
                   ports::Store::Done done);
  // `id` and `created` are given here. Error: unavailable.
  using SilenceDone = std::move_only_function<void(Result<alert::Silence>)>;
  void add_silence(alert::Silence silence, SilenceDone done);
  // Errors: not_found, unavailable. Who is still down is told at once.
  void end_silence(std::string_view id, ports::Store::Done done);
  // Active, to come, and those that ended in the last 7 days.
  [[nodiscard]] const std::vector<alert::Silence>& silences() const;
  // An event of no monitor for these channels: of Tocsin's own, of a timer. Its id is given here
  // unless it has one. `shown`, if any, runs once it is durable, or in the journal while the store
  // refuses.
  void publish(alert::Event event, const std::vector<std::string>& channels,
               std::move_only_function<void()> shown = {});
  // What silences somebody of this name and these labels now; nullopt: nothing.
  [[nodiscard]] std::optional<std::string> silenced_by(std::string_view name, std::string_view kind,
                                                       const alert::Labels& labels) const;
  // Rows for sinks that are not of a monitor's outcome.
  void publish(ports::OutboxRow row);

  // Values that no outcome may show, whatever a target answers. May be called again, after a
  // reload.
  void hide(std::vector<std::string> secrets);
  // Hides them. Valid until hide() is called again.
  [[nodiscard]] const Redactor& redactor() const;

  // Called for every change of state, once it may be announced. One observer; set before start().
  void on_change(std::move_only_function<void(const StateChange&)> observer);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::service

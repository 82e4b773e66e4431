#pragma once
// Watch and dispatcher together on virtual time: a random fleet, receivers that fail in every way,
// silences, dependencies, acknowledgements, reloads, restarts. One seed decides everything.

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/random.hpp"
#include "config/model.hpp"
#include "service/delivery/dispatcher.hpp"
#include "service/watch.hpp"
#include "sim/alert_ledger.hpp"
#include "support/memory_store.hpp"
#include "support/scripted_courier.hpp"
#include "support/scripted_prober.hpp"
#include "support/virtual_loop.hpp"

namespace tocsin::test {

class AlertWorld {
 public:
  struct Options {
    std::uint64_t seed = 1;
    std::size_t monitors = 12;
    bool steady = false;  // every target answers as it is told to; no dependency, no flapping
    // Instead of the world's own channels; what they send is counted, not read.
    std::vector<std::shared_ptr<const notification::Outlet>> channels = {};
  };
  explicit AlertWorld(const Options& options);

  // What a receiver does with a message.
  enum class Mood : std::uint8_t {
    takes,
    refuses,            // no connection
    hangs,              // until the timeout
    fails,              // 500
    asks_for_patience,  // 429 with Retry-After
    revoked,            // 401
    garbage,            // 200, but it is somebody else's page
    takes_and_fails,    // it has the message, but answers 503
  };
  void set_mood(const std::string& channel, Mood mood) { moods_[channel] = mood; }
  // The channels as they are configured, once more: what waits is tried.
  void reload_channels();

  void boot();
  // The process dies: what was not durable is gone.
  void kill();
  void shut_down();
  void run_for(Milliseconds duration);
  // So many steps of the loop: ends in the middle of things.
  void run_steps(std::uint64_t steps);
  // Everything is well from now on; then every event against what arrived.
  void settle();

  // One thing that may happen to a fleet.
  void disturb();

  [[nodiscard]] bool healthy() const { return problem_.empty(); }
  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] std::uint64_t kills() const { return kills_; }
  [[nodiscard]] std::uint64_t seen_hold(alert::Hold hold) const {
    return holds_.at(static_cast<std::size_t>(hold));
  }

  VirtualLoop loop;
  ScriptedProber prober;
  std::optional<MemoryStore> store;
  std::optional<ScriptedCourier> courier;
  std::unique_ptr<service::Watch> watch;
  std::unique_ptr<service::Dispatcher> dispatcher;
  AlertLedger ledger;

 private:
  static constexpr std::uint64_t kMoods = 8;

  struct Quiet {
    std::string id;
    alert::Selector match;
    Instant known{};  // when it was durable
    Instant until{};  // its end, or when it was ended
  };

  void make_fleet(const Options& options);
  void make_channels();
  [[nodiscard]] config::Monitor make_monitor(std::size_t number, bool steady);
  [[nodiscard]] config::Config current() const;
  [[nodiscard]] ScriptedCourier::Reply receive(const notification::Step& step);
  void reopen();
  void deliver(std::vector<ports::OutboxRow> rows);
  void look();
  void look_at(const service::MonitorView& view);
  [[nodiscard]] std::string unjustified(const service::MonitorView& view) const;
  [[nodiscard]] bool silenced(const config::Monitor& monitor, Instant at) const;
  void add_silence();
  void end_silence();
  void acknowledge();
  void pause_or_resume();
  void reload();
  void change(std::size_t which);
  void trouble_store();
  const std::string& any_monitor();
  void require(bool held, const std::string& what);

  Random random_;
  NullLogger log_;
  std::string problem_;
  std::uint64_t boots_ = 0, kills_ = 0;
  std::vector<config::Monitor> fleet_;  // all that ever are
  std::vector<bool> present_;
  std::vector<std::shared_ptr<const notification::Outlet>> channels_;
  std::map<std::string, Mood> moods_;
  std::vector<alert::Maintenance> maintenance_;
  std::vector<std::string> gate_;
  bool whole_ = true;  // no drop-in is broken
  std::vector<Quiet> quiet_;
  std::map<std::string, Instant> held_without_reason_;  // since when, by monitor
  std::array<std::uint64_t, 5> holds_{};
  bool own_channels_ = true;
  MonoTime next_look_{};
};

}  // namespace tocsin::test

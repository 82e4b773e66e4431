#pragma once
// A whole watch on virtual time with scripted targets and a fake store, and the invariants that
// must hold after every step. One seed decides everything; a failure prints it.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "base/log.hpp"
#include "base/random.hpp"
#include "config/model.hpp"
#include "service/watch.hpp"
#include "support/memory_store.hpp"
#include "support/scripted_prober.hpp"
#include "support/virtual_loop.hpp"

namespace tocsin::test {

struct WorldOptions {
  std::uint64_t seed = 1;
  std::size_t monitors = 10;
  Milliseconds shortest_interval{std::chrono::seconds{60}};
  bool varied = true;  // intervals, crons, delays, retries and thresholds drawn from the seed
};

class World {
 public:
  explicit World(WorldOptions options);
  ~World();

  // Starts a watch on what the store holds.
  void boot();
  // The process dies: what was not durable is gone.
  void kill();
  // The process stops in order.
  void shut_down();
  void run_for(Milliseconds duration);
  void step_wall(Milliseconds by);

  // No more faults of any kind; after `within` every monitor must be up without an incident.
  void expect_recovery(Milliseconds within);
  // The same trace for the same seed: a hash over everything observed.
  [[nodiscard]] std::uint64_t trace() const { return trace_; }
  // True as long as every invariant held; otherwise the first that broke is in problem().
  [[nodiscard]] bool healthy() const { return problem_.empty(); }
  [[nodiscard]] const std::string& problem() const { return problem_; }

  [[nodiscard]] std::uint64_t checks() const { return prober.started(); }
  // Stored events of one monitor, oldest first.
  [[nodiscard]] std::vector<std::string> events_of(const std::string& monitor) const;
  [[nodiscard]] service::MonitorView view(const std::string& name) const;
  [[nodiscard]] std::uint64_t most_starts_in_a_second() const { return peak_starts_; }
  void forget_peak() { peak_starts_ = 0; }

  VirtualLoop loop;
  ScriptedProber prober;
  std::optional<MemoryStore> store;  // a new one after every kill
  config::Config config;
  std::unique_ptr<service::Watch> watch;

 private:
  void make_config(const WorldOptions& options);
  void observe(const service::StateChange& change);
  void reopen_store();
  // What a process that was killed after a commit could not announce any more.
  void learn_incidents();
  // Counters that were shown are there after a kill, in every class of finished and skipped runs.
  void remember_shown();
  void expect_shown();
  void check_balance(const std::string& url);
  void count_start();
  // `what` is a text, or a function that makes one: only called when the invariant broke.
  template <typename What>
  void require(bool held, What&& what) {
    if (held) [[likely]] {
      return;
    }
    if constexpr (std::is_invocable_v<What>) {
      broken(what());
    } else {
      broken(what);
    }
  }
  void broken(const std::string& what);
  void mix(std::string_view text);

  Random random_;
  NullLogger log_;
  std::uint64_t boots_ = 0;
  std::string problem_;
  std::uint64_t trace_ = 0;
  std::map<std::string, std::string, std::less<>> open_incidents_;  // by monitor
  std::set<std::string, std::less<>> incidents_;                    // ever opened
  std::map<std::string, schedule::Counters> shown_;                 // when the process was killed
  std::int64_t second_ = 0;
  std::uint64_t starts_in_second_ = 0;
  std::uint64_t peak_starts_ = 0;
};

}  // namespace tocsin::test

#pragma once
// Watches Tocsin itself, once a second: the store, lateness, monitors that nobody can judge, gates
// that are down, channels that fail. Reports its health to sinks and lets somebody outside know
// that it is well. Loop thread only; what it is given outlives it.

#include <functional>
#include <string>
#include <vector>

#include "config/model.hpp"
#include "ports/courier.hpp"
#include "ports/loop.hpp"
#include "service/delivery/dispatcher.hpp"
#include "service/troubles.hpp"
#include "service/watch.hpp"

namespace tocsin::service {

class SelfWatch {
 public:
  struct Parts {
    const ports::Clock& clock;
    Logger& log;
    Watch& watch;
    Dispatcher& dispatcher;
    ports::Courier& courier;
    Troubles& troubles;
  };

  explicit SelfWatch(Parts parts);

  void set_settings(config::SelfSettings settings);
  // Once a second.
  void tick();
  // Whether what people rely on works: the store takes writes, checks run on time, channels answer,
  // no gate is down.
  [[nodiscard]] bool well() const;

 private:
  void look_at_store();
  void look_at_lateness();
  void look_at_unknown();
  void look_at_gates();
  void look_at_channels();
  void forget_channels_that_are_gone(const std::vector<OutletView>& outlets);
  void report();
  void beat();

  Parts parts_;
  config::SelfSettings settings_;
  MonoTime next_report_{};
  MonoTime next_beat_{};
  bool beating_ = false;
  // The last minute: what the counters said when it began.
  MonoTime minute_began_{};
  std::uint64_t planned_then_ = 0;
  std::uint64_t bad_then_ = 0;
  unsigned good_minutes_ = 0;
  MonoTime unknown_since_{};
  std::shared_ptr<int> alive_;
};

}  // namespace tocsin::service

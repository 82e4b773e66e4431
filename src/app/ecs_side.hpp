#pragma once
// The ECS clusters that are watched: connections to AWS, and the fleet that uses them.

#include <cstdint>
#include <memory>
#include <string>

#include "app/ecs_accounts.hpp"
#include "app/network.hpp"
#include "config/model.hpp"
#include "service/ecs/fleet.hpp"
#include "service/troubles.hpp"
#include "service/watch.hpp"

namespace tocsin::app {

// Loop thread. Everything given outlives it.
class EcsSide {
 public:
  EcsSide(Network& network, service::Watch& watch, service::Troubles& troubles, Logger& log,
          std::uint64_t seed);
  ~EcsSide();
  EcsSide(const EcsSide&) = delete;
  EcsSide& operator=(const EcsSide&) = delete;

  // After Watch::start(), and on reload. The first one may wait for a region, 10 s at most, when
  // none is named anywhere.
  void apply(const config::EcsSettings& settings);
  // Once a second.
  void tick() {
    if (fleet_) {
      fleet_->tick();
    }
  }
  // Nobody is looked at any more. Before Watch::stop().
  void stop() { fleet_.reset(); }

  [[nodiscard]] bool settled() const { return !fleet_ || fleet_->settled(); }
  [[nodiscard]] service::Fleet::Stats stats() const {
    return fleet_ ? fleet_->stats() : service::Fleet::Stats{};
  }
  [[nodiscard]] std::uint64_t calls() const { return accounts_.calls(); }

 private:
  void tell_refused(const std::string& account, EcsAccounts::Question question,
                    const ports::EcsFailure& failure);

  service::Troubles& troubles_;
  EcsAccounts accounts_;
  bool started_ = false;
  std::unique_ptr<service::Fleet> fleet_;
};

}  // namespace tocsin::app

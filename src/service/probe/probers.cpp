#include "service/probe/probers.hpp"

#include <utility>
#include <variant>

namespace tocsin::service {

Probers::Probers(ProbeNetwork network)
    : lookups_(network.clock, network.resolver),
      http_(network.loop, network.clock, lookups_, network.http),
      tcp_(network.loop, network.clock, lookups_, network.tcp) {}

void Probers::start(std::shared_ptr<const check::CheckSpec> spec,
                    std::move_only_function<void(check::Outcome)> done) {
  if (std::holds_alternative<check::HttpCheck>(spec->target)) {
    http_.start(std::move(spec), std::move(done));
  } else {
    tcp_.start(std::move(spec), std::move(done));
  }
}

}  // namespace tocsin::service

#pragma once
// What `ecs record` looks at, and whose thresholds each service gets. Pure.

#include <expected>
#include <string>
#include <vector>

#include "app/options.hpp"
#include "config/model.hpp"
#include "service/ecs/cluster_poller.hpp"

namespace tocsin::app {

// The services of the cluster that one entry takes; without a configuration there is one part.
struct RecordPart {
  config::EcsCluster entry;  // what the command line says goes before
  service::WatchedCluster watched;
};

// One part for each entry of the configuration that is for the cluster, in its order, so that a
// service belongs to the first that takes it, as in the daemon. Named services replace the entries'
// own: those that no entry takes belong to the last. `settings`: nullptr without a
// configuration. Errors: a sentence each.
[[nodiscard]] std::expected<std::vector<RecordPart>, std::vector<std::string>> plan_record(
    const EcsRecordOptions& options, const config::EcsSettings* settings);

}  // namespace tocsin::app

#pragma once
// A cluster and its services as a command line names them. Pure.

#include <string>
#include <vector>

namespace tocsin::config {

struct EcsTarget {
  std::string cluster;                        // name or ARN
  std::string region, role_arn, external_id;  // "" not given
  std::vector<std::string> services;          // names or patterns
};

// What is wrong with it, by the rules that `ecs.clusters` has: a sentence each, which begins with
// what it is about ("region: found ..."). Empty: nothing. Nothing is substituted in it.
[[nodiscard]] std::vector<std::string> problems_of(const EcsTarget& target);

}  // namespace tocsin::config

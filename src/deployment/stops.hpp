#pragma once
// Why tasks stopped: what a shortage is explained with, and whether it is one at all.

#include <span>
#include <string>
#include <vector>

#include "deployment/task.hpp"

namespace tocsin::deployment {

// Those of the deployment that stopped after it was steady, the latest first.
[[nodiscard]] std::vector<Task> stops_since(std::vector<Task> tasks, const std::string& deployment,
                                            Instant steady_since);

// The service itself stopped all of them: scaling in, rebalancing, deploying. Of none: false.
[[nodiscard]] bool all_meant(std::span<const Task> stops);

// "app exited with 137 (OutOfMemoryError), 3 times; Spot interruption": what is alike together, the
// most frequent first, a few at most; "" of none.
[[nodiscard]] std::string explain(std::span<const Task> stops);

}  // namespace tocsin::deployment

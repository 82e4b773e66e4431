#pragma once
// The deployments of a service as text for a terminal. Pure.

#include <cstddef>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace tocsin::app {

// Heads and a row per item of the API's list, in its order: when it began, how long it took, how it
// ended, what was deployed and why it ended so. Of an image its last part is shown, of several the
// first; of a digest 12 digits. The reason is cut to fit `width`.
[[nodiscard]] std::string render_deployments(const std::vector<std::string>& items, Instant now,
                                             std::size_t width);

}  // namespace tocsin::app

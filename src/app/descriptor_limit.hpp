#pragma once

#include "base/log.hpp"
#include "config/model.hpp"

namespace tocsin::app {

// Takes as many descriptors as the system allows. A check in flight needs one, sometimes two (its
// lookup), a connection one; without them checks would be unknown(resources) and connections wait,
// so that too few are said at the start.
void raise_descriptor_limit(const config::Settings& settings, Logger& log);

}  // namespace tocsin::app

#pragma once

#include "web/context.hpp"
#include "web/metrics_text.hpp"

namespace tocsin::web {

// What is counted of timers; nothing without them.
void write_timers(MetricsText& out, const Context& context);

}  // namespace tocsin::web

#pragma once

#include "web/context.hpp"
#include "web/metrics_text.hpp"

namespace tocsin::web {

// What is announced, what is held back, and how the channels and sinks do.
void write_alerting(MetricsText& out, const Context& context);

}  // namespace tocsin::web

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "app/commands.hpp"
#include "app/config_source.hpp"
#include "config/schema.hpp"

namespace tocsin::app {

int check_config(const ConfigCheckOptions& options) {
  const auto loaded = load_config(options.config);
  if (!loaded) {
    fmt::print(stderr, "tocsin: {}\n", loaded.error().message);
    return kUsage;
  }
  print_diagnostics(*loaded, stdout);
  const auto errors = std::ranges::count(loaded->diagnostics, config::Severity::error,
                                         &config::Diagnostic::severity);
  const auto warnings = std::ssize(loaded->diagnostics) - errors;
  if (errors == 0 && loaded->config) {
    fmt::print("{}: ok, {} monitors, {} warnings\n", options.config,
               loaded->config->monitors.size(), warnings);
    return options.strict && warnings > 0 ? kFailed : kDone;
  }
  fmt::print("{}: {} errors, {} warnings\n", options.config, errors, warnings);
  return kFailed;
}

int print_schema() {
  fmt::print("{}\n", config::json_schema());
  return kDone;
}

}  // namespace tocsin::app

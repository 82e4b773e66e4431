#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>

#include "app/commands.hpp"
#include "app/config_source.hpp"
#include "config/schema.hpp"

namespace tocsin::app {
namespace {

// "1 error", "2 errors".
std::string counted(std::ptrdiff_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

}  // namespace

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
    const auto clusters = std::ssize(loaded->config->settings.ecs.clusters);
    fmt::print("{}: ok, {}, {}{}\n", options.config,
               counted(std::ssize(loaded->config->monitors), "monitor"),
               clusters > 0 ? counted(clusters, "ECS cluster") + ", " : "",
               counted(warnings, "warning"));
    return options.strict && warnings > 0 ? kFailed : kDone;
  }
  fmt::print("{}: {}, {}\n", options.config, counted(errors, "error"),
             counted(warnings, "warning"));
  return kFailed;
}

int print_schema() {
  fmt::print("{}\n", config::json_schema());
  return kDone;
}

}  // namespace tocsin::app

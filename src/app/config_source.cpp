#include "app/config_source.hpp"

#include <fmt/format.h>

#include "adapters/clock_system/clock_system.hpp"
#include "adapters/config_files/config_files.hpp"

namespace tocsin::app {

Result<LoadedConfig> load_config(const std::string& path) {
  auto input = adapters::read_config(path, adapters::ClockSystem().now());
  if (!input) {
    return std::unexpected(std::move(input).error());
  }
  return config::load(*input);
}

void print_diagnostics(const LoadedConfig& loaded, std::FILE* to) {
  for (const config::Diagnostic& diagnostic : loaded.diagnostics) {
    fmt::print(to, "{}\n", config::to_string(diagnostic));
  }
}

adapters::LogSpdlogOptions log_options(const config::Settings& settings,
                                       std::optional<LogLevel> level) {
  adapters::LogSpdlogOptions options;
  options.level = level.value_or(settings.log.level);
  options.json = settings.log.json;
  return options;
}

}  // namespace tocsin::app

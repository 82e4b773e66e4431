#pragma once
// From a path on the command line to a validated configuration.

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "adapters/log_spdlog/log_spdlog.hpp"
#include "base/result.hpp"
#include "config/diagnostic.hpp"
#include "config/load.hpp"
#include "config/model.hpp"
#include "config/reload.hpp"

namespace tocsin::app {

using LoadedConfig = config::LoadResult;

// Reads and validates; blocks. The error: the path itself cannot be read. Any thread.
[[nodiscard]] Result<LoadedConfig> load_config(const std::string& path);

// Every problem, a line each.
void print_diagnostics(const LoadedConfig& loaded, std::FILE* to);

// The command line's level beats the configuration's.
[[nodiscard]] adapters::LogSpdlogOptions log_options(const config::Settings& settings,
                                                     std::optional<LogLevel> level);

}  // namespace tocsin::app

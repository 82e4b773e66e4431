#pragma once
// What each subcommand does; every function returns the process's exit code.

#include <optional>

#include "app/options.hpp"

namespace tocsin::app {

int main(int argc, const char* const* argv);

int run_daemon(const RunOptions& options, std::optional<LogLevel> level);
int run_once(const RunOptions& options, std::optional<LogLevel> level);
int check_config(const ConfigCheckOptions& options);
int print_schema();
int show_status(const StatusOptions& options);
int probe(const ProbeOptions& options);
int backup(const BackupOptions& options);

}  // namespace tocsin::app

#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "adapters/store_sqlite/store_sqlite.hpp"
#include "app/commands.hpp"
#include "app/config_source.hpp"
#include "app/timer_side.hpp"

namespace tocsin::app {

namespace {

int copy(const std::string& from, const std::string& to) {
  if (const auto copied = store_sqlite::StoreSqlite::backup_file(from, to); !copied) {
    fmt::print(stderr, "tocsin: {}\n", copied.error().message);
    return kFailed;
  }
  fmt::print("{} copied to {}\n", from, to);
  return kDone;
}

}  // namespace

int backup(const BackupOptions& options) {
  if (!options.store.empty()) {
    return copy(options.store, options.file);
  }
  const auto loaded = load_config(options.config);
  if (!loaded) {
    fmt::print(stderr, "tocsin: {}\n", loaded.error().message);
    return kUsage;
  }
  if (!loaded->config) {
    print_diagnostics(*loaded, stderr);
    return kUsage;
  }
  const config::Settings& settings = loaded->config->settings;
  const int copied = copy(settings.store.path, options.file);
  if (copied != kDone || !settings.timers || settings.timers->dynamodb) {
    return copied;
  }
  return copy(timer_store_path(*settings.timers, settings.store.path),
              timer_store_path({}, options.file));
}

}  // namespace tocsin::app

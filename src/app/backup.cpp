#include <fmt/format.h>

#include <cstdio>

#include "adapters/store_sqlite/store_sqlite.hpp"
#include "app/commands.hpp"
#include "app/config_source.hpp"

namespace tocsin::app {

int backup(const BackupOptions& options) {
  const auto loaded = load_config(options.config);
  if (!loaded) {
    fmt::print(stderr, "tocsin: {}\n", loaded.error().message);
    return kUsage;
  }
  if (!loaded->config) {
    print_diagnostics(*loaded, stderr);
    return kUsage;
  }
  const std::string& from = loaded->config->settings.store.path;
  if (const auto copied = store_sqlite::StoreSqlite::backup_file(from, options.file); !copied) {
    fmt::print(stderr, "tocsin: {}\n", copied.error().message);
    return kFailed;
  }
  fmt::print("{} copied to {}\n", from, options.file);
  return kDone;
}

}  // namespace tocsin::app

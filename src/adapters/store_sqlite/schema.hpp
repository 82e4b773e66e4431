#pragma once
// The tables (docs/formats.md) and how an older file becomes a newer one.

#include <cstdint>
#include <span>
#include <string_view>

#include "adapters/store_sqlite/sqlite_connection.hpp"
#include "base/result.hpp"

namespace tocsin::store_sqlite {

// One kind of file of ours.
struct Schema {
  std::int64_t application_id;              // PRAGMA application_id: tells it from others
  std::string_view setting;                 // the key of the configuration that names the file
  std::span<const char* const> migrations;  // entry N brings version N to N + 1
  // The version that this program writes (PRAGMA user_version).
  [[nodiscard]] std::int64_t version() const {
    return static_cast<std::int64_t>(migrations.size());
  }
};
[[nodiscard]] const Schema& store_schema();  // monitors, history, events, outbox
[[nodiscard]] const Schema& timer_schema();  // the timers' log

// Sets what every writing connection needs: WAL, full sync, bounded log. `unavailable` when the
// file system cannot hold a WAL.
[[nodiscard]] Result<void> configure_writer(Connection& connection);

// Checks whose file this is, configures the connection and brings the file to the schema's version,
// each migration in its own transaction. `invalid`: not a database, another program's, or written
// by a newer Tocsin; such a file is left as it is.
[[nodiscard]] Result<void> prepare_schema(Connection& connection, const Schema& schema);

}  // namespace tocsin::store_sqlite

#pragma once
// The tables (docs/formats.md) and how an older file becomes a newer one.

#include <cstdint>

#include "adapters/store_sqlite/sqlite_connection.hpp"
#include "base/result.hpp"

namespace tocsin::store_sqlite {

// "Tocs": tells our files from other programs' databases (PRAGMA application_id).
inline constexpr std::int64_t kApplicationId = 0x546f6373;

// The version that this program writes (PRAGMA user_version): the number of migrations.
[[nodiscard]] std::int64_t schema_version();

// Sets what every writing connection needs: WAL, full sync, bounded log. `unavailable` when the
// file system cannot hold a WAL.
[[nodiscard]] Result<void> configure_writer(Connection& connection);

// Checks whose file this is, configures the connection and brings the file to schema_version(),
// each migration in its own transaction. `invalid`: not a database, another program's, or written
// by a newer Tocsin; such a file is left as it is.
[[nodiscard]] Result<void> prepare_schema(Connection& connection);

}  // namespace tocsin::store_sqlite

#pragma once
// The rings of recent outcomes when their size changes.

#include <cstdint>

#include "adapters/store_sqlite/sqlite_connection.hpp"
#include "base/result.hpp"

namespace tocsin::store_sqlite {

// Before the first write: brings every ring to `keep` slots, the newest outcomes staying. Does
// nothing when the store has that size already; else takes about 10 us per row, in transactions of
// 500 monitors. A crash in between is harmless: the next start does all of it again.
[[nodiscard]] Result<void> resize_rings(Connection& connection, std::uint32_t keep);

}  // namespace tocsin::store_sqlite

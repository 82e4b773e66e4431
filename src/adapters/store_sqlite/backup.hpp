#pragma once
// A consistent copy of a store that is in use.

#include <atomic>
#include <string>

#include "base/result.hpp"

namespace tocsin::store_sqlite {

// Copies one snapshot of `from` (of this or another process; its writer goes on meanwhile) into
// "<to>.partial", syncs it and gives it its name. Blocks. The copy has mode 0600.
// Errors: not_found (`from`), conflict (`to` exists: a backup never overwrites anything),
// unavailable (either side's disk), cancelled (`stop` became true).
[[nodiscard]] Result<void> copy_store(const std::string& from, const std::string& to,
                                      const std::string& vfs, const std::atomic<bool>& stop);

}  // namespace tocsin::store_sqlite

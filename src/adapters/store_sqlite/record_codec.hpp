#pragma once
// The two columns of a monitor's row that hold many small numbers: decimal texts separated by one
// blank, the first being the version of the list (docs/formats.md). Short, cheap to write for every
// check, readable in any SQLite shell. A list only ever grows at its end, so an old row reads as
// zeros there.

#include <string>
#include <string_view>

#include "alert/uptime.hpp"
#include "schedule/counters.hpp"

namespace tocsin::store_sqlite {

// Overwrites `out`, so that a writer can keep one buffer.
void encode(const schedule::Counters& counters, std::string& out);
void encode(const alert::OpenBuckets& buckets, std::string& out);

// False when the text is not such a list: the row is damaged.
[[nodiscard]] bool decode(std::string_view text, schedule::Counters& counters);
[[nodiscard]] bool decode(std::string_view text, alert::OpenBuckets& buckets);

}  // namespace tocsin::store_sqlite

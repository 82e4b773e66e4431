#pragma once
// The columns of a monitor's row that hold many small numbers: decimal texts separated by one
// blank, the first being the version of the list (docs/formats.md). Short, cheap to write for every
// check, readable in any SQLite shell. A list only ever grows at its end, so an old row reads as
// zeros there.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "alert/uptime.hpp"
#include "schedule/counters.hpp"

namespace tocsin::store_sqlite {

// The rows of `outcomes` that are a monitor's.
struct RecentOutcomes {
  std::uint64_t sequence = 0;      // of the newest
  std::vector<std::int64_t> rows;  // newest first, each smaller than the one before
};

// Overwrites `out`, so that a writer can keep one buffer.
void encode(const schedule::Counters& counters, std::string& out);
void encode(const alert::OpenBuckets& buckets, std::string& out);
void encode(const RecentOutcomes& recent, std::string& out);

// False when the text is not such a list: the row is damaged.
[[nodiscard]] bool decode(std::string_view text, schedule::Counters& counters);
[[nodiscard]] bool decode(std::string_view text, alert::OpenBuckets& buckets);
// An empty text is an empty list.
[[nodiscard]] bool decode(std::string_view text, RecentOutcomes& recent);

}  // namespace tocsin::store_sqlite

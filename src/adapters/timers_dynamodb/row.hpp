#pragma once
// One timer as an item of the table, and back. Pure.
//
// Other programs know Timer (S, the hash key), StartTime and Seconds (N, whole seconds). The others
// are ours, which they may leave out or lose; times are Unix ms unless it says seconds.
//
// ArmVersion (N) grows with every arm and disarm of an id, so that a request that comes late cannot
// undo a later one.
//
// AnnouncedAt (N): its expiry is about to be told; later claims keep it. ClaimedAt (N) and
// AnnouncedBy (S): the last claim, and of which process. DeliveredAt (N): it is told. Grouped
// (BOOL): as one of many.
//
// MissedDeadline, MissedAnnounced, MissedArmed (N): an earlier arm's expiry that was told, and
// whose end was not yet.
//
// DueShard (S), Due (N): the key of the index by deadline; seconds from which on somebody must look
// at it. Only on timers that people wait for.
//
// DisarmedAt (N): a tombstone; no timer, until requests under way have expired. Expires (N):
// seconds from which on DynamoDB may delete the item (TTL).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json_writer.hpp"
#include "base/result.hpp"
#include "check/json.hpp"
#include "timer/timer.hpp"

namespace tocsin::timers_dynamodb {

// Names of attributes; in expressions too, since none of them is reserved but the second.
inline constexpr std::string_view kTimer = "Timer";
inline constexpr std::string_view kIndex = "Due";  // of the table, by DueShard and Due

// A claim whose holder has not told it for so long is anybody's.
inline constexpr Milliseconds kClaimHolds{5 * 60'000};
// AWS refuses what was signed longer ago than 5 minutes: no request of ours comes later than this.
inline constexpr Milliseconds kLatestRequest{15 * 60'000};

// One partition of an index takes a thousand writes a second.
inline constexpr std::uint64_t kShards = 8;
[[nodiscard]] std::string shard_of(std::string_view id);

struct Row {
  std::string id;
  std::int64_t start = 0;  // Unix seconds
  std::int64_t seconds = 0;
  std::optional<std::int64_t> version;  // nullopt: the last arm is another program's
  std::optional<std::int64_t> announced_ms;
  std::optional<std::int64_t> claimed_ms;
  std::string announced_by;
  std::optional<std::int64_t> delivered_ms;
  bool grouped = false;
  std::optional<timer::Missed> missed;
  std::optional<std::int64_t> due;  // Unix seconds
  std::optional<std::int64_t> disarmed_ms;
  std::optional<std::int64_t> expires;  // Unix seconds

  // Another program that updates the item in place leaves the claim of an earlier arm behind.
  [[nodiscard]] bool announced() const { return announced_ms && *announced_ms >= start * 1000; }
  [[nodiscard]] bool delivered() const { return announced() && delivered_ms.has_value(); }
  // Armed by another program since our last arm of it.
  [[nodiscard]] bool foreign() const;
  [[nodiscard]] Instant deadline() const { return from_unix_ms((start + seconds) * 1000); }
  bool operator==(const Row&) const = default;
};

// Versions hold the time of the arm, so that they grow across processes: ms * 1,000,000 plus a part
// that tells arms of one millisecond apart.
inline constexpr std::int64_t kVersionsPerMs = 1'000'000;

// The item's attributes as an object: {"Timer":{"S":"a"},"StartTime":{"N":"1"},...}.
void append_item(JsonWriter& json, const Row& row);
// Error (invalid): it is no timer; says what is wrong with which attribute.
[[nodiscard]] Result<Row> read_item(check::JsonValue item);

[[nodiscard]] timer::Timer timer_of(const Row& row);

// {"S": text} and {"N": "number"}, as the value of a member.
void append_text(JsonWriter& json, std::string_view name, std::string_view text);
void append_number(JsonWriter& json, std::string_view name, std::int64_t number);
void append_flag(JsonWriter& json, std::string_view name, bool flag);

}  // namespace tocsin::timers_dynamodb

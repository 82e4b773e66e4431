#pragma once
// What is asked of DynamoDB, as JSON. Pure. Every write carries a condition, so that one that comes
// late or twice changes nothing. Source: the DynamoDB API reference, version 2012-08-10.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/timers_dynamodb/row.hpp"

namespace tocsin::timers_dynamodb {

[[nodiscard]] std::string describe_statement(std::string_view table);
// Consistent.
[[nodiscard]] std::string get_statement(std::string_view table, std::string_view id);
// `row` takes the place of whatever is there, unless that is a later arm, or one whose expiry was
// claimed or whose recovery is not told: those must be read first. Answers what was there.
[[nodiscard]] std::string arm_statement(std::string_view table, const Row& row);
// `row` takes the place of exactly `before`; nullopt: of nothing.
[[nodiscard]] std::string replace_statement(std::string_view table, const Row& row,
                                            const std::optional<Row>& before);
[[nodiscard]] std::string scan_statement(std::string_view table, std::string_view prefix,
                                         std::string_view after, std::size_t limit);
// The rows of one shard whose time has come, earliest first. `after`: the LastEvaluatedKey of the
// page before, as JSON; "" for the first.
[[nodiscard]] std::string due_statement(std::string_view table, std::uint64_t shard,
                                        std::int64_t until, std::string_view after,
                                        std::size_t limit);

// Updates of the arm (id, start, seconds) that pass another arm over.
struct Arm {
  std::string_view id;
  std::int64_t start = 0;
  std::int64_t seconds = 0;
};
// A claim by the process `by`, for an announcement at `announced_ms`; takes over an own one, and
// one that does not hold any more.
[[nodiscard]] std::string claim_statement(std::string_view table, const Arm& arm,
                                          std::int64_t announced_ms, std::int64_t now_ms,
                                          std::string_view by, bool grouped);
// Told; it leaves the index unless a recovery is still to be told (`missed`), of which the row must
// know as much.
[[nodiscard]] std::string told_statement(std::string_view table, const Arm& arm, std::int64_t at_ms,
                                         bool missed);
// A reminder that was due then is about to be told by one process.
[[nodiscard]] std::string reminded_statement(std::string_view table, const Arm& arm,
                                             std::int64_t due_ms, std::string_view by);
// The recovery is told. What becomes of the row in the index follows from how far its own expiry
// is, which the row must agree with.
enum class Progress : std::uint8_t { running, claimed, told };
[[nodiscard]] std::string recovered_statement(std::string_view table, const Arm& arm,
                                              Progress progress);
// From now on the index has it at `due`; nullopt: not any more. Only while it has `before` there.
[[nodiscard]] std::string index_statement(std::string_view table, const Arm& arm,
                                          std::optional<std::int64_t> due,
                                          std::optional<std::int64_t> before);
// A tombstone of that version goes for good.
[[nodiscard]] std::string bury_statement(std::string_view table, std::string_view id,
                                         std::int64_t version);

}  // namespace tocsin::timers_dynamodb

#pragma once
// What DynamoDB answers, read. Pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/aws/failure.hpp"
#include "adapters/timers_dynamodb/row.hpp"

namespace tocsin::timers_dynamodb {

[[nodiscard]] bool condition_failed(const aws::Failure& failure);
[[nodiscard]] bool table_missing(const aws::Failure& failure);
// Of a query: the table has no such index, or it is still being made.
[[nodiscard]] bool index_missing(const aws::Failure& failure);

// As the port wants it: unavailable when it may pass, invalid when somebody must change something,
// with what that is.
[[nodiscard]] Error store_error(const aws::Failure& failure, std::string_view table);

// The item under `name` ("Item", "Attributes") of an answer; nullopt when there is none. Errors:
// unavailable, the answer is no JSON; invalid, the item is no timer.
[[nodiscard]] Result<std::optional<Row>> read_answer(std::string_view body, std::string_view name);

struct ScanPage {
  std::vector<Row> rows;    // those that are timers, or tombstones
  std::string last_key;     // LastEvaluatedKey as JSON; "" at the end
  std::string last_id;      // the Timer in it
  std::size_t strange = 0;  // items that are neither
};
// Error: unavailable, the answer is no JSON; what was read so far is not all there is.
[[nodiscard]] Result<ScanPage> read_page(std::string_view body);

}  // namespace tocsin::timers_dynamodb

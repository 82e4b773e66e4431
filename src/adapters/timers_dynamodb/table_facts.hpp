#pragma once
// What DescribeTable says of a table, and what it lacks. Pure.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tocsin::timers_dynamodb {

struct TableFacts {
  bool usable = false;       // it is active, and its one key is Timer (S)
  bool index = false;        // expiries can be announced: the index by deadline is there and active
  std::uint64_t timers = 0;  // as DynamoDB counts them every six hours
  std::uint64_t bytes = 0;
  std::string problem;  // a sentence and what to do; "" when nothing is lacking
};

[[nodiscard]] Result<TableFacts> read_table(std::string_view table, std::string_view answer);

}  // namespace tocsin::timers_dynamodb

#include "adapters/timers_dynamodb/table_facts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/timers_dynamodb/row.hpp"
#include "base/utf8.hpp"
#include "check/json.hpp"

namespace tocsin::timers_dynamodb {
namespace {

// "Timer (HASH), Sort (RANGE)".
std::string key_of(check::JsonValue schema) {
  std::string out;
  for (check::JsonItems item(schema); item.next();) {
    out += fmt::format("{}{} ({})", out.empty() ? "" : ", ",
                       item.value().find("AttributeName").string().value_or("?"),
                       item.value().find("KeyType").string().value_or("?"));
  }
  return clip(printable(out), 200);
}

std::string type_of(check::JsonValue definitions, std::string_view name) {
  for (check::JsonItems item(definitions); item.next();) {
    if (item.value().find("AttributeName").is_string(name)) {
      return item.value().find("AttributeType").string().value_or("");
    }
  }
  return {};
}

std::uint64_t count_of(check::JsonValue table, std::string_view name) {
  return static_cast<std::uint64_t>(
      std::max<std::int64_t>(table.find(name).integer().value_or(0), 0));
}

// "" when the index can be used.
std::string index_problem(check::JsonValue table) {
  for (check::JsonItems item(table.find("GlobalSecondaryIndexes")); item.next();) {
    if (!item.value().find("IndexName").is_string(kIndex)) {
      continue;
    }
    const std::string key = key_of(item.value().find("KeySchema"));
    const check::JsonValue types = table.find("AttributeDefinitions");
    if (key != "DueShard (HASH), Due (RANGE)" || type_of(types, "DueShard") != "S" ||
        type_of(types, "Due") != "N") {
      return fmt::format("its index {} has the key {} instead of DueShard (S), Due (N)", kIndex,
                         key);
    }
    if (!item.value().find("Projection").find("ProjectionType").is_string("ALL")) {
      return fmt::format("its index {} does not project all attributes", kIndex);
    }
    const std::string status = item.value().find("IndexStatus").string().value_or("ACTIVE");
    return status == "ACTIVE" ? "" : fmt::format("its index {} is {}", kIndex, status);
  }
  return fmt::format("it has no index {} by deadline", kIndex);
}

}  // namespace

Result<TableFacts> read_table(std::string_view table, std::string_view answer) {
  const auto document = check::parse_json(answer);
  if (!document || !document->find("Table").exists()) {
    return fail(ErrorCode::unavailable,
                fmt::format("DescribeTable of '{}' answered something else than a table", table));
  }
  const check::JsonValue found = document->find("Table");
  TableFacts out;
  out.timers = count_of(found, "ItemCount");
  out.bytes = count_of(found, "TableSizeBytes");
  const std::string status = found.find("TableStatus").string().value_or("ACTIVE");
  const std::string key = key_of(found.find("KeySchema"));
  if (key != "Timer (HASH)" || type_of(found.find("AttributeDefinitions"), kTimer) != "S") {
    out.problem = fmt::format(
        "table '{}' has the key {} instead of Timer (S) alone: it is not a table of timers; name "
        "another one, or make it with deploy/timers-dynamodb",
        table, key);
    return out;
  }
  if (status != "ACTIVE" && status != "UPDATING") {
    out.problem = fmt::format("table '{}' is {}", table, status);
    return out;
  }
  out.usable = true;
  const std::string lacks = index_problem(found);
  out.index = lacks.empty();
  if (!lacks.empty()) {
    out.problem = fmt::format(
        "table '{}': {}, so that expiries are not announced; arming and checking work. "
        "docs/timers-dynamodb.md says how to add the index",
        table, lacks);
  }
  return out;
}

}  // namespace tocsin::timers_dynamodb

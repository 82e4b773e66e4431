#include "adapters/timers_dynamodb/calls.hpp"

#include <fmt/format.h>

#include "check/json.hpp"

namespace tocsin::timers_dynamodb {
namespace {

std::unexpected<Error> no_object() {
  return fail(ErrorCode::unavailable, "DynamoDB answered something else than a JSON object");
}

}  // namespace

bool condition_failed(const aws::Failure& failure) {
  return failure.code == "ConditionalCheckFailedException";
}

bool table_missing(const aws::Failure& failure) {
  return failure.code == "ResourceNotFoundException";
}

bool index_missing(const aws::Failure& failure) {
  return failure.code == "ValidationException" &&
         (failure.message.find("index") != std::string::npos ||
          failure.message.find("Index") != std::string::npos);
}

Error store_error(const aws::Failure& failure, std::string_view table) {
  const std::string what = to_string(failure);
  if (table_missing(failure)) {
    return {ErrorCode::invalid,
            fmt::format("there is no table '{}': {}; is it another region's, or is it still to be "
                        "made with deploy/timers-dynamodb?",
                        table, what)};
  }
  switch (failure.kind) {
    case aws::FailureKind::transient:
    case aws::FailureKind::throttled:
    case aws::FailureKind::clock:
      return {ErrorCode::unavailable, fmt::format("timers in table '{}': {}", table, what)};
    case aws::FailureKind::denied:
      return {ErrorCode::invalid,
              fmt::format("timers in table '{}': {}; the policy in deploy/timers-dynamodb has what "
                          "is needed",
                          table, what)};
    case aws::FailureKind::credentials:
    case aws::FailureKind::refused:
      break;
  }
  return {ErrorCode::invalid, fmt::format("timers in table '{}': {}", table, what)};
}

Result<std::optional<Row>> read_answer(std::string_view body, std::string_view name) {
  const auto document = check::parse_json(body);
  if (!document || document->kind() != check::JsonKind::object) {
    return no_object();
  }
  const check::JsonValue item = document->find(name);
  if (item.kind() != check::JsonKind::object) {
    return std::nullopt;
  }
  auto row = read_item(item);
  if (!row) {
    return std::unexpected(std::move(row.error()));
  }
  return std::optional(std::move(*row));
}

Result<ScanPage> read_page(std::string_view body) {
  ScanPage out;
  const auto document = check::parse_json(body);
  if (!document || document->kind() != check::JsonKind::object) {
    return no_object();
  }
  for (check::JsonItems item(document->find("Items")); item.next();) {
    auto row = read_item(item.value());
    if (row) {
      out.rows.push_back(std::move(*row));
    } else {
      ++out.strange;
    }
  }
  const check::JsonValue last = document->find("LastEvaluatedKey");
  if (last.kind() == check::JsonKind::object) {
    out.last_key = last.text();
    out.last_id = last.find(kTimer).find("S").string().value_or("");
  }
  return out;
}

}  // namespace tocsin::timers_dynamodb

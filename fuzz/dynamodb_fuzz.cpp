// What DynamoDB may answer about timers, over hostile text. What is read as a row can be written,
// and is then read the same.

#include <cstdint>
#include <string>
#include <string_view>

#include "adapters/timers_dynamodb/calls.hpp"
#include "adapters/timers_dynamodb/row.hpp"
#include "adapters/timers_dynamodb/statement.hpp"
#include "adapters/timers_dynamodb/table_facts.hpp"
#include "base/result.hpp"
#include "base/utf8.hpp"

namespace {

using namespace tocsin;
using namespace tocsin::timers_dynamodb;

void check_row(const Row& row) {
  std::string json;
  JsonWriter writer(json);
  append_item(writer, row);
  const auto item = check::parse_json(json);
  TOCSIN_ASSERT(item);
  if (!row.disarmed_ms) {
    const auto again = read_item(*item);
    TOCSIN_ASSERT(again && *again == row);
    TOCSIN_ASSERT(row.deadline() >= from_unix_ms(row.start * 1000));
    static_cast<void>(timer_of(row));
  }
  TOCSIN_ASSERT(check::parse_json(arm_statement("t", row)));
  TOCSIN_ASSERT(check::parse_json(replace_statement("t", row, row)));
  const Arm arm{row.id, row.start, row.seconds};
  TOCSIN_ASSERT(check::parse_json(claim_statement("t", arm, 1, 2, "p", true)));
  TOCSIN_ASSERT(check::parse_json(index_statement("t", arm, row.due, row.due)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto page = read_page(text)) {
    for (const Row& row : page->rows) {
      check_row(row);
    }
  }
  if (const auto row = read_answer(text, "Item"); !row) {
    TOCSIN_ASSERT(is_utf8(row.error().message) && row.error().message.size() < 400);
  } else if (*row) {
    check_row(**row);
  }
  if (const auto facts = read_table("t", text)) {
    TOCSIN_ASSERT(is_utf8(facts->problem));
    TOCSIN_ASSERT(facts->usable || !facts->index);
  }
  return 0;
}

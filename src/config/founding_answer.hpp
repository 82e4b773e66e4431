#pragma once
// What an endpoint's answer must say: response_json_values and success_test, as captures and
// conditions.

#include <string>
#include <vector>

#include "config/founding_entry.hpp"
#include "config/monitor_fields.hpp"

namespace tocsin::config {

struct FoundingAnswer {
  Own own;                            // expect and capture
  std::vector<std::string> captured;  // names of response_json_values
};
// Usable only when no error was added.
[[nodiscard]] FoundingAnswer decode_answer(const FoundingEntry& e);

}  // namespace tocsin::config

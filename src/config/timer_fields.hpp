#pragma once
// The section `timers`.

#include <optional>
#include <string>
#include <vector>

#include "config/field_table.hpp"
#include "config/model.hpp"
#include "config/notify_fields.hpp"

namespace tocsin::config {

// A rule whose `notify` is to be looked up when all files are read.
struct TimerRuleDraft {
  timer::Rule rule;
  std::vector<NotifyDraft> notify;
  Position at;
};

struct TimersDraft {
  TimerSettings settings;
  std::vector<TimerRuleDraft> rules;
};

[[nodiscard]] const Table<TimersDraft>& timers_table();
[[nodiscard]] const Table<TimerRuleDraft>& timer_rule_table();
[[nodiscard]] const Table<TimerToken>& timer_token_table();
[[nodiscard]] const Table<TimerSettings>& timer_store_table();
[[nodiscard]] const Table<TimerSettings>& timer_sqlite_table();
[[nodiscard]] const Table<DynamoDbTimers>& dynamodb_table();
[[nodiscard]] const Table<TimerSettings>& timer_limits_table();

}  // namespace tocsin::config

#pragma once
// Which timers people hear of when they expire.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alert/announcement.hpp"
#include "alert/event.hpp"
#include "base/time.hpp"

namespace tocsin::timer {

struct Rule {
  std::string name;   // unique; "timers/<name>" stands for the rule where a monitor's name would
  std::string match;  // a pattern as in pat(), on the whole id
  Milliseconds grace{0};
  Milliseconds reminder{0};  // 0: told once
  alert::Severity severity = alert::Severity::critical;
  alert::Labels labels;
  std::vector<alert::Recipient> notify;
  bool operator==(const Rule&) const = default;
};

// The first rule that matches; null: nobody hears of this timer. The rules are in the order of the
// configuration, and outlive the answer.
[[nodiscard]] const Rule* rule_for(std::span<const Rule> rules, std::string_view id);

}  // namespace tocsin::timer

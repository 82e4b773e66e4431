#pragma once
// What alerting remembers of one monitor, and its durable form.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/announcement.hpp"
#include "alert/flapping.hpp"
#include "alert/topic.hpp"

namespace tocsin::alert {

// Most monitors are well: they have none.
struct AlertMemory {
  std::optional<Announcement> incident;
  Topics topics;  // of a kind with several stories at a time, instead of `incident`
  FlapMemory flap;
  std::vector<std::string> flap_told;  // channels that heard of flapping_started

  [[nodiscard]] bool empty() const {
    return !incident && topics.empty() && flap == FlapMemory{} && flap_told.empty();
  }
};

// "" for an empty one; the store keeps it as text.
[[nodiscard]] std::string to_json(const AlertMemory& memory);
// What cannot be read is left out: a ledger that is lost tells twice rather than never.
[[nodiscard]] AlertMemory parse_alert_memory(std::string_view json);

}  // namespace tocsin::alert

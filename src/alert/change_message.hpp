#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "alert/state.hpp"
#include "base/time.hpp"

namespace tocsin::alert {

// The sentence of an event, for people. `found` is the message of the outcome that decided; "" when
// it says nothing. "checkout is down: connection refused by 10.0.0.1:443", "checkout is up again
// after 5m12s" (whole seconds from one second on), "checkout cannot be judged: no resolver
// answers".
[[nodiscard]] std::string change_message(std::string_view monitor, EventType type,
                                         std::string_view found,
                                         std::optional<Milliseconds> outage);

// The sentence of a reminder: what was said last, which holds for so long.
[[nodiscard]] std::string reminder_message(std::string_view said, Milliseconds lasts);

// The sentence of the `recovered` event of a monitor that left the configuration.
[[nodiscard]] std::string removed_message(std::string_view monitor);

}  // namespace tocsin::alert

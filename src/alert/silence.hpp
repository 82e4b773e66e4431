#pragma once
// When nobody is told: silences that people set, and maintenance windows of the configuration.
// Checks go on meanwhile and are recorded.

#include <memory>
#include <string>
#include <string_view>

#include "alert/selector.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "schedule/cron.hpp"

namespace tocsin::alert {

struct Silence {
  std::string id;  // unique, time-ordered
  Selector match;
  Instant from{};
  Instant until{};
  std::string reason;
  std::string by;  // the token's name; "" without tokens
  Instant created{};

  [[nodiscard]] bool active(Instant now) const { return from <= now && now < until; }
};

// {id,match[],from,until,reason,by,created}
[[nodiscard]] std::string to_json(const Silence& silence);
// Error (invalid): not the JSON of a silence.
[[nodiscard]] Result<Silence> parse_silence(std::string_view json);

// A window that recurs: from each match of `schedule`, for `length`.
struct Maintenance {
  std::string name;
  std::shared_ptr<const schedule::Cron> schedule;  // never null
  Milliseconds length{0};
  Selector match;

  [[nodiscard]] bool active(Instant now) const;
};

}  // namespace tocsin::alert

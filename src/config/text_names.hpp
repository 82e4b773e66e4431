#pragma once
// What a text of `templates` may stand under: a type of event, or the hook of mona's formatters
// that was called for it.

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "alert/event_type.hpp"

namespace tocsin::config {

struct Hook {
  std::string_view name;
  alert::EventType type;
  std::string_view doc;
  // While nobody gives this one, a text for that hook stands in: "" none does.
  std::string_view stand_in;
};
[[nodiscard]] std::span<const Hook> hooks();

[[nodiscard]] std::optional<alert::EventType> text_type(std::string_view name);
// All that text_type() knows: the types in their order, then the hooks.
[[nodiscard]] std::vector<std::string_view> text_names();

}  // namespace tocsin::config

#pragma once
// Events of ECS services in words: what their placeholders show, and their titles.

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "alert/event.hpp"
#include "notification/template.hpp"

namespace tocsin::notification {

// The names of their fields (docs/events.md) and of what derives from them:
//   version          "v42": the tag of `image`, else its short digest, else the task definition
//   timeout          how long it may take: "15m"
//   durationSeconds  as the field `duration` has it, which a text shows as "2m5s"; so ageSeconds
[[nodiscard]] std::span<const std::string_view> deployment_names();

// What a placeholder stands for. Where a text shows something else than the field's JSON
// (a duration, a list, the short name of a task definition) Value::plain has it. Missing: the event
// has no such field.
[[nodiscard]] Value deployment_value(const alert::Event& event, std::string_view name);

// "prod/web: deploying v42". nullopt: no event of an ECS service.
[[nodiscard]] std::optional<std::string> deployment_title(const alert::Event& event);

}  // namespace tocsin::notification

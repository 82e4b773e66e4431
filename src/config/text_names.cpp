#include "config/text_names.hpp"

#include <algorithm>
#include <array>

namespace tocsin::config {
namespace {

using enum alert::EventType;

constexpr std::string_view kTimeout = "deployTimeout";
constexpr std::array<Hook, 10> kHooks{{
    {"monitorDeploy", monitor_started, "mona's name of monitor_started", ""},
    {"deploy", deploy_started, "mona's name of deploy_started", ""},
    {"scale", scaled, "mona's name of scaled", ""},
    {"recover", recovering, "mona's name of recovering", ""},
    {"deployDone", finished, "mona's name of finished", ""},
    {kTimeout, timeout, "mona's name of timeout; stands in for rollback and deployFailed", ""},
    {"rollback", rolled_back, "rolled_back, beside mona's names", kTimeout},
    {"deployFailed", failed, "failed, beside mona's names", kTimeout},
    {"serviceCreated", service_created, "service_created, beside mona's names", ""},
    {"serviceDeleted", service_deleted, "service_deleted, beside mona's names", ""},
}};

}  // namespace

std::span<const Hook> hooks() { return kHooks; }

std::optional<alert::EventType> text_type(std::string_view name) {
  const auto* found = std::ranges::find(kHooks, name, &Hook::name);
  return found == kHooks.end() ? alert::parse_event_type(name) : std::optional(found->type);
}

std::vector<std::string_view> text_names() {
  std::vector<std::string_view> names;
  for (const alert::EventTypeInfo& info : alert::event_types()) names.push_back(info.name);
  for (const Hook& hook : kHooks) names.push_back(hook.name);
  return names;
}

}  // namespace tocsin::config

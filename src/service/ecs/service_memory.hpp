#pragma once
// What is remembered of one ECS service between two looks, durably: with its monitor's record.

#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "deployment/history.hpp"
#include "deployment/record.hpp"
#include "deployment/selection.hpp"
#include "deployment/service_state.hpp"

namespace tocsin::service {

// Of a service's tags, that silences and routing may name.
inline constexpr std::size_t kMostTags = 20;

struct ServiceMemory {
  std::string cluster;    // as AWS is asked for it: name or ARN
  std::string name;       // of the service
  std::string arn;        // "" until AWS answered
  deployment::Tags tags;  // its own, as far as they are labels
  deployment::ServiceState state;
  deployment::History history;  // deployments that may still change
  std::string images_of;        // the task definition whose images these are
  std::vector<deployment::Image> images;
  Instant looked{};  // the last look that AWS answered, by its clock
};

// Those that are kept: without AWS's own, the first kMostTags.
[[nodiscard]] deployment::Tags kept_tags(const deployment::Tags& tags);

[[nodiscard]] std::string to_json(const ServiceMemory& memory);
// What cannot be read is as in a fresh one.
[[nodiscard]] ServiceMemory parse_service_memory(std::string_view json);

// "arn:aws:ecs:eu-west-1:123456789012:service/prod/web": its parts; "" what is not there.
struct ArnParts {
  std::string partition, region, account;
};
[[nodiscard]] ArnParts parts_of_arn(std::string_view arn);
// What stands behind the last slash: of ARNs of clusters, services and task definitions the name.
[[nodiscard]] std::string_view short_name(std::string_view arn_or_name);

}  // namespace tocsin::service

#pragma once
// What ECS answers, read. Pure. Every field may be absent or null, unknown ones may be there, enums
// are open. Source: the service model of ECS (API version 2014-11-13).

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/aws/failure.hpp"
#include "base/result.hpp"
#include "ports/ecs_api.hpp"

namespace tocsin::ecs_aws {

// Errors (invalid): the answer is no JSON object; which byte, or what it is.
[[nodiscard]] Result<ports::EcsServiceNames> read_service_names(std::string_view body);
// `now` is left for the caller.
[[nodiscard]] Result<ports::EcsServices> read_services(std::string_view body);
[[nodiscard]] Result<ports::EcsApi::ServiceDeployments> read_service_deployments(
    std::string_view body);
[[nodiscard]] Result<ports::EcsTaskArns> read_task_arns(std::string_view body);
[[nodiscard]] Result<std::vector<deployment::Task>> read_tasks(std::string_view body);
[[nodiscard]] Result<ports::EcsTaskDefinition> read_task_definition(std::string_view body);

[[nodiscard]] ports::EcsFailure read_failure(const aws::Failure& failure);

}  // namespace tocsin::ecs_aws

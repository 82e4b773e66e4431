#pragma once
// Which region Tocsin works in when nobody tells it. Loop thread only. Source: "AWS Region" of the
// SDKs and tools reference guide; task metadata of ECS.

#include <functional>
#include <string>

#include "adapters/aws/profile.hpp"
#include "adapters/aws/world.hpp"

namespace tocsin::aws {

// AWS_REGION, AWS_DEFAULT_REGION, the profile's; "" when none says it.
[[nodiscard]] std::string known_region(const Environment& environment, const Profiles& profiles,
                                       std::string_view profile);

// The known one, then of the ECS task, then of the instance. `done`
// runs once on the loop thread, never inline, within 10 s. Error (not_found): where it was looked
// for.
void find_region(const World& world, const Profiles& profiles, const std::string& profile,
                 std::move_only_function<void(Result<std::string>)> done);

// "eu-central-1" of "arn:aws:ecs:eu-central-1:123456789012:cluster/prod"; "" when it is no ARN.
[[nodiscard]] std::string region_of_arn(std::string_view arn);

}  // namespace tocsin::aws

#include "adapters/aws/region.hpp"

#include <fmt/format.h>

#include <utility>

#include "adapters/aws/exchange.hpp"
#include "adapters/aws/metadata.hpp"
#include "check/json.hpp"

namespace tocsin::aws {
namespace {

using Done = std::move_only_function<void(Result<std::string>)>;

void from_instance(const World& world, Done done) {
  if (world.environment("AWS_EC2_METADATA_DISABLED").value_or("") == "true") {
    world.loop.post([done = std::move(done)]() mutable {
      done(fail(ErrorCode::not_found,
                "no AWS region: not in AWS_REGION, AWS_DEFAULT_REGION or the profile"));
    });
    return;
  }
  fetch_instance_fact(world, "placement/region", [done = std::move(done)](auto found) mutable {
    if (!found) {
      found = fail(ErrorCode::not_found,
                   fmt::format("no AWS region: not in AWS_REGION, AWS_DEFAULT_REGION or the "
                               "profile, and {}",
                               found.error().message));
    }
    done(std::move(found));
  });
}

std::string region_of_task(const ExchangeResult& result) {
  if (!result || result->status != 200) {
    return {};
  }
  const auto task = check::parse_json(result->body);
  if (!task) {
    return {};
  }
  // The cluster may be a bare name; the task is always an ARN.
  const std::string region = region_of_arn(task->find("Cluster").string().value_or(""));
  return region.empty() ? region_of_arn(task->find("TaskARN").string().value_or("")) : region;
}

}  // namespace

std::string region_of_arn(std::string_view arn) {
  if (!arn.starts_with("arn:")) {
    return {};
  }
  std::string_view rest = arn;
  for (int part = 0; part < 3; ++part) {
    const auto colon = rest.find(':');
    if (colon == rest.npos) {
      return {};
    }
    rest.remove_prefix(colon + 1);
  }
  return std::string(rest.substr(0, rest.find(':')));
}

std::string known_region(const Environment& environment, const Profiles& profiles,
                         std::string_view profile) {
  const Section* section = profiles.profile(profile);
  const std::string own = section == nullptr ? "" : std::string(value_of(*section, "region"));
  return environment("AWS_REGION").value_or(environment("AWS_DEFAULT_REGION").value_or(own));
}

void find_region(const World& world, const Profiles& profiles, const std::string& profile,
                 Done done) {
  const std::string known = known_region(world.environment, profiles, profile);
  if (!known.empty()) {
    world.loop.post([done = std::move(done), known]() mutable { done(known); });
    return;
  }
  const auto task = world.environment("ECS_CONTAINER_METADATA_URI_V4");
  if (!task) {
    from_instance(world, std::move(done));
    return;
  }
  Outgoing request;
  request.url = *task + "/task";
  request.timeout = Milliseconds{2'000};
  exchange(world, std::move(request),
           [world, done = std::move(done)](ExchangeResult result) mutable {
             if (std::string region = region_of_task(result); !region.empty()) {
               done(std::move(region));
               return;
             }
             from_instance(world, std::move(done));
           });
}

}  // namespace tocsin::aws

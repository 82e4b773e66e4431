#pragma once
// Where a service of a region is reached. Pure. Source: "Regional endpoints" of the AWS General
// Reference; "Service-specific endpoints" of the SDKs and tools guide for the environment.

#include <string>
#include <string_view>

#include "adapters/aws/profile.hpp"
#include "adapters/aws/service.hpp"
#include "adapters/aws/world.hpp"
#include "base/result.hpp"

namespace tocsin::aws {

struct EndpointChoice {
  bool fips = false;        // AWS_USE_FIPS_ENDPOINT
  bool dual_stack = false;  // AWS_USE_DUALSTACK_ENDPOINT
  // From the environment or a profile; "" when nothing names one.
  std::string url;
};

// What the environment and the profile in use say about this service: AWS_ENDPOINT_URL_<ID>, then
// AWS_ENDPOINT_URL, then the profile's `services` section, then its endpoint_url, unless
// AWS_IGNORE_CONFIGURED_ENDPOINT_URLS. A profile that does not exist says nothing.
[[nodiscard]] EndpointChoice endpoint_choice(const Service& service, const Environment& environment,
                                             const Profiles& profiles = {},
                                             std::string_view profile = "default");

// "https://dynamodb.eu-central-1.amazonaws.com", without a slash at the end. Error (invalid): not a
// region, or not a URL.
[[nodiscard]] Result<std::string> endpoint_url(const Service& service, std::string_view region,
                                               const EndpointChoice& choice);

// "aws", "aws-cn", "aws-us-gov", ...: of the region's ARNs.
[[nodiscard]] std::string_view partition_of(std::string_view region);

}  // namespace tocsin::aws

#include "adapters/aws/endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tocsin::aws {
namespace {

struct Partition {
  std::string_view region_prefix;
  std::string_view name;
  std::string_view suffix;
  std::string_view dual_stack_suffix;
};

// The first whose prefix fits; the last fits all: new regions are mostly of the first partition.
constexpr std::array kPartitions{
    Partition{"cn-", "aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    Partition{"us-gov-", "aws-us-gov", "amazonaws.com", "api.aws"},
    Partition{"us-iso-", "aws-iso", "c2s.ic.gov", "api.aws.ic.gov"},
    Partition{"us-isob-", "aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud"},
    Partition{"eu-isoe-", "aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
    Partition{"us-isof-", "aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
    Partition{"eusc-", "aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu"},
    Partition{"", "aws", "amazonaws.com", "api.aws"},
};

const Partition& find_partition(std::string_view region) {
  return *std::ranges::find_if(kPartitions, [region](const Partition& partition) {
    return region.starts_with(partition.region_prefix);
  });
}

bool is_label(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
         std::ranges::all_of(text, fits);
}

bool is_true(const std::optional<std::string>& value) {
  return value && (*value == "true" || *value == "True" || *value == "TRUE");
}

}  // namespace

std::string_view partition_of(std::string_view region) { return find_partition(region).name; }

EndpointChoice endpoint_choice(const Service& service, const Environment& environment) {
  EndpointChoice out;
  out.fips = is_true(environment("AWS_USE_FIPS_ENDPOINT"));
  out.dual_stack = is_true(environment("AWS_USE_DUALSTACK_ENDPOINT"));
  if (!is_true(environment("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"))) {
    const auto own = environment(fmt::format("AWS_ENDPOINT_URL_{}", service.id));
    out.url = own ? *own : environment("AWS_ENDPOINT_URL").value_or("");
  }
  return out;
}

Result<std::string> endpoint_url(const Service& service, std::string_view region,
                                 const EndpointChoice& choice) {
  if (!is_label(region)) {
    return fail(
        ErrorCode::invalid,
        fmt::format("'{}' is not an AWS region, expected one such as eu-central-1", region));
  }
  if (!choice.url.empty()) {
    if (!choice.url.starts_with("https://") && !choice.url.starts_with("http://")) {
      return fail(ErrorCode::invalid,
                  fmt::format("the endpoint of {} is not an http:// or https:// URL", service.id));
    }
    std::string url = choice.url;
    while (url.ends_with('/')) {
      url.pop_back();
    }
    return url;
  }
  const Partition& partition = find_partition(region);
  return fmt::format("https://{}{}.{}.{}", service.endpoint_prefix, choice.fips ? "-fips" : "",
                     region, choice.dual_stack ? partition.dual_stack_suffix : partition.suffix);
}

}  // namespace tocsin::aws

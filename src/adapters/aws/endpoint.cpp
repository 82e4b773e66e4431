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

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  return out;
}

bool is_true(std::string_view value) { return lower_case(value) == "true"; }

}  // namespace

std::string_view partition_of(std::string_view region) { return find_partition(region).name; }

EndpointChoice endpoint_choice(const Service& service, const Environment& environment,
                               const Profiles& profiles, std::string_view profile) {
  static const Section kEmpty;
  const Section* found = profiles.profile(profile);
  const Section& own = found == nullptr ? kEmpty : *found;
  const auto setting = [&](std::string_view variable, std::string_view key) {
    return is_true(environment(variable).value_or(std::string(value_of(own, key))));
  };
  EndpointChoice out;
  out.fips = setting("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
  out.dual_stack = setting("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
  if (setting("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls")) {
    return out;
  }
  const auto services = profiles.services.find(value_of(own, "services"));
  const Section& listed = services == profiles.services.end() ? kEmpty : services->second;
  const std::array candidates{
      environment(fmt::format("AWS_ENDPOINT_URL_{}", service.id)).value_or(""),
      environment("AWS_ENDPOINT_URL").value_or(""),
      std::string(value_of(listed, lower_case(service.id) + ".endpoint_url")),
      std::string(value_of(own, "endpoint_url"))};
  for (const std::string& url : candidates) {
    out.url = out.url.empty() ? url : out.url;
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

#pragma once
// AWS services and their operations as data: how a call is spelled on the wire, and what comes back
// when it fails. Pure. Sources: the service models of botocore (endpointPrefix, signingName,
// targetPrefix, apiVersion, protocol).

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/aws/sigv4.hpp"

namespace tocsin::aws {

enum class Protocol : std::uint8_t { json_1_0, json_1_1, query };

struct Service {
  std::string_view id;               // as in AWS_ENDPOINT_URL_<id>
  std::string_view endpoint_prefix;  // of the host name
  std::string_view signing_name;
  Protocol protocol;
  std::string_view
      version;  // json: what stands before the operation in X-Amz-Target; query: Version
};

inline constexpr Service kDynamoDb{"DYNAMODB", "dynamodb", "dynamodb", Protocol::json_1_0,
                                   "DynamoDB_20120810"};
inline constexpr Service kEcs{"ECS", "ecs", "ecs", Protocol::json_1_1,
                              "AmazonEC2ContainerServiceV20141113"};
inline constexpr Service kSts{"STS", "sts", "sts", Protocol::query, "2011-06-15"};

using Parameters = std::vector<std::pair<std::string, std::string>>;

// The body and headers of a call; Host and the signature are the caller's. A JSON service takes
// `json`, a query service `parameters`.
struct Call {
  std::string body;
  Headers headers;
};
[[nodiscard]] Call json_call(const Service& service, std::string_view operation, std::string json);
[[nodiscard]] Call query_call(const Service& service, std::string_view operation,
                              const Parameters& parameters);

}  // namespace tocsin::aws

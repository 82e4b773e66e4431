#pragma once
// Names that AWS gives: what they look like, in every partition. Pure.

#include <optional>
#include <string>
#include <string_view>

namespace tocsin::config {

// "eu-central-1", "us-gov-west-1", "eusc-de-east-1": a region, also one that is not built yet.
[[nodiscard]] bool is_aws_region(std::string_view text);

// The name of an ECS cluster or service: 1 to 255 letters, digits, "-" and "_". Source:
// CreateCluster and CreateService of the ECS API reference.
[[nodiscard]] bool is_ecs_name(std::string_view text);

// "arn:aws:ecs:eu-west-1:123456789012:cluster/prod".
struct ClusterArn {
  std::string_view region, account, name;
};
// Parts of `text`; nullopt when it is no such ARN.
[[nodiscard]] std::optional<ClusterArn> parse_cluster_arn(std::string_view text);

// "arn:aws:iam::123456789012:role/path/name", of any partition. Source: "IAM identifiers" of the
// IAM user guide.
[[nodiscard]] bool is_role_arn(std::string_view text);

// What is wrong with a role (an ARN, or "") for a cluster (a name or an ARN); empty: nothing. It
// sees the clusters of its own account alone: ECS has no policies on clusters that let others in.
[[nodiscard]] std::string problem_of_role(std::string_view role, std::string_view cluster);

// What sts:AssumeRole takes: 2 to 1224 letters, digits and + = , . @ : / - _.
[[nodiscard]] bool is_external_id(std::string_view text);

}  // namespace tocsin::config

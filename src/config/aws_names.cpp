#include "config/aws_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tocsin::config {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z') || c == '_'; }

bool consists_of_words_and(std::string_view signs, std::string_view text) {
  return std::ranges::all_of(text, [signs](char c) { return is_word(c) || signs.contains(c); });
}

// The six parts of an ARN; the last holds what is left.
std::optional<std::array<std::string_view, 6>> split_arn(std::string_view text) {
  std::array<std::string_view, 6> parts;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    parts.at(i) = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  parts.back() = text;
  const std::string_view partition = parts[1];
  const bool known = partition == "aws" || partition.starts_with("aws-");
  const bool plain = std::ranges::all_of(partition, [](char c) { return is_lower(c) || c == '-'; });
  if (parts[0] != "arn" || !known || !plain || partition.ends_with('-')) return std::nullopt;
  return parts;
}

bool is_account(std::string_view text) {
  return text.size() == 12 && std::ranges::all_of(text, is_digit);
}

}  // namespace

bool is_aws_region(std::string_view text) {
  const std::size_t first = text.find('-');
  const std::size_t last = text.rfind('-');
  if (first == std::string_view::npos || first == last) return false;
  const std::string_view area = text.substr(0, first);
  const std::string_view middle = text.substr(first + 1, last - first - 1);
  const std::string_view number = text.substr(last + 1);
  return text.size() <= 32 && area.size() >= 2 && area.size() <= 4 &&
         std::ranges::all_of(area, is_lower) && !middle.empty() && is_lower(middle.front()) &&
         is_lower(middle.back()) && !middle.contains("--") &&
         std::ranges::all_of(middle, [](char c) { return is_lower(c) || c == '-'; }) &&
         !number.empty() && number.size() <= 2 && std::ranges::all_of(number, is_digit);
}

bool is_ecs_name(std::string_view text) {
  return !text.empty() && text.size() <= 255 && consists_of_words_and("-", text);
}

std::optional<ClusterArn> parse_cluster_arn(std::string_view text) {
  constexpr std::string_view kCluster = "cluster/";
  const auto parts = split_arn(text);
  if (!parts) return std::nullopt;
  const auto& [arn, partition, service, region, account, resource] = *parts;
  if (service != "ecs" || !is_aws_region(region) || !is_account(account) ||
      !resource.starts_with(kCluster)) {
    return std::nullopt;
  }
  const std::string_view name = resource.substr(kCluster.size());
  return is_ecs_name(name) ? std::optional(ClusterArn{region, account, name}) : std::nullopt;
}

bool is_role_arn(std::string_view text) {
  constexpr std::string_view kRole = "role/";
  const auto parts = split_arn(text);
  if (!parts) return false;
  const auto& [arn, partition, service, region, account, resource] = *parts;
  if (service != "iam" || !region.empty() || !is_account(account) || !resource.starts_with(kRole)) {
    return false;
  }
  const std::string_view path = resource.substr(kRole.size());
  const std::string_view name = path.substr(path.rfind('/') + 1);  // npos + 1 is 0
  return text.size() <= 2048 && !name.empty() && name.size() <= 64 &&
         consists_of_words_and("+=,.@-", name) &&
         std::ranges::all_of(path, [](char c) { return c > ' ' && c < 0x7F; });
}

std::string problem_of_role(std::string_view role, std::string_view cluster) {
  const auto parts = split_arn(role);
  const auto arn = parse_cluster_arn(cluster);
  if (!parts || !arn || (*parts)[4] == arn->account) return {};
  return fmt::format(
      "this role is of account {}, the cluster's ARN of {}: expected a role of the "
      "cluster's account",
      (*parts)[4], arn->account);
}

bool is_external_id(std::string_view text) {
  return text.size() >= 2 && text.size() <= 1224 && consists_of_words_and("+=,.@:/-", text);
}

}  // namespace tocsin::config

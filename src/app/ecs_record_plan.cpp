#include "app/ecs_record_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <string_view>
#include <utility>

#include "base/near_miss.hpp"
#include "config/aws_names.hpp"
#include "config/ecs_target.hpp"
#include "service/ecs/service_memory.hpp"

namespace tocsin::app {
namespace {

using namespace std::chrono_literals;
using config::EcsCluster;
using service::short_name;
using Entries = std::vector<EcsCluster>;
template <typename T>
using Planned = std::expected<T, std::vector<std::string>>;

constexpr Milliseconds kRefresh = 1min;

std::unexpected<std::vector<std::string>> refuse(std::string message) {
  return std::unexpected(std::vector{std::move(message)});
}

std::string_view region_of(const EcsRecordOptions& options) {
  const auto arn = config::parse_cluster_arn(options.cluster);
  return arn ? arn->region : std::string_view(options.region);
}

// Names and ARNs may stand for each other: what one of them does not say counts as the same.
bool is_about(const EcsCluster& entry, const EcsRecordOptions& options) {
  const auto account = service::parts_of_arn(options.cluster).account;
  const auto other = service::parts_of_arn(entry.name).account;
  const std::string_view region = region_of(options);
  return short_name(entry.name) == short_name(options.cluster) &&
         (region.empty() || entry.region.empty() || entry.region == region) &&
         (account.empty() || other.empty() || account == other);
}

std::string where_of(const EcsCluster& entry) {
  return fmt::format("{}{}{}", entry.name, entry.region.empty() ? "" : " in " + entry.region,
                     entry.role_arn.empty() ? "" : " as " + entry.role_arn);
}

// Those that say the region themselves, or the role, before those that leave it open.
template <typename Says>
void prefer(Entries& entries, Says says) {
  if (std::ranges::any_of(entries, says)) {
    std::erase_if(entries, [&](const EcsCluster& entry) { return !says(entry); });
  }
}

Planned<Entries> entries_of(const EcsRecordOptions& options, const config::EcsSettings& settings) {
  Entries out;
  std::vector<std::string_view> names;
  for (const EcsCluster& entry : settings.clusters) {
    names.push_back(short_name(entry.name));
    if (is_about(entry, options)) {
      out.push_back(entry);
    }
  }
  const std::string_view region = region_of(options);
  if (out.empty()) {
    const auto near = near_miss(short_name(options.cluster), names);
    return refuse(fmt::format("{} has no cluster {}{}{} in its section ecs{}", options.config,
                              options.cluster, region.empty() ? "" : " in ", region,
                              near ? fmt::format("; did you mean {}?", *near) : ""));
  }
  if (!region.empty()) {
    prefer(out, [&](const EcsCluster& entry) { return entry.region == region; });
  }
  if (!options.role_arn.empty()) {
    prefer(out, [&](const EcsCluster& entry) { return entry.role_arn == options.role_arn; });
  }
  std::set<std::string> places;
  for (const EcsCluster& entry : out) {
    places.insert(where_of(entry));
  }
  const bool one = std::ranges::all_of(out, [&](const EcsCluster& entry) {
    return (entry.region == out.front().region || !region.empty()) &&
           (entry.role_arn == out.front().role_arn || !options.role_arn.empty());
  });
  if (!one) {
    return refuse(
        fmt::format("{} has more than one cluster {}: {}; say which with --region or "
                    "--role-arn",
                    options.config, options.cluster, fmt::join(places, ", ")));
  }
  return out;
}

// What the command line says goes before what the configuration says.
void lay_over(const EcsRecordOptions& options, EcsCluster& entry) {
  const auto take = [](std::string& to, const std::string& given) {
    to = given.empty() ? to : given;
  };
  if (entry.name.empty() || options.cluster.starts_with("arn:")) {
    entry.name = options.cluster;
  }
  take(entry.region, options.region);
  take(entry.role_arn, options.role_arn);
  take(entry.external_id, options.external_id);
  entry.check_interval = options.interval.value_or(entry.check_interval);
  entry.refresh_interval = std::max(kRefresh, entry.check_interval);
}

service::WatchedCluster watched_by(const EcsCluster& entry) {
  service::WatchedCluster out;
  out.name = entry.name;
  out.services = entry.services;
  out.check_interval = entry.check_interval;
  out.refresh_interval = entry.refresh_interval;
  return out;
}

}  // namespace

std::expected<std::vector<RecordPart>, std::vector<std::string>> plan_record(
    const EcsRecordOptions& options, const config::EcsSettings* settings) {
  config::EcsTarget target{options.cluster, options.region, options.role_arn, options.external_id,
                           options.services};
  if (settings != nullptr && target.role_arn.empty()) {
    target.external_id.clear();  // for the role of the configuration
  }
  if (auto problems = problems_of(target); !problems.empty()) {
    return std::unexpected(std::move(problems));
  }
  auto entries =
      settings == nullptr ? Planned<Entries>(Entries(1)) : entries_of(options, *settings);
  if (!entries) {
    return std::unexpected(std::move(entries.error()));
  }
  std::vector<RecordPart> out;
  std::vector<deployment::Selection> taken;
  for (EcsCluster& entry : *entries) {
    lay_over(options, entry);
    if (!entry.external_id.empty() && entry.role_arn.empty()) {
      return refuse("external_id: expected --role-arn beside it, or a role_arn in " +
                    options.config + ": the role that asks for this id");
    }
    service::WatchedCluster watched = watched_by(entry);
    watched.taken = taken;
    taken.push_back(entry.services);
    if (!options.services.empty()) {
      watched.services = {.include = options.services, .exclude = {}, .tags = {}};
      if (out.size() + 1 < entries->size()) {
        watched.within = entry.services;
      }
    }
    out.push_back({std::move(entry), std::move(watched)});
  }
  return out;
}

}  // namespace tocsin::app

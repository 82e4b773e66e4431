#include "config/model.hpp"

#include <tuple>

namespace tocsin::config {
namespace {

bool same_notes(const EcsCluster& a, const EcsCluster& b) {
  return a.notes == b.notes || (a.notes != nullptr && b.notes != nullptr && *a.notes == *b.notes);
}

auto settings_of(const EcsCluster& c) {
  return std::tie(c.name, c.region, c.role_arn, c.external_id, c.services, c.options,
                  c.check_interval, c.refresh_interval, c.log_interval, c.announce_start,
                  c.environment);
}

}  // namespace

bool EcsCluster::operator==(const EcsCluster& other) const {
  return settings_of(*this) == settings_of(other) && same_notes(*this, other);
}

}  // namespace tocsin::config

#include "deployment/snapshot.hpp"

#include <algorithm>

namespace tocsin::deployment {

const Deployment* Snapshot::primary() const {
  const auto found = std::ranges::find_if(deployments, &Deployment::primary);
  return found == deployments.end() ? nullptr : &*found;
}

const Deployment* Snapshot::find(const std::string& id) const {
  const auto found = std::ranges::find(deployments, id, &Deployment::id);
  return found == deployments.end() ? nullptr : &*found;
}

ServiceDeployment::Status service_deployment_status(std::string_view text) {
  using Status = ServiceDeployment::Status;
  if (text == "SUCCESSFUL") return Status::successful;
  if (text == "STOPPED") return Status::stopped;
  if (text == "ROLLBACK_SUCCESSFUL") return Status::rolled_back;
  if (text == "ROLLBACK_FAILED") return Status::rollback_failed;
  return text.starts_with("ROLLBACK_") ? Status::rolling_back : Status::going_on;
}

std::string_view to_string(ServiceDeployment::Status status) {
  using Status = ServiceDeployment::Status;
  switch (status) {
    case Status::going_on:
      return "IN_PROGRESS";
    case Status::successful:
      return "SUCCESSFUL";
    case Status::stopped:
      return "STOPPED";
    case Status::rolling_back:
      return "ROLLBACK_IN_PROGRESS";
    case Status::rolled_back:
      return "ROLLBACK_SUCCESSFUL";
    case Status::rollback_failed:
      return "ROLLBACK_FAILED";
  }
  return "";
}

RolloutState rollout_state(std::string_view text) {
  if (text.empty()) return RolloutState::unset;
  if (text == "COMPLETED") return RolloutState::completed;
  return text == "FAILED" ? RolloutState::failed : RolloutState::in_progress;
}

std::string_view to_string(RolloutState state) {
  switch (state) {
    case RolloutState::unset:
      return "";
    case RolloutState::in_progress:
      return "IN_PROGRESS";
    case RolloutState::completed:
      return "COMPLETED";
    case RolloutState::failed:
      return "FAILED";
  }
  return "";
}

ServiceStatus service_status(std::string_view text) {
  if (text == "DRAINING") return ServiceStatus::draining;
  return text == "INACTIVE" ? ServiceStatus::inactive : ServiceStatus::active;
}

std::string_view to_string(ServiceStatus status) {
  switch (status) {
    case ServiceStatus::active:
      return "ACTIVE";
    case ServiceStatus::draining:
      return "DRAINING";
    case ServiceStatus::inactive:
      return "INACTIVE";
  }
  return "";
}

bool complete(const Snapshot& snapshot, const Deployment& primary) {
  using Status = ServiceDeployment::Status;
  if (!snapshot.rolling && snapshot.service_deployment) {
    const Status status = snapshot.service_deployment->status;
    return status == Status::successful || status == Status::rolled_back;
  }
  if (primary.rollout != RolloutState::unset) {
    return primary.rollout == RolloutState::completed;
  }
  // Behind a Classic Load Balancer ECS states nothing: then counts must do.
  return primary.running == primary.desired && primary.pending == 0 &&
         snapshot.deployments.size() == 1;
}

}  // namespace tocsin::deployment

#pragma once
// What one poll saw of an ECS service: the fields of DescribeServices that the rules use
// (Amazon ECS API reference, types Service, Deployment and ServiceDeployment). Every field is
// optional on the wire and every enum is open; what is not known has a value here that says so.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.hpp"

namespace tocsin::deployment {

enum class ServiceStatus : std::uint8_t { active, draining, inactive };  // unknown ones: active
enum class RolloutState : std::uint8_t { unset, in_progress, completed, failed };
enum class Scheduling : std::uint8_t { replica, daemon };

struct Deployment {
  std::string id;        // "ecs-svc/" and up to 19 digits: text, never a number
  bool primary = false;  // the most recent one; others run out
  std::string task_definition;
  std::int64_t desired = 0;
  std::int64_t pending = 0;
  std::int64_t running = 0;
  std::int64_t failed = 0;  // consecutive failures; back to 0 once a task runs
  Instant created{};
  RolloutState rollout = RolloutState::unset;  // a value that is not known: in_progress
  std::string rollout_reason;
  bool operator==(const Deployment&) const = default;
};

// One line of the service's own log; ECS keeps the newest 100.
struct ServiceEvent {
  Instant created{};
  std::string message;
  bool operator==(const ServiceEvent&) const = default;
};

// Where services do not roll but shift traffic, this says how far it is: there `deployments` do
// not.
struct ServiceDeployment {
  enum class Status : std::uint8_t {
    going_on,  // PENDING, IN_PROGRESS, STOP_REQUESTED and whatever is not known
    successful,
    stopped,
    rolling_back,  // ROLLBACK_REQUESTED, ROLLBACK_IN_PROGRESS
    rolled_back,   // ROLLBACK_SUCCESSFUL
    rollback_failed,
  };
  Status status = Status::going_on;
  std::string stage;   // lifecycleStage; "" unset
  std::string reason;  // statusReason
  bool waits = false;  // a lifecycle hook of kind PAUSE waits for a person
  Instant finished{};  // epoch 0: it goes on, or nobody says
  bool operator==(const ServiceDeployment&) const = default;
};

struct Snapshot {
  ServiceStatus status = ServiceStatus::active;
  Instant created{};  // of the service; epoch 0 unset. A name is used again with a later one
  Scheduling scheduling = Scheduling::replica;
  bool rolling = true;        // deploymentConfiguration.strategy is ROLLING or unset
  Milliseconds bake_time{0};  // of strategies that shift traffic: how long that takes by design
  std::int64_t desired = 0;
  std::int64_t running = 0;  // of all deployments
  std::vector<Deployment> deployments;
  std::vector<ServiceEvent> events;                     // in any order
  std::optional<ServiceDeployment> service_deployment;  // when it was asked for and known

  // nullptr: none, as with a controller that keeps task sets.
  [[nodiscard]] const Deployment* primary() const;
  [[nodiscard]] const Deployment* find(const std::string& id) const;
  bool operator==(const Snapshot&) const = default;
};

struct Unanswered {
  std::string error;  // the call failed: what was tried and what was seen
};
struct Missing {};  // AWS answered that there is no such service
struct Absent {};   // neither in the list of services nor in the answer

// What came of one poll of one service.
struct Observation {
  Instant now{};  // AWS's clock, as of the answer's Date header: never ours (2.3 of the domain)
  std::variant<Unanswered, Missing, Absent, Snapshot> seen;
};

// As AWS writes them; a value that is not known as its enum says.
[[nodiscard]] ServiceDeployment::Status service_deployment_status(std::string_view text);
[[nodiscard]] std::string_view to_string(ServiceDeployment::Status status);
[[nodiscard]] RolloutState rollout_state(std::string_view text);  // "" unset
[[nodiscard]] std::string_view to_string(RolloutState state);
[[nodiscard]] ServiceStatus service_status(std::string_view text);
[[nodiscard]] std::string_view to_string(ServiceStatus status);

// When the deployment is finished by what AWS says of it.
[[nodiscard]] bool complete(const Snapshot& snapshot, const Deployment& primary);

}  // namespace tocsin::deployment

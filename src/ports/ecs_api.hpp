#pragma once
// Amazon ECS in one account and region, as far as it is watched. Each method is one call of the
// API, so that whoever asks can keep to the account's budget (ecs:Describe*, ecs:List*). Real:
// adapters/ecs_aws.

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "deployment/snapshot.hpp"
#include "deployment/task.hpp"

namespace tocsin::ports {

enum class EcsFailureKind : std::uint8_t {
  unanswered,   // no answer, or one of a server in trouble: later perhaps
  throttled,    // the account's budget is used up, by whomever: ask more slowly
  denied,       // a policy does not allow it; the message names the action
  credentials,  // none, expired, or not those of this account
  no_cluster,
  no_service,  // only of calls about one service
  refused,     // anything else that repeating does not change
};

struct EcsFailure {
  EcsFailureKind kind = EcsFailureKind::unanswered;
  std::string message;  // what was called, what AWS said, its request id
};

struct EcsServiceNames {
  std::vector<std::string> arns;
  std::string next;  // to be passed to the next call; "" at the end
};

// One page; it may be empty and not the last.
struct EcsTaskArns {
  std::vector<std::string> arns;
  std::string next;  // to be passed to the next call; "" at the end
};

struct EcsService {
  std::string arn;
  std::string name;
  deployment::Snapshot snapshot;   // without its service deployment, which is another call
  std::string controller;          // ECS, CODE_DEPLOY, EXTERNAL or what comes
  std::string service_deployment;  // ARN of the one that goes on; "" none
  std::vector<std::pair<std::string, std::string>> tags;  // when asked for, sorted by key
};

struct EcsServices {
  Instant now{};                     // AWS's clock: the Date of the answer; ours where it has none
  std::vector<EcsService> found;     // in AWS's order, which is not that of the request
  std::vector<std::string> missing;  // ARNs or names that AWS does not know
  std::vector<std::string> unread;   // those that it failed to describe, with its reason
};

struct EcsTaskDefinition {
  std::vector<std::pair<std::string, std::string>> images;  // container, image; in its order
  std::vector<std::pair<std::string, std::string>> tags;    // sorted by key
};

class EcsApi {
 public:
  template <typename T>
  using Answer = std::move_only_function<void(std::expected<T, EcsFailure>)>;

  static constexpr std::size_t kMostServices = 10;  // of one describe_services()
  static constexpr std::size_t kMostDeployments = 20;
  static constexpr std::size_t kMostTasks = 100;

  EcsApi() = default;
  EcsApi(const EcsApi&) = delete;
  EcsApi& operator=(const EcsApi&) = delete;
  virtual ~EcsApi() = default;

  // Loop thread. Answers come once, on the loop thread, never inline, at the latest shortly after
  // `deadline`; not at all once the api is gone. More than the bounds above is a defect.
  virtual void list_services(const std::string& cluster, const std::string& next, MonoTime deadline,
                             Answer<EcsServiceNames> answer) = 0;
  virtual void describe_services(const std::string& cluster, const std::vector<std::string>& names,
                                 bool tags, MonoTime deadline, Answer<EcsServices> answer) = 0;
  // By ARN; one that is not known is left out.
  using ServiceDeployments = std::map<std::string, deployment::ServiceDeployment>;
  virtual void describe_service_deployments(const std::vector<std::string>& arns, MonoTime deadline,
                                            Answer<ServiceDeployments> answer) = 0;
  // ARNs of tasks of a service that stopped within about the last hour, at most kMostTasks of them.
  virtual void list_stopped_tasks(const std::string& cluster, const std::string& service,
                                  const std::string& next, MonoTime deadline,
                                  Answer<EcsTaskArns> answer) = 0;
  virtual void describe_tasks(const std::string& cluster, const std::vector<std::string>& arns,
                              MonoTime deadline, Answer<std::vector<deployment::Task>> answer) = 0;
  virtual void describe_task_definition(const std::string& arn, MonoTime deadline,
                                        Answer<EcsTaskDefinition> answer) = 0;
};

}  // namespace tocsin::ports

#pragma once
// ECS for real: calls of the AWS client (JSON 1.1), answers as the port has them. Loop thread only.

#include "adapters/aws/api.hpp"
#include "ports/ecs_api.hpp"
#include "ports/loop.hpp"

namespace tocsin::ecs_aws {

class EcsAws final : public ports::EcsApi {
 public:
  // Both outlive the object. Calls that are under way when it ends still reach their answers if the
  // api lives on.
  EcsAws(aws::Api& api, const ports::Clock& clock) : api_(api), clock_(clock) {}

  void list_services(const std::string& cluster, const std::string& next, MonoTime deadline,
                     Answer<ports::EcsServiceNames> answer) override;
  void describe_services(const std::string& cluster, const std::vector<std::string>& names,
                         bool tags, MonoTime deadline, Answer<ports::EcsServices> answer) override;
  void describe_service_deployments(const std::vector<std::string>& arns, MonoTime deadline,
                                    Answer<ServiceDeployments> answer) override;
  void list_stopped_tasks(const std::string& cluster, const std::string& service,
                          const std::string& next, MonoTime deadline,
                          Answer<ports::EcsTaskArns> answer) override;
  void describe_tasks(const std::string& cluster, const std::vector<std::string>& arns,
                      MonoTime deadline, Answer<std::vector<deployment::Task>> answer) override;
  void describe_task_definition(const std::string& arn, MonoTime deadline,
                                Answer<ports::EcsTaskDefinition> answer) override;

 private:
  aws::Api& api_;
  const ports::Clock& clock_;
};

}  // namespace tocsin::ecs_aws

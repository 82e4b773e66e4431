#include "adapters/ecs_aws/ecs_aws.hpp"

#include <string_view>
#include <utility>

#include "adapters/aws/operation.hpp"
#include "adapters/ecs_aws/answer.hpp"
#include "base/json_writer.hpp"

namespace tocsin::ecs_aws {
namespace {

using ports::EcsFailure;
using ports::EcsFailureKind;

constexpr std::int64_t kPage = 100;  // what every List* allows; left out, ListServices gives 10

void write_list(JsonWriter& w, std::string_view key, const std::vector<std::string>& values) {
  w.key(key).array();
  for (const std::string& value : values) {
    w.value(value);
  }
  w.end_array();
}

// One call: `read` turns what it answers into what the port wants.
template <typename T, typename Read>
void ask(aws::Api& api, const aws::Operation& operation, std::string json, MonoTime deadline,
         ports::EcsApi::Answer<T> answer, Read read) {
  aws::ApiCall call{operation, std::move(json), {}, deadline};
  api.call(std::move(call), [&operation, answer = std::move(answer),
                             read = std::move(read)](aws::ApiResult result) mutable {
    if (!result) {
      answer(std::unexpected(read_failure(result.error())));
      return;
    }
    Result<T> value = read(*result);
    if (value) {
      answer(std::move(*value));
      return;
    }
    // Whatever it was, it was not ECS: a proxy, a captive portal, half of an answer.
    answer(std::unexpected(
        EcsFailure{EcsFailureKind::unanswered, "ecs:" + std::string(operation.name) + ": " +
                                                   value.error().message + " (request id " +
                                                   result->request_id + ")"}));
  });
}

}  // namespace

void EcsAws::list_services(const std::string& cluster, const std::string& next, MonoTime deadline,
                           Answer<ports::EcsServiceNames> answer) {
  std::string json;
  JsonWriter w(json);
  w.object().field("cluster", cluster).field("maxResults", kPage);
  if (!next.empty()) {
    w.field("nextToken", next);
  }
  w.end_object();
  ask(api_, aws::operation::kListServices, std::move(json), deadline, std::move(answer),
      [](const aws::ApiAnswer& got) { return read_service_names(got.body); });
}

void EcsAws::describe_services(const std::string& cluster, const std::vector<std::string>& names,
                               bool tags, MonoTime deadline, Answer<ports::EcsServices> answer) {
  TOCSIN_ASSERT(!names.empty() && names.size() <= kMostServices);
  std::string json;
  JsonWriter w(json);
  w.object().field("cluster", cluster);
  write_list(w, "services", names);
  if (tags) {
    write_list(w, "include", {"TAGS"});
  }
  w.end_object();
  ask(api_, aws::operation::kDescribeServices, std::move(json), deadline, std::move(answer),
      [&clock = clock_](const aws::ApiAnswer& got) {
        auto read = read_services(got.body);
        if (read) {
          read->now = got.server_time.value_or(clock.now());
        }
        return read;
      });
}

void EcsAws::describe_service_deployments(const std::vector<std::string>& arns, MonoTime deadline,
                                          Answer<ServiceDeployments> answer) {
  TOCSIN_ASSERT(!arns.empty() && arns.size() <= kMostDeployments);
  std::string json;
  JsonWriter w(json);
  w.object();
  write_list(w, "serviceDeploymentArns", arns);
  w.end_object();
  ask(api_, aws::operation::kDescribeServiceDeployments, std::move(json), deadline,
      std::move(answer),
      [](const aws::ApiAnswer& got) { return read_service_deployments(got.body); });
}

void EcsAws::list_stopped_tasks(const std::string& cluster, const std::string& service,
                                const std::string& next, MonoTime deadline,
                                Answer<ports::EcsTaskArns> answer) {
  std::string json;
  JsonWriter w(json);
  w.object().field("cluster", cluster).field("serviceName", service);
  w.field("desiredStatus", "STOPPED").field("maxResults", kPage);
  if (!next.empty()) {
    w.field("nextToken", next);
  }
  w.end_object();
  ask(api_, aws::operation::kListTasks, std::move(json), deadline, std::move(answer),
      [](const aws::ApiAnswer& got) { return read_task_arns(got.body); });
}

void EcsAws::describe_tasks(const std::string& cluster, const std::vector<std::string>& arns,
                            MonoTime deadline, Answer<std::vector<deployment::Task>> answer) {
  TOCSIN_ASSERT(!arns.empty() && arns.size() <= kMostTasks);
  std::string json;
  JsonWriter w(json);
  w.object().field("cluster", cluster);
  write_list(w, "tasks", arns);
  w.end_object();
  ask(api_, aws::operation::kDescribeTasks, std::move(json), deadline, std::move(answer),
      [](const aws::ApiAnswer& got) { return read_tasks(got.body); });
}

void EcsAws::describe_task_definition(const std::string& arn, MonoTime deadline,
                                      Answer<ports::EcsTaskDefinition> answer) {
  std::string json;
  JsonWriter w(json);
  w.object().field("taskDefinition", arn);
  write_list(w, "include", {"TAGS"});
  w.end_object();
  ask(api_, aws::operation::kDescribeTaskDefinition, std::move(json), deadline, std::move(answer),
      [](const aws::ApiAnswer& got) { return read_task_definition(got.body); });
}

}  // namespace tocsin::ecs_aws

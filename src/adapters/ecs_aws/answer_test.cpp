#include "adapters/ecs_aws/answer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::ecs_aws {
namespace {

using namespace std::chrono_literals;
using deployment::RolloutState;
using deployment::ServiceDeployment;
using deployment::ServiceStatus;
using ports::EcsFailureKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

// As AWS answers, with what is not used and a field of tomorrow.
constexpr std::string_view kServices = R"({
  "services": [{
    "serviceArn": "arn:aws:ecs:us-east-1:1:service/prod/web", "serviceName": "web",
    "clusterArn": "arn:aws:ecs:us-east-1:1:cluster/prod", "status": "ACTIVE",
    "desiredCount": 2, "runningCount": 3, "pendingCount": 1, "launchType": "FARGATE",
    "taskDefinition": "arn:aws:ecs:us-east-1:1:task-definition/web:2", "createdAt": 1795231282.811,
    "deploymentConfiguration": {"maximumPercent": 200, "strategy": "ROLLING",
                                "deploymentCircuitBreaker": {"enable": true, "rollback": true}},
    "schedulingStrategy": "REPLICA", "deploymentController": {"type": "ECS"},
    "currentServiceDeployment": "arn:aws:ecs:us-east-1:1:service-deployment/prod/web/abc",
    "tags": [{"key": "team", "value": "shop"}, {"key": "env", "value": "prod"}],
    "somethingNew": {"a": [1, 2]},
    "deployments": [
      {"id": "ecs-svc/9223370535678901234", "status": "PRIMARY", "desiredCount": 2,
       "pendingCount": 1, "runningCount": 1, "failedTasks": 4, "createdAt": 1.7952313E9,
       "taskDefinition": "arn:aws:ecs:us-east-1:1:task-definition/web:2",
       "rolloutState": "IN_PROGRESS", "rolloutStateReason": "ECS deployment in progress."},
      {"id": "ecs-svc/1", "status": "ACTIVE", "desiredCount": 1, "pendingCount": 0,
       "runningCount": 2, "createdAt": 1795000000, "rolloutState": "COMPLETED",
       "taskDefinition": "arn:aws:ecs:us-east-1:1:task-definition/web:1"}],
    "events": [{"id": "e1", "createdAt": 1795231300.5,
                "message": "(service web) has started 1 tasks"}]
  }],
  "failures": [{"arn": "arn:aws:ecs:us-east-1:1:service/prod/gone", "reason": "MISSING"},
               {"arn": "arn:aws:ecs:us-east-1:1:service/prod/odd", "reason": "BUSY",
                "detail": "later"}]
})";

TEST(EcsAnswer, AServiceIsReadAsAwsDescribesIt) {
  const auto read = read_services(kServices);
  ASSERT_TRUE(read);
  ASSERT_EQ(read->found.size(), 1U);
  const ports::EcsService& web = read->found[0];
  EXPECT_EQ(web.name, "web");
  EXPECT_EQ(web.arn, "arn:aws:ecs:us-east-1:1:service/prod/web");
  EXPECT_EQ(web.controller, "ECS");
  EXPECT_THAT(web.tags, ElementsAre(Pair("env", "prod"), Pair("team", "shop")));
  EXPECT_THAT(web.service_deployment, HasSubstr("service-deployment/prod/web/abc"));
  const deployment::Snapshot& seen = web.snapshot;
  EXPECT_EQ(seen.status, ServiceStatus::active);
  EXPECT_TRUE(seen.rolling);
  EXPECT_EQ(seen.desired, 2);
  EXPECT_EQ(seen.running, 3);
  EXPECT_EQ(unix_ms(seen.created), 1'795'231'282'811);
  ASSERT_EQ(seen.deployments.size(), 2U);
  const deployment::Deployment& primary = *seen.primary();
  EXPECT_EQ(primary.id, "ecs-svc/9223370535678901234") << "19 digits are text";
  EXPECT_EQ(primary.failed, 4);
  EXPECT_EQ(primary.rollout, RolloutState::in_progress);
  EXPECT_EQ(unix_ms(primary.created), 1'795'231'300'000);
  EXPECT_EQ(seen.deployments[1].rollout, RolloutState::completed);
  ASSERT_EQ(seen.events.size(), 1U);
  EXPECT_EQ(unix_ms(seen.events[0].created), 1'795'231'300'500);
  EXPECT_THAT(read->missing, ElementsAre("arn:aws:ecs:us-east-1:1:service/prod/gone"));
  EXPECT_THAT(read->unread, ElementsAre("arn:aws:ecs:us-east-1:1:service/prod/odd: BUSY later"));
}

deployment::Snapshot snapshot(std::string_view service) {
  const auto read = read_services(R"({"services": [)" + std::string(service) + "]}");
  EXPECT_TRUE(read && read->found.size() == 1);
  return read && !read->found.empty() ? read->found[0].snapshot : deployment::Snapshot{};
}

TEST(EcsAnswer, WhatIsAbsentOrNullIsUnset) {
  EXPECT_EQ(snapshot("{}"), deployment::Snapshot{});
  EXPECT_EQ(snapshot(R"({"status": null, "deployments": null, "desiredCount": null,
                         "createdAt": null, "deploymentConfiguration": null})"),
            deployment::Snapshot{});
  const auto bare = snapshot(R"({"deployments": [{"id": "d", "status": "PRIMARY",
                                                  "rolloutState": null}]})");
  EXPECT_EQ(bare.primary()->rollout, RolloutState::unset);
}

TEST(EcsAnswer, OfMembersWithOneNameTheLastCountsHoweverItIsWritten) {
  const auto seen = snapshot(R"({"desiredCount": 1, "runningCount": 5, "desiredCount": 2,
      "running\u0043ount": 3, "deployments": [{"id": "a", "failedTasks": 1, "failedTasks": 4}]})");
  EXPECT_EQ(seen.desired, 2);
  EXPECT_EQ(seen.running, 3);
  EXPECT_EQ(seen.deployments.at(0).failed, 4);
}

TEST(EcsAnswer, ValuesThatAreNotKnownAreTakenAsTheirEnumSays) {
  const auto seen = snapshot(R"({"status": "HIBERNATING", "deploymentConfiguration": {},
      "deployments": [{"id": "a", "status": "SHADOW", "rolloutState": "COMPLETED"},
                      {"id": "b", "status": "PRIMARY", "rolloutState": "PONDERING"}]})");
  EXPECT_EQ(seen.status, ServiceStatus::active);
  EXPECT_EQ(seen.primary()->id, "b");
  EXPECT_EQ(seen.primary()->rollout, RolloutState::in_progress);
  EXPECT_FALSE(seen.deployments[0].primary);
}

TEST(EcsAnswer, NumbersThatMakeNoSenseAreNone) {
  const auto seen = snapshot(R"({"desiredCount": -3, "runningCount": 1.5, "createdAt": 1e300,
                                 "deployments": [{"createdAt": -5}, {"createdAt": "soon"}]})");
  EXPECT_EQ(seen.desired, 0);
  EXPECT_EQ(seen.running, 0);
  EXPECT_EQ(seen.created, Instant{});
  EXPECT_EQ(seen.deployments[0].created, Instant{});
  EXPECT_EQ(seen.deployments[1].created, Instant{});
}

TEST(EcsAnswer, NumbersThatNoServiceReachesAreCut) {
  const auto seen = snapshot(R"({"desiredCount": 9223372036854775807,
      "deployments": [{"runningCount": 9223372036854775807}, {"runningCount": 5000000000}]})");
  EXPECT_EQ(seen.desired, 1'000'000'000);
  EXPECT_EQ(seen.deployments[0].running + seen.deployments[1].running, 2'000'000'000);
}

TEST(EcsAnswer, ALongTextIsCutBetweenCharacters) {
  const auto seen = snapshot(R"({"deployments": [{"rolloutStateReason": "x)" + [] {
    std::string text;
    for (int i = 0; i < 3000; ++i) text += "\u00e9";
    return text;
  }() + R"("}]})");
  EXPECT_EQ(seen.deployments[0].rollout_reason.size() % 2, 1U) << "x and whole characters";
  EXPECT_GT(seen.deployments[0].rollout_reason.size(), 4'000U);
}

TEST(EcsAnswer, ShiftingTrafficTakesItsBakeTimeAndItsSteps) {
  const auto bake = [](std::string_view configuration) {
    const auto seen =
        snapshot(R"({"deploymentConfiguration": )" + std::string(configuration) + "}");
    return std::pair{seen.rolling, seen.bake_time};
  };
  EXPECT_EQ(bake(R"({"strategy": "ROLLING", "bakeTimeInMinutes": 5})"), (std::pair{true, 0ms}));
  EXPECT_EQ(bake(R"({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5})"),
            (std::pair{false, Milliseconds{5min}}));
  EXPECT_EQ(bake(R"({"strategy": "LINEAR", "bakeTimeInMinutes": 5,
                     "linearConfiguration": {"stepPercent": 30.0, "stepBakeTimeInMinutes": 6}})"),
            (std::pair{false, Milliseconds{29min}}));
  EXPECT_EQ(bake(R"({"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 5.0,
                                                         "canaryBakeTimeInMinutes": 10}})"),
            (std::pair{false, Milliseconds{10min}}));
}

TEST(EcsAnswer, AServiceDeploymentTellsItsStateItsReasonAndWhetherItWaitsForAPerson) {
  const auto read = read_service_deployments(R"({"serviceDeployments": [
    {"serviceDeploymentArn": "a", "status": "ROLLBACK_IN_PROGRESS", "statusReason": "rolling",
     "lifecycleStage": "BAKE_TIME", "rollback": {"reason": "alarm errors went off"}},
    {"serviceDeploymentArn": "b", "status": "IN_PROGRESS",
     "lifecycleHookDetails": [{"targetType": "AWS_LAMBDA", "status": "IN_PROGRESS"},
                              {"targetType": "PAUSE", "status": "AWAITING_ACTION"}]},
    {"serviceDeploymentArn": "c", "status": "IN_PROGRESS", "finishedAt": 1795231282.5,
     "lifecycleHookDetails": [{"targetType": "PAUSE", "status": "SUCCEEDED"}]}]})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->at("a").status, ServiceDeployment::Status::rolling_back);
  EXPECT_EQ(read->at("a").reason, "alarm errors went off");
  EXPECT_EQ(read->at("a").stage, "BAKE_TIME");
  EXPECT_TRUE(read->at("b").waits);
  EXPECT_FALSE(read->at("c").waits);
  EXPECT_EQ(unix_ms(read->at("c").finished), 1'795'231'282'500);
  EXPECT_EQ(read->at("a").finished, Instant{});
}

TEST(EcsAnswer, AStoppedTaskTellsWhy) {
  const auto read = read_tasks(R"({"tasks": [{"taskArn": "t", "startedBy": "ecs-svc/1",
    "lastStatus": "STOPPED", "stopCode": "EssentialContainerExited", "stoppedAt": 1795231282.8,
    "stoppedReason": "Essential container in task exited",
    "containers": [{"name": "app", "exitCode": 137, "reason": "OutOfMemoryError",
                    "image": "shop:1.2", "imageDigest": "sha256:ab"}, {"name": "sidecar"}]}]})");
  ASSERT_TRUE(read && read->size() == 1);
  const deployment::Task& task = read->front();
  EXPECT_EQ(task.started_by, "ecs-svc/1");
  EXPECT_EQ(task.stop_code, "EssentialContainerExited");
  EXPECT_EQ(unix_ms(task.stopped), 1'795'231'282'800);
  ASSERT_EQ(task.containers.size(), 2U);
  EXPECT_EQ(task.containers[0].exit_code, 137);
  EXPECT_EQ(task.containers[1].exit_code, std::nullopt);
}

TEST(EcsAnswer, ListsAndTaskDefinitionsAreRead) {
  const auto names = read_service_names(R"({"serviceArns": ["a", "b"], "nextToken": "t"})");
  EXPECT_THAT(names->arns, ElementsAre("a", "b"));
  EXPECT_EQ(names->next, "t");
  EXPECT_EQ(read_service_names(R"({"serviceArns": [], "nextToken": null})")->next, "");
  const auto tasks = read_task_arns(R"({"taskArns": ["x"], "nextToken": "p2"})");
  EXPECT_THAT(tasks->arns, ElementsAre("x"));
  EXPECT_EQ(tasks->next, "p2");
  const auto definition = read_task_definition(
      R"({"taskDefinition": {"containerDefinitions": [{"name": "app", "image": "shop:1"}]},
          "tags": [{"key": "branch", "value": "main"}]})");
  EXPECT_THAT(definition->images, ElementsAre(Pair("app", "shop:1")));
  EXPECT_THAT(definition->tags, ElementsAre(Pair("branch", "main")));
}

TEST(EcsAnswer, WhatIsNoAnswerOfEcsIsAnError) {
  for (const std::string_view body : {"", "<html>", "[]", "null", R"({"services": )"}) {
    EXPECT_FALSE(read_services(body)) << body;
    EXPECT_FALSE(read_tasks(body)) << body;
  }
  const auto empty = read_services("{}");
  EXPECT_THAT(empty->found, IsEmpty());
}

TEST(EcsAnswer, AFailureSaysWhatToDoAboutIt) {
  const auto kind = [](aws::FailureKind of, std::string code) {
    aws::Failure failure;
    failure.kind = of;
    failure.code = std::move(code);
    failure.call = "ecs:DescribeServices in us-east-1";
    const auto read = read_failure(failure);
    EXPECT_THAT(read.message, HasSubstr("ecs:DescribeServices in us-east-1"));
    return read.kind;
  };
  EXPECT_EQ(kind(aws::FailureKind::throttled, "ThrottlingException"), EcsFailureKind::throttled);
  EXPECT_EQ(kind(aws::FailureKind::transient, "ServerException"), EcsFailureKind::unanswered);
  EXPECT_EQ(kind(aws::FailureKind::denied, "AccessDeniedException"), EcsFailureKind::denied);
  EXPECT_EQ(kind(aws::FailureKind::credentials, "ExpiredToken"), EcsFailureKind::credentials);
  EXPECT_EQ(kind(aws::FailureKind::refused, "ClusterNotFoundException"),
            EcsFailureKind::no_cluster);
  EXPECT_EQ(kind(aws::FailureKind::refused, "ServiceNotFoundException"),
            EcsFailureKind::no_service);
  EXPECT_EQ(kind(aws::FailureKind::refused, "UnsupportedFeatureException"),
            EcsFailureKind::refused);
}

}  // namespace
}  // namespace tocsin::ecs_aws

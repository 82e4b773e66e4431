// The port to ECS against what plays it: moto, and the scripted AWS, which takes no request that
// botocore's model of the service does not know.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <ostream>

#include "adapters/ecs_aws/ecs_aws.hpp"
#include "contract/aws_stand_in.hpp"

namespace tocsin::test {
namespace {

using namespace std::chrono_literals;
using ports::EcsFailureKind;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr aws::Operation kCreateCluster{aws::kEcs, "CreateCluster"};
constexpr aws::Operation kCreateService{aws::kEcs, "CreateService"};
constexpr aws::Operation kRegisterTaskDefinition{aws::kEcs, "RegisterTaskDefinition"};

struct Place {
  const char* url_variable;
  aws::Credentials credentials;
  std::string cluster;
  std::size_t services;
  bool service_deployments;  // moto has none
};

std::ostream& operator<<(std::ostream& out, const Place& place) {
  return out << place.url_variable;
}

class EcsApiContract : public ::testing::TestWithParam<Place> {
 protected:
  EcsApiContract()
      : aws_(loop_, stand_in_url(GetParam().url_variable), aws::ClientOptions{},
             GetParam().credentials) {
    if (!GetParam().service_deployments) {
      fill();
    }
  }
  // What moto holds; again does no harm.
  void fill() {
    must(kCreateCluster, R"({"clusterName":"shop"})");
    must(kRegisterTaskDefinition, R"({"family":"web","containerDefinitions":)"
                                  R"([{"name":"app","image":"shop:1.2","memory":128}]})");
    for (std::size_t i = 0; i < GetParam().services; ++i) {
      // A name that is taken is refused.
      (void)aws_.call(kCreateService, R"({"cluster":"shop","serviceName":"s)" + std::to_string(i) +
                                          R"(","taskDefinition":"web","desiredCount":2})");
    }
  }
  void must(const aws::Operation& operation, const std::string& json) {
    const auto done = aws_.call(operation, json);
    ASSERT_TRUE(done) << aws::to_string(done.error());
  }
  template <typename T, typename Call>
  std::expected<T, ports::EcsFailure> ask(Call call) {
    std::optional<std::expected<T, ports::EcsFailure>> got;
    call(ports::EcsApi::Answer<T>(
        [&got](std::expected<T, ports::EcsFailure> result) { got = std::move(result); }));
    EXPECT_TRUE(loop_.run_until([&got] { return got.has_value(); }));
    return got ? std::move(*got) : std::unexpected(ports::EcsFailure{});
  }
  [[nodiscard]] MonoTime soon() { return loop_.mono_now() + 20s; }
  std::vector<std::string> list(const std::string& cluster) {
    std::vector<std::string> out;
    std::string next;
    do {
      const auto page = ask<ports::EcsServiceNames>(
          [&](auto answer) { ecs_.list_services(cluster, next, soon(), std::move(answer)); });
      EXPECT_TRUE(page) << page.error().message;
      if (!page) return out;
      out.insert(out.end(), page->arns.begin(), page->arns.end());
      next = page->next;
    } while (!next.empty());
    return out;
  }
  auto describe(const std::vector<std::string>& names) {
    return ask<ports::EcsServices>([&](auto answer) {
      ecs_.describe_services(GetParam().cluster, names, true, soon(), std::move(answer));
    });
  }

  PumpLoop loop_;
  AwsStandIn aws_;
  ecs_aws::EcsAws ecs_{aws_.client(), loop_};
};

TEST_P(EcsApiContract, EveryServiceIsListedOnceAndDescribed) {
  auto arns = list(GetParam().cluster);
  EXPECT_EQ(arns.size(), GetParam().services);
  std::ranges::sort(arns);
  EXPECT_EQ(std::ranges::adjacent_find(arns), arns.end());
  arns.resize(std::min(arns.size(), ports::EcsApi::kMostServices));
  const auto described = describe(arns);
  ASSERT_TRUE(described) << described.error().message;
  EXPECT_EQ(described->found.size(), arns.size());
  EXPECT_THAT(described->missing, IsEmpty());
  // Theirs is the machine's own clock; ours stands in another year.
  EXPECT_GT(described->now, from_unix_ms(1'700'000'000'000));
  for (const ports::EcsService& service : described->found) {
    EXPECT_THAT(arns, testing::Contains(service.arn));
    EXPECT_EQ(service.controller, "ECS");
    const deployment::Deployment* primary = service.snapshot.primary();
    ASSERT_NE(primary, nullptr);
    EXPECT_FALSE(primary->id.empty());
    EXPECT_GT(primary->created, from_unix_ms(0));
    EXPECT_FALSE(primary->task_definition.empty());
  }
}

TEST_P(EcsApiContract, WhatIsNotThereIsSaidToBeMissing) {
  const auto described = describe({"no-such-service"});
  ASSERT_TRUE(described) << described.error().message;
  EXPECT_THAT(described->found, IsEmpty());
  ASSERT_EQ(described->missing.size(), 1U);
  EXPECT_THAT(described->missing[0], testing::EndsWith("no-such-service"));
  const auto nowhere = ask<ports::EcsServiceNames>(
      [&](auto answer) { ecs_.list_services("no-such-cluster", "", soon(), std::move(answer)); });
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().kind, EcsFailureKind::no_cluster) << nowhere.error().message;
}

TEST_P(EcsApiContract, ATaskDefinitionTellsItsImages) {
  const auto described = describe({list(GetParam().cluster).front()});
  ASSERT_TRUE(described && described->found.size() == 1);
  const std::string arn = described->found[0].snapshot.primary()->task_definition;
  const auto definition = ask<ports::EcsTaskDefinition>(
      [&](auto answer) { ecs_.describe_task_definition(arn, soon(), std::move(answer)); });
  ASSERT_TRUE(definition) << definition.error().message;
  ASSERT_FALSE(definition->images.empty());
  EXPECT_FALSE(definition->images[0].second.empty());
}

TEST_P(EcsApiContract, StoppedTasksAndServiceDeploymentsAreAskedForAsAwsWantsIt) {
  const auto described = describe({list(GetParam().cluster).front()});
  ASSERT_TRUE(described && described->found.size() == 1);
  const ports::EcsService& service = described->found[0];
  const auto stopped = ask<ports::EcsTaskArns>([&](auto answer) {
    ecs_.list_stopped_tasks(GetParam().cluster, service.name, "", soon(), std::move(answer));
  });
  EXPECT_TRUE(stopped) << stopped.error().message;
  const auto gone = ask<std::vector<deployment::Task>>([&](auto answer) {
    const std::string arn = "arn:aws:ecs:us-east-1:123456789012:task/" + GetParam().cluster +
                            "/0123456789abcdef0123456789abcdef";
    ecs_.describe_tasks(GetParam().cluster, {arn}, soon(), std::move(answer));
  });
  ASSERT_TRUE(gone) << gone.error().message;
  EXPECT_THAT(*gone, IsEmpty());
  if (GetParam().service_deployments) {
    const auto deployments = ask<ports::EcsApi::ServiceDeployments>([&](auto answer) {
      const std::string arn = "arn:aws:ecs:us-east-1:123456789012:service-deployment/" +
                              GetParam().cluster + "/" + service.name + "/none";
      ecs_.describe_service_deployments({arn}, soon(), std::move(answer));
    });
    EXPECT_TRUE(deployments) << deployments.error().message;
  }
}

INSTANTIATE_TEST_SUITE_P(
    StandIns, EcsApiContract,
    testing::Values(
        Place{"TOCSIN_MOTO", {"AKID", "secret", "", {}}, "shop", 12, false},
        Place{"TOCSIN_SCRIPTED_AWS", {"AKIDFLEET", "fleet-secret", "", {}}, "fleet-0", 25, true}),
    [](const auto& place) { return place.param.service_deployments ? "scripted" : "moto"; });

}  // namespace
}  // namespace tocsin::test

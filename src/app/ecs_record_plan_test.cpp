#include "app/ecs_record_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace tocsin::app {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

config::EcsCluster entry(std::string name, std::vector<std::string> services,
                         Milliseconds timeout = 15min) {
  config::EcsCluster out;
  out.name = std::move(name);
  out.services.include = std::move(services);
  out.options.timeout = timeout;
  return out;
}

EcsRecordOptions record(std::vector<std::string> services = {}) {
  EcsRecordOptions out;
  out.cluster = "prod";
  out.services = std::move(services);
  return out;
}

std::vector<RecordPart> parts_of(const EcsRecordOptions& options,
                                 const config::EcsSettings& settings) {
  auto parts = plan_record(options, &settings);
  EXPECT_TRUE(parts) << parts.error().front();
  return parts ? std::move(*parts) : std::vector<RecordPart>{};
}

std::vector<std::string> problems(const EcsRecordOptions& options,
                                  const config::EcsSettings* settings = nullptr) {
  const auto parts = plan_record(options, settings);
  return parts ? std::vector<std::string>{} : parts.error();
}

TEST(EcsRecordPlan, EveryEntryOfTheClusterIsAPart) {
  const config::EcsSettings settings{
      .clusters = {entry("prod", {"web"}, 1min), entry("dev", {}), entry("prod", {}, 45min)}};
  const auto parts = parts_of(record(), settings);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_THAT(parts[0].watched.services.include, ElementsAre("web"));
  EXPECT_EQ(parts[0].entry.options.timeout, 1min);
  EXPECT_THAT(parts[1].watched.services.include, IsEmpty());
  EXPECT_EQ(parts[1].entry.options.timeout, 45min);
  ASSERT_EQ(parts[1].watched.taken.size(), 1U);
  EXPECT_TRUE(parts[1].watched.taken[0].takes("web")) << "the first that takes it has it";
}

TEST(EcsRecordPlan, NamedServicesGetTheThresholdsOfTheEntryThatTakesThem) {
  const config::EcsSettings settings{
      .clusters = {entry("prod", {"web"}, 1min), entry("prod", {"batch"}, 45min)}};
  const auto parts = parts_of(record({"web", "batch", "other"}), settings);
  ASSERT_EQ(parts.size(), 2U);
  ASSERT_TRUE(parts[0].watched.within);
  EXPECT_TRUE(parts[0].watched.within->takes("web"));
  EXPECT_FALSE(parts[0].watched.within->takes("batch"));
  EXPECT_FALSE(parts[1].watched.within) << "the last has also what no entry takes";
  EXPECT_TRUE(parts[1].watched.taken.at(0).takes("web"));
  EXPECT_THAT(parts[1].watched.services.include, ElementsAre("web", "batch", "other"));
}

TEST(EcsRecordPlan, ClustersOfOneNameMustBeToldApart) {
  config::EcsSettings settings{.clusters = {entry("prod", {}), entry("prod", {})}};
  settings.clusters[0].region = "eu-west-1";
  settings.clusters[1].region = "us-east-1";
  EXPECT_THAT(problems(record(), &settings), ElementsAre(HasSubstr("say which with --region")));
  EcsRecordOptions options = record();
  options.region = "us-east-1";
  const auto parts = parts_of(options, settings);
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0].entry.region, "us-east-1");
}

TEST(EcsRecordPlan, WhatIsGivenIsJudgedAsTheConfigurationIs) {
  EcsRecordOptions options = record({"api-["});
  options.region = "mars";
  options.role_arn = "x";
  options.external_id = "a";
  EXPECT_THAT(problems(options),
              ElementsAre(HasSubstr("region: found \"mars\""), HasSubstr("role_arn: found \"x\""),
                          HasSubstr("external_id: found \"a\""),
                          HasSubstr("services[0]: found \"api-[\"")));
  options =
      record({"w\xC3\xA9"
              "b"});
  EXPECT_THAT(problems(options), ElementsAre(HasSubstr("services[0]: found")));
  options = record();
  options.cluster = "prod/web";
  EXPECT_THAT(problems(options), ElementsAre(HasSubstr("cluster: found \"prod/web\"")));
}

TEST(EcsRecordPlan, AnIdNeedsARoleAndAnArnHasItsRegion) {
  EcsRecordOptions options = record();
  options.external_id = "shop-1";
  EXPECT_THAT(problems(options), ElementsAre(HasSubstr("external_id: expected role_arn")));
  config::EcsSettings settings{.clusters = {entry("prod", {})}};
  EXPECT_THAT(problems(options, &settings), ElementsAre(HasSubstr("external_id: expected")));
  settings.clusters[0].role_arn = "arn:aws:iam::123456789012:role/tocsin";
  EXPECT_THAT(problems(options, &settings), IsEmpty());
  options = record();
  options.cluster = "arn:aws:ecs:eu-west-1:123456789012:cluster/prod";
  options.region = "us-east-1";
  EXPECT_THAT(problems(options), ElementsAre(HasSubstr("expected eu-west-1")));
}

}  // namespace
}  // namespace tocsin::app

// What is said of clusters as a whole: that they are watched, and what is wrong with that.

#include <gmock/gmock.h>

#include "service/ecs/test_fleet.hpp"

namespace tocsin::service {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FleetTelling : public FleetWorld {};

TEST_F(FleetTelling, WhoeverLacksAPermissionIsToldAtOnceAndWhenItIsThere) {
  ecs_.add("prod", "web");
  fail_with(ports::EcsFailureKind::denied, "ecs:ListServices is not allowed");
  start();
  run_for(30s);
  ASSERT_EQ(troubles_told_.size(), 1U);
  EXPECT_EQ(troubles_told_[0].type, "trouble_started");
  EXPECT_THAT(troubles_told_[0].message, HasSubstr("ecs:ListServices is not allowed"));
  EXPECT_EQ(fleet_->stats().clusters_failing, 1U);
  ecs_.fate = nullptr;
  run_for(6min);
  ASSERT_EQ(troubles_told_.size(), 2U);
  EXPECT_EQ(troubles_told_[1].type, "trouble_ended");
  EXPECT_THAT(monitors(), ElementsAre("prod/web"));
}

TEST_F(FleetTelling, WhatMayPassIsToldOnlyWhenItLasts) {
  ecs_.add("prod", "web");
  start();
  run_for(30s);
  fail_with(ports::EcsFailureKind::unanswered, "HTTP 503");
  run_for(4min);
  EXPECT_THAT(troubles_told_, IsEmpty());
  run_for(2min);
  ASSERT_EQ(troubles_told_.size(), 1U);
}

TEST_F(FleetTelling, AServiceThatSomethingElseDeploysIsReportedOnceAsNotCovered) {
  auto& facts = ecs_.add("prod", "web").facts;
  facts.controller = "CODE_DEPLOY";
  facts.snapshot.deployments.clear();
  start();
  run_for(10min);
  ASSERT_EQ(troubles_told_.size(), 1U);
  EXPECT_THAT(troubles_told_[0].message, HasSubstr("CODE_DEPLOY"));
  EXPECT_EQ(view("prod/web").state.state, alert::State::unknown);
  EXPECT_THAT(told(), IsEmpty());
  fail_with(ports::EcsFailureKind::unanswered, "HTTP 503");
  run_for(60s);
  EXPECT_THAT(std::string(view("prod/web").last_json), HasSubstr("HTTP 503"));
  ecs_.fate = nullptr;
  ecs_.clusters["prod"].clear();
  run_for(10min);
  EXPECT_THAT(monitors(), IsEmpty()) << "it was deleted";
}

TEST_F(FleetTelling, AListThatIsRefusedIsToldOnceAndWhatIsKnownIsLookedAt) {
  ecs_.add("prod", "web");
  start();
  run_for(30s);
  ecs_.fate = [](const std::string& call) -> std::optional<ports::EcsFailure> {
    if (call != "list") return std::nullopt;
    return ports::EcsFailure{ports::EcsFailureKind::denied, "ecs:ListServices is denied"};
  };
  run_for(30min);
  ASSERT_EQ(troubles_told_.size(), 1U);
  EXPECT_THAT(troubles_told_[0].message, HasSubstr("cannot be listed"));
  EXPECT_EQ(view("prod/web").state.state, alert::State::up);
  ecs_.fate = nullptr;
  run_for(10min);
  ASSERT_EQ(troubles_told_.size(), 2U);
}

TEST_F(FleetTelling, ServiceDeploymentsThatAreRefusedAreToldOnceAndNotAskedForAtEachLook) {
  auto& facts = ecs_.add("prod", "web").facts;
  facts.snapshot.rolling = false;
  facts.service_deployment = "arn:sd/1";
  facts.snapshot.deployments.front().rollout = deployment::RolloutState::in_progress;
  ecs_.fate = [](const std::string& call) -> std::optional<ports::EcsFailure> {
    if (call != "deployments") return std::nullopt;
    return ports::EcsFailure{ports::EcsFailureKind::denied, "DescribeServiceDeployments denied"};
  };
  start();
  run_for(30min);
  ASSERT_EQ(troubles_told_.size(), 1U);
  EXPECT_EQ(troubles_told_[0].severity, alert::Severity::warning);
  EXPECT_EQ(std::ranges::count(ecs_.calls, "deployments 1"), 1);
}

TEST_F(FleetTelling, ATroubleOfAServiceThatIsCoveredNowOrGoneEnds) {
  ecs_.add("prod", "api").facts.controller = "EXTERNAL";
  ecs_.add("prod", "web").facts.controller = "CODE_DEPLOY";
  service("web").snapshot.deployments.clear();
  service("api").snapshot.deployments.clear();
  start();
  run_for(60s);
  EXPECT_EQ(troubles_->all().size(), 2U);
  config_.ecs.clusters[0].services.exclude = {"api"};
  fleet_->apply(config_.ecs);
  run_for(60s);
  EXPECT_EQ(troubles_->all().size(), 1U);
  service("web").controller = "ECS";
  service("web").snapshot.deployments = {
      deployment::Deployment{.id = "ecs-svc/1",
                             .primary = true,
                             .created = loop_.now(),
                             .rollout = deployment::RolloutState::completed}};
  run_for(60s);
  EXPECT_TRUE(troubles_->all().empty());
}

TEST_F(FleetTelling, AnAccountThatCannotBeHadIsTriedAgain) {
  ecs_.add("prod", "web");
  no_account_ = true;
  start();
  run_for(30s);
  EXPECT_EQ(troubles_told_.size(), 1U);
  no_account_ = false;
  run_for(90s);
  EXPECT_THAT(monitors(), ElementsAre("prod/web"));
  EXPECT_EQ(troubles_told_.size(), 2U);
}

TEST_F(FleetTelling, AServiceThatIsNotCoveredStaysSoWhileAwsDoesNotAnswerOrLeavesItOut) {
  ecs_.add("prod", "web").facts.controller = "CODE_DEPLOY";
  ecs_.clusters["prod"]["web"].facts.snapshot.deployments.clear();
  start();
  run_for(1min);
  ecs_.fate = [](const std::string&) {
    return std::optional(test::FakeEcs::Failure{ports::EcsFailureKind::unanswered, "no answer"});
  };
  run_for(1min);
  EXPECT_THAT(std::string(view("prod/web").last_json), HasSubstr("no answer"));
  ecs_.fate = nullptr;
  ecs_.clusters["prod"]["web"].missing = true;
  run_for(1min);
  ecs_.clusters["prod"]["web"].missing = false;
  run_for(1min);
  EXPECT_EQ(view("prod/web").state.state, alert::State::unknown);
  EXPECT_THAT(std::string(view("prod/web").last_json), HasSubstr("not covered"));
  EXPECT_EQ(troubles_told_.size(), 1U);
}

TEST_F(FleetTelling, MoreServicesThanTheBudgetAllowsAreLookedAtLessOftenAndThatIsSaid) {
  config_.ecs.clusters[0].check_interval = 1s;
  for (int i = 0; i < 100; ++i) ecs_.add("prod", "s" + std::to_string(i));
  start();
  run_for(60s);
  ASSERT_FALSE(troubles_told_.empty());
  EXPECT_THAT(troubles_told_[0].message,
              HasSubstr("100 ECS services in us-east-1 are looked at every 2s instead of 1s"));
}

TEST_F(FleetTelling, TheStartIsToldWithTheServicesUnlessTheyAreAsBefore) {
  ecs_.add("prod", "web");
  ecs_.add("prod", "api");
  config_.ecs.clusters[0].announce_start = config::EcsCluster::AnnounceStart::changed;
  start();
  run_for(30s);
  ASSERT_THAT(told(), ElementsAre("prod monitor_started"));
  EXPECT_EQ(last().message, "prod: 2 services are watched: api, web");
  EXPECT_EQ(extra(last(), "services"), R"(["api","web"])");
  EXPECT_THAT(channels_of("monitor_started"), ElementsAre("ops"));
  restart();
  run_for(60s);
  EXPECT_EQ(events_.size(), 1U);
  config_.ecs.clusters[0].announce_start = config::EcsCluster::AnnounceStart::always;
  restart();
  run_for(60s);
  EXPECT_THAT(told(), ElementsAre("prod monitor_started", "prod monitor_started"));
}

TEST_F(FleetTelling, AClusterWithoutServicesIsToldOnce) {
  config_.ecs.clusters[0].announce_start = config::EcsCluster::AnnounceStart::changed;
  start();
  run_for(30s);
  ASSERT_THAT(told(), ElementsAre("prod monitor_started"));
  EXPECT_EQ(last().message, "prod: no service is there to be watched yet");
  restart();
  run_for(60s);
  EXPECT_EQ(events_.size(), 1U);
}

TEST_F(FleetTelling, EachEntryOfAClusterTellsItsOwnStart) {
  ecs_.add("prod", "web");
  ecs_.add("prod", "api");
  config_.ecs.clusters[0].services.include = {"web"};
  cluster("prod");
  for (auto& entry : config_.ecs.clusters) {
    entry.announce_start = config::EcsCluster::AnnounceStart::changed;
  }
  start();
  run_for(30s);
  ASSERT_EQ(events_.size(), 2U);
  EXPECT_NE(events_[0].key, events_[1].key);
  EXPECT_EQ(events_[0].message, "prod: 1 service is watched: web");
}

TEST_F(FleetTelling, TheStartIsToldWhenServicesCameWhileNobodyLooked) {
  ecs_.add("prod", "web");
  config_.ecs.clusters[0].announce_start = config::EcsCluster::AnnounceStart::changed;
  start();
  run_for(30s);
  halt();
  ecs_.add("prod", "api");
  service("api").snapshot.created = loop_.now() - 24h;  // not new, new to us
  boot();
  start();
  run_for(60s);
  ASSERT_THAT(told(), ElementsAre("prod monitor_started", "prod monitor_started"));
  EXPECT_EQ(last().message, "prod: 2 services are watched: api, web");
}

TEST_F(FleetTelling, LooksThatWaitForTheBudgetAreCountedLate) {
  for (int i = 0; i < 800; ++i) ecs_.add("prod", fmt::format("s{:03}", i));
  config_.ecs.clusters.front().check_interval = 10s;
  start();
  run_for(3min);
  const schedule::Counters counters = view("prod/s400").counters;
  EXPECT_GT(counters.late, 5U) << "80 calls in 10 s, where 50 are allowed";
  EXPECT_TRUE(counters.balanced());
}

TEST_F(FleetTelling, LooksWithinTheBudgetAreOnTime) {
  for (int i = 0; i < 300; ++i) ecs_.add("prod", fmt::format("s{:03}", i));
  config_.ecs.clusters.front().check_interval = 10s;
  start();
  run_for(3min);
  EXPECT_EQ(view("prod/s200").counters.late, 0U);
  EXPECT_GT(view("prod/s200").counters.on_time, 15U);
}

}  // namespace
}  // namespace tocsin::service

// What people are told of services, and what a service is as a monitor.

#include <gmock/gmock.h>

#include "service/ecs/test_fleet.hpp"

namespace tocsin::service {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FleetTest : public FleetWorld {
 protected:
  FleetTest() {
    ecs_.add("prod", "web");
    ecs_.definitions["web:1"].images = {{"app", "registry.example.com/shop/web:v1"}};
    ecs_.definitions["web:2"].images = {{"app", "registry.example.com/shop/web:v2"}};
    start();
    run_for(30s);
  }
};

TEST_F(FleetTest, AServiceIsAMonitorNamedAfterItsCluster) {
  EXPECT_THAT(monitors(), ElementsAre("prod/web"));
  const MonitorView web = view("prod/web");
  EXPECT_EQ(check::kind_of(*web.config->check), "ecs");
  EXPECT_EQ(web.state.state, alert::State::up);
  EXPECT_EQ(web.config->notes->labels, (alert::Labels{{"cluster", "prod"}, {"service", "web"}}));
  EXPECT_THAT(std::string(web.last_json), HasSubstr(R"("running":2)"));
  EXPECT_TRUE(web.counters.balanced());
  EXPECT_GE(web.counters.on_time, 2U);
  EXPECT_THAT(told(), IsEmpty()) << "nothing happened";
}

TEST_F(FleetTest, ADeploymentIsToldFromItsBeginningToItsEndInOneThread) {
  deploy("web", "ecs-svc/2", "web:2");
  run_for(60s);
  finish("web");
  run_for(30s);
  ASSERT_THAT(told(), ElementsAre("prod/web deploy_started", "prod/web finished"));
  EXPECT_EQ(events_[0].message, "prod/web: deploying shop/web:v2 (web:2) after web:1");
  EXPECT_THAT(events_[1].message,
              testing::StartsWith("prod/web: deployment of shop/web:v2 (web:2) finished after 1m"));
  EXPECT_EQ(events_[0].incident, "prod/web/ecs-svc/2");
  EXPECT_EQ(events_[1].incident, events_[0].incident);
  EXPECT_EQ(events_[0].kind, "ecs");
  EXPECT_EQ(extra(events_[0], "image"), R"("shop/web:v2")");
  EXPECT_EQ(extra(events_[0], "taskDef"), R"("web:2")");
  EXPECT_EQ(extra(events_[0], "deploymentId"), R"("ecs-svc/2")");
  EXPECT_THAT(channels_of("deploy_started"), ElementsAre("ops"));
  EXPECT_THAT(channels_of("finished"), ElementsAre("ops"));
  EXPECT_EQ(view("prod/web").state.state, alert::State::up);
}

TEST_F(FleetTest, AnOutageIsToldAtOnceAndItsReasonAsSoonAsItIsKnown) {
  run_tasks("web", 0);
  ecs_.tasks["web"] = {stopped("t1", "EssentialContainerExited", 137),
                       stopped("t2", "EssentialContainerExited", 137)};
  run_for(16s);
  ASSERT_THAT(told(), ElementsAre("prod/web recovering", "prod/web tasks_stopped"));
  EXPECT_EQ(events_[0].message, "prod/web: no task runs, 2 wanted");
  EXPECT_EQ(events_[0].reason, "outage");
  EXPECT_EQ(events_[0].severity, alert::Severity::critical);
  EXPECT_EQ(events_[1].message, "prod/web: tasks stopped: app exited with 137, 2 times");
  EXPECT_EQ(events_[1].incident, events_[0].incident);
  EXPECT_EQ(view("prod/web").state.state, alert::State::down);
  EXPECT_NE(view("prod/web").incident, nullptr);
  run_tasks("web", 2);
  run_for(30s);
  EXPECT_EQ(last().type, "finished");
  EXPECT_THAT(last().message, HasSubstr("all 2 tasks run again after"));
  EXPECT_EQ(last().incident, events_[0].incident);
  EXPECT_EQ(view("prod/web").state.state, alert::State::up);
  EXPECT_EQ(view("prod/web").incident, nullptr);
}

TEST_F(FleetTest, AShortageIsToldWithItsReasonAndLeavesTheServiceUp) {
  run_tasks("web", 1);
  ecs_.tasks["web"] = {stopped("t1", "EssentialContainerExited", 1)};
  run_for(45s);
  ASSERT_THAT(told(), ElementsAre("prod/web recovering"));
  EXPECT_EQ(last().message, "prod/web: 1 of 2 tasks run: app exited with 1");
  EXPECT_EQ(last().severity, alert::Severity::warning);
  EXPECT_EQ(extra(last(), "stops"), R"("app exited with 1")");
  EXPECT_EQ(view("prod/web").state.state, alert::State::up);
  EXPECT_THAT(std::string(view("prod/web").last_json), HasSubstr(R"("detail":"degraded")"));
}

TEST_F(FleetTest, AReasonIsFoundOnALaterPageAlsoBehindAnEmptyOne) {
  run_tasks("web", 1);
  auto& tasks = ecs_.tasks["web"];
  for (int i = 0; i < 2; ++i) {  // before the service was steady
    tasks.push_back(stopped("old" + std::to_string(i), "EssentialContainerExited", 9));
    tasks.back().stopped = Instant{};
  }
  tasks.push_back(stopped("t1", "EssentialContainerExited", 1));
  ecs_.empty_pages = 1;
  ecs_.page_size = 1;
  run_for(45s);
  ASSERT_THAT(told(), ElementsAre("prod/web recovering"));
  EXPECT_EQ(last().message, "prod/web: 1 of 2 tasks run: app exited with 1");
  EXPECT_EQ(std::ranges::count(ecs_.calls, "stopped prod web"), 4);
}

TEST_F(FleetTest, PagesOfStopsHaveABound) {
  run_tasks("web", 1);
  ecs_.tasks["web"] = {stopped("t1", "EssentialContainerExited", 1)};
  ecs_.page_size = 1;
  ecs_.tasks["web"].resize(20, stopped("t1", "EssentialContainerExited", 1));
  run_for(45s);
  EXPECT_EQ(std::ranges::count(ecs_.calls, "stopped prod web"), 5);
  ASSERT_THAT(told(), ElementsAre("prod/web recovering"));
  EXPECT_THAT(last().message, HasSubstr("1 of 2 tasks run: app exited with 1"));
}

TEST_F(FleetTest, WhenALaterPageOfStopsFailsThoseBeforeItAreTold) {
  run_tasks("web", 1);
  ecs_.tasks["web"] = {stopped("t1", "EssentialContainerExited", 1),
                       stopped("t2", "EssentialContainerExited", 2)};
  ecs_.page_size = 1;
  int lists = 0;
  ecs_.fate = [&](const std::string& call) -> std::optional<ports::EcsFailure> {
    if (call == "stopped" && ++lists == 2) {
      return ports::EcsFailure{ports::EcsFailureKind::unanswered, "HTTP 503"};
    }
    return std::nullopt;
  };
  run_for(45s);
  ASSERT_THAT(told(), ElementsAre("prod/web recovering"));
  EXPECT_EQ(last().message, "prod/web: 1 of 2 tasks run: app exited with 1");
}

TEST_F(FleetTest, AShortageThatTheServiceItselfMadeIsNone) {
  run_tasks("web", 1);
  ecs_.tasks["web"] = {stopped("t1", "ServiceSchedulerInitiated", 143)};
  run_for(45s);
  run_tasks("web", 2);
  run_for(5min);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(FleetTest, AShortageThatLastsIsToldWhoeverMadeIt) {
  run_tasks("web", 1);
  ecs_.tasks["web"] = {stopped("t1", "ServiceSchedulerInitiated", 143)};
  run_for(5min);
  EXPECT_THAT(told(), ElementsAre("prod/web recovering"));
  const auto asked = std::ranges::count(ecs_.calls, "stopped prod web");
  run_for(10min);
  EXPECT_EQ(std::ranges::count(ecs_.calls, "stopped prod web"), asked);
}

TEST_F(FleetTest, TasksThatFailedTheirHealthChecksWereNotStoppedOnPurpose) {
  run_tasks("web", 1);
  ecs_.tasks["web"] = {stopped("t1", "ServiceSchedulerInitiated", 143)};
  ecs_.tasks["web"][0].stopped_reason = "Task failed ELB health checks in (target-group x)";
  run_for(45s);
  EXPECT_THAT(told(), ElementsAre("prod/web recovering"));
}

TEST_F(FleetTest, TasksOnNewInstancesOfADaemonAreWaitedFor) {
  service("web").snapshot.scheduling = deployment::Scheduling::daemon;
  run_for(30s);
  service("web").snapshot.desired = 4;
  run_for(5min);
  EXPECT_THAT(told(), IsEmpty());
  run_tasks("web", 1);
  run_for(60s);
  EXPECT_THAT(told(), ElementsAre("prod/web recovering")) << "one that ran does not any more";
}

TEST_F(FleetTest, WhenNobodySaysWhyAShortageIsToldWithoutReason) {
  ecs_.fate = [](const std::string& call) -> std::optional<ports::EcsFailure> {
    if (call != "stopped") return std::nullopt;
    return ports::EcsFailure{ports::EcsFailureKind::denied, "ListTasks is denied"};
  };
  run_tasks("web", 1);
  run_for(60s);
  ASSERT_THAT(told(), ElementsAre("prod/web recovering"));
  EXPECT_EQ(last().message, "prod/web: 1 of 2 tasks run");
}

TEST_F(FleetTest, AnAnswerThatTakesTooLongIsNotWaitedFor) {
  ecs_.latency = 10s;
  run_for(60s);
  run_tasks("web", 1);
  run_for(80s);
  ASSERT_THAT(told(), ElementsAre("prod/web recovering"));
}

TEST_F(FleetTest, ADeploymentWhoseImagesAreNotToldIsTold) {
  ecs_.fate = [](const std::string& call) -> std::optional<ports::EcsFailure> {
    if (call != "definition") return std::nullopt;
    return ports::EcsFailure{ports::EcsFailureKind::denied, "DescribeTaskDefinition is denied"};
  };
  deploy("web", "ecs-svc/2", "web:2");
  run_for(30s);
  ASSERT_THAT(told(), ElementsAre("prod/web deploy_started"));
  EXPECT_EQ(last().message, "prod/web: deploying web:2 after web:1");
}

TEST_F(FleetTest, ADeploymentThatFinishesResolvesWhatAnOutageOpened) {
  run_tasks("web", 0);
  run_for(30s);
  deploy("web", "ecs-svc/2", "web:2");
  run_for(30s);
  finish("web");
  run_tasks("web", 2);
  run_for(30s);
  ASSERT_THAT(told(),
              ElementsAre("prod/web recovering", "prod/web deploy_started", "prod/web finished"));
  EXPECT_EQ(extra(last(), "closed_incidents"), "[\"" + events_[0].incident + "\"]");
  EXPECT_EQ(view("prod/web").state.state, alert::State::up);
}

TEST_F(FleetTest, AFailureIsFollowedByItsRollbackInTheSameThread) {
  deploy("web", "ecs-svc/2", "web:2");
  run_for(30s);
  service("web").snapshot.deployments.front().rollout = deployment::RolloutState::failed;
  service("web").snapshot.deployments.front().rollout_reason = "tasks failed to start.";
  run_for(30s);
  deploy("web", "ecs-svc/3", "web:1");
  service("web").snapshot.deployments.front().rollout_reason =
      "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1.";
  run_for(30s);
  finish("web");
  run_for(30s);
  ASSERT_THAT(told(), ElementsAre("prod/web deploy_started", "prod/web failed",
                                  "prod/web rolled_back", "prod/web finished"));
  EXPECT_EQ(events_[1].message,
            "prod/web: deployment of shop/web:v2 (web:2) failed: tasks failed to start.");
  EXPECT_THAT(events_[2].message, HasSubstr("web:2 is being rolled back to shop/web:v1 (web:1)"));
  for (const alert::Event& event : events_) EXPECT_EQ(event.incident, events_[0].incident);
  EXPECT_THAT(events_[3].message, HasSubstr("rollback of"));
  EXPECT_EQ(extra(events_[3], "rollback"), "true");
}

TEST_F(FleetTest, ADeploymentThatIsSupersededIsOverWithTheNext) {
  deploy("web", "ecs-svc/2", "web:2");
  run_for(20min);
  deploy("web", "ecs-svc/3", "web:3");
  run_for(30s);
  ASSERT_THAT(told(), ElementsAre("prod/web deploy_started", "prod/web timeout",
                                  "prod/web deploy_started"));
  EXPECT_EQ(extra(last(), "closed_incidents"), R"(["prod/web/ecs-svc/2"])");
}

TEST_F(FleetTest, AServiceThatAppearsLaterIsNew) {
  ecs_.add("prod", "api").facts.snapshot.created = loop_.now();
  service("api").snapshot.deployments.front().created = loop_.now();
  run_for(6min);
  EXPECT_THAT(told(), ElementsAre("prod/api service_created", "prod/api deploy_started",
                                  "prod/api finished"));
  EXPECT_THAT(monitors(), ElementsAre("prod/api", "prod/web"));
}

TEST_F(FleetTest, AnOldServiceThatIsSeenLaterIsNotNew) {
  ecs_.add("prod", "api").facts.snapshot.created = loop_.now() - 24h;
  run_for(6min);
  EXPECT_THAT(monitors(), ElementsAre("prod/api", "prod/web"));
  EXPECT_THAT(told(), IsEmpty()) << "its tags are others now, or the list was late";
}

TEST_F(FleetTest, ADeletedServiceIsToldOnceAndIsNoMonitorAnyMore) {
  service("web").snapshot.status = deployment::ServiceStatus::draining;
  run_for(10min);
  EXPECT_THAT(told(), ElementsAre("prod/web service_deleted"));
  EXPECT_THAT(channels_of("service_deleted"), ElementsAre("ops"));
  EXPECT_THAT(monitors(), IsEmpty());
  EXPECT_FALSE(store_->contents().monitors.contains("prod/web"));
}

TEST_F(FleetTest, WhatIsSilencedIsToldWhenTheSilenceEnds) {
  alert::Silence silence;
  silence.match = alert::Selector::parse({"service=web"}).value();
  silence.from = loop_.now();
  silence.until = loop_.now() + 10min;
  watch_->add_silence(silence, [](const Result<alert::Silence>& added) { EXPECT_TRUE(added); });
  run_tasks("web", 0);
  run_for(5min);
  EXPECT_THAT(told(), ElementsAre("prod/web recovering"));
  EXPECT_THAT(channels_of("recovering"), IsEmpty());
  run_for(6min);
  EXPECT_THAT(channels_of("recovering"), ElementsAre("ops"));
}

TEST_F(FleetTest, WhoIsToldLaterHearsOfAnOutageThatLasts) {
  auto notes = std::make_shared<config::MonitorNotes>(*notes_);
  notes->notify.push_back({.channel = "page", .after = 10min});
  config_.ecs.clusters[0].notes = notes;
  fleet_->apply(config_.ecs);
  run_for(30s);
  deploy("web", "ecs-svc/2", "web:2");
  run_for(30s);
  finish("web");
  run_for(30s);
  run_tasks("web", 0);
  run_for(9min);
  EXPECT_THAT(channels_of("recovering"), ElementsAre("ops"));
  run_for(2min);
  EXPECT_THAT(channels_of("recovering"), ElementsAre("ops", "page"));
  run_tasks("web", 2);
  run_for(30s);
  EXPECT_THAT(channels_of("finished"), ElementsAre("ops", "ops", "page"));
}

TEST_F(FleetTest, AScalingThatAnotherReplacesIsOverWithIt) {
  auto& snapshot = service("web").snapshot;
  snapshot.desired = snapshot.deployments.front().desired = 4;
  run_for(30s);
  run_for(20min);
  ASSERT_THAT(told(), ElementsAre("prod/web scaled", "prod/web timeout"));
  snapshot.desired = snapshot.deployments.front().desired = 2;
  run_for(30s);
  ASSERT_THAT(told(), ElementsAre("prod/web scaled", "prod/web timeout", "prod/web scaled",
                                  "prod/web finished"));
  EXPECT_EQ(extra(events_[2], "closed_incidents"), "[\"" + events_[1].incident + "\"]");
  EXPECT_EQ(view("prod/web").incident, nullptr);
}

TEST_F(FleetTest, WhoeverIsToldLaterHearsOfTheOutageAndItsReasonInOne) {
  auto notes = std::make_shared<config::MonitorNotes>(*notes_);
  notes->notify.push_back(
      {.channel = "page", .types = {alert::EventType::recovering}, .after = 10min});
  config_.ecs.clusters[0].notes = notes;
  fleet_->apply(config_.ecs);
  run_for(30s);
  ecs_.tasks["web"] = {stopped("t1", "EssentialContainerExited", 137)};
  run_tasks("web", 0);
  run_for(11min);
  EXPECT_THAT(channels_of("recovering"), ElementsAre("ops", "page"));
  EXPECT_THAT(channels_of("tasks_stopped"), ElementsAre("ops"));
  EXPECT_EQ(alert::parse_event(rows_.back().payload)->message,
            "prod/web: no task runs, 2 wanted: app exited with 137");
}

TEST_F(FleetTest, WhatProgramsSayIsOneLine) {
  run_tasks("web", 0);
  ecs_.tasks["web"] = {stopped("t1", "EssentialContainerExited", 137)};
  ecs_.tasks["web"][0].containers[0].reason =
      "OutOfMemoryError:\n  heap\t" + std::string(199, 'x') + "\xC3\xA9";
  run_for(16s);
  ASSERT_EQ(last().type, "tasks_stopped");
  EXPECT_EQ(last().message.find('\n'), std::string::npos);
  EXPECT_THAT(last().message, HasSubstr("(OutOfMemoryError:   heap xxx"));
  EXPECT_THAT(last().message, HasSubstr("...)"));
}

TEST_F(FleetTest, AnOutageThatEndsBecauseNothingIsWantedSaysSo) {
  run_tasks("web", 0);
  run_for(16s);
  auto& snapshot = service("web").snapshot;
  snapshot.desired = snapshot.deployments.front().desired = 0;
  run_for(30s);
  const auto ended = std::ranges::find(events_, "finished", &alert::Event::type);
  ASSERT_NE(ended, events_.end());
  EXPECT_THAT(told().back(), "prod/web finished");
  EXPECT_THAT(last().message, testing::StartsWith("prod/web: no task is wanted any more after"));
}

TEST_F(FleetTest, WhileAnOutageLastsThoseWhoHeardAreReminded) {
  notes_->remind_every = 1h;
  restart();
  run_for(30s);
  run_tasks("web", 0);
  run_for(1h);
  EXPECT_THAT(told(), ElementsAre("prod/web recovering"));
  restart();
  run_for(1min);
  ASSERT_THAT(told(), ElementsAre("prod/web recovering", "prod/web still_down"));
  EXPECT_THAT(last().message,
              testing::StartsWith("prod/web: no task runs, 2 wanted; still so after 1h"));
  EXPECT_EQ(last().incident, events_[0].incident);
  EXPECT_EQ(last().severity, alert::Severity::critical);
  EXPECT_EQ(extra(last(), "remindsOf"), R"("recovering")");
  EXPECT_EQ(extra(last(), "service"), R"("web")");
  EXPECT_THAT(channels_of("still_down"), ElementsAre("ops"));
  run_for(1h);
  EXPECT_EQ(events_.size(), 3U);
  run_tasks("web", 2);
  run_for(3h);
  EXPECT_EQ(events_.size(), 4U) << "it is over: " << last().type;
}

TEST_F(FleetTest, APausedServiceIsNotRemindedOf) {
  notes_->remind_every = 1h;
  restart();
  run_for(30s);
  run_tasks("web", 0);
  run_for(30s);
  watch_->set_paused("prod/web", true, [](Result<void>) {});
  run_for(3h);
  EXPECT_THAT(channels_of("still_down"), IsEmpty());
}

TEST_F(FleetTest, AnOutageCanBeAcknowledged) {
  run_tasks("web", 0);
  run_for(30s);
  bool done = false;
  watch_->acknowledge("prod/web", alert::Acknowledgement{"ann", "", loop_.now(), Instant{}},
                      [&](const Result<void>& result) { done = result.has_value(); });
  run_for(1s);
  EXPECT_TRUE(done);
  EXPECT_TRUE(view("prod/web").incident->acknowledged(loop_.now()));
}

TEST_F(FleetTest, APausedServiceIsLookedAtAndNotJudged) {
  watch_->set_paused("prod/web", true, [](const Result<void>&) {});
  run_tasks("web", 0);
  run_for(5min);
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_GE(view("prod/web").counters.skip(schedule::Skip::paused), 10U);
  run_tasks("web", 2);
  watch_->set_paused("prod/web", false, [](const Result<void>&) {});
  run_for(60s);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(FleetTest, WhileAwsDoesNotAnswerTheServiceIsUnknownAndNobodyIsTold) {
  ecs_.fate = [](const std::string&) -> std::optional<ports::EcsFailure> {
    return ports::EcsFailure{ports::EcsFailureKind::unanswered, "DescribeServices: HTTP 503"};
  };
  run_for(60s);
  EXPECT_EQ(view("prod/web").state.state, alert::State::unknown);
  EXPECT_THAT(std::string(view("prod/web").last_json), HasSubstr("HTTP 503"));
  ecs_.fate = nullptr;
  run_for(60s);
  EXPECT_EQ(view("prod/web").state.state, alert::State::up);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(FleetTest, WhatIsFoundAfterALongTimeWithoutAnswersSaysSo) {
  ecs_.fate = [](const std::string&) -> std::optional<ports::EcsFailure> {
    return ports::EcsFailure{ports::EcsFailureKind::unanswered, "DescribeServices: HTTP 503"};
  };
  run_for(10min);
  deploy("web", "ecs-svc/2", "web:2");
  run_for(2min);
  ecs_.fate = nullptr;
  run_for(60s);
  ASSERT_THAT(told(), ElementsAre("prod/web deploy_started"));
  ASSERT_TRUE(last().late.has_value());
  EXPECT_GT(*last().late, 10min);
  finish("web");
  run_for(30s);
  EXPECT_EQ(last().late, std::nullopt);
}

}  // namespace
}  // namespace tocsin::service

// What stays over restarts, reloads and changes of the configuration.

#include <gmock/gmock.h>

#include "service/ecs/test_fleet.hpp"

namespace tocsin::service {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FleetLife : public FleetWorld {
 protected:
  config::Monitor http(const std::string& name) {
    config::Monitor out;
    out.name = name;
    check::CheckSpec spec;
    spec.target = check::HttpCheck{"http://127.0.0.1:1/", std::make_shared<check::HttpOptions>()};
    out.check = std::make_shared<const check::CheckSpec>(std::move(spec));
    out.plan = std::make_shared<const schedule::Plan>();
    out.notes = std::make_shared<const config::MonitorNotes>();
    return out;
  }
  void fail_with(ports::EcsFailureKind kind, const std::string& message) {
    ecs_.fate = [=](const std::string&) -> std::optional<ports::EcsFailure> {
      return ports::EcsFailure{kind, message};
    };
  }
};

TEST_F(FleetLife, ARestartGoesOnWhereItWasAndTellsNothingTwice) {
  ecs_.add("prod", "web");
  start();
  run_for(30s);
  deploy("web", "ecs-svc/2", "web:2");
  run_for(30s);
  restart();
  run_for(30s);
  EXPECT_THAT(told(), ElementsAre("prod/web deploy_started"));
  halt();
  finish("web");
  run_for(30s);
  boot();
  start();
  run_for(30s);
  EXPECT_THAT(told(), ElementsAre("prod/web deploy_started", "prod/web finished"));
  EXPECT_EQ(events_[1].incident, events_[0].incident);
  EXPECT_EQ(rows_.size(), 2U);
}

TEST_F(FleetLife, AKillBeforeAnythingIsDurableTellsItAgainUnderTheSameKey) {
  ecs_.add("prod", "web");
  start();
  run_for(30s);
  deploy("web", "ecs-svc/2", "web:2");
  store_->set_commit_latency(1h);
  run_for(30s);
  EXPECT_THAT(told(), IsEmpty());
  restart();
  run_for(30s);
  ASSERT_THAT(told(), ElementsAre("prod/web deploy_started"));
  EXPECT_EQ(events_[0].key, "prod/web/deploy_started/ecs-svc/2");
}

TEST_F(FleetLife, AServiceThatCameWhileNobodyLookedIsNew) {
  ecs_.add("prod", "web");
  start();
  run_for(30s);
  halt();
  run_for(10min);
  ecs_.add("prod", "api").facts.snapshot.created = loop_.now();
  boot();
  start();
  run_for(60s);
  EXPECT_THAT(told(), ElementsAre("prod/api service_created", "prod/api deploy_started",
                                  "prod/api finished"));
}

TEST_F(FleetLife, TheFirstServiceOfAnEmptyClusterIsNewAlsoAfterARestart) {
  ecs_.clusters["prod"];
  start();
  run_for(30s);
  halt();
  ecs_.add("prod", "api").facts.snapshot.created = loop_.now();
  boot();
  start();
  run_for(60s);
  EXPECT_THAT(told(), ElementsAre("prod/api service_created", "prod/api deploy_started",
                                  "prod/api finished"));
}

TEST_F(FleetLife, ADeletedServiceIsNotNewWhenAWSShowsItOnceMoreAfterARestart) {
  ecs_.add("prod", "web");
  config_.ecs.clusters[0].services.include = {"web"};
  start();
  run_for(60s);
  service("web").snapshot.status = deployment::ServiceStatus::inactive;
  run_for(30s);
  halt();
  service("web").snapshot.status = deployment::ServiceStatus::active;
  boot();
  start();
  run_for(30s);
  service("web").snapshot.status = deployment::ServiceStatus::inactive;
  run_for(60s);
  EXPECT_THAT(told(), ElementsAre("prod/web service_deleted"));
}

TEST_F(FleetLife, NothingIsKeptInMindOfASelectionThatNobodyFollows) {
  ecs_.add("prod", "web");
  start();
  run_for(30s);
  EXPECT_EQ(store_->contents().memos.size(), 1U);
  config_.ecs.clusters[0].services.include = {"w*"};
  fleet_->apply(config_.ecs);
  run_for(30s);
  ASSERT_EQ(store_->contents().memos.size(), 1U);
  EXPECT_THAT(store_->contents().memos.begin()->first, HasSubstr("w*"));
  config_.ecs.clusters.clear();
  fleet_->apply(config_.ecs);
  run_for(30s);
  EXPECT_TRUE(store_->contents().memos.empty());
}

TEST_F(FleetLife, AWiderSelectionFindsOldServicesNotNewOnes) {
  ecs_.add("prod", "web");
  ecs_.add("prod", "api");
  config_.ecs.clusters[0].services.include = {"web"};
  start();
  run_for(60s);
  EXPECT_THAT(monitors(), ElementsAre("prod/web"));
  config_.ecs.clusters[0].services.include = {"web", "api"};
  fleet_->apply(config_.ecs);
  run_for(60s);
  EXPECT_THAT(monitors(), ElementsAre("prod/api", "prod/web"));
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(fleet_->stats().services, 2U);
}

TEST_F(FleetLife, ReloadsWhileAwsIsAskedUseUpNoBudget) {
  ecs_.add("prod", "web");
  ecs_.latency = 2s;
  start();
  run_for(30s);
  for (int i = 0; i < 10; ++i) {  // calls wait, are under way, or both
    config_.ecs.clusters[0].check_interval = i % 2 == 0 ? 10s : 15s;
    fleet_->apply(config_.ecs);
    run_for(500ms * i);
  }
  const int before = ecs_.described["web"];
  run_for(60s);
  EXPECT_GE(ecs_.described["web"], before + 3);
}

TEST_F(FleetLife, LooksThatWaitedWhenAServiceWasPausedAreNotTakenForNewOnes) {
  ecs_.add("prod", "web");
  auto& entry = config_.ecs.clusters[0];
  entry.check_interval = 1s;
  entry.options.partial_crash_polls = 1;
  entry.options.flap_threshold = 100;
  start();
  run_for(30s);
  ecs_.tasks["web"] = {stopped("t1", "EssentialContainerExited", 1)};
  ecs_.fate = [this](const std::string& call) -> std::optional<ports::EcsFailure> {
    ecs_.latency = call == "stopped" ? 2900ms : 20ms;  // two looks wait until the reason is there
    return std::nullopt;
  };
  for (Milliseconds after = 0ms; after < 5s; after += 100ms) {
    run_tasks("web", 1);
    run_for(after);
    watch_->set_paused("prod/web", true, [](Result<void>) {});
    run_for(60s);
    run_tasks("web", 2);
    run_for(60s);
    const std::size_t before = events_.size();
    watch_->set_paused("prod/web", false, [](Result<void>) {});
    run_for(60s);
    for (std::size_t i = before; i < events_.size(); ++i) {
      EXPECT_EQ(events_[i].type, "finished") << "paused after " << after.count() << " ms";
    }
  }
}

TEST_F(FleetLife, WhatIsNewIsToldByTheClockOfAwsAlone) {
  ecs_.server_ahead = -2h;
  ecs_.add("prod", "web").facts.snapshot.created = loop_.now() - 24h;
  start();
  run_for(10s);
  fail_with(ports::EcsFailureKind::unanswered, "HTTP 503");
  run_for(60s);
  ecs_.fate = nullptr;
  run_for(10min);
  ecs_.add("prod", "api").facts.snapshot.created = loop_.now() - 2h;
  run_for(6min);
  EXPECT_THAT(told(), ElementsAre("prod/api service_created", "prod/api deploy_started",
                                  "prod/api finished"));
}

TEST_F(FleetLife, ServicesThatAreGoneOrNeverWereAreForgotten) {
  ecs_.add("prod", "web");
  start();
  run_for(30s);
  ecs_.add("prod", "ghost").missing = true;  // deleted between the list and the look
  ecs_.add("prod", "short").facts.snapshot.created = loop_.now();
  run_for(6min);
  EXPECT_EQ(fleet_->stats().services, 3U);
  ecs_.clusters["prod"].erase("ghost");
  ecs_.clusters["prod"].erase("short");
  run_for(6min);
  EXPECT_EQ(fleet_->stats().services, 1U);
}

TEST_F(FleetLife, AReloadOfMonitorsLeavesServicesAlone) {
  ecs_.add("prod", "web");
  start();
  run_for(30s);
  const auto outcomes = view("prod/web").counters.planned;
  monitors_.monitors = {http("a"), http("z")};
  watch_->reload(monitors_);
  run_for(30s);
  EXPECT_THAT(monitors(), ElementsAre("a", "prod/web", "z"));
  EXPECT_GT(view("prod/web").counters.planned, outcomes);
  EXPECT_EQ(view("prod/web").state.state, alert::State::up);
}

TEST_F(FleetLife, AConfiguredMonitorKeepsItsNameAndTheServiceGetsALongOne) {
  ecs_.add("prod", "web");
  monitors_.monitors = {http("prod/web")};
  start();
  run_for(30s);
  EXPECT_THAT(monitors(), ElementsAre("prod/web", "prod/web@us-east-1/1"));
}

TEST_F(FleetLife, AMonitorThatIsConfiguredLaterTakesTheNameOver) {
  ecs_.add("prod", "web");
  start();
  run_for(30s);
  monitors_.monitors = {http("prod/web")};
  watch_->reload(monitors_);
  run_for(60s);
  EXPECT_THAT(monitors(), ElementsAre("prod/web", "prod/web@us-east-1/1"));
  EXPECT_EQ(check::kind_of(*view("prod/web").config->check), "http");
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(FleetLife, ServicesOfAClusterThatIsNotWatchedAnyMoreGoAndTheirPagesResolve) {
  ecs_.add("prod", "web");
  start();
  run_for(30s);
  run_tasks("web", 0);
  run_for(30s);
  config_.ecs.clusters.clear();
  fleet_->apply(config_.ecs);
  run_for(30s);
  EXPECT_THAT(monitors(), IsEmpty());
  ASSERT_THAT(told(), ElementsAre("prod/web recovering", "prod/web recovered"));
  EXPECT_EQ(events_[1].incident, events_[0].incident);
  EXPECT_EQ(events_[1].reason, "monitor_removed");
  EXPECT_EQ(events_[1].state, "gone") << "not up again";
  EXPECT_THAT(channels_of("recovered"), ElementsAre("ops"));
  EXPECT_TRUE(store_->contents().monitors.empty());
}

TEST_F(FleetLife, AClusterThatLeftTheConfigurationWhileNobodyLookedGoesLikewise) {
  ecs_.add("prod", "web");
  start();
  run_for(30s);
  run_tasks("web", 0);
  run_for(30s);
  halt();
  config_.ecs.clusters.clear();
  boot();
  start();
  run_for(30s);
  ASSERT_THAT(told(), ElementsAre("prod/web recovering", "prod/web recovered"));
  EXPECT_EQ(events_[1].incident, events_[0].incident);
  EXPECT_TRUE(store_->contents().monitors.empty());
}

TEST_F(FleetLife, WithoutAnAccountWhatIsKnownWaitsForABetterStart) {
  ecs_.add("prod", "web");
  start();
  run_for(30s);
  no_account_ = true;
  restart();
  run_for(30s);
  ASSERT_EQ(troubles_told_.size(), 1U);
  EXPECT_THAT(troubles_told_[0].message, HasSubstr("there is no region"));
  EXPECT_TRUE(store_->contents().monitors.contains("prod/web"));
  no_account_ = false;
  restart();
  run_for(30s);
  EXPECT_THAT(monitors(), ElementsAre("prod/web"));
}

TEST_F(FleetLife, OneServiceThatTwoEntriesReachIsFollowedOnce) {
  ecs_.add("prod", "web");
  cluster("prod").region = "";
  start();
  run_for(30s);
  deploy("web", "ecs-svc/2", "web:2");
  run_for(30s);
  EXPECT_THAT(monitors(), ElementsAre("prod/web"));
  EXPECT_THAT(told(), ElementsAre("prod/web deploy_started"));
  other_account_ = true;  // as by another role into the same account
  restart();
  run_for(30s);
  EXPECT_EQ(monitors().size(), 1U);
  EXPECT_EQ(told().size(), 1U);
}

TEST_F(FleetLife, AServiceThatIsGoneBeforeItsFirstLookIsNotLookedAtForEver) {
  ecs_.add("prod", "web");
  ecs_.add("prod", "ghost").missing = true;
  start();
  run_for(30s);
  ecs_.clusters["prod"]["ghost"].listed = false;
  run_for(6min);
  EXPECT_EQ(fleet_->stats().services, 1U);
}

TEST_F(FleetLife, StateOfAnotherAccountIsRefused) {
  ecs_.add("prod", "web");
  start();
  run_for(30s);
  halt();
  auto& facts = ecs_.add("prod", "web").facts;
  facts.arn = "arn:aws:ecs:us-east-1:2:service/prod/web";
  facts.snapshot.desired = 7;
  facts.snapshot.running = facts.snapshot.deployments.front().running = 7;
  facts.snapshot.deployments.front().id = "ecs-svc/77";
  facts.snapshot.deployments.front().created = loop_.now();
  boot();
  start();
  run_for(60s);
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_THAT(std::string(view("prod/web").last_json), HasSubstr("ecs-svc/77"));
}

TEST_F(FleetLife, WhatIsToldWhenTheFleetIsGoneIsToldAllTheSame) {
  ecs_.add("prod", "web");
  start();
  run_for(30s);
  deploy("web", "ecs-svc/2", "web:2");
  store_->set_commit_latency(5s);
  while (std::ranges::count(ecs_.calls, "definition web:2") == 0) run_for(100ms);
  run_for(100ms);
  EXPECT_THAT(told(), IsEmpty()) << "it is on its way to the store";
  fleet_.reset();
  run_for(20s);
  EXPECT_THAT(told(), ElementsAre("prod/web deploy_started"));
}

TEST_F(FleetLife, ManyCrashesAtOnceAreToldWithinAnIntervalOrTwo) {
  for (int i = 0; i < 200; ++i) ecs_.add("prod", "s" + std::to_string(i));
  start();
  run_for(60s);
  for (int i = 0; i < 200; ++i) run_tasks("s" + std::to_string(i), 0);
  run_for(30s);
  EXPECT_EQ(std::ranges::count(events_, "recovering", &alert::Event::type), 200);
}

TEST_F(FleetLife, OfTwoEntriesForAClusterTheFirstThatTakesAServiceCounts) {
  ecs_.add("prod", "api");
  ecs_.add("prod", "web");
  config_.ecs.clusters[0].services.include = {"api"};
  auto notes = std::make_shared<config::MonitorNotes>();
  notes->labels = {{"team", "rest"}};
  cluster("prod").notes = notes;
  start();
  run_for(30s);
  EXPECT_THAT(monitors(), ElementsAre("prod/api", "prod/web"));
  EXPECT_EQ(view("prod/api").config->notes->labels.size(), 2U);
  EXPECT_EQ(view("prod/web").config->notes->labels.back(),
            (std::pair<std::string, std::string>{"team", "rest"}));
}

TEST_F(FleetLife, ClustersOfOneNameHaveLongNames) {
  ecs_.add("prod", "web");
  cluster("prod").region = "";
  other_account_ = true;
  start();
  run_for(30s);
  EXPECT_THAT(monitors(), ElementsAre("prod/web@us-east-1/1"));
}

TEST_F(FleetLife, TagsAreLabelsAndAServiceWhoseTagsChangeIsLetGo) {
  ecs_.add("prod", "web").facts.tags = {{"aws:ecs:x", "y"}, {"team", "shop"}};
  config_.ecs.clusters[0].services.tags = {{"team", "shop"}};
  start();
  run_for(30s);
  EXPECT_EQ(view("prod/web").config->notes->labels,
            (alert::Labels{{"cluster", "prod"}, {"service", "web"}, {"team", "shop"}}));
  service("web").tags = {{"team", "other"}};
  run_for(6min);
  EXPECT_THAT(monitors(), IsEmpty());
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(FleetLife, TagsAreLabelsFromTheStartOfTheNextProcessOn) {
  ecs_.add("prod", "web").facts.tags = {{"aws:ecs:x", "y"}, {"team", "shop"}};
  start();
  run_for(30s);
  const alert::Labels labels = view("prod/web").config->notes->labels;
  EXPECT_THAT(labels, testing::Contains(std::pair<std::string, std::string>("team", "shop")));
  restart();
  EXPECT_EQ(view("prod/web").config->notes->labels, labels) << "a silence by tag holds at once";
}

TEST_F(FleetLife, WhileTheStoreRefusesDeploymentsAreToldAllTheSame) {
  ecs_.add("prod", "web");
  start();
  run_for(30s);
  store_->refuse();
  deploy("web", "ecs-svc/2", "web:2");
  run_for(30s);
  EXPECT_THAT(told(), ElementsAre("prod/web deploy_started"));
  EXPECT_EQ(rows_.size(), 1U);
  store_->accept();
  run_for(30s);
  restart();
  finish("web");
  run_for(30s);
  EXPECT_THAT(told(), ElementsAre("prod/web deploy_started", "prod/web finished"));
}

}  // namespace
}  // namespace tocsin::service

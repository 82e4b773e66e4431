#include "service/ecs/cluster_poller.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support/fake_ecs.hpp"

namespace tocsin::service {
namespace {

using namespace std::chrono_literals;
using deployment::Absent;
using deployment::Missing;
using deployment::Snapshot;
using deployment::Unanswered;
using ports::EcsFailure;
using ports::EcsFailureKind;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;

class ClusterPollerTest : public ::testing::Test {
 protected:
  struct Seen {
    std::string name;
    char what = ' ';  // s snapshot, m missing, a absent, u unanswered
    bool fleet_known = false;
    MonoTime at{};
    Instant now{};
    Snapshot snapshot;
  };

  void start(WatchedCluster cluster, const std::vector<std::string>& known = {}) {
    ClusterPoller::Hooks hooks;
    hooks.seen = [this](const ClusterPoller::Seen& seen) {
      Seen out{seen.name,
               "umas"[seen.observation.seen.index()],
               seen.fleet_known,
               loop_.mono_now(),
               seen.observation.now,
               {}};
      if (seen.service) out.snapshot = std::get<Snapshot>(seen.observation.seen);
      seen_.push_back(std::move(out));
    };
    hooks.goes_on = [this](const ports::EcsService&) { return goes_on_; };
    hooks.is_gone = [this](const std::string& name) {
      return std::ranges::find(gone_, name) != gone_.end();
    };
    hooks.failed = [this](ClusterPoller::Call, const EcsFailure& failure) {
      failures_.push_back(failure.kind);
    };
    hooks.works = [this](ClusterPoller::Call call) {
      works_ += call == ClusterPoller::Call::describe ? 1 : 0;
    };
    hooks.complete = [this](Instant now) { complete_ = now; };
    hooks.lost = [this](const std::string& name) { lost_.push_back(name); };
    poller_ = std::make_unique<ClusterPoller>(ClusterPoller::Ports{loop_, loop_, ecs_, budget_},
                                              std::move(cluster), std::move(hooks));
    poller_->start(known);
  }
  static WatchedCluster all() {
    WatchedCluster out;
    out.name = "prod";
    return out;
  }
  static WatchedCluster named(std::vector<std::string> names) {
    WatchedCluster out = all();
    out.services.include = std::move(names);
    return out;
  }
  void fill(int services) {
    for (int i = 0; i < services; ++i) ecs_.add("prod", fmt::format("s{:04}", i));
  }
  [[nodiscard]] std::vector<MonoTime> looks_at(const std::string& name) const {
    std::vector<MonoTime> out;
    for (const Seen& seen : seen_) {
      if (seen.name == name) out.push_back(seen.at);
    }
    return out;
  }
  [[nodiscard]] std::string looks() const {
    std::string out;
    for (const Seen& seen : seen_) out += seen.what;
    return out;
  }
  [[nodiscard]] std::int64_t calls(std::string_view beginning) const {
    return std::ranges::count_if(
        ecs_.calls, [&](const std::string& call) { return call.starts_with(beginning); });
  }

  test::VirtualLoop loop_;
  test::FakeEcs ecs_{loop_};
  CallBudget budget_{loop_, loop_, {}};
  bool goes_on_ = true;
  std::vector<std::string> gone_;
  std::vector<Seen> seen_;
  std::vector<EcsFailureKind> failures_;
  int works_ = 0;
  std::vector<std::string> lost_;
  std::optional<Instant> complete_;
  std::unique_ptr<ClusterPoller> poller_;
};

TEST_F(ClusterPollerTest, EveryServiceIsLookedAtOnceInEveryIntervalTenAtATime) {
  fill(237);
  start(all());
  loop_.run_for(10min);
  EXPECT_EQ(poller_->services(), 237U);
  EXPECT_LE(ecs_.most_names, ports::EcsApi::kMostServices);
  EXPECT_LE(ecs_.most_in_flight, 4);
  for (const auto& [name, times] : ecs_.described) {
    EXPECT_NEAR(times, 40, 1) << name;
  }
  const auto looks = looks_at("s0100");
  for (std::size_t i = 1; i < looks.size(); ++i) {
    EXPECT_EQ(looks[i] - looks[i - 1], 15s);
  }
  EXPECT_EQ(calls("describe"), 24 * 40);
  EXPECT_EQ(calls("list"), 2 * 3) << "100 on a page, at the start and 5 minutes later";
}

TEST_F(ClusterPollerTest, BatchesAreSpreadOverTheInterval) {
  fill(100);
  start(all());
  loop_.run_for(5s);
  seen_.clear();
  loop_.run_for(15s);
  std::vector<MonoTime> moments;
  for (const Seen& seen : seen_) moments.push_back(seen.at);
  std::ranges::sort(moments);
  moments.erase(std::ranges::unique(moments).begin(), moments.end());
  ASSERT_EQ(moments.size(), 10U);
  for (std::size_t i = 1; i < moments.size(); ++i) {
    EXPECT_LT(moments[i] - moments[i - 1], 2s);
  }
}

TEST_F(ClusterPollerTest, FiveHundredServicesAreSweptInTenSecondsWithinTheBudget) {
  fill(500);
  WatchedCluster cluster = all();
  cluster.check_interval = 10s;
  start(std::move(cluster));
  loop_.run_for(1min);
  const auto before = calls("describe");
  loop_.run_for(100s);
  EXPECT_NEAR(static_cast<double>(calls("describe") - before), 500, 10);
}

TEST_F(ClusterPollerTest, MoreThanTheBudgetAllowsIsSweptMoreSlowlyAndAllOfItEqually) {
  fill(2000);
  WatchedCluster cluster = all();
  cluster.check_interval = 10s;
  start(std::move(cluster));
  loop_.run_for(10min);
  EXPECT_LE(budget_.calls(), 10 * 60 * 5 + 10U);
  const auto [least, most] = std::ranges::minmax_element(
      ecs_.described, {}, [](const auto& entry) { return entry.second; });
  EXPECT_LE(most->second - least->second, 2);
  EXPECT_LE(budget_.waiting(), 200U) << "one turn of a batch waits at a time";
}

TEST_F(ClusterPollerTest, ServicesThatAreNamedNeedNoList) {
  fill(3);
  start(named({"s0001", "nobody"}));
  loop_.run_for(20s);
  EXPECT_EQ(calls("list"), 0);
  EXPECT_EQ(looks(), "smsm");
}

TEST_F(ClusterPollerTest, NamedOnesWhoseTagsDoNotFitAreLookedAtAgain) {
  fill(2);
  WatchedCluster cluster = named({"s0001"});
  cluster.services.tags = {{"team", "shop"}};
  start(std::move(cluster));
  loop_.run_for(1min);
  EXPECT_EQ(poller_->services(), 0U);
  ecs_.clusters["prod"]["s0001"].facts.tags = {{"team", "shop"}};
  loop_.run_for(5min);
  EXPECT_EQ(poller_->services(), 1U);
  EXPECT_EQ(calls("list"), 0);
}

TEST_F(ClusterPollerTest, WhatCameOfEachServiceIsToldApart) {
  fill(3);
  ecs_.clusters["prod"]["s0001"].missing = true;
  ecs_.clusters["prod"]["s0002"].absent = true;
  ecs_.server_ahead = 1h;
  start(all());
  loop_.run_for(3s);
  EXPECT_EQ(looks(), "sma");
  EXPECT_EQ(seen_[0].now, loop_.now() - 3s + 40ms + 1h - 20ms) << "AWS's clock";
}

TEST_F(ClusterPollerTest, ANewServiceIsFoundByTheNextListAndTheFleetIsKnownByThen) {
  fill(2);
  start(all());
  loop_.run_for(1min);
  for (const Seen& seen : seen_) EXPECT_EQ(seen.fleet_known, seen.at > seen_[1].at);
  ecs_.add("prod", "young");
  loop_.run_for(5min);
  ASSERT_FALSE(looks_at("young").empty());
  const auto first = std::ranges::find(seen_, "young", &Seen::name);
  EXPECT_TRUE(first->fleet_known);
}

TEST_F(ClusterPollerTest, TheFleetIsNotKnownBeforeAllOfItWasSeen) {
  fill(40);
  int describes = 0;
  ecs_.fate = [&](const std::string& call) -> std::optional<EcsFailure> {
    // Of the first sweep one batch fails.
    if (call == "describe" && ++describes == 2) {
      return EcsFailure{EcsFailureKind::unanswered, "HTTP 503"};
    }
    return std::nullopt;
  };
  start(all());
  loop_.run_for(16s);
  EXPECT_FALSE(poller_->fleet_known());
  loop_.run_for(15s);
  EXPECT_TRUE(poller_->fleet_known());
}

TEST_F(ClusterPollerTest, AFleetThatAnEarlierProcessSawIsKnown) {
  fill(2);
  WatchedCluster cluster = all();
  cluster.fleet_known = true;
  start(std::move(cluster), {"s0000"});
  loop_.run_for(1min);
  for (const Seen& seen : seen_) EXPECT_TRUE(seen.fleet_known);
  EXPECT_EQ(looks_at("s0000").size(), 4U) << "at once";
  EXPECT_EQ(looks_at("s0001").size(), 3U) << "with the turn after it was listed";
}

TEST_F(ClusterPollerTest, AListWhoseTokensGoInACircleEnds) {
  fill(2);
  start(all(), {"s0000"});
  loop_.run_for(1s);
  const auto lists = [this] { return std::ranges::count(ecs_.calls, "list prod"); };
  const auto before = lists();
  ecs_.next_token = {{"", "a"}, {"a", "b"}, {"b", "a"}};
  loop_.run_for(5min);
  EXPECT_EQ(lists() - before, 3) << "b leads to a again";
}

TEST_F(ClusterPollerTest, AServiceThatIsNotListedIsLookedAtUntilItIsKnownToBeGone) {
  fill(2);
  start(all());
  loop_.run_for(1min);
  ecs_.clusters["prod"]["s0001"].listed = false;
  ecs_.clusters["prod"]["s0001"].missing = true;
  loop_.run_for(10min);
  EXPECT_EQ(seen_.back().what, 'm');
  gone_ = {"s0001"};
  loop_.run_for(6min);
  EXPECT_EQ(poller_->services(), 1U);
  seen_.clear();
  loop_.run_for(6min);
  EXPECT_EQ(looks().find('m'), std::string::npos);
}

TEST_F(ClusterPollerTest, OtherTagsAreNotWatched) {
  fill(3);
  ecs_.clusters["prod"]["s0001"].facts.tags = {{"team", "shop"}};
  WatchedCluster cluster = all();
  cluster.services.tags = {{"team", "shop"}};
  start(std::move(cluster));
  loop_.run_for(1min);
  for (const Seen& seen : seen_) EXPECT_EQ(seen.name, "s0001");
  EXPECT_EQ(lost_, (std::vector<std::string>{"s0000", "s0002"}));
  EXPECT_EQ(poller_->services(), 1U);
  ecs_.clusters["prod"]["s0002"].facts.tags = {{"team", "shop"}};
  loop_.run_for(6min);
  EXPECT_EQ(poller_->services(), 2U) << "tags are looked at with every list";
}

TEST_F(ClusterPollerTest, ThrottlingIsUnansweredAndStretchesTheInterval) {
  fill(10);
  start(named({"s0000"}));
  loop_.run_for(40s);
  ecs_.fate = [](const std::string&) {
    return std::optional(EcsFailure{EcsFailureKind::throttled, "Rate exceeded"});
  };
  const auto before = ecs_.calls.size();
  loop_.run_for(10min);
  EXPECT_EQ(seen_.back().what, 'u');
  EXPECT_LE(ecs_.calls.size() - before, 8U);
  ecs_.fate = nullptr;
  loop_.run_for(2h);
  seen_.clear();
  loop_.run_for(1min);
  EXPECT_EQ(looks(), "ssss");
}

TEST_F(ClusterPollerTest, AClusterThatIsNotThereIsToldAndAskedForSeldom) {
  ecs_.fate = [](const std::string&) {
    return std::optional(EcsFailure{EcsFailureKind::no_cluster, "ClusterNotFoundException"});
  };
  start(named({"web"}));
  loop_.run_for(30min);
  EXPECT_EQ(failures_.size(), 6U);
  EXPECT_EQ(looks(), "uuuuuu");
  EXPECT_EQ(works_, 0);
  ecs_.fate = nullptr;
  loop_.run_for(6min);
  EXPECT_EQ(works_, 1);
}

TEST_F(ClusterPollerTest, AServiceDeploymentThatWasOverBeforeTheDeploymentBeganIsNotItsOwn) {
  using Status = deployment::ServiceDeployment::Status;
  fill(1);
  auto& facts = ecs_.clusters["prod"]["s0000"].facts;
  facts.snapshot.rolling = false;
  facts.service_deployment = "sd";
  facts.snapshot.deployments.front().created = loop_.now();
  ecs_.deployments["sd"] = {Status::successful, "", "", false, loop_.now() - 1s};
  start(named({"s0000"}));
  loop_.run_for(10s);
  EXPECT_FALSE(seen_.at(0).snapshot.service_deployment);
  ecs_.deployments["sd"].finished = loop_.now();
  loop_.run_for(15s);
  EXPECT_TRUE(seen_.at(1).snapshot.service_deployment);
}

TEST_F(ClusterPollerTest, WhereTrafficIsShiftedTheServiceDeploymentIsAskedForWhileItGoesOn) {
  using Status = deployment::ServiceDeployment::Status;
  fill(2);
  auto& shifting = ecs_.clusters["prod"]["s0000"].facts;
  shifting.snapshot.rolling = false;
  shifting.service_deployment = "sd";
  ecs_.deployments["sd"] = {Status::rolling_back, "", "alarm", false};
  start(named({"s0000", "s0001"}));
  loop_.run_for(10s);
  EXPECT_EQ(calls("deployments"), 1);
  EXPECT_EQ(seen_[0].snapshot.service_deployment->status, Status::rolling_back);
  EXPECT_FALSE(seen_[1].snapshot.service_deployment);
  goes_on_ = false;
  loop_.run_for(1min);
  EXPECT_EQ(calls("deployments"), 1);
}

TEST_F(ClusterPollerTest, WithoutTheRightToThatTheSnapshotMustDoAndATroubleIsNotJudgedOver) {
  fill(1);
  auto& shifting = ecs_.clusters["prod"]["s0000"].facts;
  shifting.snapshot.rolling = false;
  shifting.service_deployment = "sd";
  EcsFailureKind kind = EcsFailureKind::unanswered;
  ecs_.fate = [&](const std::string& call) {
    return call == "deployments" ? std::optional(EcsFailure{kind, "no"}) : std::nullopt;
  };
  start(named({"s0000"}));
  loop_.run_for(10s);
  EXPECT_EQ(looks(), "u");
  kind = EcsFailureKind::denied;
  loop_.run_for(45s);
  EXPECT_EQ(looks(), "usss");
  EXPECT_THAT(failures_, ElementsAre(EcsFailureKind::unanswered, EcsFailureKind::denied))
      << "what is not allowed is not asked for again at once";
}

TEST_F(ClusterPollerTest, ASlowAnswerDelaysItsOwnBatchAlone) {
  fill(10);
  ecs_.latency = 40s;
  start(named({"s0000"}));
  loop_.run_for(200s);
  EXPECT_EQ(looks(), "sssss") << "one poll at a time, one after the other";
  EXPECT_EQ(ecs_.most_in_flight, 1);
}

TEST_F(ClusterPollerTest, NothingIsHandedOnOnceItIsGone) {
  fill(1);
  start(named({"s0000"}));
  loop_.run_ready();
  poller_.reset();
  loop_.run_for(1min);
  EXPECT_THAT(seen_, IsEmpty());
}

}  // namespace
}  // namespace tocsin::service

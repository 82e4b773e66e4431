// Deployments in threads: the dispatcher and the bot of Slack together, against a Slack that gives
// every message a number.

#include "check/json.hpp"
#include "notification/provider/slack.hpp"
#include "service/delivery/test_dispatcher.hpp"

namespace tocsin::service {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr const char* kFirst = "prod/web/ecs-svc/1";
constexpr const char* kSecond = "prod/web/ecs-svc/2";

class DeploymentThreadsTest : public DispatcherTest {
 protected:
  DeploymentThreadsTest() {
    outlet_.format = notification::make_slack_bot(
        {.bot_token = "xoxb", .channel = "#ops", .url = "http://slack.test/api"},
        std::make_shared<notification::Texts>());
    outlet_.group_wait = 10s;
    apply();
    courier_.script = [this](const notification::Step& step) { return answer(step); };
  }

  // "post 1: ..." a new message, "in 1: ..." an answer to it, "in 1 and channel: ..." one that the
  // channel shows too, "1 is now: ..." a change of it; of each text its first line.
  Reply answer(const notification::Step& step) {
    const auto& http = std::get<notification::HttpStep>(step);
    const auto body = check::parse_json(http.body).value();
    const auto field = [&](const char* name) { return body.find(name).string().value_or(""); };
    std::string text = field("text");
    text.resize(std::min(text.find('\n'), text.size()));
    Reply reply{ScriptedCourier::ok(), 5ms, false};
    if (refuse_ > 0) {
      --refuse_;
      reply.answer.status = 500;
      return reply;
    }
    if (http.url.ends_with("/chat.update")) {
      if (refuse_updates_ > 0) {
        --refuse_updates_;
        reply.answer.status = 500;
        return reply;
      }
      calls_.push_back(fmt::format("{} is now: {}", field("ts"), text));
    } else {
      ++posted_;
      const std::string thread = field("thread_ts");
      const bool all = body.find("reply_broadcast").boolean().value_or(false);
      calls_.push_back(thread.empty()
                           ? fmt::format("post {}: {}", posted_, text)
                           : fmt::format("in {}{}: {}", thread, all ? " and channel" : "", text));
    }
    reply.answer.body = fmt::format(R"({{"ok":true,"channel":"C","ts":"{}"}})", posted_);
    return reply;
  }

  using Extra = std::vector<std::pair<std::string, std::string>>;
  ports::OutboxRow row_of(const std::string& type, const std::string& incident, Extra extra = {}) {
    alert::Event event;
    event.id = fmt::format("{:04}", ++events_);
    event.type = type;
    event.severity = alert::info(alert::parse_event_type(type).value()).severity;
    event.monitor = incident.substr(0, incident.find("/ecs-svc"));
    event.kind = "ecs";
    event.incident = incident;
    event.key = event.id;
    event.message = type;
    event.at = loop_.now();
    event.extra = std::move(extra);
    return notification::address(event, {"ops"}).front();
  }
  void tell(const std::string& type, const std::string& incident = kFirst, Extra extra = {}) {
    dispatcher_->deliver({row_of(type, incident, std::move(extra))});
    loop_.run_for(1min);
  }
  Texts calls() { return std::exchange(calls_, {}); }

  Texts calls_;
  int posted_ = 0;
  int refuse_ = 0;
  int refuse_updates_ = 0;
};

TEST_F(DeploymentThreadsTest, OneThreadTellsADeploymentToItsEnd) {
  tell("deploy_started");
  tell("scaled");
  tell("timeout");
  EXPECT_THAT(calls(), ElementsAre("post 1: 🔵 deploy_started", "in 1: 🔵 scaled",
                                   "in 1 and channel: 🟡 timeout", "1 is now: 🟡 timeout"));
  tell("finished");
  EXPECT_THAT(calls(), ElementsAre("in 1: 🟢 finished", "1 is now: 🟢 finished"));
  EXPECT_THAT(threads_,
              ElementsAre(StartsWith("prod/web/ecs-svc/1=C 1"), "prod/web/ecs-svc/1 ended"));
}

TEST_F(DeploymentThreadsTest, AFailureItsRollbackAndItsEndAreOneStory) {
  tell("deploy_started");
  tell("recovering");
  tell("failed");
  tell("rolled_back");
  tell("finished", kFirst, {{"rollback", "true"}});
  EXPECT_THAT(calls(), ElementsAre("post 1: 🔵 deploy_started", "in 1 and channel: 🔴 recovering",
                                   "1 is now: 🔴 recovering", "in 1 and channel: 🔴 failed",
                                   "1 is now: 🔴 failed", "in 1 and channel: 🟡 rolled_back",
                                   "1 is now: 🟡 rolled_back", "in 1: 🟡 finished",
                                   "1 is now: 🟡 finished"));
}

TEST_F(DeploymentThreadsTest, WhoeverHearsOfFailuresAloneHasTheThreadBeginThere) {
  tell("failed");
  tell("finished", kFirst, {{"rollback", "true"}});
  EXPECT_THAT(calls(),
              ElementsAre("post 1: 🔴 failed", "in 1: 🟡 finished", "1 is now: 🟡 finished"));
  tell("finished", kSecond);
  EXPECT_THAT(calls(), ElementsAre("post 3: 🟢 finished"));
  EXPECT_EQ(threads_.size(), 2U) << "an end begins nothing";
}

TEST_F(DeploymentThreadsTest, WhyTasksStoppedIsAddedToTheOutage) {
  const std::string outage = "prod/web/ecs-svc/1/17";
  tell("recovering", outage);
  tell("tasks_stopped", outage);
  tell("finished", outage);
  EXPECT_THAT(calls(), ElementsAre("post 1: 🔴 recovering", "in 1: 🔴 tasks_stopped",
                                   "1 is now: 🔴 tasks_stopped", "in 1: 🟢 finished",
                                   "1 is now: 🟢 finished"));
}

TEST_F(DeploymentThreadsTest, WhatANewDeploymentSupersedesSaysSoAndIsForgotten) {
  tell("deploy_started");
  (void)calls();
  tell("deploy_started", kSecond, {{"closed_incidents", R"(["prod/web/ecs-svc/1","never/told"])"}});
  EXPECT_THAT(calls(), ElementsAre("post 2: 🔵 deploy_started",
                                   "1 is now: ⚪ Superseded: prod/web: deploying"));
  EXPECT_THAT(threads_, testing::Contains("prod/web/ecs-svc/1 ended"));
  tell("finished", kSecond);
  EXPECT_THAT(calls(), ElementsAre("in 2: 🟢 finished", "2 is now: 🟢 finished"));
}

TEST_F(DeploymentThreadsTest, TheEndOfAServiceEndsAllItsThreadsAndChangesAFewMessagesAtMost) {
  std::string closed = "[";
  for (int i = 0; i < 8; ++i) {
    const std::string incident = fmt::format("prod/web/ecs-svc/1/{}", i);
    tell("recovering", incident);
    closed += fmt::format("{}\"{}\"", i > 0 ? "," : "", incident);
  }
  (void)calls();
  threads_.clear();
  tell("service_deleted", kFirst, {{"closed_incidents", closed + "]"}});
  const Texts last = calls();
  ASSERT_EQ(last.size(), 6U) << "one message and five changes";
  EXPECT_EQ(last[1], "1 is now: ⚪ Over: prod/web: the service was deleted");
  EXPECT_EQ(threads_.size(), 8U);
}

TEST_F(DeploymentThreadsTest, AStepThatFailsIsRepeatedWithoutThoseBeforeIt) {
  tell("deploy_started");
  (void)calls();
  refuse_updates_ = 3;
  tell("deploy_started", kSecond, {{"closed_incidents", R"(["prod/web/ecs-svc/1"])"}});
  loop_.run_for(10min);
  EXPECT_THAT(calls(), ElementsAre("post 2: 🔵 deploy_started", HasSubstr("1 is now: ⚪")));
  tell("finished", kSecond);
  EXPECT_THAT(calls(), ElementsAre("in 2: 🟢 finished", "2 is now: 🟢 finished"))
      << "the thread of the message that was sent at the first attempt";
}

TEST_F(DeploymentThreadsTest, AThreadAndWhatItSupersedesAreKnownAfterARestart) {
  std::vector<ports::ThreadRow> stored;
  const auto keep = [&](const std::string& incident, const std::string& content) {
    stored.push_back({"ops", incident, "C 7", content, loop_.now()});
  };
  const notification::Work first = outlet_.format->prepare(
      {.key = "k",
       .events = {alert::parse_event(row_of("deploy_started", kFirst).payload).value()}},
      std::nullopt);
  keep(kFirst, first.content);
  make();
  dispatcher_->resume(std::move(stored));
  tell("deploy_started", kSecond, {{"closed_incidents", R"(["prod/web/ecs-svc/1"])"}});
  EXPECT_THAT(calls(), ElementsAre("post 1: 🔵 deploy_started", HasSubstr("7 is now: ⚪")));
}

TEST_F(DeploymentThreadsTest, AFailedDeploymentKeepsItsThreadUntilSomebodyDeploysAgain) {
  tell("failed");
  (void)calls();
  loop_.run_for(std::chrono::days{90});
  tell("deploy_started", "prod/other/ecs-svc/1");  // forgets what is old
  tell("deploy_started", kSecond, {{"closed_incidents", R"(["prod/web/ecs-svc/1"])"}});
  EXPECT_THAT(calls(), testing::Contains(HasSubstr("1 is now: ⚪ Superseded")));
}

// --- Who shares a message with whom. ---

TEST_F(DeploymentThreadsTest, DeploymentsAtOneTimeAreAMessageEach) {
  dispatcher_->deliver({row_of("deploy_started", "prod/a/ecs-svc/1"),
                        row_of("deploy_started", "prod/b/ecs-svc/1"),
                        row_of("deploy_started", "prod/c/ecs-svc/1")});
  loop_.run_for(1min);
  EXPECT_THAT(calls(), ElementsAre("post 1: 🔵 deploy_started", "post 2: 🔵 deploy_started",
                                   "post 3: 🔵 deploy_started"));
}

TEST_F(DeploymentThreadsTest, AChannelWithoutThreadsMergesTheStepsOfOneDeploymentAlone) {
  outlet_.format = std::make_shared<LineFormat>();
  apply();
  courier_.script = nullptr;
  const auto deliver = [&](const std::string& type, const std::string& incident) {
    dispatcher_->deliver({row_of(type, incident)});
    loop_.run_for(1s);
  };
  deliver("deploy_started", "prod/a/ecs-svc/1");
  deliver("deploy_started", "prod/b/ecs-svc/1");
  deliver("failed", "prod/a/ecs-svc/1");
  deliver("rolled_back", "prod/a/ecs-svc/1");
  DispatcherTest::tell("went_down", "x");
  DispatcherTest::tell("went_down", "y");
  DispatcherTest::tell("went_down", "z");
  loop_.run_for(1min);
  EXPECT_THAT(sent(),
              testing::UnorderedElementsAre("deploy_started prod/a", "deploy_started prod/b",
                                            "failed prod/a, rolled_back prod/a", "went_down x",
                                            "went_down y, went_down z"));
}

TEST_F(DeploymentThreadsTest, GroupByMergesDeploymentsWhereItSaysSo) {
  outlet_.format = std::make_shared<LineFormat>();
  outlet_.group_by = {"kind"};
  apply();
  courier_.script = nullptr;
  for (const char* incident : {"prod/a/ecs-svc/1", "prod/b/ecs-svc/1", "prod/c/ecs-svc/1"}) {
    dispatcher_->deliver({row_of("deploy_started", incident)});
  }
  loop_.run_for(1min);
  EXPECT_THAT(sent(),
              ElementsAre("deploy_started prod/a", "deploy_started prod/b, deploy_started prod/c"));
}

TEST_F(DeploymentThreadsTest, AfterAnHourWithoutTheChannelAFloodOfThemIsOneDigest) {
  refuse_ = 1'000'000;
  for (int i = 0; i < 300; ++i) {
    dispatcher_->deliver({row_of("deploy_started", fmt::format("prod/s{}/ecs-svc/1", i))});
    loop_.run_for(10s);
  }
  EXPECT_THAT(calls(), IsEmpty());
  refuse_ = 0;
  loop_.run_for(10min);
  const Texts all = calls();
  EXPECT_LE(all.size(), 25U);
  EXPECT_THAT(all, testing::Contains(HasSubstr("monitors are deploying")));
  EXPECT_EQ(dispatcher_->waiting(), 0U);
  tell("finished", "prod/s200/ecs-svc/1");
  EXPECT_THAT(calls(), ElementsAre(HasSubstr(": 🟢 finished"), HasSubstr(" go on")))
      << "in the thread of the digest, whose first message counts on";
}

TEST_F(DeploymentThreadsTest, AFewThatWaitedForAnHourKeepAThreadEach) {
  refuse_ = 1'000'000;
  for (int i = 0; i < 10; ++i) {
    dispatcher_->deliver({row_of("deploy_started", fmt::format("prod/s{}/ecs-svc/1", i))});
  }
  loop_.run_for(1h);
  refuse_ = 0;
  loop_.run_for(10min);
  EXPECT_EQ(calls().size(), 10U);
}

TEST_F(DeploymentThreadsTest, WhatIsOldAtTheStartIsAFloodAtOnce) {
  std::vector<ports::OutboxRow> rows;
  for (int i = 0; i < 300; ++i) {
    rows.push_back(row_of("deploy_started", fmt::format("prod/s{}/ecs-svc/1", i)));
    rows.back().created -= 1h;
  }
  dispatcher_->deliver(std::move(rows));
  loop_.run_for(1min);
  EXPECT_THAT(calls(), ElementsAre(HasSubstr("300 events while this channel")));
}

TEST_F(DeploymentThreadsTest, ADigestThatIsRefusedIsTakenApartWithoutLoss) {
  outlet_.format = std::make_shared<LineFormat>();
  apply();
  courier_.script = [](const notification::Step& step) {
    const bool bad =
        std::get<notification::HttpStep>(step).body.find("prod/s7") != std::string::npos;
    return Reply{ScriptedCourier::status(bad ? 422 : 200), 5ms, false};
  };
  std::vector<ports::OutboxRow> rows;
  for (int i = 0; i < 30; ++i) {
    rows.push_back(row_of("deploy_started", fmt::format("prod/s{}/ecs-svc/1", i)));
    rows.back().created -= 1h;
  }
  dispatcher_->deliver(std::move(rows));
  loop_.run_for(10min);
  EXPECT_THAT(told_, ElementsAre(HasSubstr("ops lost 1 from prod/s7: ")));
  EXPECT_EQ(recorded_.size(), 30U);
}

}  // namespace
}  // namespace tocsin::service

// One rule of heartbeats in the watch each, on virtual time.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schedule/cron.hpp"
#include "sim/heartbeat_world.hpp"

namespace tocsin::test {
namespace {

using namespace std::chrono_literals;
using alert::State;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using timer::Action;

std::vector<std::string> types(const std::vector<alert::Event>& events) {
  std::vector<std::string> out;
  for (const alert::Event& event : events) out.push_back(event.type);
  return out;
}
using Types = std::vector<std::string>;

TEST(HeartbeatRules, ANewHeartbeatIsNewAndNobodyIsTold) {
  HeartbeatWorld world(1, 1h, 10min);
  world.boot();
  world.loop.run_for(50h);
  EXPECT_EQ(world.state(0), State::fresh);
  EXPECT_THAT(world.told, IsEmpty());
}

TEST(HeartbeatRules, APingIsAnsweredWhenItIsDurable) {
  HeartbeatWorld world(1, 1h, 10min);
  world.boot();
  const auto answer = world.send(0, Action::success);
  EXPECT_FALSE(*answer);
  EXPECT_EQ(world.state(0), State::fresh);
  world.loop.run_for(10ms);
  ASSERT_TRUE(*answer);
  EXPECT_TRUE(answer->value());
  EXPECT_EQ(world.state(0), State::up);
  EXPECT_THAT(world.store->contents().monitors.at("h0").memory, HasSubstr("last_ping_ms"));
}

TEST(HeartbeatRules, SilenceIsToldAtTheDeadlineAndAPingRecovers) {
  HeartbeatWorld world(1, 1h, 10min);
  world.boot();
  ASSERT_TRUE(world.ping(0));
  const Instant deadline = world.view(0).heartbeat->deadline;
  world.loop.run_for(70min - 1s);
  EXPECT_EQ(world.state(0), State::up);
  world.loop.run_for(2s);
  EXPECT_EQ(world.state(0), State::down);
  ASSERT_EQ(world.told.size(), 1U);
  EXPECT_EQ(world.told[0].type, "went_down");
  EXPECT_EQ(world.told[0].reason, "expired");
  EXPECT_EQ(world.told[0].kind, "timer");
  EXPECT_EQ(world.told[0].at, deadline);
  EXPECT_FALSE(world.told[0].late);
  world.loop.run_for(30h);  // missed again and again: one incident
  EXPECT_EQ(world.told.size(), 1U);
  ASSERT_TRUE(world.ping(0));
  EXPECT_EQ(types(world.told), (Types{"went_down", "recovered"}));
}

TEST(HeartbeatRules, FailAfterTwoTakesTwoMissedTimes) {
  HeartbeatWorld world(1, 1h, 10min);
  world.config.monitors[0].thresholds = {2, 2, 1};
  world.boot();
  ASSERT_TRUE(world.ping(0));
  world.loop.run_for(80min);
  EXPECT_EQ(world.state(0), State::up);
  world.loop.run_for(60min);
  EXPECT_EQ(world.state(0), State::down);
}

TEST(HeartbeatRules, AFailureIsDownWithWhatTheJobSaid) {
  HeartbeatWorld world(1, 1h, 10min);
  world.boot();
  world.watch->hide({"s3cr3t-pw"});
  ASSERT_TRUE(world.ping(0, Action::fail, {}, "disk full; password s3cr3t-pw"));
  ASSERT_EQ(world.told.size(), 1U);
  EXPECT_EQ(world.told[0].reason, "reported");
  const std::string event = alert::to_json(world.told[0]);
  EXPECT_THAT(event, HasSubstr("disk full; password ***"));
  EXPECT_THAT(event, ::testing::Not(HasSubstr("s3cr3t")));
  const std::string last(world.view(0).last_json);
  EXPECT_THAT(last, HasSubstr(R"("output":"disk full; password ***")"));
  EXPECT_THAT(last, HasSubstr(R"("origin":"pushed")"));
}

TEST(HeartbeatRules, ASecretThatTheLimitCutsThroughIsHidden) {
  HeartbeatWorld world(1, 1h, 10min);
  world.boot();
  world.watch->hide({"s3cr3t-pw"});
  timer::Ping ping;
  ping.action = Action::fail;
  ping.text = "abc s3cr3t-pw\xC3\xA9";
  for (const auto& [limit, kept] : {std::pair{8U, "abc ***"}, {7U, "abc ***"}, {6U, "abc **"}}) {
    world.watch->ping({HeartbeatWorld::uuid(0), {}, true, limit}, ping, [](const Result<void>&) {});
    world.loop.run_for(10ms);
    EXPECT_THAT(std::string(world.view(0).last_json),
                HasSubstr(fmt::format(R"("output":"{}")", kept)));
  }
}

TEST(HeartbeatRules, WhatAJobSaysDoesNotTellHowToPingIt) {
  HeartbeatWorld world(1, 1h, 10min);
  world.boot();
  ASSERT_TRUE(world.ping(0, Action::fail, {}, "GET /ping/" + HeartbeatWorld::uuid(0)));
  EXPECT_THAT(std::string(world.view(0).last_json), HasSubstr(R"("output":"GET /ping/***")"));
}

TEST(HeartbeatRules, ARunThatTakesTooLongIsToldWithWhatItSaidLast) {
  HeartbeatWorld world(1, 24h, 1h);
  world.options(0).max_runtime = 2h;
  world.boot();
  ASSERT_TRUE(world.ping(0, Action::start, "a", "copying /srv"));
  world.loop.run_for(2h + 1s);
  ASSERT_EQ(world.told.size(), 1U);
  EXPECT_EQ(world.told[0].reason, "timeout");
  EXPECT_THAT(alert::to_json(world.told[0]), HasSubstr("copying /srv"));
  // Another run ends well: up, and the hanging one does not turn it down again.
  ASSERT_TRUE(world.ping(0, Action::success, "b"));
  world.loop.run_for(20h);
  EXPECT_EQ(types(world.told), (Types{"went_down", "recovered"}));
}

TEST(HeartbeatRules, TheDurationOfARunIsThatOfItsOutcome) {
  HeartbeatWorld world(1, 24h, 1h);
  world.boot();
  ASSERT_TRUE(world.ping(0, Action::start));
  world.loop.run_for(5min - 10ms);
  ASSERT_TRUE(world.ping(0));
  EXPECT_EQ(world.view(0).last_duration, 5min);
}

TEST(HeartbeatRules, PostOnlyAnswersOthersWithoutCountingThem) {
  HeartbeatWorld world(1, 1h, 10min);
  world.options(0).post_only = true;
  world.boot();
  std::optional<Result<void>> answer;
  world.watch->ping({HeartbeatWorld::uuid(0), {}, false}, {},
                    [&](Result<void> result) { answer = std::move(result); });
  ASSERT_TRUE(answer && *answer);
  world.loop.run_for(1s);
  EXPECT_EQ(world.state(0), State::fresh);
}

TEST(HeartbeatRules, WhoIsNotConfiguredIsNotFound) {
  HeartbeatWorld world(1, 1h, 10min);
  world.boot();
  std::optional<Result<void>> answer;
  const auto ask = [&](const service::PingOf& of) {
    answer.reset();
    world.watch->ping(of, {}, [&](Result<void> result) { answer = std::move(result); });
    return answer && !*answer && answer->error().code == ErrorCode::not_found;
  };
  EXPECT_TRUE(ask({HeartbeatWorld::uuid(7), {}, true}));
  EXPECT_TRUE(ask({{}, "h7", true}));
  EXPECT_FALSE(ask({{}, "h0", true}));
  world.loop.run_for(1s);
}

TEST(HeartbeatRules, WhileTheStoreRefusesAPingIsRefusedAndKnownAllTheSame) {
  HeartbeatWorld world(1, 1h, 10min);
  world.boot();
  ASSERT_TRUE(world.ping(0));
  world.loop.run_for(50min);
  world.store->refuse();
  const auto first = world.send(0, Action::success);
  world.loop.run_for(1s);
  ASSERT_TRUE(*first);
  EXPECT_EQ(first->value().error().code, ErrorCode::unavailable);
  const auto second = world.send(0, Action::start, "a");
  world.loop.run_for(1s);
  EXPECT_EQ(second->value().error().code, ErrorCode::unavailable);
  world.store->accept();
  world.loop.run_for(5s);
  EXPECT_EQ(world.view(0).heartbeat->runs.size(), 0U);  // what is shown is durable
  ASSERT_TRUE(world.ping(0, Action::log));
  EXPECT_EQ(world.view(0).heartbeat->runs.size(), 1U);
  ASSERT_TRUE(world.ping(0, Action::success, "a"));
  world.loop.run_for(30min);  // the first deadline would have passed
  EXPECT_THAT(world.told, IsEmpty());
}

TEST(HeartbeatRules, ADeadlineThatPassedWhileTheProcessWasDownIsToldLateAfterAMomentOfHearing) {
  HeartbeatWorld world(2, 1h, 10min);
  world.boot();
  ASSERT_TRUE(world.ping(0));
  ASSERT_TRUE(world.ping(1));
  const Instant deadline = world.view(0).heartbeat->deadline;
  world.loop.run_for(1h);
  world.kill();
  world.loop.run_for(3h);
  world.boot();
  world.loop.run_for(10s);
  EXPECT_THAT(world.told, IsEmpty());
  ASSERT_TRUE(world.ping(1));  // it tried again until somebody answered
  world.loop.run_for(30s);
  EXPECT_EQ(world.state(1), State::up);
  ASSERT_EQ(world.told.size(), 1U);
  EXPECT_EQ(world.told[0].monitor, "h0");
  EXPECT_EQ(world.told[0].at, deadline);
  ASSERT_TRUE(world.told[0].late);
  EXPECT_GT(*world.told[0].late, 2h);
  const schedule::Counters counters = world.view(0).counters;
  EXPECT_EQ(counters.skip(schedule::Skip::process_down), 2U);
  EXPECT_TRUE(counters.balanced());
}

TEST(HeartbeatRules, OpenRunsSurviveAKill) {
  HeartbeatWorld world(1, 24h, 1h);
  world.boot();
  ASSERT_TRUE(world.ping(0, Action::start, "a"));
  world.kill();
  world.loop.run_for(30min);
  world.boot();
  world.loop.run_for(29min);
  EXPECT_THAT(world.told, IsEmpty());
  world.loop.run_for(2min);
  ASSERT_EQ(world.told.size(), 1U);
  EXPECT_EQ(world.told[0].reason, "timeout");
}

TEST(HeartbeatRules, ASleepOfTheMachineIsNoSilenceUntilSomebodyCouldSpeak) {
  HeartbeatWorld world(1, 1h, 10min);
  world.boot();
  ASSERT_TRUE(world.ping(0));
  world.loop.suspend(5h);
  world.loop.run_for(20s);
  EXPECT_EQ(world.state(0), State::up);
  ASSERT_TRUE(world.ping(0));
  world.loop.run_for(1h);
  EXPECT_THAT(world.told, IsEmpty());
}

TEST(HeartbeatRules, AStepOfTheWallClockMovesNoDeadline) {
  for (const Milliseconds step : {Milliseconds{48h}, Milliseconds{-48h}}) {
    HeartbeatWorld world(1, 1h, 10min);
    world.boot();
    ASSERT_TRUE(world.ping(0));
    world.loop.run_for(30min);
    world.loop.step_wall(step);
    world.loop.run_for(39min);
    EXPECT_EQ(world.state(0), State::up);
    world.loop.run_for(2min);
    EXPECT_EQ(world.state(0), State::down);
  }
}

TEST(HeartbeatRules, AStepIsInTheStoreBeforeAKill) {
  HeartbeatWorld world(1, 1h, 10min);
  world.boot();
  ASSERT_TRUE(world.ping(0));
  world.loop.step_wall(48h);
  world.loop.run_for(3s);
  world.kill();
  world.boot();
  world.loop.run_for(60min);
  EXPECT_EQ(world.state(0), State::up);
  world.loop.run_for(11min);
  EXPECT_EQ(world.state(0), State::down);
}

TEST(HeartbeatRules, APausedOneIsNotJudgedAndAPingResumesNothing) {
  HeartbeatWorld world(1, 1h, 10min);
  world.boot();
  ASSERT_TRUE(world.ping(0));
  world.watch->set_paused("h0", true, [](const Result<void>&) {});
  world.loop.run_for(3h);
  EXPECT_THAT(world.told, IsEmpty());
  EXPECT_GE(world.view(0).counters.skip(schedule::Skip::paused), 2U);
  ASSERT_TRUE(world.ping(0, Action::fail));
  EXPECT_TRUE(world.view(0).paused);
  EXPECT_EQ(world.state(0), State::up);
  world.watch->set_paused("h0", false, [](const Result<void>&) {});
  world.loop.run_for(69min);
  EXPECT_THAT(world.told, IsEmpty());
  world.loop.run_for(2min);
  EXPECT_EQ(world.state(0), State::down);
}

TEST(HeartbeatRules, ASilenceHoldsTheAlertBack) {
  HeartbeatWorld world(1, 1h, 10min);
  world.boot();
  ASSERT_TRUE(world.ping(0));
  alert::Silence silence;
  silence.until = world.loop.now() + 5h;
  world.watch->add_silence(silence, [](const Result<alert::Silence>&) {});
  world.loop.run_for(2h);
  EXPECT_EQ(world.state(0), State::down);
  EXPECT_THAT(world.told, IsEmpty());
  world.loop.run_for(4h);
  EXPECT_EQ(types(world.told), (Types{"went_down"}));
}

TEST(HeartbeatRules, ADependentOneWaitsForItsParent) {
  HeartbeatWorld world(2, 1h, 10min);
  auto notes = std::make_shared<config::MonitorNotes>(*world.config.monitors[1].notes);
  notes->depends_on = {"h0"};
  world.config.monitors[1].notes = notes;
  world.boot();
  ASSERT_TRUE(world.ping(0, Action::fail));
  ASSERT_TRUE(world.ping(1, Action::fail));
  world.loop.run_for(1min);
  ASSERT_EQ(world.told.size(), 1U);
  EXPECT_EQ(world.told[0].monitor, "h0");
  ASSERT_TRUE(world.ping(0));
  world.loop.run_for(1min);
  EXPECT_EQ(types(world.told), (Types{"went_down", "recovered", "went_down"}));
}

TEST(HeartbeatRules, AReloadKeepsWhatIsKnownAndTakesTheNewRules) {
  HeartbeatWorld world(2, 1h, 10min);
  world.boot();
  ASSERT_TRUE(world.ping(0));
  world.loop.run_for(30min);
  world.options(0).grace = 1h;
  world.config.monitors.pop_back();
  world.watch->reload(world.config);
  world.loop.run_for(80min);
  EXPECT_EQ(world.state(0), State::up);
  world.loop.run_for(11min);
  EXPECT_EQ(world.state(0), State::down);
  std::optional<Result<void>> answer;
  world.watch->ping({HeartbeatWorld::uuid(1), {}, true}, {},
                    [&](Result<void> result) { answer = std::move(result); });
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->error().code, ErrorCode::not_found);
}

TEST(HeartbeatRules, WhoseDropInIsBrokenIsRefusedForAWhileAndThenExcused) {
  HeartbeatWorld world(1, 1h, 10min);
  world.boot();
  ASSERT_TRUE(world.ping(0));
  config::Config broken;
  broken.whole = false;
  world.watch->reload(broken);
  const auto answer = world.send(0, Action::success);
  ASSERT_TRUE(*answer);
  EXPECT_EQ(answer->value().error().code, ErrorCode::unavailable);
  world.loop.run_for(5h);
  world.watch->reload(world.config);
  world.loop.run_for(9min);
  EXPECT_EQ(world.state(0), State::up);
  world.loop.run_for(2min);
  EXPECT_EQ(world.state(0), State::down);
}

TEST(HeartbeatRules, NothingIsCheckedNow) {
  HeartbeatWorld world(1, 1h, 10min);
  world.boot();
  std::optional<Result<std::string>> answer;
  world.watch->check_now("h0", [&](Result<std::string> result) { answer = std::move(result); });
  ASSERT_TRUE(answer && !*answer);
  EXPECT_EQ(answer->error().code, ErrorCode::conflict);
}

TEST(HeartbeatRules, RunsBeyondTheBoundAreRefused) {
  HeartbeatWorld world(1, 1h, 10min);
  world.boot();
  for (std::size_t i = 0; i < timer::kMostRuns; ++i) {
    ASSERT_TRUE(world.ping(0, Action::start, std::to_string(i)));
  }
  const auto answer = world.send(0, Action::start, "one more");
  ASSERT_TRUE(*answer);
  EXPECT_EQ(answer->value().error().code, ErrorCode::conflict);
}

}  // namespace
}  // namespace tocsin::test

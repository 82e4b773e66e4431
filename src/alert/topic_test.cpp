#include "alert/topic.hpp"

#include <gtest/gtest.h>

#include "alert/memory.hpp"

namespace tocsin::alert {
namespace {

using namespace std::chrono_literals;
using Names = std::vector<std::string>;

constexpr Instant kNow = from_unix_ms(1'795'250'912'007);

Event event(std::string_view type, std::string incident, Severity severity = Severity::critical) {
  Event out;
  out.type = type;
  out.incident = std::move(incident);
  out.severity = severity;
  out.at = kNow;
  return out;
}

Recipient to(std::string channel, Milliseconds after = 0ms, std::vector<EventType> types = {},
             std::vector<Severity> severities = {}) {
  return {std::move(channel), std::move(types), std::move(severities), after};
}

// "type>channel" of what is due, or the channels alone.
Names channels(const std::vector<Due>& due) {
  Names out;
  for (const Due& one : due) out.insert(out.end(), one.channels.begin(), one.channels.end());
  return out;
}
Names lines(const std::vector<Due>& due) {
  Names out;
  for (const Due& one : due) {
    for (const std::string& channel : one.channels) out.push_back(one.event->type + ">" + channel);
  }
  return out;
}

class TopicTest : public ::testing::Test {
 protected:
  Names tell(const Event& what, std::string_view subject = "d1", Instant now = kNow) {
    return channels(told(what, subject, now));
  }
  std::vector<Due> told(const Event& what, std::string_view subject = "d1", Instant now = kNow) {
    return tell_due(follow(topics_, what, subject, now), recipients_, now);
  }
  TopicEnd end(const Event& what, bool all = false, bool held = false) {
    return end_topics(topics_, what, all, held, recipients_);
  }
  Topics topics_;
  std::vector<Recipient> recipients_{to("ops")};
};

TEST_F(TopicTest, EachEventIsToldToWhoeverWantsItsType) {
  recipients_ = {to("ops"), to("bad", 0ms, {EventType::failed, EventType::finished})};
  EXPECT_EQ(tell(event("deploy_started", "w/1", Severity::info)), (Names{"ops"}));
  EXPECT_EQ(tell(event("failed", "w/1")), (Names{"ops", "bad"}));
  EXPECT_EQ(topics_.size(), 1U);
  EXPECT_EQ(end(event("finished", "w/1", Severity::info)).channels, (Names{"ops", "bad"}));
  EXPECT_TRUE(topics_.empty());
}

TEST_F(TopicTest, WhoeverHeardOfTheWorstHearsTheEndThoughItGotBetterMeanwhile) {
  recipients_ = {to("worst", 0ms, {}, {Severity::critical})};
  EXPECT_EQ(tell(event("failed", "w/1")), (Names{"worst"}));
  EXPECT_EQ(tell(event("rolled_back", "w/1", Severity::warning)), Names{});
  EXPECT_EQ(end(event("finished", "w/1", Severity::info)).channels, (Names{"worst"}));
}

TEST_F(TopicTest, NobodyIsToldTwiceOfOneEvent) {
  Topic& topic = follow(topics_, event("deploy_started", "w/1"), "d1", kNow);
  EXPECT_EQ(channels(tell_due(topic, recipients_, kNow)), (Names{"ops"}));
  EXPECT_EQ(channels(tell_due(topic, recipients_, kNow)), Names{});
}

TEST_F(TopicTest, OneWithAfterHearsOfWhatIsWrongForThatLongAndOfWhatFollowsAtOnce) {
  recipients_ = {to("page", 10min)};
  EXPECT_EQ(tell(event("deploy_started", "w/1"), "d1", kNow + 1h), Names{});
  EXPECT_EQ(next_look(topics_[0], recipients_, 0ms), std::nullopt) << "nothing is wrong";
  EXPECT_EQ(tell(event("recovering", "w/1")), Names{});
  EXPECT_EQ(next_look(topics_[0], recipients_, 0ms), kNow + 10min);
  EXPECT_EQ(channels(tell_due(topics_[0], recipients_, kNow + 10min - 1ms)), Names{});
  EXPECT_EQ(channels(tell_due(topics_[0], recipients_, kNow + 10min)), (Names{"page"}));
  EXPECT_EQ(next_look(topics_[0], recipients_, 0ms), std::nullopt);
  EXPECT_EQ(tell(event("timeout", "w/1")), (Names{"page"}));
}

TEST_F(TopicTest, HowLongSomethingIsWrongIsTheTimeSinceItWasSeenWhateverTheEventsClockSays) {
  recipients_ = {to("page", 10min)};
  Event late = event("recovering", "w/1");
  late.at = kNow - 1h;
  EXPECT_EQ(tell(late), Names{});
  EXPECT_EQ(next_look(topics_[0], recipients_, 0ms), kNow + 10min);
}

TEST_F(TopicTest, WhileSomethingIsWrongThoseWhoHeardAreReminded) {
  recipients_ = {to("ops"), to("bad", 0ms, {EventType::recovering}), to("later", 2h)};
  tell(event("deploy_started", "w/1"));
  EXPECT_EQ(remind_due(topics_[0], recipients_, 1h, kNow + 9h), Names{}) << "nothing is wrong";
  EXPECT_EQ(next_look(topics_[0], recipients_, 1h), std::nullopt);
  tell(event("recovering", "w/1"), "d1", kNow + 1min);
  EXPECT_EQ(remind_due(topics_[0], recipients_, 0ms, kNow + 9h), Names{}) << "nobody wants it";
  EXPECT_EQ(next_look(topics_[0], recipients_, 1h), kNow + 1h + 1min);
  EXPECT_EQ(remind_due(topics_[0], recipients_, 1h, kNow + 1h), Names{});
  EXPECT_EQ(remind_due(topics_[0], recipients_, 1h, kNow + 1h + 1min), (Names{"ops"}));
  EXPECT_EQ(remind_due(topics_[0], recipients_, 1h, kNow + 1h + 2min), Names{}) << "just told";
  EXPECT_EQ(next_look(topics_[0], recipients_, 1h), kNow + 2h + 1min);
}

TEST_F(TopicTest, WhatIsHeldOrAcknowledgedIsNotRemindedOf) {
  tell(event("recovering", "w/1"));
  topics_[0].latest.hold = Hold::silenced;
  EXPECT_EQ(remind_due(topics_[0], recipients_, 1h, kNow + 2h), Names{});
  topics_[0].latest.hold = Hold::none;
  topics_[0].latest.acknowledgement = {"ann", "", kNow, Instant{}};
  EXPECT_EQ(remind_due(topics_[0], recipients_, 1h, kNow + 2h), Names{});
  topics_[0].latest.acknowledgement.reset();
  EXPECT_EQ(remind_due(topics_[0], recipients_, 1h, kNow + 2h), (Names{"ops"}));
}

TEST_F(TopicTest, OneWithAfterHearsOfTheShortageThoughItsReasonCameMeanwhile) {
  recipients_ = {to("ops"), to("page", 10min, {EventType::recovering, EventType::finished}),
                 to("lead", 10min)};
  Event outage = event("recovering", "w/1");
  outage.message = "no task runs";
  Event reason = event("tasks_stopped", "w/1");
  reason.extra.emplace_back("stops", R"("app exited with 1")");
  EXPECT_EQ(lines(told(outage)), (Names{"recovering>ops"}));
  EXPECT_EQ(lines(told(reason, "d1", kNow + 1s)), (Names{"tasks_stopped>ops"}));
  EXPECT_EQ(next_look(topics_[0], recipients_, 0ms), kNow + 10min);
  const auto due = tell_due(topics_[0], recipients_, kNow + 10min);
  EXPECT_EQ(lines(due), (Names{"recovering>page", "recovering>lead"}));
  EXPECT_EQ(due.at(0).event->message, "no task runs: app exited with 1");
  EXPECT_EQ(lines(tell_due(topics_[0], recipients_, kNow + 11min)), Names{});
  EXPECT_EQ(end(event("finished", "w/1", Severity::info)).channels, (Names{"ops", "page", "lead"}));
}

TEST_F(TopicTest, WhenAHoldEndsTheLatestThatWentWrongIsToldOfWhatARecipientWants) {
  recipients_ = {to("ops"), to("bad", 0ms, {EventType::recovering}),
                 to("late", 0ms, {EventType::scaled})};
  for (const std::string_view type : {"deploy_started", "recovering", "timeout", "scaled"}) {
    follow(topics_, event(type, "w/1"), "d1", kNow).latest.hold = Hold::silenced;
  }
  topics_[0].latest.hold = Hold::none;
  EXPECT_EQ(lines(tell_due(topics_[0], recipients_, kNow)),
            (Names{"recovering>bad", "timeout>ops", "scaled>late"}));
  EXPECT_EQ(lines(tell_due(topics_[0], recipients_, kNow)), Names{});
}

TEST_F(TopicTest, WhatGoesOnWrongIsRememberedWithinBounds) {
  recipients_ = {to("page", 10min, {EventType::recovering})};
  for (int i = 0; i < 20; ++i) tell(event(i % 2 == 0 ? "recovering" : "timeout", "w/1"));
  EXPECT_EQ(topics_[0].setbacks.size(), kMostSetbacks);
  EXPECT_EQ(lines(tell_due(topics_[0], recipients_, kNow + 10min)), (Names{"recovering>page"}));
}

TEST_F(TopicTest, AnAcknowledgementStopsEscalation) {
  recipients_ = {to("page", 10min)};
  tell(event("recovering", "w/1"));
  topics_[0].latest.acknowledgement = {"ann", "", kNow, Instant{}};
  EXPECT_EQ(channels(tell_due(topics_[0], recipients_, kNow + 1h)), Names{});
}

TEST_F(TopicTest, WhatIsHeldIsToldWhenTheHoldEndsTheLatestAlone) {
  Topic& topic = follow(topics_, event("deploy_started", "w/1"), "d1", kNow);
  topic.latest.hold = Hold::silenced;
  EXPECT_EQ(channels(tell_due(topic, recipients_, kNow)), Names{});
  EXPECT_EQ(next_look(topic, recipients_, 0ms), Instant{});
  EXPECT_EQ(
      channels(tell_due(follow(topics_, event("failed", "w/1"), "d1", kNow), recipients_, kNow)),
      Names{});
  topics_[0].latest.hold = Hold::none;
  EXPECT_EQ(channels(tell_due(topics_[0], recipients_, kNow)), (Names{"ops"}));
  EXPECT_EQ(topics_[0].latest.opening.type, "failed");
}

TEST_F(TopicTest, TheEndOfWhatWasHeldThroughoutIsToldToNobody) {
  Topic& topic = follow(topics_, event("deploy_started", "w/1"), "d1", kNow);
  topic.latest.hold = Hold::silenced;
  EXPECT_EQ(channels(tell_due(topic, recipients_, kNow)), Names{});
  EXPECT_EQ(end(event("finished", "w/1"), false, true).channels, Names{});
}

TEST_F(TopicTest, TheEndIsToldWhateverHoldsToThoseWhoHeardOfIt) {
  tell(event("recovering", "w/1"));
  EXPECT_EQ(end(event("finished", "w/1"), false, true).channels, (Names{"ops"}));
}

TEST_F(TopicTest, WhoeverWasToldOfACriticalThingHearsItsEndThoughThatIsNone) {
  recipients_ = {to("page", 0ms, {}, {Severity::critical})};
  EXPECT_EQ(tell(event("recovering", "w/1")), (Names{"page"}));
  EXPECT_EQ(end(event("finished", "w/1", Severity::info)).channels, (Names{"page"}));
}

TEST_F(TopicTest, AFinishedDeploymentEndsEverythingAndNamesWhatItCloses) {
  recipients_ = {to("ops", 0ms, {EventType::recovering, EventType::finished}), to("later", 10min)};
  tell(event("recovering", "w/1"), "d1");
  EXPECT_EQ(channels(tell_due(topics_[0], recipients_, kNow + 10min)), (Names{"later"}));
  recipients_.pop_back();
  tell(event("deploy_started", "w/2"), "d2");
  const TopicEnd ended = end(event("finished", "w/2"), true);
  EXPECT_EQ(ended.channels, (Names{"ops", "later"})) << "its entry is gone";
  EXPECT_EQ(ended.closed, (Names{"w/1"}));
  EXPECT_TRUE(topics_.empty());
}

TEST_F(TopicTest, WhatIsSupersededIsClosedByTheBeginningOfTheNext) {
  tell(event("deploy_started", "w/1"), "d1");
  tell(event("timeout", "w/1"), "d1");
  const Event next = event("deploy_started", "w/2", Severity::info);
  const TopicEnd ended = supersede(topics_, next, "d1", recipients_);
  EXPECT_EQ(ended.channels, (Names{"ops"}));
  EXPECT_EQ(ended.closed, (Names{"w/1"}));
  EXPECT_TRUE(topics_.empty());
}

TEST_F(TopicTest, WhatIsWrongStaysWhileSomebodyWouldNotHearThatItWasSuperseded) {
  recipients_ = {to("page", 0ms, {EventType::timeout, EventType::finished})};
  tell(event("deploy_started", "w/1"), "d1");
  tell(event("timeout", "w/1"), "d1");
  const TopicEnd ended = supersede(topics_, event("deploy_started", "w/2"), "d1", recipients_);
  EXPECT_EQ(ended.channels, Names{});
  ASSERT_EQ(topics_.size(), 1U);
  EXPECT_EQ(end(event("finished", "w/2"), true).closed, (Names{"w/1"}));
}

TEST_F(TopicTest, AreBoundedAndWhatIsWrongIsKeptLongest) {
  tell(event("recovering", "w/bad"), "d0");
  for (int i = 0; i < 40; ++i) tell(event("scaled", "w/" + std::to_string(i)));
  EXPECT_EQ(topics_.size(), kMostTopics);
  EXPECT_EQ(topics_[0].incident(), "w/bad");
}

TEST_F(TopicTest, ComeBackFromTheStoreAsTheyWere) {
  recipients_ = {to("ops"), to("page", 10min)};
  tell(event("recovering", "w/1"), "d1");
  topics_[0].latest.acknowledgement = {"ann", "on it", kNow, kNow + 1h};
  tell(event("scaled", "w/2"), "d1");
  AlertMemory memory;
  memory.topics = topics_;
  const AlertMemory read = parse_alert_memory(to_json(memory));
  EXPECT_EQ(to_json(read), to_json(memory));
  ASSERT_EQ(read.topics.size(), 2U);
  EXPECT_EQ(read.topics[0].wrong_since, kNow);
  EXPECT_EQ(read.topics[0].heard, (Names{"ops"}));
}

}  // namespace
}  // namespace tocsin::alert

#include "service/timers/expiry_teller.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "support/memory_store.hpp"
#include "support/scripted_prober.hpp"
#include "support/virtual_loop.hpp"

namespace tocsin::service {
namespace {

using namespace std::chrono_literals;

class ExpiryTellerTest : public ::testing::Test {
 protected:
  ExpiryTellerTest() {
    timer::Rule rule;
    rule.name = rule.match = "job-*";
    rule.labels = {{"team", "shop"}};
    rule.notify.push_back({.channel = "ops"});
    rules_ = std::make_shared<const std::vector<timer::Rule>>(std::vector{rule});
    watch_.on_notifications([this](std::vector<ports::OutboxRow> rows) {
      std::ranges::move(rows, std::back_inserter(rows_));
    });
    watch_.on_change([this](const StateChange& change) { events_.push_back(*change.event); });
    EXPECT_TRUE(watch_.start({}));
  }
  Notice expired(const std::string& id) {
    Notice notice;
    notice.rules = rules_;
    notice.rule = rules_->data();
    notice.announced = loop_.now();
    notice.timers.push_back({id, loop_.now() - 60s, 60, {}, false, false, {}});
    return notice;
  }
  void tell(Notice notice) {
    teller_.tell(std::move(notice));
    loop_.run_for(1s);
  }

  test::VirtualLoop loop_;
  NullLogger log_;
  test::MemoryStore store_{loop_, loop_};
  test::ScriptedProber prober_{loop_, loop_, 1};
  Watch watch_{{loop_, loop_, prober_, store_, log_}, 1};
  TimerRules rules_;
  std::vector<ports::OutboxRow> rows_;
  std::vector<alert::Event> events_;
  int told_ = 0;
  ExpiryTeller teller_{watch_, store_, loop_, "http://127.0.0.1:7400",
                       [this](const Notice&) { ++told_; }};
};

TEST_F(ExpiryTellerTest, AnExpiryIsAnEventForTheRecipientsOfItsRule) {
  tell(expired("job-1"));
  ASSERT_EQ(events_.size(), 1U);
  EXPECT_EQ(events_[0].type, "timer_expired");
  EXPECT_EQ(events_[0].monitor, "job-1");
  EXPECT_EQ(events_[0].kind, "timer");
  EXPECT_EQ(events_[0].labels, (alert::Labels{{"team", "shop"}}));
  EXPECT_EQ(events_[0].late, std::nullopt);
  ASSERT_EQ(rows_.size(), 1U);
  EXPECT_EQ(rows_[0].target, "ops");
  EXPECT_EQ(told_, 1);
}

TEST_F(ExpiryTellerTest, WhatComesLateSaysSo) {
  Notice notice = expired("job-1");
  notice.timers[0].start -= 1h;
  tell(std::move(notice));
  ASSERT_EQ(events_.size(), 1U);
  EXPECT_EQ(events_[0].late, 1h);
}

TEST_F(ExpiryTellerTest, ARecoveryClosesTheSameIncidentAndSaysForHowLongItWasSilent) {
  Notice notice = expired("job-1");
  const timer::Missed missed{notice.timers[0].deadline(), notice.announced, notice.timers[0].start};
  tell(std::move(notice));
  loop_.run_for(29s);
  Notice again = expired("job-1");
  again.kind = Notice::Kind::rearmed;
  again.missed = missed;
  again.timers[0].start = loop_.now();
  tell(std::move(again));
  ASSERT_EQ(events_.size(), 2U);
  EXPECT_EQ(events_[1].type, "timer_rearmed");
  EXPECT_EQ(events_[1].incident, events_[0].incident);
  EXPECT_EQ(events_[1].outage, 30s);
  EXPECT_NE(events_[1].message.find("after 1m30s of silence"), std::string::npos)
      << events_[1].message;
}

TEST_F(ExpiryTellerTest, ARuleThatWasRemovedClosesTheIncident) {
  Notice notice = expired("job-1");
  Notice over = notice;
  tell(std::move(notice));
  over.kind = Notice::Kind::let_go;
  over.missed = {over.timers[0].deadline(), over.announced, over.timers[0].start};
  tell(std::move(over));
  ASSERT_EQ(events_.size(), 2U);
  EXPECT_EQ(events_[1].type, "timer_rearmed");
  EXPECT_EQ(events_[1].incident, events_[0].incident);
  EXPECT_EQ(events_[1].state, "expired");
  EXPECT_EQ(events_[1].reason, "rule_removed");
}

TEST_F(ExpiryTellerTest, WhatWasToldBeforeARestartIsNotToldAgain) {
  const Notice notice = expired("job-1");
  tell(notice);
  Notice again = notice;
  again.suspect = true;
  tell(again);
  EXPECT_EQ(events_.size(), 1U);
  EXPECT_EQ(told_, 2) << "it is noted now";
  Notice other = expired("job-2");
  other.suspect = true;
  tell(other);
  EXPECT_EQ(events_.size(), 2U) << "the earlier process died before it told";
}

TEST_F(ExpiryTellerTest, AnEndDoesNotOvertakeItsExpiryThatIsLookedUp) {
  Notice suspect = expired("job-1");
  suspect.suspect = true;
  Notice again = expired("job-1");
  again.kind = Notice::Kind::rearmed;
  again.missed = {suspect.timers[0].deadline(), suspect.announced, suspect.timers[0].start};
  Notice other = expired("job-2");
  teller_.tell(suspect);
  teller_.tell(again);
  teller_.tell(other);
  loop_.run_for(1s);
  ASSERT_EQ(events_.size(), 3U);
  EXPECT_EQ(events_[0].monitor, "job-2");
  EXPECT_EQ(events_[1].type, "timer_expired");
  EXPECT_EQ(events_[2].type, "timer_rearmed");
  EXPECT_EQ(events_[2].incident, events_[1].incident);
  teller_.tell(expired("job-1"));
  loop_.run_for(1s);
  EXPECT_EQ(events_.size(), 4U);
}

TEST_F(ExpiryTellerTest, AStepOfTheWallClockPartsNoExpiryFromItsEnd) {
  const Notice notice = expired("job-1");
  const timer::Missed missed{notice.timers[0].deadline(), notice.announced, notice.timers[0].start};
  tell(notice);
  Notice suspect = notice;  // found after a restart
  suspect.suspect = true;
  suspect.lead = -2h;
  tell(suspect);
  EXPECT_EQ(events_.size(), 1U);
  Notice again = expired("job-1");
  again.kind = Notice::Kind::rearmed;
  again.missed = missed;
  again.lead = -2h;
  tell(std::move(again));
  ASSERT_EQ(events_.size(), 2U);
  EXPECT_EQ(events_[1].incident, events_[0].incident);
  EXPECT_EQ(events_[1].key, events_[0].key);
}

TEST_F(ExpiryTellerTest, AStepOfTheWallClockPartsNoGroupFromItsEnd) {
  Notice notice = expired("job-1");
  notice.many = true;
  Notice over = notice;
  over.kind = Notice::Kind::rearmed;
  over.timers.clear();
  over.lead = -2h;
  tell(std::move(notice));
  tell(std::move(over));
  ASSERT_EQ(events_.size(), 2U);
  EXPECT_EQ(events_[1].incident, events_[0].incident);
}

TEST_F(ExpiryTellerTest, ManyAreOneEventWithTheirNumberAndTheFirstNames) {
  Notice notice = expired("job-0");
  notice.many = true;
  for (int i = 1; i < 50; ++i) {
    notice.timers.push_back(notice.timers[0]);
    notice.timers.back().id = "job-" + std::to_string(i);
  }
  tell(std::move(notice));
  ASSERT_EQ(events_.size(), 1U);
  EXPECT_EQ(events_[0].monitor, "timers/job-*");
  EXPECT_EQ(events_[0].message,
            "50 timers of job-* expired: job-0, job-1, job-2, job-3, job-4, job-5, job-6, job-7, "
            "job-8, job-9, job-10, job-11, job-12, job-13, job-14, job-15, job-16, job-17, job-18, "
            "job-19 and 30 others; all of them: "
            "http://127.0.0.1:7400/api/v1/timers?state=expired");
}

TEST_F(ExpiryTellerTest, AnIdIsShownPrintableAndClipped) {
  tell(expired("job-\n\x1b[31m" + std::string(600, 'x')));
  ASSERT_EQ(events_.size(), 1U);
  EXPECT_EQ(events_[0].monitor.find('\n'), std::string::npos);
  EXPECT_LE(events_[0].monitor.size(), 200U);
}

TEST_F(ExpiryTellerTest, WhileTheStoreRefusesPeopleAreToldAllTheSame) {
  store_.refuse();
  tell(expired("job-1"));
  EXPECT_EQ(rows_.size(), 1U);
  EXPECT_EQ(told_, 1);
}

TEST_F(ExpiryTellerTest, ASilenceOfTheRulesLabelsHoldsForTheRule) {
  EXPECT_EQ(teller_.quiet(*rules_), std::vector<bool>{false});
  alert::Silence silence;
  silence.match = alert::Selector::parse({"team=shop", "kind=timer"}).value();
  silence.from = loop_.now();
  silence.until = loop_.now() + 1h;
  watch_.add_silence(silence, [](const Result<alert::Silence>& added) { EXPECT_TRUE(added); });
  loop_.run_for(2s);
  EXPECT_EQ(teller_.quiet(*rules_), std::vector<bool>{true});
}

}  // namespace
}  // namespace tocsin::service

#include "service/timers/timer_desk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "support/memory_timer_store.hpp"
#include "support/virtual_loop.hpp"

namespace tocsin::service {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

timer::Rule rule(const std::string& match, Milliseconds grace = 0ms, Milliseconds reminder = 0ms) {
  timer::Rule out;
  out.name = out.match = match;
  out.grace = grace;
  out.reminder = reminder;
  return out;
}

// A desk on the fake store, with nobody but a list at the other side.
class TimerDeskTest : public ::testing::Test {
 protected:
  TimerDeskTest() { start(); }

  void start() {
    desk_.reset();
    loop_.clear();
    store_ = std::make_unique<test::MemoryTimerStore>(loop_, loop_, kept_,
                                                      test::MemoryTimerStore::Options{});
    desk_ = std::make_unique<TimerDesk>(
        TimerDesk::Ports{loop_, loop_, *store_, log_},
        [this](Notice notice) { hear(std::move(notice)); }, bounds_);
    desk_->apply(rules_, quiet_);
    loop_.run_ready();
  }
  // "KIND ID" or "KIND RULE xCOUNT", with the seconds since the begin.
  void hear(Notice notice) {
    constexpr const char* kKinds[] = {"expired", "still", "rearmed", "disarmed", "let go"};
    std::string text = kKinds[static_cast<std::size_t>(notice.kind)];
    text += notice.many ? " " + notice.rule->name + " x" + std::to_string(notice.timers.size())
                        : " " + notice.timers.front().id;
    text += " at " + std::to_string((loop_.now() - begin_) / 1s);
    text += notice.suspect ? "?" : "";
    heard_.push_back(text);
    store_->refuse_marks(marks_refused_after_telling_);
    if (notice.many && notice.kind == Notice::Kind::expired) {
      groups_.push_back(notice.announced);
    }
    if (gives_back_) {
      loop_.post([this, notice = std::move(notice)]() mutable { desk_->told(std::move(notice)); });
    }
  }
  void arm(const std::string& id, std::int64_t seconds) {
    bool done = false;
    desk_->arm(id, seconds, [&](const Result<timer::Answer>& armed) {
      EXPECT_TRUE(armed);
      done = true;
    });
    loop_.run_ready();
    EXPECT_TRUE(done);
  }
  std::vector<std::string> heard() { return std::exchange(heard_, {}); }

  test::VirtualLoop loop_;
  NullLogger log_;
  test::MemoryTimers kept_;
  static constexpr Milliseconds kGather = 250ms;
  TimerDesk::Bounds bounds_{.singly = 5, .together = 100, .marks = 3, .gather = kGather};
  std::vector<timer::Rule> rules_{rule("job-*"), rule("slow-*", 10s), rule("nag-*", 0s, 60s)};
  std::vector<bool> quiet_;
  std::unique_ptr<test::MemoryTimerStore> store_;
  std::unique_ptr<TimerDesk> desk_;
  std::vector<std::string> heard_;
  std::vector<Instant> groups_;  // the names of those that were told together
  bool gives_back_ = true;
  bool marks_refused_after_telling_ = false;
  Instant begin_ = loop_.now();
};

TEST_F(TimerDeskTest, AnExpiryIsToldAtItsMomentAndOnce) {
  arm("job-1", 30);
  arm("other", 30);
  loop_.run_for(29'999ms);
  EXPECT_THAT(heard(), IsEmpty());
  loop_.run_for(1ms);
  EXPECT_THAT(heard(), ElementsAre("expired job-1 at 30"));
  loop_.run_for(1h);
  EXPECT_THAT(heard(), IsEmpty());
  EXPECT_EQ(desk_->stats().expired, 1U);
  EXPECT_EQ(desk_->stats().late, 0U);
}

TEST_F(TimerDeskTest, AnEarlierDeadlineIsNotMissedForALaterOne) {
  arm("job-late", 3600);
  arm("job-soon", 5);
  loop_.run_for(5s);
  EXPECT_THAT(heard(), ElementsAre("expired job-soon at 5"));
}

TEST_F(TimerDeskTest, WithinTheGraceArmingAgainSaysNothing) {
  arm("slow-1", 30);
  arm("slow-2", 30);
  loop_.run_for(35s);
  EXPECT_EQ(desk_->stats().waiting, 2U);
  arm("slow-1", 30);
  loop_.run_for(5s);
  EXPECT_THAT(heard(), ElementsAre("expired slow-2 at 40"));
  loop_.run_for(35s);
  EXPECT_THAT(heard(), ElementsAre("expired slow-1 at 75"));
}

TEST_F(TimerDeskTest, ArmingOrDisarmingATimerThatWasToldTellsItsEnd) {
  arm("job-1", 30);
  arm("job-2", 30);
  loop_.run_for(60s);
  heard();
  arm("job-1", 30);
  bool was = false;
  desk_->disarm("job-2", [&](const Result<bool>& there) { was = there.value(); });
  loop_.run_ready();
  EXPECT_TRUE(was);
  EXPECT_THAT(heard(), ElementsAre("rearmed job-1 at 60", "disarmed job-2 at 60"));
  arm("job-1", 30);
  EXPECT_THAT(heard(), IsEmpty());
}

TEST_F(TimerDeskTest, WhatExpiredWhileNobodyRanIsToldAtTheStart) {
  arm("job-1", 30);
  desk_.reset();
  loop_.clear();
  loop_.run_for(1h);
  start();
  loop_.run_for(1s);
  EXPECT_THAT(heard(), ElementsAre("expired job-1 at 3600"));
  EXPECT_EQ(desk_->stats().late, 1U);
}

TEST_F(TimerDeskTest, WhatAnEarlierProcessMayHaveToldIsSuspect) {
  gives_back_ = false;  // it died before it noted so
  arm("job-1", 30);
  loop_.run_for(30s);
  arm("job-2", 30);
  loop_.run_for(30s);
  arm("job-2", 3600);
  heard();
  gives_back_ = true;
  start();
  loop_.run_for(1s);
  EXPECT_THAT(heard(),
              testing::UnorderedElementsAre("expired job-1 at 60?", "rearmed job-2 at 60?"));
  start();
  loop_.run_for(1h - 10s);
  EXPECT_THAT(heard(), IsEmpty());
}

TEST_F(TimerDeskTest, AStoreThatRefusesTheClaimTellsNobodyUntilItTakesIt) {
  arm("job-1", 30);
  store_->refuse(true);
  loop_.run_for(60s);
  EXPECT_THAT(heard(), IsEmpty());
  store_->refuse(false);
  loop_.run_for(2s);
  EXPECT_EQ(heard().size(), 1U);
}

TEST_F(TimerDeskTest, WhileARuleIsSilencedItsExpiriesWait) {
  desk_->set_quiet({true, false, false});
  arm("job-1", 30);
  arm("job-2", 30);
  arm("slow-1", 30);
  loop_.run_for(60s);
  EXPECT_THAT(heard(), ElementsAre("expired slow-1 at 40"));
  arm("job-2", 3600);
  desk_->set_quiet({false, false, false});
  loop_.run_for(2s);
  EXPECT_EQ(heard().size(), 1U);
}

TEST_F(TimerDeskTest, WhatExpiredWhileNobodyRanWaitsForASilenceToo) {
  arm("job-1", 30);
  desk_.reset();
  loop_.clear();
  loop_.run_for(1h);
  quiet_ = {true, false, false};
  start();
  loop_.run_for(1min);
  EXPECT_THAT(heard(), IsEmpty());
  desk_->set_quiet({});  // of other rules than these: passed over
  loop_.run_for(2s);
  EXPECT_THAT(heard(), IsEmpty());
  desk_->set_quiet({false, false, false});
  loop_.run_for(2s);
  EXPECT_EQ(heard().size(), 1U);
}

TEST_F(TimerDeskTest, WhatAnEarlierProcessClaimedTogetherIsToldTogether) {
  for (int i = 0; i < 8; ++i) {
    arm("job-" + std::to_string(i), 30);
  }
  gives_back_ = false;
  loop_.run_for(30s + kGather);
  EXPECT_THAT(heard(), ElementsAre("expired job-* x8 at 30"));
  // Few enough to be told one by one, were they not claimed as many.
  for (int i = 0; i < 5; ++i) {
    arm("job-" + std::to_string(i), 3600);
  }
  gives_back_ = true;
  start();
  loop_.run_for(10s);
  EXPECT_THAT(heard(), ElementsAre("expired job-* x3 at 30?"));
}

TEST_F(TimerDeskTest, AReminderComesUntilItIsArmedAgainAlsoAfterARestart) {
  arm("nag-1", 30);
  loop_.run_for(30s + 120s);
  EXPECT_THAT(heard(),
              ElementsAre("expired nag-1 at 30", "still nag-1 at 90", "still nag-1 at 150"));
  start();
  loop_.run_for(60s);
  EXPECT_THAT(heard(), ElementsAre("still nag-1 at 210"));
  arm("nag-1", 3000);
  loop_.run_for(600s);
  EXPECT_THAT(heard(), ElementsAre("rearmed nag-1 at 210"));
}

TEST_F(TimerDeskTest, OfProcessesThatShareAStoreOneReminds) {
  arm("nag-1", 30);
  loop_.run_for(30s);
  EXPECT_THAT(heard(), ElementsAre("expired nag-1 at 30"));
  // As a process is that was started anew.
  test::MemoryTimerStore store(loop_, loop_, kept_, test::MemoryTimerStore::Options{});
  TimerDesk other(
      TimerDesk::Ports{loop_, loop_, store, log_},
      [this](Notice notice) { hear(std::move(notice)); }, bounds_);
  other.apply(rules_, quiet_);
  loop_.run_for(120s);
  EXPECT_THAT(heard(), ElementsAre("still nag-1 at 90", "still nag-1 at 150"));
  loop_.clear();
}

TEST_F(TimerDeskTest, AFloodIsToldByRuleAndItsEndWhenNoneIsLeft) {
  for (int i = 0; i < 20; ++i) {
    arm("job-" + std::to_string(i), 30);
    arm("slow-" + std::to_string(i), 20);
  }
  loop_.run_for(30s + kGather);
  EXPECT_THAT(heard(),
              testing::UnorderedElementsAre("expired job-* x20 at 30", "expired slow-* x20 at 30"));
  for (int i = 0; i < 20; ++i) {
    arm("job-" + std::to_string(i), 3600);
  }
  EXPECT_THAT(heard(), IsEmpty());
  loop_.run_for(180s);
  const auto ends = heard();
  ASSERT_EQ(ends.size(), 1U);
  EXPECT_TRUE(ends[0].starts_with("rearmed job-* x0")) << ends[0];
  loop_.run_for(600s);
  EXPECT_THAT(heard(), IsEmpty());
}

TEST_F(TimerDeskTest, OfAFloodThatLastsAMomentOneNoticeIsMade) {
  for (int i = 0; i < 40; ++i) {
    arm("job-" + std::to_string(i), 30);
    loop_.run_for(5ms);
  }
  loop_.run_for(31s);
  EXPECT_THAT(heard(),
              ElementsAre("expired job-0 at 30", "expired job-1 at 30", "expired job-2 at 30",
                          "expired job-3 at 30", "expired job-4 at 30", "expired job-* x35 at 30"));
}

TEST_F(TimerDeskTest, NoTwoGroupsAreCalledTheSame) {
  for (int i = 0; i < 10'000; ++i) {
    arm("job-" + std::to_string(i), 30);
  }
  loop_.run_for(31s);
  EXPECT_EQ(desk_->stats().expired, 10'000U);
  ASSERT_GE(groups_.size(), 2U);
  std::ranges::sort(groups_);
  EXPECT_EQ(std::ranges::adjacent_find(groups_), groups_.end());
}

TEST_F(TimerDeskTest, AFloodOfOneRuleIsNotTheOthers) {
  for (int i = 0; i < 20; ++i) {
    arm("job-" + std::to_string(i), 30);
  }
  arm("nag-1", 30);
  loop_.run_for(30s + kGather);
  EXPECT_THAT(heard(),
              testing::UnorderedElementsAre("expired nag-1 at 30", "expired job-* x20 at 30"));
  loop_.run_for(60s);
  EXPECT_THAT(heard(), ElementsAre("still nag-1 at 90"));
  arm("nag-1", 30);
  EXPECT_THAT(heard(), ElementsAre("rearmed nag-1 at 90"));
}

TEST_F(TimerDeskTest, WhatWasToldIsMarkedWhenTheStoreTakesItAgain) {
  marks_refused_after_telling_ = true;
  for (const char* id : {"job-1", "job-2", "job-3"}) {
    arm(id, 30);
  }
  loop_.run_for(300s);
  EXPECT_EQ(heard().size(), 3U);
  EXPECT_FALSE(kept_.timers.at("job-1").told);
  store_->refuse_marks(false);
  loop_.run_for(2s);
  for (const char* id : {"job-1", "job-2", "job-3"}) {
    EXPECT_TRUE(kept_.timers.at(id).told) << id;
  }
  start();
  loop_.run_for(1s);
  EXPECT_THAT(heard(), IsEmpty());
}

TEST_F(TimerDeskTest, AGroupIsNotOverBeforeItIsMarked) {
  marks_refused_after_telling_ = true;
  for (int i = 0; i < 20; ++i) {
    arm("job-" + std::to_string(i), 30);
  }
  loop_.run_for(300s);
  EXPECT_THAT(heard(), ElementsAre("expired job-* x20 at 30"));
}

TEST_F(TimerDeskTest, WhatIsToldWhileRemindersAreLookedForIsRemindedOfOnce) {
  for (int i = 0; i < 50'000; ++i) {
    const std::string id = "filler-" + std::to_string(i);
    kept_.timers[id] = {id, begin_, 1'000'000, {}, false, false, {}};
  }
  kept_.timers["nag-z"] = {"nag-z", begin_ - 60s, 60, begin_, false, false, {}};
  start();
  EXPECT_THAT(heard(), ElementsAre("expired nag-z at 0?"));
  loop_.run_for(60s);
  EXPECT_THAT(heard(), ElementsAre("still nag-z at 60"));
}

TEST_F(TimerDeskTest, AnotherGraceHoldsForTimersThatWaitForItsEnd) {
  arm("slow-1", 30);
  loop_.run_for(35s);
  desk_->apply({rule("slow-*", 60s)}, {});
  loop_.run_for(54s);
  EXPECT_THAT(heard(), IsEmpty());
  loop_.run_for(1s);
  EXPECT_THAT(heard(), ElementsAre("expired slow-1 at 90"));
  arm("slow-2", 30);
  loop_.run_for(35s);
  desk_->apply({rule("slow-*", 2s)}, {});
  loop_.run_for(1s);
  EXPECT_THAT(heard(), ElementsAre("expired slow-2 at 125"));
}

TEST_F(TimerDeskTest, ARuleThatWasGoneForAMomentStillTellsWhatWaited) {
  arm("slow-1", 30);
  loop_.run_for(35s);
  desk_->apply({rule("job-*")}, {});
  loop_.run_for(1s);
  desk_->apply(rules_, {});
  loop_.run_for(10s);
  EXPECT_THAT(heard(), ElementsAre("expired slow-1 at 40"));
}

TEST_F(TimerDeskTest, WhenARuleIsRemovedThoseWhoWereToldHearThatItIsOverOnce) {
  arm("job-1", 30);
  arm("job-2", 3600);
  arm("nag-1", 30);
  loop_.run_for(40s);
  heard();
  const auto all = rules_;
  std::erase_if(rules_, [](const timer::Rule& rule) { return rule.name == "job-*"; });
  desk_->apply(rules_, quiet_);
  loop_.run_ready();
  EXPECT_THAT(heard(), ElementsAre("let go job-1 at 40"));
  desk_->apply(rules_, quiet_);
  loop_.run_ready();
  arm("job-1", 30);
  EXPECT_THAT(heard(), IsEmpty());
  desk_->apply({}, {});
  loop_.run_ready();
  EXPECT_THAT(heard(), ElementsAre("let go nag-1 at 40"));
}

TEST_F(TimerDeskTest, WhenARuleIsRemovedAGroupOfItIsOverToo) {
  for (int i = 0; i < 20; ++i) {
    arm("job-" + std::to_string(i), 30);
  }
  loop_.run_for(31s);
  EXPECT_THAT(heard(), ElementsAre("expired job-* x20 at 30"));
  desk_->apply({}, {});
  loop_.run_ready();
  EXPECT_THAT(heard(), ElementsAre("let go job-* x0 at 31"));
}

TEST_F(TimerDeskTest, NewRulesHoldForTimersThatRun) {
  arm("late-1", 30);
  loop_.run_for(60s);
  arm("late-2", 30);
  rules_.push_back(rule("late-*"));
  desk_->apply(rules_, quiet_);
  loop_.run_for(60s);
  EXPECT_THAT(heard(), ElementsAre("expired late-2 at 90"));
}

}  // namespace
}  // namespace tocsin::service

// What every store of timers does.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "contract/timer_store_harness.hpp"

namespace tocsin::test {
namespace {

using namespace std::chrono_literals;
using ports::TimerMark;
using timer::Timer;

class TimerStoreContract : public ::testing::TestWithParam<TimerBackendKind> {
 protected:
  TimerStoreContract() : backend_(GetParam().make()) {
    loop_.stand_still();
    open();
  }

  void open(const TimerBackend::Options& options = {}) {
    store_ = &backend_->open(loop_, options);
    store_->watch([](std::string_view id) { return id.starts_with("job-"); });
  }
  Timer armed(std::string_view id, std::int64_t seconds) {
    const auto result = arm(loop_, *store_, id, seconds);
    EXPECT_TRUE(result) << result.error().message;
    return result ? result->timer : Timer{};
  }
  std::optional<Timer> found(std::string_view id) {
    const auto result = find(loop_, *store_, id);
    EXPECT_TRUE(result) << result.error().message;
    return result ? *result : std::nullopt;
  }
  std::vector<std::string> due(std::size_t limit = 1000) {
    std::vector<std::string> ids;
    for (const Timer& timer : take_due(loop_, *store_, limit)) {
      ids.push_back(timer.id);
    }
    return ids;
  }
  std::vector<bool> marked(const Timer& timer, TimerMark::Kind kind) {
    return mark(loop_, *store_, {{timer, kind, store_->time().now, false}});
  }

  PumpLoop loop_;
  std::unique_ptr<TimerBackend> backend_;
  ports::TimerStore* store_ = nullptr;
};

using Ids = std::vector<std::string>;

TEST_P(TimerStoreContract, WhatWasArmedIsFoundWithItsExactStartAndLength) {
  const Instant before = store_->time().now;
  const Timer timer = armed("a", 30);
  EXPECT_EQ(timer.id, "a");
  EXPECT_EQ(timer.seconds, 30);
  if (backend_->whole_seconds()) {
    EXPECT_EQ(timer.start, std::chrono::floor<std::chrono::seconds>(before));
  } else {
    EXPECT_EQ(timer.start, before);
  }
  EXPECT_EQ(found("a"), timer);
  EXPECT_EQ(found("b"), std::nullopt);
}

TEST_P(TimerStoreContract, ArmingAgainResetsAndTellsWhatWasThere) {
  const Timer first = armed("a", 30);
  loop_.advance(10s);
  const auto second = arm(loop_, *store_, "a", 5);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->previous, first);
  EXPECT_EQ(second->timer.start, first.start + 10s);
  EXPECT_EQ(found("a"), second->timer);
}

TEST_P(TimerStoreContract, AnIdIsItsBytes) {
  const std::string odd = "sp ace/\xC3\xBC%\x01\n";
  const Timer timer = armed(odd, 7);
  EXPECT_EQ(found(odd), timer);
  EXPECT_EQ(found("sp ace"), std::nullopt);
  const std::string longest(timer::kLongestId, 'x');
  EXPECT_EQ(found(longest), std::nullopt);
  EXPECT_EQ(armed(longest, timer::kLongestSeconds).seconds, timer::kLongestSeconds);
  EXPECT_EQ(found(longest)->seconds, timer::kLongestSeconds);
}

TEST_P(TimerStoreContract, ADisarmedTimerIsGone) {
  const Timer timer = armed("a", 30);
  EXPECT_EQ(disarm(loop_, *store_, "a").value_or(std::nullopt), timer);
  EXPECT_EQ(found("a"), std::nullopt);
  EXPECT_EQ(disarm(loop_, *store_, "a").value_or(timer), std::nullopt);
}

TEST_P(TimerStoreContract, EverythingAnsweredIsThereAfterARestart) {
  const Timer a = armed("a", 30);
  const Timer b = armed("b", 40);
  armed("gone", 50);
  ASSERT_TRUE(disarm(loop_, *store_, "gone"));
  const Timer again = armed("b", 60);
  open();
  EXPECT_EQ(found("a"), a);
  EXPECT_EQ(found("b"), again);
  EXPECT_EQ(found("gone"), std::nullopt);
}

TEST_P(TimerStoreContract, AnExpiredTimerIsFoundUntilItIsForgotten) {
  open({.keep_expired = 1h});
  const Timer timer = armed("a", 30);
  loop_.advance(30s + 1h - 1s);
  EXPECT_EQ(found("a"), timer);
  loop_.advance(1s);
  EXPECT_EQ(found("a"), std::nullopt);
  EXPECT_EQ(arm(loop_, *store_, "a", 10).value().previous, std::nullopt);
}

TEST_P(TimerStoreContract, AForgottenTimerStaysForgottenAfterARestart) {
  open({.keep_expired = 1h});
  armed("a", 30);
  loop_.advance(2h);
  open({.keep_expired = 1h});
  EXPECT_EQ(found("a"), std::nullopt);
}

TEST_P(TimerStoreContract, ListsEachTimerOnceWhateverTheSizeOfAPage) {
  Ids all;
  for (int i = 0; i < 25; ++i) {
    all.push_back((i % 2 == 0 ? "x-" : "y-") + std::to_string(100 + i));
    armed(all.back(), 30);
  }
  std::ranges::sort(all);
  for (const std::size_t page : {1U, 7U, 25U, 100U}) {
    Ids ids;
    for (const Timer& timer : list_all(loop_, *store_, "", page)) {
      ids.push_back(timer.id);
    }
    EXPECT_EQ(ids, all) << page;
    EXPECT_EQ(list_all(loop_, *store_, "x-", page).size(), 13U) << page;
    EXPECT_TRUE(list_all(loop_, *store_, "z", page).empty());
  }
}

TEST_P(TimerStoreContract, RefusesNewIdsBeyondTheBoundAndStillResetsOldOnes) {
  if (!backend_->bounded()) {
    GTEST_SKIP() << "nobody counts a shared table";
  }
  open({.max_timers = 2});
  armed("a", 30);
  armed("b", 30);
  const auto third = arm(loop_, *store_, "c", 30);
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, ErrorCode::exhausted);
  EXPECT_EQ(found("c"), std::nullopt);
  armed("a", 60);
  ASSERT_TRUE(disarm(loop_, *store_, "b"));
  armed("c", 30);
}

TEST_P(TimerStoreContract, AStoreThatRefusesKeepsWhatItHadAndTakesOverWhenItIsBack) {
  const Timer timer = armed("a", 30);
  backend_->break_store();
  const auto refused = arm(loop_, *store_, "a", 60);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_FALSE(refused.error().message.empty());
  backend_->heal();
  EXPECT_EQ(found("a"), timer);
  const Timer again = armed("a", 90);
  open();
  EXPECT_EQ(found("a"), again);
}

// --- Expiries. ---

TEST_P(TimerStoreContract, HandsOutWatchedTimersThatExpiredOnceInOrderOfTheirDeadlines) {
  armed("job-late", 20);
  armed("job-early", 10);
  armed("other", 5);
  armed("job-running", 60);
  EXPECT_EQ(due(), Ids{});
  loop_.advance(20s);
  EXPECT_EQ(due(), (Ids{"job-early", "job-late"}));
  EXPECT_EQ(due(), Ids{});
}

TEST_P(TimerStoreContract, HandsOutNoMoreThanAskedFor) {
  for (const char* id : {"job-1", "job-2", "job-3"}) {
    armed(id, 5);
    loop_.advance(1s);
  }
  loop_.advance(10s);
  EXPECT_EQ(due(2), (Ids{"job-1", "job-2"}));
  EXPECT_EQ(due(2), (Ids{"job-3"}));
}

TEST_P(TimerStoreContract, SaysWhenTheNextWatchedTimerExpiresOrSooner) {
  EXPECT_EQ(store_->next_due(), std::nullopt);
  armed("other", 5);
  const Timer job = armed("job-1", 60);
  ASSERT_TRUE(store_->next_due());
  EXPECT_LE(*store_->next_due(), job.deadline());
}

TEST_P(TimerStoreContract, ATimerThatIsArmedAgainBeforeItsEndDoesNotExpire) {
  armed("job-1", 10);
  loop_.advance(9s);
  armed("job-1", 10);
  loop_.advance(9s);
  EXPECT_EQ(due(), Ids{});
  loop_.advance(1s);
  EXPECT_EQ(due(), (Ids{"job-1"}));
}

TEST_P(TimerStoreContract, ATimerThatExpiredWhileNobodyRanIsHandedOut) {
  armed("job-1", 10);
  loop_.advance(1h);
  open();
  EXPECT_EQ(due(), (Ids{"job-1"}));
}

TEST_P(TimerStoreContract, WhatWasHandedOutAndNotToldIsHandedOutAgainAfterARestart) {
  const Timer timer = armed("job-1", 10);
  const Timer claimed = armed("job-2", 11);
  loop_.advance(20s);
  EXPECT_EQ(due(), (Ids{"job-1", "job-2"}));
  EXPECT_EQ(marked(claimed, TimerMark::Kind::claimed), std::vector<bool>{true});
  open();
  loop_.advance(5min);  // a claim is the dead process's for so long
  EXPECT_EQ(due(), (Ids{"job-1", "job-2"}));
}

TEST_P(TimerStoreContract, WhatWasToldIsNotHandedOutAgain) {
  const Timer timer = armed("job-1", 10);
  loop_.advance(20s);
  EXPECT_EQ(due(), (Ids{"job-1"}));
  EXPECT_EQ(marked(timer, TimerMark::Kind::claimed), std::vector<bool>{true});
  EXPECT_EQ(marked(timer, TimerMark::Kind::told), std::vector<bool>{true});
  const auto now = found("job-1");
  ASSERT_TRUE(now);
  EXPECT_TRUE(now->told);
  EXPECT_NE(now->announced, Instant{});
  open();
  loop_.advance(10min);
  EXPECT_EQ(due(), Ids{});
  EXPECT_EQ(found("job-1"), now);
}

TEST_P(TimerStoreContract, AMarkOfAnEarlierArmIsPassedOver) {
  const Timer timer = armed("job-1", 10);
  loop_.advance(20s);
  EXPECT_EQ(due(), (Ids{"job-1"}));
  const Timer again = armed("job-1", 10);
  EXPECT_EQ(marked(timer, TimerMark::Kind::claimed), std::vector<bool>{false});
  EXPECT_EQ(found("job-1"), again);
  EXPECT_EQ(marked(Timer{"never", timer.start, 5, {}, false, false, {}}, TimerMark::Kind::claimed),
            std::vector<bool>{false});
}

TEST_P(TimerStoreContract, ArmingAfterAnAnnouncementKeepsWhatIsToBeTakenBack) {
  const Timer timer = armed("job-1", 10);
  loop_.advance(20s);
  EXPECT_EQ(due(), (Ids{"job-1"}));
  const Instant told = store_->time().now;
  marked(timer, TimerMark::Kind::claimed);
  marked(timer, TimerMark::Kind::told);
  loop_.advance(10s);
  const auto again = arm(loop_, *store_, "job-1", 100);
  ASSERT_TRUE(again);
  ASSERT_TRUE(again->previous);
  EXPECT_TRUE(again->previous->told);
  ASSERT_TRUE(again->timer.missed);
  EXPECT_EQ(again->timer.missed->deadline, timer.deadline());
  EXPECT_EQ(again->timer.missed->armed, timer.start);
  if (!backend_->whole_seconds()) {
    EXPECT_EQ(again->timer.missed->announced, told);
  }
  EXPECT_EQ(again->timer.announced, Instant{});
  // A process that dies now has not said that the job is back: the next one does.
  open();
  EXPECT_EQ(due(), (Ids{"job-1"}));
  EXPECT_EQ(marked(again->timer, TimerMark::Kind::recovered), std::vector<bool>{true});
  EXPECT_EQ(found("job-1")->missed, std::nullopt);
  open();
  EXPECT_EQ(due(), Ids{});
}

TEST_P(TimerStoreContract, TheEndOfAnExpiryIsMarkedOnWhicheverArmHoldsIt) {
  const Timer timer = armed("job-1", 10);
  loop_.advance(20s);
  EXPECT_EQ(due(), (Ids{"job-1"}));
  marked(timer, TimerMark::Kind::claimed);
  marked(timer, TimerMark::Kind::told);
  const Timer back = armed("job-1", 100);
  loop_.advance(1s);
  const Timer again = armed("job-1", 50);  // before the mark
  EXPECT_EQ(again.missed, back.missed);
  EXPECT_EQ(marked(back, TimerMark::Kind::recovered), std::vector<bool>{true});
  EXPECT_EQ(found("job-1")->missed, std::nullopt);
  EXPECT_EQ(found("job-1")->seconds, 50);
  EXPECT_EQ(marked(back, TimerMark::Kind::recovered), std::vector<bool>{false});
  open();
  EXPECT_EQ(due(), Ids{});
}

TEST_P(TimerStoreContract, WhatExpiredWhileNothingWasWatchedIsNotHandedOutLater) {
  if (!backend_->bounded()) {
    GTEST_SKIP() << "of a shared table nobody knows who wanted to hear of what";
  }
  armed("job-1", 10);
  armed("job-2", 100);
  store_->watch({});
  loop_.advance(20s);
  store_->watch([](std::string_view) { return true; });
  EXPECT_EQ(due(), Ids{});
  loop_.advance(100s);
  EXPECT_EQ(due(), (Ids{"job-2"}));
}

TEST_P(TimerStoreContract, WhatExpiredUnwatchedIsNotHandedOutAfterARestartEither) {
  if (!backend_->bounded()) {
    GTEST_SKIP() << "of a shared table nobody knows who wanted to hear of what";
  }
  armed("other-1", 10);
  loop_.advance(20s);
  EXPECT_EQ(due(), Ids{});
  open();
  store_->watch([](std::string_view) { return true; });
  EXPECT_EQ(due(), Ids{});
}

TEST_P(TimerStoreContract, WhatExpiredUnwatchedIsNotHandedOutLater) {
  armed("other-1", 10);
  const Timer runs = armed("other-2", 100);
  loop_.advance(20s);
  EXPECT_EQ(due(), Ids{});
  const auto everything = [](std::string_view) { return true; };
  store_->watch(everything);
  EXPECT_EQ(due(), Ids{});
  loop_.advance(100s);
  EXPECT_EQ(due(), (Ids{"other-2"}));
}

INSTANTIATE_TEST_SUITE_P(Stores, TimerStoreContract, ::testing::ValuesIn(timer_backends()),
                         [](const auto& kind) { return std::string(kind.param.name); });

}  // namespace
}  // namespace tocsin::test

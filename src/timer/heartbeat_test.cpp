#include "timer/heartbeat.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "schedule/cron.hpp"

namespace tocsin::timer {
namespace {

using namespace std::chrono_literals;
using check::Reason;
using check::Status;
using ::testing::HasSubstr;

Instant at(std::string_view text) {
  const auto parsed = parse_rfc3339(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(Instant{});
}

schedule::Plan every(Milliseconds interval) {
  schedule::Plan plan;
  plan.when = schedule::EveryPlan{interval};
  return plan;
}

schedule::Plan cron(std::string_view text, std::string_view zone = "UTC") {
  const auto found = schedule::find_zone(zone);
  EXPECT_TRUE(found) << zone;
  auto parsed = schedule::Cron::parse(text, *found);
  EXPECT_TRUE(parsed) << text;
  schedule::Plan plan;
  plan.when = schedule::CronPlan{std::make_shared<const schedule::Cron>(std::move(*parsed))};
  return plan;
}

// One heartbeat, pinged and judged at times of one day unless a date is given.
class HeartbeatTest : public ::testing::Test {
 protected:
  static Instant on(std::string_view time) {
    return at(time.size() > 8 ? std::string(time) : "2026-03-10T" + std::string(time) + "Z");
  }
  [[nodiscard]] Rules rules() const { return {plan, options}; }
  Applied ping(Action action, std::string_view time, std::string rid = {}, std::string text = {}) {
    return apply(beat, rules(), {action, std::nullopt, std::move(rid), std::move(text), on(time)});
  }
  std::optional<Verdict> judge(std::string_view time) { return judge_due(beat, rules(), on(time)); }
  std::optional<Instant> due() { return next_due(beat, rules()); }

  schedule::Plan plan = every(1h);
  check::HeartbeatCheck options{.grace = 10min};
  Heartbeat beat;
};

TEST_F(HeartbeatTest, ANewOneAwaitsNothing) {
  EXPECT_FALSE(due());
  EXPECT_FALSE(judge("2099-01-01T00:00:00Z"));
}

TEST_F(HeartbeatTest, ASuccessAwaitsTheNextOneAnIntervalLaterPlusGrace) {
  const Applied applied = ping(Action::success, "08:00:00");
  ASSERT_TRUE(applied.verdict);
  EXPECT_EQ(applied.verdict->status, Status::up);
  EXPECT_EQ(beat.expected, on("09:00:00"));
  EXPECT_EQ(due(), on("09:10:00"));
  EXPECT_FALSE(judge("09:09:59"));
}

TEST_F(HeartbeatTest, SilenceIsDownAtTheDeadlineHoweverLateItIsJudged) {
  ping(Action::success, "08:00:00");
  const auto verdict = judge("09:40:00");
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->status, Status::down);
  EXPECT_EQ(verdict->reason, Reason::expired);
  EXPECT_EQ(verdict->at, on("09:10:00"));
  EXPECT_THAT(verdict->message, HasSubstr("no ping by 2026-03-10T09:10:00.000Z"));
  EXPECT_THAT(verdict->message, HasSubstr("the last one came 2026-03-10T08:00:00.000Z"));
  EXPECT_EQ(verdict->skipped, 0U);
}

TEST_F(HeartbeatTest, EachMissedTimeIsJudgedOnce) {
  ping(Action::success, "08:00:00");
  EXPECT_TRUE(judge("09:10:00"));
  EXPECT_FALSE(judge("09:10:00"));
  EXPECT_EQ(due(), on("10:10:00"));
  EXPECT_TRUE(judge("10:10:00"));
}

TEST_F(HeartbeatTest, TimesMissedWhileNobodyLookedAreOneVerdictAndCounted) {
  ping(Action::success, "08:00:00");
  const auto verdict = judge("13:30:00");
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->at, on("09:10:00"));
  EXPECT_EQ(verdict->skipped, 4U);  // 10:10, 11:10, 12:10, 13:10
  EXPECT_FALSE(judge("13:30:00"));
  EXPECT_EQ(due(), on("14:10:00"));
}

TEST_F(HeartbeatTest, APingThatComesLateIsUpAndCountsFromItsOwnTime) {
  ping(Action::success, "08:00:00");
  EXPECT_TRUE(judge("09:10:00"));
  EXPECT_EQ(ping(Action::success, "09:17:00").verdict->status, Status::up);
  EXPECT_EQ(due(), on("10:27:00"));
}

TEST_F(HeartbeatTest, AFailureIsDownAndIsAPing) {
  const Applied applied = ping(Action::fail, "08:00:00");
  EXPECT_EQ(applied.verdict->status, Status::down);
  EXPECT_EQ(applied.verdict->reason, Reason::reported);
  EXPECT_EQ(due(), on("09:10:00"));
}

TEST_F(HeartbeatTest, AnExitStatusOtherThanZeroSaysWhich) {
  const Applied applied = apply(beat, rules(), {Action::fail, 3, {}, {}, on("08:00:00")});
  EXPECT_EQ(applied.verdict->reason, Reason::exit);
  EXPECT_EQ(applied.verdict->message, "the job ended with exit status 3");
}

TEST_F(HeartbeatTest, ALogChangesNothingButWhatWasSaid) {
  ping(Action::success, "08:00:00");
  EXPECT_FALSE(ping(Action::log, "08:30:00", {}, "half way").verdict);
  EXPECT_EQ(due(), on("09:10:00"));
  ASSERT_TRUE(beat.said);
  EXPECT_EQ(beat.said->text, "half way");
}

TEST_F(HeartbeatTest, AStartTurnsTheWaitIntoTheLimitOfItsRun) {
  ping(Action::success, "08:00:00");
  EXPECT_FALSE(ping(Action::start, "09:05:00").verdict);
  EXPECT_EQ(due(), on("09:15:00"));  // grace, while there is no max_runtime
  options.max_runtime = 2h;
  EXPECT_EQ(due(), on("11:05:00"));
  const Applied done = ping(Action::success, "10:50:00");
  EXPECT_TRUE(done.verdict->timed);
  EXPECT_EQ(done.verdict->began, on("09:05:00"));
  EXPECT_EQ(due(), on("12:00:00"));
}

TEST_F(HeartbeatTest, ANewOneThatStartedMayTakeTooLong) {
  ping(Action::start, "08:00:00");
  const auto verdict = judge("08:10:00");
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->reason, Reason::timeout);
  EXPECT_EQ(verdict->began, on("08:00:00"));
  EXPECT_EQ(verdict->at, on("08:10:00"));
  EXPECT_THAT(verdict->message, HasSubstr("did not end within 10m"));
}

TEST_F(HeartbeatTest, ARunThatTookTooLongIsForgottenSoThatNothingFlipsBack) {
  ping(Action::start, "08:00:00", "a");
  EXPECT_TRUE(judge("08:10:00"));
  EXPECT_TRUE(beat.runs.empty());
  EXPECT_EQ(ping(Action::success, "08:20:00", "b").verdict->status, Status::up);
  EXPECT_FALSE(judge("09:29:59"));
}

TEST_F(HeartbeatTest, TheExpectationOfARunThatTookTooLongIsNotMissedAsWell) {
  ping(Action::success, "08:00:00");
  ping(Action::start, "09:09:00");
  EXPECT_TRUE(judge("09:19:00"));
  EXPECT_FALSE(judge("09:20:00"));
  EXPECT_GT(*due(), on("10:00:00"));
}

TEST_F(HeartbeatTest, EveryRunHasItsOwnLimit) {
  options.max_runtime = 30min;
  ping(Action::start, "08:00:00", "a");
  ping(Action::start, "08:10:00", "b");
  EXPECT_EQ(ping(Action::success, "08:20:00", "b").verdict->began, on("08:10:00"));
  EXPECT_EQ(due(), on("08:30:00"));
  EXPECT_EQ(judge("08:30:00")->began, on("08:00:00"));
}

TEST_F(HeartbeatTest, WithoutARunIdItIsARunOfItsOwn) {
  options.max_runtime = 30min;
  ping(Action::start, "08:00:00", "a");
  ping(Action::start, "08:05:00");
  EXPECT_EQ(ping(Action::success, "08:10:00").verdict->began, on("08:05:00"));
  ASSERT_EQ(beat.runs.size(), 1U);
  EXPECT_EQ(beat.runs[0].rid, "a");
}

TEST_F(HeartbeatTest, AFailureOfOneRunLeavesTheOthersOpen) {
  ping(Action::start, "08:00:00", "a");
  ping(Action::start, "08:01:00", "b");
  EXPECT_EQ(ping(Action::fail, "08:02:00", "b").verdict->status, Status::down);
  ASSERT_EQ(beat.runs.size(), 1U);
  EXPECT_EQ(beat.runs[0].rid, "a");
}

TEST_F(HeartbeatTest, ASecondStartOfARunExtendsNothing) {
  ping(Action::start, "08:00:00");
  ping(Action::start, "08:08:00");
  EXPECT_EQ(due(), on("08:10:00"));
  EXPECT_EQ(ping(Action::success, "08:09:00").verdict->began, on("08:08:00"));
}

TEST_F(HeartbeatTest, RunsAreBoundedAndTheOneTooManyIsRefused) {
  for (std::size_t i = 0; i < kMostRuns; ++i) {
    ASSERT_TRUE(ping(Action::start, "08:00:00", std::to_string(i)).accepted);
  }
  EXPECT_FALSE(ping(Action::start, "08:00:01", "one more").accepted);
  EXPECT_TRUE(ping(Action::start, "08:00:01", "7").accepted);
  EXPECT_EQ(beat.runs.size(), kMostRuns);
}

TEST_F(HeartbeatTest, AStartOnlyHasUntilStartWithin) {
  options.start_within = 2min;
  ping(Action::success, "08:00:00");
  EXPECT_EQ(due(), on("09:02:00"));
  EXPECT_THAT(judge("09:02:00")->message, HasSubstr("no start by"));
}

TEST_F(HeartbeatTest, ACronIsAwaitedAtItsMatches) {
  plan = cron("0 3 * * *");
  options.grace = 30min;
  ping(Action::success, "03:04:00");
  EXPECT_EQ(beat.expected, on("2026-03-11T03:00:00Z"));
  ping(Action::success, "12:00:00");  // one between changes nothing
  EXPECT_EQ(due(), on("2026-03-11T03:30:00Z"));
  EXPECT_TRUE(judge("2026-03-11T03:30:00Z"));
  EXPECT_EQ(due(), on("2026-03-12T03:30:00Z"));
}

TEST_F(HeartbeatTest, APingALittleBeforeItsMatchCountsForIt) {
  plan = cron("0 3 * * *");
  ping(Action::success, "02:59:40");
  EXPECT_EQ(beat.expected, on("2026-03-11T03:00:00Z"));
  ping(Action::success, "2026-03-11T02:59:20Z");
  EXPECT_EQ(beat.expected, on("2026-03-11T03:00:00Z"));
  plan = cron("* * * * *");
  ping(Action::success, "08:00:40");
  EXPECT_EQ(beat.expected, on("08:01:00"));
  ping(Action::success, "08:00:46");
  EXPECT_EQ(beat.expected, on("08:02:00"));
}

TEST_F(HeartbeatTest, GraceIsTimeThatPassesAlsoOverAChangeOfTheClocks) {
  plan = cron("30 1 * * *", "Europe/Zurich");
  options.grace = 1h;
  // 01:30 local is 00:30 UTC; at 02:00 local the clocks go to 03:00.
  ping(Action::success, "2026-03-28T00:31:00Z");
  EXPECT_EQ(beat.expected, on("2026-03-29T00:30:00Z"));
  EXPECT_EQ(due(), on("2026-03-29T01:30:00Z"));
}

TEST_F(HeartbeatTest, AWallClockStepMovesNoLimitOfAnInterval) {
  ping(Action::success, "08:00:00");
  ping(Action::start, "08:30:00", "a");
  shift(beat, rules(), on("08:35:00"), on("2026-03-12T08:35:00Z"));
  EXPECT_EQ(due(), on("2026-03-12T08:40:00Z"));
  ping(Action::success, "2026-03-12T08:36:00Z", "a");
  shift(beat, rules(), on("2026-03-12T08:36:00Z"), on("06:36:00"));
  EXPECT_EQ(due(), on("07:46:00"));
}

TEST_F(HeartbeatTest, AStepLeavesWhatIsLeftOfTheGraceOfACron) {
  plan = cron("0 3 * * *");
  options.grace = 30min;
  ping(Action::success, "2026-03-09T03:00:00Z");
  shift(beat, rules(), on("03:10:00"), on("02:10:00"));
  EXPECT_EQ(due(), on("02:30:00"));
  EXPECT_TRUE(judge("02:30:00"));
  EXPECT_EQ(beat.expected, on("2026-03-11T03:00:00Z"));  // not once more at 03:00 of this day
}

TEST_F(HeartbeatTest, MatchesThatTheClockJumpsOverAreNotAwaited) {
  plan = cron("0 3 * * *");
  ping(Action::success, "03:00:00");
  shift(beat, rules(), on("04:00:00"), on("2026-03-20T04:00:00Z"));
  EXPECT_EQ(beat.expected, on("2026-03-21T03:00:00Z"));
}

TEST_F(HeartbeatTest, AClockThatWasFarAheadDelaysNothing) {
  plan = cron("0 3 * * *");
  ping(Action::success, "2027-03-10T03:00:00Z");
  shift(beat, rules(), on("2027-03-10T04:00:00Z"), on("04:00:00"));
  EXPECT_EQ(beat.expected, on("2026-03-11T03:00:00Z"));
}

TEST_F(HeartbeatTest, AStoredTimeOfAClockThatWasAheadIsTakenForNow) {
  ping(Action::success, "2027-01-01T00:00:00Z");
  ping(Action::start, "2027-01-01T00:00:00Z", "a");
  adopt(beat, rules(), on("08:00:00"));
  EXPECT_EQ(due(), on("08:10:00"));
  EXPECT_EQ(beat.expected, on("09:00:00"));
}

TEST_F(HeartbeatTest, AScheduleThatChangedAwaitsNothingBeforeNow) {
  ping(Action::success, "08:00:00");
  plan = every(5min);
  adopt(beat, rules(), on("08:30:00"));
  EXPECT_EQ(due(), on("08:40:00"));
  plan = cron("0 9 * * *");
  adopt(beat, rules(), on("09:30:00"));
  EXPECT_EQ(beat.expected, on("2026-03-11T09:00:00Z"));
}

TEST_F(HeartbeatTest, WhoCouldNotPingIsExcused) {
  ping(Action::success, "08:00:00");
  ping(Action::start, "08:10:00", "a");
  excuse(beat, rules(), on("08:30:00"));
  EXPECT_EQ(due(), on("09:10:00"));
  excuse(beat, rules(), on("17:00:00"));
  EXPECT_EQ(due(), on("17:10:00"));
}

TEST_F(HeartbeatTest, AGraceThatChangedMovesTheDeadline) {
  ping(Action::success, "08:00:00");
  options.grace = 30min;
  adopt(beat, rules(), on("08:30:00"));
  EXPECT_EQ(due(), on("09:30:00"));
}

TEST_F(HeartbeatTest, ReadsBackWhatItWrites) {
  EXPECT_EQ(to_json(beat), "");
  ping(Action::success, "08:00:00");
  ping(Action::start, "08:10:00", "0b3ca6ae-0b8c-4b4d-8a0e-fd7d1a4e6c11", "say \"hi\"\n");
  ping(Action::start, "08:11:00");
  EXPECT_EQ(parse_heartbeat(to_json(beat)), beat);
  EXPECT_EQ(parse_heartbeat(""), Heartbeat{});
  EXPECT_EQ(parse_heartbeat("{]"), Heartbeat{});
}

}  // namespace
}  // namespace tocsin::timer

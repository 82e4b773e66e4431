#include "service/delivery/test_dispatcher.hpp"

namespace tocsin::service {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST_F(DispatcherTest, DeliversOnceAndRecordsIt) {
  tell("went_down", "a");
  loop_.run_for(1h);
  EXPECT_THAT(sent(), ElementsAre("went_down a"));
  EXPECT_THAT(recorded_, ElementsAre("ops/0001"));
  EXPECT_EQ(dispatcher_->waiting(), 0U);
  EXPECT_TRUE(loop_.idle()) << "nothing is left to wake for";
}

TEST_F(DispatcherTest, OfOneMonitorNothingOvertakes) {
  courier_.script = [](const notification::Step&) {
    return Reply{ScriptedCourier::ok(), 5s, false};
  };
  tell("went_down", "a");
  tell("recovered", "a");
  tell("went_down", "b");
  loop_.run_for(1s);
  EXPECT_THAT(sent(), ElementsAre("went_down a", "went_down b")) << "a waits for its first";
  loop_.run_for(10s);
  EXPECT_THAT(sent(), ElementsAre("recovered a"));
}

TEST_F(DispatcherTest, SendsAtMostConcurrencyAtOneTime) {
  outlet_.concurrency = 3;
  apply();
  for (int i = 0; i < 20; ++i) {
    tell("went_down", fmt::format("m{}", i));
  }
  loop_.run_for(1s);
  EXPECT_EQ(courier_.most_under_way, 3U);
  EXPECT_EQ(recorded_.size(), 20U);
}

TEST_F(DispatcherTest, TheFirstOfAGroupLeavesAtOnceAndTheOthersTogether) {
  outlet_.group_wait = 10s;
  apply();
  tell("went_down", "a");
  loop_.run_for(3s);
  tell("went_down", "b");
  tell("went_down", "c");
  tell("recovered", "b");
  loop_.run_for(6s);
  EXPECT_THAT(sent(), ElementsAre("went_down a"));
  loop_.run_for(2s);
  EXPECT_THAT(sent(), ElementsAre("went_down b, went_down c, recovered b"));
  EXPECT_EQ(key_of(courier_.seen.back()), "ops/0002+2");
  loop_.run_for(1h);
  tell("recovered", "a");
  loop_.run_for(1s);
  EXPECT_THAT(sent(), ElementsAre("recovered a")) << "a new window";
}

TEST_F(DispatcherTest, GroupsByLabelsWaitForThemselvesAlone) {
  outlet_.group_wait = 10s;
  outlet_.group_by = {"team"};
  apply();
  tell("went_down", "a1");
  tell("went_down", "b1");
  tell("went_down", "a2");
  tell("went_down", "b2");
  loop_.run_for(1s);
  EXPECT_THAT(sent(), ElementsAre("went_down a1", "went_down b1"));
  loop_.run_for(10s);
  EXPECT_THAT(sent(), ElementsAre("went_down a2", "went_down b2"));
}

TEST_F(DispatcherTest, WhatWaitsIsGroupedAnewWhenAReloadSaysSo) {
  outlet_.group_wait = 10s;
  apply();
  tell("went_down", "a1");
  tell("went_down", "b1");
  tell("went_down", "a2");
  loop_.run_for(1s);
  ASSERT_THAT(sent(), ElementsAre("went_down a1"));
  outlet_.group_by = {"team"};
  apply();
  loop_.run_for(1s);
  EXPECT_THAT(sent(), ElementsAre("went_down a2", "went_down b1")) << "the first of each team";
}

TEST_F(DispatcherTest, ADownChannelIsAskedWithBackoffAndTheRestFollowsInOrderMarkedLate) {
  always(500);
  tell("went_down", "a");
  loop_.run_for(1s);
  tell("recovered", "a");
  tell("went_down", "b");
  loop_.run_for(6h);
  const std::size_t attempts = sent().size();
  EXPECT_GT(attempts, 40U);
  EXPECT_LT(attempts, 6U * 60 * 3) << "at most a few a minute";
  EXPECT_THAT(recorded_, IsEmpty());
  always(200);
  loop_.run_for(10min);
  EXPECT_EQ(recorded_.size(), 3U);
  const Texts last = sent();
  EXPECT_THAT(last, testing::UnorderedElementsAre("went_down a late", "recovered a late",
                                                  "went_down b late"));
  EXPECT_LT(std::ranges::find(last, "went_down a late"),
            std::ranges::find(last, "recovered a late"));
}

TEST_F(DispatcherTest, ARepeatedMessageHasTheSameKey) {
  outlet_.group_wait = 10s;
  apply();
  tell("went_down", "z");
  loop_.run_for(1s);
  always(503);
  tell("went_down", "a");
  tell("went_down", "b");
  loop_.run_for(15s);
  tell("went_down", "c");
  loop_.run_for(1min);
  always(200);
  loop_.run_for(10min);
  Texts keys;
  for (const auto& seen : courier_.seen) {
    if (std::get<notification::HttpStep>(seen.step).body.starts_with("went_down a, went_down b")) {
      keys.push_back(key_of(seen));
    }
  }
  ASSERT_GT(keys.size(), 2U);
  EXPECT_THAT(keys, testing::Each("ops/0002+1")) << "what failed is repeated as it was";
  EXPECT_EQ(recorded_.size(), 4U);
}

TEST_F(DispatcherTest, AfterALongOutageAllThatWaitedComesAsOneDigest) {
  outlet_.group_wait = 10s;
  apply();
  always(500);
  tell("went_down", "a");
  loop_.run_for(2h);
  for (int i = 0; i < 50; ++i) {
    tell("went_down", fmt::format("m{}", i));
  }
  loop_.run_for(1h);
  static_cast<void>(sent());
  always(200);
  loop_.run_for(20min);
  EXPECT_LE(sent().size(), 3U);
  EXPECT_EQ(recorded_.size(), 51U);
}

TEST_F(DispatcherTest, RetryAfterIsObeyed) {
  courier_.script = [](const notification::Step&) {
    Answer answer = ScriptedCourier::status(429);
    answer.headers = {{"retry-after", "120"}};
    return Reply{answer, 5ms, false};
  };
  tell("went_down", "a");
  loop_.run_for(119s);
  EXPECT_EQ(sent().size(), 1U);
  always(200);
  loop_.run_for(2min);
  EXPECT_EQ(sent().size(), 1U);
  EXPECT_EQ(recorded_.size(), 1U);
}

TEST_F(DispatcherTest, AMessageThatAloneFailsDoesNotHoldUpTheOthers) {
  courier_.script = [](const notification::Step& step) {
    const bool poison = std::get<notification::HttpStep>(step).body.starts_with("went_down poison");
    return Reply{ScriptedCourier::status(poison ? 500 : 200), 5ms, false};
  };
  tell("went_down", "poison");
  for (int i = 0; i < 100; ++i) {
    tell("went_down", fmt::format("m{}", i));
    loop_.run_for(10s);
  }
  EXPECT_EQ(recorded_.size(), 100U);
  EXPECT_EQ(dispatcher_->waiting(), 1U);
}

TEST_F(DispatcherTest, ARefusingChannelIsAskedEveryTenMinutesAndLosesNothing) {
  always(401);
  tell("went_down", "a");
  tell("went_down", "b");
  loop_.run_for(24h);
  ASSERT_EQ(dispatcher_->outlets().size(), 1U);
  EXPECT_TRUE(dispatcher_->outlets()[0].health.refused);
  EXPECT_THAT(dispatcher_->outlets()[0].health.error, HasSubstr("401"));
  EXPECT_LT(sent().size(), 150U);
  always(200);
  loop_.run_for(11min);
  EXPECT_EQ(recorded_.size(), 2U);
  EXPECT_FALSE(dispatcher_->outlets()[0].health.failing);
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(DispatcherTest, AReloadTriesARefusingChannelAtOnce) {
  always(401);
  tell("went_down", "a");
  loop_.run_for(1min);
  always(200);
  apply();
  loop_.run_for(1s);
  EXPECT_EQ(recorded_.size(), 1U);
}

TEST_F(DispatcherTest, RowsAreGivenUpAfterTheirTimeAndSomebodyIsTold) {
  outlet_.give_up_after = 1h;
  apply();
  always(500);
  tell("went_down", "a");
  loop_.run_for(30min);
  tell("went_down", "b");
  loop_.run_for(40min);
  EXPECT_THAT(told_, ElementsAre(HasSubstr("ops lost 1 from a: ")));
  EXPECT_THAT(recorded_, ElementsAre("ops/0001")) << "it leaves the store";
  EXPECT_EQ(dispatcher_->waiting(), 1U);
}

TEST_F(DispatcherTest, AfterALongStopNothingIsGivenUpBeforeItWasTriedForAWhile) {
  always(500);
  ports::OutboxRow old = row("went_down", "a");
  old.created = loop_.now() - 30h;
  dispatcher_->deliver({std::move(old)});
  loop_.run_for(9min);
  EXPECT_THAT(told_, IsEmpty()) << "the network may come up after us";
  loop_.run_for(3min);
  EXPECT_THAT(told_, ElementsAre(HasSubstr("ops lost 1 from a: ")));
}

// A firewall that takes offence at one text answers 403, as a channel does whose token is revoked.
TEST_F(DispatcherTest, AMessageThatAloneIsForbiddenDoesNotHoldUpTheOthers) {
  outlet_.concurrency = 1;
  apply();
  courier_.script = [](const notification::Step& step) {
    const bool poison = std::get<notification::HttpStep>(step).body.starts_with("went_down poison");
    return Reply{ScriptedCourier::status(poison ? 403 : 200), 5ms, false};
  };
  tell("went_down", "poison");
  tell("went_down", "a");
  loop_.run_for(1min);
  EXPECT_TRUE(dispatcher_->outlets()[0].health.refused) << "who knows yet";
  loop_.run_for(10min);
  EXPECT_EQ(recorded_.size(), 1U) << "another asks the next time";
  for (int i = 0; i < 100; ++i) {
    tell("went_down", fmt::format("m{}", i));
    loop_.run_for(1min);
  }
  EXPECT_EQ(recorded_.size(), 101U);
  EXPECT_FALSE(dispatcher_->outlets()[0].health.refused);
  EXPECT_EQ(dispatcher_->waiting(), 1U);
  EXPECT_LT(sent().size(), 120U);
}

TEST_F(DispatcherTest, AMessageThatIsRefusedIsDroppedAndToldOf) {
  always(400);
  tell("went_down", "a");
  loop_.run_for(1min);
  EXPECT_THAT(told_, ElementsAre(HasSubstr("ops lost 1 from a: ")));
  EXPECT_EQ(sent().size(), 1U);
}

TEST_F(DispatcherTest, OfARefusedGroupOnlyTheCulpritIsDropped) {
  outlet_.group_wait = 10s;
  apply();
  courier_.script = [](const notification::Step& step) {
    const bool bad = std::get<notification::HttpStep>(step).body.find("bad") != std::string::npos;
    return Reply{ScriptedCourier::status(bad ? 422 : 200), 5ms, false};
  };
  tell("went_down", "first");
  tell("went_down", "a");
  tell("went_down", "bad");
  tell("recovered", "a");
  loop_.run_for(10min);
  EXPECT_THAT(told_, ElementsAre(HasSubstr("ops lost 1 from bad: ")));
  EXPECT_EQ(recorded_.size(), 4U);
}

TEST_F(DispatcherTest, AHangingChannelSlowsNoOther) {
  notification::Outlet other = outlet_;
  other.name = "page";
  dispatcher_->set_outlets({std::make_shared<const notification::Outlet>(outlet_),
                            std::make_shared<const notification::Outlet>(other)},
                           {});
  bool hang = true;
  courier_.script = [&hang](const notification::Step& step) {
    const bool ops = std::get<notification::HttpStep>(step).headers.at(0).second.starts_with("ops");
    return Reply{ScriptedCourier::ok(), 5ms, ops && hang};
  };
  for (int i = 0; i < 200; ++i) {
    const std::string monitor = fmt::format("m{}", i);
    dispatcher_->deliver({row("went_down", monitor, "ops"), row("went_down", monitor, "page")});
  }
  loop_.run_for(5s);
  EXPECT_EQ(recorded_.size(), 200U);
  hang = false;
  loop_.run_for(10min);
  EXPECT_EQ(recorded_.size(), 400U);
}

TEST_F(DispatcherTest, KeepsToItsRate) {
  outlet_.rate_count = 2;
  outlet_.rate_per = 10s;
  apply();
  for (int i = 0; i < 10; ++i) {
    tell("went_down", fmt::format("m{}", i));
  }
  loop_.run_for(1s);
  EXPECT_EQ(sent().size(), 2U);
  loop_.run_for(20s);
  EXPECT_EQ(sent().size(), 4U);
}

TEST_F(DispatcherTest, WhatWaitsForAChannelThatIsGoneIsKeptUntilItIsBack) {
  dispatcher_->set_outlets({}, {});
  tell("went_down", "a");
  loop_.run_for(1h);
  EXPECT_EQ(dispatcher_->waiting(), 1U);
  apply();
  loop_.run_for(1s);
  EXPECT_EQ(recorded_.size(), 1U);
}

TEST_F(DispatcherTest, WhatWaitsForAChannelThatIsGoneIsGivenUpAfterADay) {
  dispatcher_->set_outlets({}, {});
  tell("went_down", "a");
  loop_.run_for(23h);
  dispatcher_->expire();
  EXPECT_EQ(dispatcher_->waiting(), 1U);
  loop_.run_for(2h);
  dispatcher_->expire();
  EXPECT_EQ(dispatcher_->waiting(), 0U);
  EXPECT_THAT(told_, ElementsAre(HasSubstr("the configuration has no such channel")));
}

TEST_F(DispatcherTest, BeyondItsBoundTheOutboxGivesUpTheOldestAndTells) {
  make({.rows = 50, .bytes = 1U << 30U});
  always(500);
  for (int i = 0; i < 80; ++i) {
    tell("went_down", fmt::format("m{}", i));
  }
  loop_.run_for(1min);
  EXPECT_EQ(dispatcher_->waiting(), 50U);
  EXPECT_EQ(recorded_.size(), 30U) << "given up";
  EXPECT_EQ(told_.size(), 30U);
}

TEST_F(DispatcherTest, SinksAndChannelsNeverTakeEachOthersRoom) {
  make({.rows = 50, .bytes = 1U << 30U});
  notification::Outlet sink = outlet_;
  sink.name = "dd";
  sink.sink = true;
  dispatcher_->set_outlets({std::make_shared<const notification::Outlet>(outlet_)},
                           {std::make_shared<const notification::Outlet>(sink)});
  always(500);
  for (int i = 0; i < 50; ++i) {
    tell("went_down", fmt::format("m{}", i));
  }
  std::vector<ports::OutboxRow> rows;
  for (int i = 0; i < 80; ++i) {
    rows.push_back(notification::report("dd", {"m", "http", {}, "{}"}, 1, loop_.now()));
    rows.back().key += std::to_string(i);
  }
  dispatcher_->deliver(std::move(rows));
  loop_.run_for(1min);
  EXPECT_EQ(dispatcher_->waiting(), 100U) << "50 of each";
  EXPECT_THAT(recorded_, Each(StartsWith("dd/")));
  EXPECT_EQ(recorded_.size(), 30U);
}

TEST_F(DispatcherTest, TheBoundIsOnBytesToo) {
  make({.rows = 1'000, .bytes = 20'000});
  always(500);
  for (int i = 0; i < 100; ++i) {
    tell("went_down", fmt::format("m{}", i));
  }
  loop_.run_for(1min);
  EXPECT_LT(dispatcher_->waiting(), 100U);
  EXPECT_EQ(dispatcher_->waiting() + recorded_.size(), 100U);
  EXPECT_FALSE(told_.empty());
}

TEST_F(DispatcherTest, SinksTakeBatches) {
  notification::Outlet sink = outlet_;
  sink.name = "dd";
  sink.sink = true;
  sink.batch = 3;
  sink.concurrency = 1;
  dispatcher_->set_outlets({}, {std::make_shared<const notification::Outlet>(sink)});
  std::vector<ports::OutboxRow> rows;
  for (int i = 0; i < 7; ++i) {
    rows.push_back(notification::report("dd", {"m", "http", {}, "{}"}, 1, loop_.now()));
    rows.back().key += std::to_string(i);
  }
  dispatcher_->deliver(std::move(rows));
  loop_.run_for(1s);
  EXPECT_THAT(sent(), ElementsAre("m, m, m", "m, m, m", "m"));
}

TEST_F(DispatcherTest, ARowCanBeDroppedByItsKey) {
  always(500);
  tell("went_down", "a");
  tell("went_down", "b");
  loop_.run_for(1s);
  EXPECT_EQ(dispatcher_->drop_key("ops/0002").value_or(0), 1U);
  EXPECT_EQ(dispatcher_->drop_key("ops/0001").value_or(0), 1U) << "also one that failed before";
  EXPECT_FALSE(dispatcher_->drop_key("ops/0001"));
  EXPECT_EQ(dispatcher_->waiting(), 0U);
}

// "went_down first" leaves alone; the others fail as one message.
TEST_F(DispatcherTest, OfAFailedGroupOnlyTheRowThatIsNamedIsDropped) {
  outlet_.group_wait = 10s;
  apply();
  tell("went_down", "first");
  loop_.run_for(1s);
  always(500);
  tell("went_down", "a");
  tell("recovered", "a");
  tell("went_down", "b");
  loop_.run_for(11s);
  ASSERT_EQ(dispatcher_->waiting(), 3U);
  EXPECT_EQ(dispatcher_->drop_key("ops/0003").value_or(0), 1U);
  EXPECT_EQ(dispatcher_->waiting(), 2U);
  tell("went_down", "a");  // behind what is left of the same monitor
  (void)sent();
  always(200);
  loop_.run_for(2min);
  EXPECT_THAT(sent(), ElementsAre("went_down a, went_down b", "went_down a"));
  EXPECT_EQ(dispatcher_->waiting(), 0U);
}

TEST_F(DispatcherTest, OfAFailedGroupOnlyWhatIsTooOldIsGivenUp) {
  outlet_.group_wait = 30min;
  outlet_.give_up_after = 1h;
  apply();
  tell("went_down", "first");
  loop_.run_for(1s);
  always(500);
  tell("went_down", "old");
  loop_.run_for(29min);
  tell("went_down", "young");
  loop_.run_for(35min);  // both wait in one message that fails
  EXPECT_THAT(told_, ElementsAre(HasSubstr("ops lost 1 from old: ")));
  EXPECT_EQ(dispatcher_->waiting(), 1U);
}

TEST_F(DispatcherTest, StoppingWaitsForWhatIsUnderWayAndStartsNothingMore) {
  outlet_.concurrency = 1;
  apply();
  tell("went_down", "a");
  tell("went_down", "b");
  bool stopped = false;
  dispatcher_->stop([&stopped] { stopped = true; });
  EXPECT_FALSE(stopped);
  loop_.run_for(1min);
  EXPECT_TRUE(stopped);
  EXPECT_THAT(recorded_, ElementsAre("ops/0001"));
}

TEST_F(DispatcherTest, AnswersAfterItsEndAreIgnored) {
  tell("went_down", "a");
  dispatcher_.reset();
  loop_.run_for(1min);
  EXPECT_THAT(recorded_, IsEmpty());
}

}  // namespace
}  // namespace tocsin::service

// What people ask of the dispatcher.

#include "service/delivery/test_dispatcher.hpp"

namespace tocsin::service {
namespace {

struct Seen {
  std::string monitor;
  bool under_way = false;
  unsigned attempts = 0;
  Milliseconds next_try_in{0};
};

std::vector<Seen> waiting_of(const Dispatcher& dispatcher, std::string_view outlet,
                             WaitingPlace& place, std::size_t most) {
  std::vector<Seen> out;
  dispatcher.visit_waiting(outlet, place, most, [&](const WaitingView& view) {
    out.push_back({view.row->monitor, view.under_way, view.attempts, view.next_try_in});
    place = {view.row->target, view.number};
  });
  return out;
}

TEST_F(DispatcherTest, WhatWaitsIsShownInPagesOldestFirst) {
  always(500);
  outlet_.concurrency = 1;
  apply();
  dispatcher_->deliver({row("went_down", "z", "gone")});
  for (const std::string monitor : {"a", "b", "c", "d", "e"}) {
    tell("went_down", monitor);
    loop_.run_for(50ms);  // "a" fails, and so does whoever asks after it
  }
  WaitingPlace place;
  Texts seen;
  for (std::size_t pages = 0; pages < 10; ++pages) {
    for (const Seen& row : waiting_of(*dispatcher_, "", place, 2)) {
      seen.push_back(row.monitor);
    }
  }
  EXPECT_THAT(seen, testing::ElementsAre("z", "a", "b", "c", "d", "e"));
  WaitingPlace start;
  const auto ops = waiting_of(*dispatcher_, "ops", start, 100);
  ASSERT_EQ(ops.size(), 5U);
  EXPECT_GE(ops[0].attempts, 1U);
  EXPECT_GT(ops[0].next_try_in, 0ms);
}

TEST_F(DispatcherTest, WhatIsUnderWayIsShownToo) {
  courier_.script = [](const notification::Step&) {
    return Reply{ScriptedCourier::ok(), 0ms, true};
  };
  tell("went_down", "a");
  loop_.run_for(1s);
  WaitingPlace place;
  const auto seen = waiting_of(*dispatcher_, "ops", place, 100);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_TRUE(seen[0].under_way);
  EXPECT_EQ(dispatcher_->outlets().at(0).oldest, loop_.now() - 1s);
}

TEST_F(DispatcherTest, CountsRetriesAndWhatWasLateOrGrouped) {
  always(500);
  tell("went_down", "a");
  loop_.run_for(10min);
  always(200);
  ASSERT_TRUE(dispatcher_->retry("ops").has_value());
  loop_.run_for(1min);
  OutletStats stats = dispatcher_->outlets().at(0).stats;
  EXPECT_EQ(stats.late, 1U);
  EXPECT_EQ(stats.retries, stats.failures);
  EXPECT_GT(stats.retries, 1U);
  EXPECT_EQ(stats.grouped, 0U);
  outlet_.group_wait = 10s;
  apply();
  for (const std::string monitor : {"b", "c", "d"}) {
    tell("went_down", monitor);
  }
  loop_.run_for(1min);
  stats = dispatcher_->outlets().at(0).stats;
  EXPECT_EQ(stats.messages, 3U);
  EXPECT_EQ(stats.grouped, 2U);
  EXPECT_EQ(stats.late, 1U);
}

struct TestAnswer {
  std::optional<Result<Dispatcher::Tested>> got;
  Dispatcher::TestDone done() {
    return [this](Result<Dispatcher::Tested> tested) { got = std::move(tested); };
  }
};

alert::Event sample() {
  alert::Event event;
  event.id = "1";
  event.type = "went_down";
  event.monitor = "example";
  return event;
}

TEST_F(DispatcherTest, ATestGoesPastWhatWaitsAndIsNotRepeated) {
  always(503);
  tell("went_down", "a");
  loop_.run_for(100ms);
  const std::size_t before = courier_.seen.size();
  TestAnswer answer;
  dispatcher_->test("ops", sample(), answer.done());
  loop_.run_for(20ms);
  ASSERT_TRUE(answer.got && answer.got->has_value());
  EXPECT_FALSE((*answer.got)->delivered);
  EXPECT_EQ((*answer.got)->answer.status, 503);
  EXPECT_EQ(courier_.seen.size(), before + 1);
  EXPECT_EQ(dispatcher_->outlets().at(0).waiting, 1U);
  dispatcher_->test("nope", sample(), answer.done());
  EXPECT_EQ(answer.got->error().code, ErrorCode::not_found);
}

TEST_F(DispatcherTest, ATestUsesTheFormatterAndSaysWhenItFails) {
  outlet_.formatter = {"/bin/words"};
  apply();
  int exit_status = 0;
  courier_.script = [&](const notification::Step& step) {
    notification::Answer answer = ScriptedCourier::ok();
    if (std::holds_alternative<notification::ExecStep>(step)) {
      answer.status = exit_status;
      answer.body = "words";
    }
    return Reply{answer, 5ms, false};
  };
  TestAnswer answer;
  dispatcher_->test("ops", sample(), answer.done());
  loop_.run_for(1s);
  ASSERT_TRUE(answer.got && answer.got->has_value());
  EXPECT_TRUE((*answer.got)->delivered);
  EXPECT_EQ(courier_.seen.size(), 2U);
  EXPECT_THAT((*answer.got)->verdict, testing::Not(testing::HasSubstr("formatter")));
  exit_status = 3;
  dispatcher_->test("ops", sample(), answer.done());
  loop_.run_for(1s);
  EXPECT_TRUE((*answer.got)->delivered);
  EXPECT_THAT((*answer.got)->verdict, testing::HasSubstr("the formatter failed (exit status 3)"));
}

}  // namespace
}  // namespace tocsin::service

// What a message is made of: the message that it answers to, the text of a formatter.

#include "service/delivery/test_dispatcher.hpp"

namespace tocsin::service {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(DispatcherTest, FollowsUpInTheThreadOfTheFirstMessage) {
  outlet_.format = std::make_shared<LineFormat>(true);
  apply();
  courier_.script = [](const notification::Step&) {
    Answer answer = ScriptedCourier::ok();
    answer.body = "ts7";
    return Reply{answer, 5ms, false};
  };
  tell("went_down", "a");
  tell("recovered", "a");  // waits behind the first, whose thread is not known yet
  loop_.run_for(1min);
  EXPECT_THAT(sent(), ElementsAre("went_down a", "re ts7: recovered a"));
  EXPECT_THAT(threads_, ElementsAre("a/1=ts7", "a/1 ended"));
}

TEST_F(DispatcherTest, WhatFollowsAMessageThatSomebodyRemovedIsAMessageOfItsOwn) {
  outlet_.format = std::make_shared<LineFormat>(true);
  make();
  dispatcher_->resume({{"ops", "a/1", "ts9", "content", loop_.now()},
                       {"ops", "b/1", "ts9", "content", loop_.now()},
                       {"ops", "c/1", "ts8", "content", loop_.now()}});
  courier_.script = [](const notification::Step& step) {
    const bool answers = std::get<notification::HttpStep>(step).body.starts_with("re ts9");
    Answer answer = ScriptedCourier::status(answers ? 503 : 200);
    answer.body = "gone";
    return Reply{answer, 5ms, false};
  };
  tell("recovered", "a");
  loop_.run_for(1min);
  EXPECT_THAT(sent(), ElementsAre("re ts9: recovered a", "recovered a"));
  EXPECT_THAT(threads_, ElementsAre("a/1 ended", "b/1 ended"));
  EXPECT_EQ(dispatcher_->waiting(), 0U);
}

TEST_F(DispatcherTest, AThreadIsKnownAfterARestart) {
  outlet_.format = std::make_shared<LineFormat>(true);
  make();
  dispatcher_->resume({{"ops", "a/1", "ts9", "content", loop_.now()}});
  tell("recovered", "a");
  loop_.run_for(1s);
  EXPECT_THAT(sent(), ElementsAre("re ts9: recovered a"));
}

TEST_F(DispatcherTest, AThreadThatNeverSawItsEndIsForgottenAfter30Days) {
  outlet_.format = std::make_shared<LineFormat>(true);
  make();
  const Instant now = loop_.now();
  dispatcher_->resume({{"gone", "b/1", "ts1", "content", now - std::chrono::days{31}},
                       {"ops", "c/1", "ts2", "content", now - std::chrono::days{29}}});
  tell("went_down", "a");
  loop_.run_for(1s);
  EXPECT_THAT(threads_, ElementsAre("b/1 ended")) << "and the younger one stays";
  tell("recovered", "c");
  loop_.run_for(1min);
  EXPECT_THAT(sent(), ElementsAre("went_down a", "re ts2: recovered c"));
}

TEST_F(DispatcherTest, AFormatterGetsALineForEachEventOfAGroup) {
  outlet_.formatter = {"/bin/format"};
  outlet_.group_wait = 10s;
  apply();
  std::vector<std::ptrdiff_t> lines;
  courier_.script = [&lines](const notification::Step& step) {
    if (const auto* exec = std::get_if<notification::ExecStep>(&step)) {
      lines.push_back(std::ranges::count(exec->input, '\n'));
    }
    Answer answer = ScriptedCourier::ok();
    if (std::holds_alternative<notification::ExecStep>(step)) {
      answer.status = 0;
      answer.body = "made by a program";
    }
    return Reply{answer, 5ms, false};
  };
  for (const std::string monitor : {"a", "b", "c"}) {
    tell("went_down", monitor);
    loop_.run_for(1s);
  }
  loop_.run_for(1min);
  EXPECT_THAT(lines, ElementsAre(1, 2)) << "the first at once, then the group";
}

TEST_F(DispatcherTest, AFormattersTextEndsWithoutALineEndAndIsNotBlank) {
  outlet_.formatter = {"/bin/format"};
  apply();
  std::string output = "by a program\n";
  courier_.script = [&output](const notification::Step& step) {
    Answer answer = ScriptedCourier::ok();
    if (std::holds_alternative<notification::ExecStep>(step)) {
      answer.status = 0;
      answer.body = output;
    }
    return Reply{answer, 5ms, false};
  };
  const auto last = [this] {
    loop_.run_for(1s);
    return std::get<notification::HttpStep>(courier_.seen.back().step).body;
  };
  tell("went_down", "a");
  EXPECT_EQ(last(), "by a program");
  output = "\n";
  tell("recovered", "a");
  EXPECT_EQ(last(), "recovered a") << "the default text";
}

TEST_F(DispatcherTest, AFormatterMakesTheTextAndItsFailureTheDefault) {
  outlet_.formatter = {"/bin/format"};
  apply();
  bool fails = false;
  courier_.script = [&fails](const notification::Step& step) {
    if (!std::holds_alternative<notification::ExecStep>(step)) {
      return Reply{ScriptedCourier::ok(), 5ms, false};
    }
    EXPECT_THAT(std::get<notification::ExecStep>(step).input, HasSubstr("\"monitor\":\"a\""));
    Answer answer;
    answer.body = "made by a program";
    answer.failure = fails ? "exit status 3" : "";
    return Reply{answer, 5ms, false};
  };
  tell("went_down", "a");
  loop_.run_for(1s);
  fails = true;
  tell("recovered", "a");
  loop_.run_for(1s);
  ASSERT_EQ(courier_.seen.size(), 4U);
  EXPECT_EQ(std::get<notification::HttpStep>(courier_.seen[1].step).body, "made by a program");
  EXPECT_EQ(std::get<notification::HttpStep>(courier_.seen[3].step).body, "recovered a");
}

}  // namespace
}  // namespace tocsin::service

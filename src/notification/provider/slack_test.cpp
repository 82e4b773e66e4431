// Slack: the words of its answers, and one thread per incident.

#include "notification/provider/slack.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "check/json.hpp"
#include "notification/provider/slack_answer.hpp"
#include "notification/test_events.hpp"

namespace tocsin::notification {
namespace {

using testing::HasSubstr;
using testing::Not;
using Kind = Verdict::Kind;

Verdict of_method(const std::string& error) {
  return judge_slack_method({.status = 200, .body = R"({"ok":false,"error":")" + error + "\"}"});
}

TEST(SlackAnswer, TellsChannelMessageAndPassingErrorsApart) {
  for (const std::string error :
       {"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive",
        "channel_not_found", "is_archived", "not_in_channel", "missing_scope", "restricted_action",
        "an_error_of_tomorrow"}) {
    EXPECT_EQ(of_method(error).kind, Kind::channel_failed) << error;
    EXPECT_EQ(of_method(error).message, "HTTP 200: " + error);
  }
  for (const std::string error : {"msg_too_long", "no_text", "invalid_blocks"}) {
    EXPECT_EQ(of_method(error).kind, Kind::message_failed) << error;
  }
  for (const std::string error : {"internal_error", "fatal_error", "service_unavailable"}) {
    EXPECT_EQ(of_method(error).kind, Kind::retry) << error;
  }
  const Verdict limited = judge_slack_method({.status = 200,
                                              .headers = {{"retry-after", "30"}},
                                              .body = R"({"ok":false,"error":"ratelimited"})"});
  EXPECT_EQ(limited.kind, Kind::retry);
  EXPECT_EQ(limited.retry_after, Milliseconds{30'000});
}

TEST(SlackAnswer, ReadsTheWordsOfAWebhook) {
  const auto kind = [](int status, std::string body) {
    return judge_slack_webhook({.status = status, .body = std::move(body)}).kind;
  };
  EXPECT_EQ(kind(200, "ok"), Kind::delivered);
  EXPECT_EQ(kind(400, "invalid_payload"), Kind::message_failed);
  EXPECT_EQ(kind(400, "no_text"), Kind::message_failed);
  EXPECT_EQ(kind(400, "invalid_token"), Kind::channel_failed);
  EXPECT_EQ(kind(403, "action_prohibited"), Kind::channel_failed);
  EXPECT_EQ(kind(404, "no_service"), Kind::channel_failed);
  EXPECT_EQ(kind(410, "channel_is_archived"), Kind::channel_failed);
  EXPECT_EQ(kind(500, "rollup_error"), Kind::retry);
}

// A Slack that remembers: runs the steps of each message against one channel.
class Workspace {
 public:
  explicit Workspace(const Format& format) : format_(format) {}

  // Sends a message, as an answer to what is remembered when there is something.
  void send(const Message& message) {
    const Work work = format_.prepare(message, earlier_);
    calls.clear();
    for (std::size_t i = 0; i < work.steps.size(); ++i) {
      const auto& step = std::get<HttpStep>(work.steps.at(i));
      calls.push_back(step);
      const Verdict verdict = format_.judge(
          work, i, {.status = 200, .body = R"({"ok":true,"channel":"C9","ts":"17.5"})"});
      ASSERT_EQ(verdict.kind, Kind::delivered) << verdict.message;
      if (!verdict.reference.empty()) reference = verdict.reference;
    }
    if (!work.content.empty()) earlier_ = Earlier{reference, work.content};
  }

  [[nodiscard]] std::string field(std::size_t call, std::string_view name) const {
    return check::parse_json(calls.at(call).body)->find(name).string().value_or("");
  }
  [[nodiscard]] bool remembers() const { return earlier_.has_value(); }

  std::vector<HttpStep> calls;  // of the last message
  std::string reference;

 private:
  const Format& format_;
  std::optional<Earlier> earlier_;
};

class SlackThread : public testing::Test {
 protected:
  std::shared_ptr<const Format> format_ =
      make_slack_bot({.bot_token = "xoxb", .channel = "#ops", .url = "http://slack.test/api"},
                     std::make_shared<Texts>());
  Workspace slack_{*format_};
};

TEST_F(SlackThread, OpensWithTheFirstMessageAndEndsInIt) {
  slack_.send(a_message({an_event()}));
  ASSERT_EQ(slack_.calls.size(), 1U);
  EXPECT_EQ(slack_.field(0, "channel"), "#ops");
  EXPECT_EQ(slack_.reference, "C9 17.5");

  slack_.send(a_message({an_event("still_down")}));
  ASSERT_EQ(slack_.calls.size(), 1U) << "a reminder changes nothing above";
  EXPECT_EQ(slack_.field(0, "thread_ts"), "17.5");
  EXPECT_EQ(slack_.field(0, "channel"), "C9");
  EXPECT_THAT(slack_.calls[0].body, HasSubstr("\"reply_broadcast\":true"));

  slack_.send(a_message({an_event("recovered")}));
  ASSERT_EQ(slack_.calls.size(), 2U);
  EXPECT_THAT(slack_.calls[0].url, testing::EndsWith("/chat.postMessage"));
  EXPECT_EQ(slack_.field(0, "thread_ts"), "17.5");
  EXPECT_THAT(slack_.calls[0].body, Not(HasSubstr("reply_broadcast")));
  EXPECT_THAT(slack_.calls[1].url, testing::EndsWith("/chat.update"));
  EXPECT_EQ(slack_.field(1, "ts"), "17.5");
  EXPECT_EQ(slack_.field(1, "text"),
            "🟢 checkout is up again after 6m16s\n\n"
            "🔴 checkout is down: HTTP 500\nSince 21 Nov 08:48:32 UTC");
}

TEST_F(SlackThread, OfAGroupShowsWhoIsBackOneAfterTheOther) {
  slack_.send(many(3));
  EXPECT_THAT(slack_.field(0, "text"), HasSubstr("3 monitors are down"));
  slack_.send(a_message({an_event("recovered", "monitor-1")}));
  EXPECT_EQ(slack_.field(1, "text"),
            "2 of 3 still down\n"
            "🔴 monitor-0 is down: HTTP 500\n"
            "🟢 monitor-1 is up again after 6m16s\n"
            "🔴 monitor-2 is down: HTTP 500");
  slack_.send(many(3, "recovered"));
  EXPECT_THAT(slack_.field(1, "text"), testing::StartsWith("All 3 are up again\n"));
}

TEST_F(SlackThread, SaysTheSameAgainWhenAStepIsRepeated) {
  const Work first = format_->prepare(many(3), std::nullopt);
  const Earlier earlier{"C9 17.5", first.content};
  const Message message = a_message({an_event("recovered", "monitor-1")});
  const Work again = format_->prepare(message, earlier);
  EXPECT_EQ(again.content, format_->prepare(message, earlier).content);
  // Told already: nothing changes, so nothing is written.
  const Work known = format_->prepare(message, Earlier{"C9 17.5", again.content});
  EXPECT_EQ(known.steps.size(), 1U);
  EXPECT_EQ(known.content, "");
}

TEST_F(SlackThread, CountsIncidentsBeyondTheLimit) {
  constexpr std::size_t kCount = 500;
  slack_.send(many(kCount));
  Message rest = many(kCount, "recovered");
  rest.events.resize(kCount - 1);
  slack_.send(rest);
  const std::string text = slack_.field(1, "text");
  EXPECT_THAT(text, testing::StartsWith("1 of 500 still down\n"));
  EXPECT_LE(length(text, Unit::utf16), 4000U);
  slack_.send(a_message({an_event("recovered", "monitor-499")}));
  EXPECT_THAT(slack_.field(1, "text"), testing::StartsWith("All 500 are up again\n"));
}

TEST_F(SlackThread, CountsAnIncidentOnceHoweverOftenItIsTold) {
  Message message = many(500);
  for (const alert::Event& event : many(500, "still_down").events) message.events.push_back(event);
  const Work work = format_->prepare(message, std::nullopt);
  const Work end = format_->prepare(a_message({an_event("recovered", "monitor-0")}),
                                    Earlier{"C9 17.5", work.content});
  EXPECT_THAT(std::get<HttpStep>(end.steps.at(1)).body, HasSubstr("499 of 500 still down"));
}

TEST_F(SlackThread, IsNotBegunByWhatOpensNothing) {
  slack_.send(a_message({an_event("became_unknown")}));
  EXPECT_FALSE(slack_.remembers());
  slack_.send(a_message({an_event("went_down"), an_event("recovered")}));
  EXPECT_FALSE(slack_.remembers()) << "it was over before it was told";
}

TEST_F(SlackThread, EndsWithoutTheMessageThatSomebodyDeleted) {
  const Work first = format_->prepare(a_message({an_event()}), std::nullopt);
  const Work last =
      format_->prepare(a_message({an_event("recovered")}), Earlier{"C9 17.5", first.content});
  const Answer gone{.status = 200, .body = R"({"ok":false,"error":"message_not_found"})"};
  EXPECT_EQ(format_->judge(last, 1, gone).kind, Kind::delivered) << "the news is in the thread";
  const Answer locked{.status = 200, .body = R"({"ok":false,"error":"thread_not_found"})"};
  EXPECT_EQ(format_->judge(last, 0, locked).kind, Kind::retry);
  EXPECT_TRUE(format_->judge(last, 0, locked).earlier_gone);
}

TEST_F(SlackThread, SurvivesWhatItDidNotWrite) {
  const Message message = a_message({an_event("recovered")});
  for (const std::string content : {"", "x", "[]", "{}", R"({"lines":[1]})", R"({"hidden":-5})"}) {
    const Work work = format_->prepare(message, Earlier{"C9 17.5", content});
    EXPECT_EQ(work.steps.size(), 1U) << content;
  }
  EXPECT_THAT(std::get<HttpStep>(format_->prepare(message, Earlier{"", ""}).steps[0]).body,
              HasSubstr("\"channel\":\"#ops\""));
}

}  // namespace
}  // namespace tocsin::notification

// What every provider owes, whatever it is called: requests as its reference wants them, hostile
// texts kept text, limits kept, answers understood, secrets kept.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/utf8.hpp"
#include "notification/provider/test_providers.hpp"
#include "notification/sample_event.hpp"
#include "notification/test_events.hpp"

namespace tocsin::notification {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;
using testing::Not;
using Kind = Verdict::Kind;

class ProviderContract : public testing::TestWithParam<Provider> {
 protected:
  [[nodiscard]] const Provider& provider() const { return GetParam(); }

  // One event (or its like for a sink) with this text wherever text comes from outside.
  [[nodiscard]] Message message_with(const std::string& text) const {
    alert::Event event = an_event();
    event.message = text;
    event.monitor = text.substr(0, 200);
    event.labels = {{"team", text}};
    add_text(event, "description", text);
    add_text(event, "evidence", text);
    return as_message(event);
  }

  [[nodiscard]] Message as_message(const alert::Event& event) const {
    Message message = a_message({event});
    if (!provider().sink) return message;
    std::string quoted;
    append_json_string(quoted, event.message);
    message.events.clear();
    message.reports.push_back(
        {.monitor = event.monitor,
         .kind = "http",
         .labels = event.labels,
         .outcome = R"({"started_at":"2026-11-21T08:48:32.120Z","status":"down","reason":"status",)"
                    R"("message":)" +
                    quoted + R"(,"duration_ms":5,"values":{"v":)" + quoted + "}}"});
    return message;
  }

  [[nodiscard]] HttpStep step_of(const Message& message) const {
    const Work work = provider().format->prepare(message, std::nullopt);
    EXPECT_EQ(work.steps.size(), 1U);
    return std::get<HttpStep>(work.steps.at(0));
  }

  [[nodiscard]] Verdict judge(const Answer& answer) const {
    const Work work = provider().format->prepare(as_message(an_event()), std::nullopt);
    return provider().format->judge(work, 0, answer);
  }

  void check(const HttpStep& step) const {
    check_body(step.body, provider().rules);
    EXPECT_TRUE(is_utf8(step.body));
    if (provider().body_limit > 0) {
      EXPECT_LE(step.body.size(), provider().body_limit);
    }
    std::set<std::string> names;
    for (const auto& [name, value] : step.headers) {
      EXPECT_TRUE(names.insert(name).second) << name << " twice";
      EXPECT_EQ(value, one_line(value)) << name;
    }
  }
};

const std::vector<std::string> kHostileTexts{
    "<!channel> <@U123> <https://evil.example|click> & <script>alert(1)</script>",
    "@everyone @here @all **bold** [x](https://evil.example) ```code``` ||spoiler||",
    "a\r\nBcc: victim@example.com\r\n\r\nbody",
    "\"}],\"injected\":true,{\"x\":\"",
    "{monitor} {{x}} %%% \n# heading\n%%%",
    "nul\0byte \x01\x1b[31mred\x7f"s,
    "broken \xFF\xFE utf-8 \xED\xA0\x80",
    "\xE2\x80\xAEright to left\xE2\x80\xAC 👩‍👩‍👧 é",
    " ",
    "😀",
};

TEST(Providers, EveryRowOfTheTableKeepsTheContract) {
  const std::vector<Provider> all = all_providers();
  for (const Row& row : rows()) {
    EXPECT_TRUE(std::ranges::any_of(all, [&](const Provider& p) { return p.name == row.name; }))
        << row.name << " is in no test";
  }
}

TEST_P(ProviderContract, SendsWhatTheReferenceAsksFor) {
  const HttpStep step = step_of(as_message(an_event()));
  EXPECT_THAT(step.url, testing::StartsWith(provider().url_begins));
  EXPECT_EQ(step.method, "POST");
  EXPECT_THAT(step.headers,
              testing::Contains(testing::Pair("Content-Type", "application/json; charset=utf-8")));
  check(step);
  if (provider().sink) return;
  for (const alert::EventTypeInfo& type : alert::event_types()) {
    alert::Event event = an_event(std::string(type.name));
    add_text(event, "runbook", "https://wiki.example/r");
    add_text(event, "dashboard", "https://grafana.example/d");
    check(step_of(a_message({event})));
    check(step_of(a_message({sample_event(type.type, "1", {}, event.at)})));
  }
  check(step_of(a_message({an_event("a_type_of_tomorrow")})));
}

TEST_P(ProviderContract, KeepsHostileTextText) {
  for (const std::string& text : kHostileTexts) {
    SCOPED_TRACE(printable(text));
    const HttpStep step = step_of(message_with(text));
    check(step);
    EXPECT_THAT(step.url, testing::StartsWith(provider().url_begins)) << "a text got into the URL";
    const auto json = check::parse_json(step.body);
    ASSERT_TRUE(json);
    EXPECT_FALSE(json->find("injected").exists());
    for (const std::string& markup : provider().never)
      EXPECT_THAT(step.body, Not(HasSubstr(markup)));
  }
}

TEST_P(ProviderContract, KeepsItsLimitsAndMarksTheCut) {
  for (const std::string& unit :
       {std::string("a"), std::string("é"), std::string("😀"), std::string("<"), std::string("*"),
        std::string("\x01"), std::string("\n"), std::string("a\n")}) {
    std::string text;
    for (int i = 0; i < 50'000; ++i) text += unit;
    check(step_of(message_with(text)));
  }
  if (provider().sink || provider().rules.empty()) return;
  const HttpStep step = step_of(message_with(std::string(50'000, 'a')));
  EXPECT_THAT(step.body, HasSubstr("[cut]"));
}

TEST_P(ProviderContract, TellsManyEventsWithinItsLimits) {
  if (provider().sink || !provider().format->takes_many()) return;
  const HttpStep step = step_of(many(10'000));
  check(step);
  EXPECT_THAT(step.body, HasSubstr("10000 monitors are down"));
  EXPECT_THAT(step.body, HasSubstr(" more"));
}

TEST_P(ProviderContract, SaysThatALateEventIsLate) {
  if (provider().sink) return;
  alert::Event event = an_event();
  event.late = Milliseconds{754'000};
  EXPECT_THAT(step_of(a_message({event})).body,
              testing::AnyOf(HasSubstr("12m34s late"), HasSubstr("\"late_ms\":754000")));
}

TEST_P(ProviderContract, SendsTheSameAtEveryAttempt) {
  const Message message = as_message(an_event());
  EXPECT_EQ(step_of(message).body, step_of(message).body);
}

TEST_P(ProviderContract, KnowsAGoodAnswer) {
  EXPECT_EQ(judge(provider().good).kind, Kind::delivered) << judge(provider().good).message;
}

TEST_P(ProviderContract, WaitsAsLongAsItIsAsked) {
  Answer answer{.status = 429, .headers = {{"retry-after", "17"}}};
  EXPECT_EQ(judge(answer).kind, Kind::retry);
  EXPECT_EQ(judge(answer).retry_after, Milliseconds{17'000});
  answer.headers = {{"retry-after", "Sun, 06 Nov 1994 08:50:37 GMT"},
                    {"date", "Sun, 06 Nov 1994 08:49:37 GMT"}};
  EXPECT_EQ(judge(answer).retry_after, Milliseconds{60'000});
  answer.headers.clear();
  EXPECT_EQ(judge(answer).kind, Kind::retry);
  EXPECT_FALSE(judge(answer).retry_after);
}

TEST_P(ProviderContract, TriesAgainWhatMayPass) {
  for (const int status : {408, 425, 500, 502, 503, 504, 599}) {
    EXPECT_EQ(judge({.status = status, .body = "<html>oops</html>"}).kind, Kind::retry) << status;
  }
  const Verdict none = judge({.failure = "connection refused by 10.0.0.1:443"});
  EXPECT_EQ(none.kind, Kind::retry);
  EXPECT_EQ(none.message, "connection refused by 10.0.0.1:443");
}

TEST_P(ProviderContract, KnowsWhatWillNeverPass) {
  for (const int status : {401, 403, 404, 410, 301, 302, 405}) {
    EXPECT_EQ(judge({.status = status, .body = "no"}).kind, Kind::channel_failed) << status;
  }
  for (const int status : {413, 422}) {
    EXPECT_EQ(judge({.status = status, .body = "no"}).kind, Kind::message_failed) << status;
  }
  EXPECT_EQ(judge({.status = 400, .body = "no"}).kind,
            provider().says_no_to_400 ? Kind::message_failed : Kind::channel_failed);
}

TEST_P(ProviderContract, TakesNoGarbageForADelivery) {
  if (!provider().proves) return;
  for (const std::string body : {"<html>Please log in</html>", "", "{", "[]", "null", "\xFF"}) {
    Answer answer = provider().good;
    answer.body = body;
    const Verdict verdict = judge(answer);
    EXPECT_NE(verdict.kind, Kind::delivered) << body;
    EXPECT_NE(verdict.kind, Kind::message_failed) << body;
    EXPECT_FALSE(verdict.message.empty());
  }
}

TEST_P(ProviderContract, TellsNoSecret) {
  for (const int status : {200, 202, 400, 401, 403, 404, 429, 500}) {
    const Verdict verdict = judge(
        {.status = status,
         .body = std::string("bad token ").append(kSecret).append(" in ?sig=").append(kSecret)});
    EXPECT_THAT(verdict.message, Not(HasSubstr(kSecret))) << status;
    EXPECT_LT(verdict.message.size(), 400U);
    EXPECT_TRUE(is_utf8(verdict.message));
  }
}

INSTANTIATE_TEST_SUITE_P(All, ProviderContract, testing::ValuesIn(all_providers()),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace tocsin::notification

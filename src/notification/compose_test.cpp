#include "notification/compose.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "notification/deployment_words.hpp"
#include "notification/test_events.hpp"
#include "notification/values.hpp"

namespace tocsin::notification {
namespace {

using testing::HasSubstr;
using testing::Not;

Template compiled(std::string_view text) {
  return compile_template(text, event_vocabulary()).value();
}

TEST(Compose, SaysWhatWhySinceWhenAndWhatToDo) {
  alert::Event event = an_event();
  add_text(event, "description", "The shop's checkout.");
  add_text(event, "runbook", "https://wiki.example/checkout");
  event.extra.emplace_back("evidence", R"({"status":500,"body":"oops"})");
  EXPECT_EQ(compose(a_message({event}), Texts(), {}).text,
            "🔴 checkout is down: HTTP 500\n"
            "The shop's checkout.\n"
            "Since 21 Nov 08:48:32 UTC\n"
            "Runbook: https://wiki.example/checkout\n"
            "status: 500\nbody: oops");
}

TEST(Compose, TellsHowLongAnOutageLasted) {
  const Composed composed = compose(a_message({an_event("recovered")}), Texts(), {});
  EXPECT_EQ(composed.text,
            "🟢 checkout is up again after 6m16s\n"
            "Incident: 21 Nov 08:48:32 UTC to 21 Nov 08:54:48 UTC");
  EXPECT_EQ(composed.title, "checkout is up again");
  EXPECT_TRUE(composed.closes);
}

TEST(Compose, MarksALateEventWhateverTheTemplate) {
  alert::Event event = an_event();
  event.late = Milliseconds{754'000};
  EXPECT_THAT(compose(a_message({event}), Texts(), {}).text, HasSubstr("Sent 12m34s late"));
  Texts texts;
  texts.set(alert::EventType::went_down, compiled("{monitor}!"));
  EXPECT_EQ(compose(a_message({event}), texts, {}).text, "🔴 checkout!\n(sent 12m34s late)");
  texts.set(alert::EventType::went_down, compiled("{monitor} {late_ms}"));
  EXPECT_EQ(compose(a_message({event}), texts, {}).text, "🔴 checkout 754000");
}

TEST(Compose, ATestIsMarkedAsOneWhateverTheTemplate) {
  alert::Event event = an_event();
  event.extra.emplace_back("test", "true");
  Texts texts;
  texts.set(alert::EventType::went_down, compiled("{monitor}!"));
  EXPECT_EQ(compose(a_message({event}), texts, {}).text, "🔴 This is a test: checkout!");
  EXPECT_EQ(list_line(event, texts, {}), "🔴 This is a test: checkout!") << "a summary";
  Message formatted = a_message({event});
  formatted.formatted = "from a program";
  EXPECT_EQ(compose(formatted, texts, {}).text, "This is a test: from a program");
  event.message = "This is a test: " + event.message;
  texts.set(alert::EventType::went_down, compiled("{message}"));
  EXPECT_THAT(compose(a_message({event}), texts, {}).text,
              testing::StartsWith("🔴 This is a test: checkout is down"));
}

TEST(Compose, ListsAGroupInItsOrderUnderAHeadLine) {
  Message message = many(3);
  message.events.push_back(an_event("recovered", "z"));
  EXPECT_EQ(compose(message, Texts(), {}).text,
            "3 monitors are down, 1 is up again\n"
            "🔴 monitor-0 is down: HTTP 500\n"
            "🔴 monitor-1 is down: HTTP 500\n"
            "🔴 monitor-2 is down: HTTP 500\n"
            "🟢 z is up again after 6m16s");
  EXPECT_EQ(headline(many(7).events), "7 monitors are down");
  EXPECT_EQ(headline(many(2, "recovered").events), "2 monitors are up again");
  EXPECT_EQ(headline(many(2, "became_unknown").events), "2 events");
}

TEST(Compose, CallsNobodyDownWhoIsBackWithinTheMessage) {
  const alert::Event down = an_event();
  const alert::Event up = an_event("recovered");
  alert::Event other = an_event();
  other.monitor = "other";
  EXPECT_EQ(headline({down, other, up}), "1 monitor is down, 1 is up again");
  EXPECT_EQ(headline({down, up}), "1 monitor is up again");
  EXPECT_EQ(headline({up, down}), "1 monitor is down");
}

TEST(Compose, TellsADigestOfAnOutageOfTheChannel) {
  Message message = many(12);
  for (alert::Event& event : message.events) event.late = Milliseconds{3'700'000};
  const std::string text = compose(message, Texts(), {}).text;
  EXPECT_THAT(text,
              HasSubstr("12 events while this channel could not be reached, up to 1h1m late"));
  EXPECT_THAT(text, HasSubstr("🔴 21 Nov 08:48:32 UTC: monitor-3 is down"));
}

TEST(Compose, CountsWhatTheLimitLeavesOut) {
  for (const std::size_t count : {std::size_t{100}, std::size_t{10'000}}) {
    const Composed composed = compose(many(count), Texts(), {.limit = 1000});
    EXPECT_LE(length(composed.text, Unit::utf16), 1000U);
    const auto lines = static_cast<std::size_t>(std::ranges::count(composed.text, '\n'));
    EXPECT_THAT(composed.text,
                testing::EndsWith("… and " + std::to_string(count - (lines - 1)) + " more"));
  }
}

TEST(Compose, NeverSendsAnEmptyText) {
  Texts texts;
  texts.set(alert::EventType::went_down, compiled("{outage}"));
  EXPECT_EQ(compose(a_message({an_event()}), texts, {}).text, "🔴 checkout is down");
  Message message = a_message({an_event()});
  message.formatted = "  \n";
  EXPECT_THAT(compose(message, Texts(), {}).text, HasSubstr("checkout is down"));
}

TEST(Compose, EndsWithoutTheLineEndOfAYamlBlock) {
  Texts texts;
  texts.set(alert::EventType::went_down, compiled("{monitor}\n\n"));
  EXPECT_EQ(compose(a_message({an_event()}), texts, {}).text, "🔴 checkout");
}

TEST(Compose, TakesAFormattersText) {
  Message message = a_message({an_event()});
  message.formatted = "from *outside*";
  EXPECT_EQ(compose(message, Texts(), {}).text, "from *outside*");
}

TEST(Compose, TellsOfATypeThatItDoesNotKnow) {
  alert::Event event = an_event("type_of_tomorrow");
  EXPECT_THAT(compose(a_message({event}), Texts(), {}).text, HasSubstr(event.message));
  EXPECT_EQ(title_of(event), "checkout: type_of_tomorrow");
}

TEST(Compose, TakesTheWorstSeverityOfAll) {
  alert::Event warning = an_event();
  warning.severity = alert::Severity::warning;
  EXPECT_EQ(compose(a_message({an_event("recovered"), warning}), Texts(), {}).severity,
            alert::Severity::warning);
  EXPECT_FALSE(compose(a_message({an_event("recovered"), warning}), Texts(), {}).closes);
}

TEST(Spoken, RoundsDownToTwoUnits) {
  EXPECT_EQ(spoken(Milliseconds{400}), "400ms");
  EXPECT_EQ(spoken(Milliseconds{312'999}), "5m12s");
  EXPECT_EQ(spoken(Milliseconds{7'530'000}), "2h5m");
  EXPECT_EQ(spoken(Milliseconds{277'000'000}), "3d4h");
}

TEST(Values, KnowEveryFieldOfAnEventAndWhatDerives) {
  alert::Event event = an_event("recovered");
  event.late = Milliseconds{5000};
  add_text(event, "held", "silenced");
  const EventValues values(event);
  for (const std::string_view name : event_vocabulary().names) {
    const bool optional = name == "description" || name == "runbook" || name == "dashboard" ||
                          name == "evidence" || name == "held_by" || name == "reason" ||
                          std::ranges::find(deployment_names(), name) != deployment_names().end();
    EXPECT_EQ(values.find(name).content.empty(), optional) << name;
  }
  EXPECT_EQ(values.find("outage").content, "6m16s");
  EXPECT_EQ(values.find("label.team").content, "shop");
  EXPECT_EQ(values.find("late_ms").kind, Value::Kind::json);
  EXPECT_EQ(values.find("labels").content, R"({"env":"production","team":"shop"})");
}

TEST(Values, ReadOutcomes) {
  Report report{.monitor = "checkout",
                .kind = "http",
                .labels = {{"team", "shop"}},
                .outcome = R"({"started_at":"2026-11-21T08:48:32.120Z","status":"down",)"
                           R"("reason":"status","message":"HTTP 500","duration_ms":12.5,)"
                           R"("timings_ms":{"dns":1},"values":{"version":"1.2"}})"};
  const ReportValues values(report);
  EXPECT_EQ(values.find("status").content, "down");
  EXPECT_EQ(values.find("duration_ms").content, "12.5");
  EXPECT_EQ(values.find("duration_ms").kind, Value::Kind::json);
  EXPECT_EQ(values.find("value.version").content, "1.2");
  EXPECT_EQ(values.find("timing.dns").content, "1");
  EXPECT_EQ(values.find("timing.tls").kind, Value::Kind::missing);
  EXPECT_EQ(values.find("label.team").content, "shop");
  EXPECT_EQ(values.find("outcome").content, report.outcome);
}

}  // namespace
}  // namespace tocsin::notification

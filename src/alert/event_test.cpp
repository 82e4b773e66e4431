#include "alert/event.hpp"

#include <gtest/gtest.h>

#include "alert/change_message.hpp"

namespace tocsin::alert {
namespace {

using namespace std::chrono_literals;

TEST(Event, WritesItsFieldsInTheDocumentedOrder) {
  Event event;
  event.id = "01HF0000000000000000000000";
  event.type = "recovered";
  event.monitor = "checkout";
  event.kind = "http";
  event.labels = {{"env", "production"}, {"team", "shop \"a\""}};
  event.at = from_unix_ms(1'795'250'912'007);
  event.state = "up";
  event.reason = "monitor_removed";
  event.message = "checkout is up again after 5m12s";
  event.incident = incident_id("checkout", from_unix_ms(1'795'250'600'000));
  event.key = event.incident;
  event.late = 1500ms;
  event.outage = 312'000ms;
  event.extra = {{"deployment", R"({"id":7})"}, {"note", R"("x")"}};
  EXPECT_EQ(to_json(event),
            R"({"id":"01HF0000000000000000000000","type":"recovered","monitor":"checkout",)"
            R"("kind":"http","labels":{"env":"production","team":"shop \"a\""},)"
            R"("at":"2026-11-21T08:48:32.007Z","state":"up","reason":"monitor_removed",)"
            R"("message":"checkout is up again after 5m12s","key":"checkout/1795250600000",)"
            R"("incident":"checkout/1795250600000","severity":"critical","late_ms":1500,)"
            R"("outage_ms":312000,)"
            R"("deployment":{"id":7},"note":"x"})");
}

TEST(Event, WritesNullForNoReasonAndNoIncidentAndLeavesOutTheOptional) {
  Event event;
  event.type = "became_unknown";
  EXPECT_EQ(to_json(event),
            R"({"id":"","type":"became_unknown","monitor":"","kind":"","labels":{},)"
            R"("at":"1970-01-01T00:00:00.000Z","state":"","reason":null,"message":"","key":"",)"
            R"("incident":null,"severity":"critical"})");
}

TEST(Event, IsReadBackAsItWasWritten) {
  Event event;
  event.id = "01HF0000000000000000000000";
  event.type = "recovered";
  event.severity = Severity::info;
  event.monitor = "checkout \"1\"";
  event.kind = "http";
  event.labels = {{"env", "production"}, {"team", "shop"}};
  event.at = from_unix_ms(1'795'250'912'007);
  event.state = "up";
  event.message = "checkout is up again";
  event.incident = event.key = "checkout/12";
  event.late = 1500ms;
  event.outage = 312'000ms;
  event.extra = {{"deployment", R"({"id":7})"}, {"note", R"("x")"}};
  const auto read = parse_event(to_json(event));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(to_json(*read), to_json(event));
  EXPECT_EQ(read->reason, "");
}

TEST(Event, OfAnOlderVersionKeepsDefaultsForWhatItDidNotHave) {
  const auto read = parse_event(R"({"id":"a","type":"went_down","at":"1970-01-01T00:00:01.000Z"})");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->severity, Severity::critical);
  EXPECT_EQ(read->at, from_unix_ms(1000));
  EXPECT_FALSE(read->outage);
}

TEST(Event, IsNotReadFromWhatIsNoObject) {
  EXPECT_FALSE(parse_event("[]"));
  EXPECT_FALSE(parse_event("{"));
}

TEST(EventType, NamesAreReadBack) {
  for (const EventTypeInfo& row : event_types()) {
    EXPECT_EQ(parse_event_type(row.name), row.type);
    EXPECT_EQ(info(row.type).name, row.name);
    EXPECT_EQ(parse_severity(to_string(row.severity)), row.severity);
  }
  EXPECT_FALSE(parse_event_type("went_up"));
  EXPECT_FALSE(parse_severity("fatal"));
}

TEST(Event, IncidentIdsDeriveFromMonitorAndOpening) {
  EXPECT_EQ(incident_id("a/b", from_unix_ms(12)), "a/b/12");
}

TEST(ChangeMessage, SaysWhatHappenedAndWhy) {
  EXPECT_EQ(change_message("checkout", EventType::went_down, "connection refused by 10.0.0.1:443",
                           std::nullopt),
            "checkout is down: connection refused by 10.0.0.1:443");
  EXPECT_EQ(change_message("checkout", EventType::went_down, "", std::nullopt), "checkout is down");
  EXPECT_EQ(
      change_message("checkout", EventType::became_unknown, "no resolver answers", std::nullopt),
      "checkout cannot be judged: no resolver answers");
}

TEST(ChangeMessage, TellsTheOutageInWholeSeconds) {
  EXPECT_EQ(change_message("checkout", EventType::recovered, "", 312'000ms),
            "checkout is up again after 5m12s");
  EXPECT_EQ(change_message("checkout", EventType::recovered, "", 60'499ms),
            "checkout is up again after 1m");
  EXPECT_EQ(change_message("checkout", EventType::recovered, "", 350ms),
            "checkout is up again after 350ms");
  EXPECT_EQ(change_message("checkout", EventType::recovered, "", std::nullopt),
            "checkout is up again");
}

TEST(ChangeMessage, SaysThatARemovedMonitorIsNotKnownToBeUp) {
  EXPECT_EQ(removed_message("checkout"), "checkout is no longer monitored; its incident is closed");
}

}  // namespace
}  // namespace tocsin::alert

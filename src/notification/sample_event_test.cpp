#include "notification/sample_event.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "notification/values.hpp"

namespace tocsin::notification {
namespace {

const Instant kNow = from_unix_ms(1'795'250'912'007);

TEST(SampleEvent, EveryTypeSaysThatItIsATest) {
  for (const alert::EventTypeInfo& info : alert::event_types()) {
    const alert::Event event = sample_event(info.type, "ID", {}, kNow);
    EXPECT_EQ(event.type, info.name);
    EXPECT_THAT(event.message, testing::StartsWith("This is a test: ")) << info.name;
    EXPECT_THAT(title_of(event), testing::AnyOf(testing::StartsWith("Test: "),
                                                testing::StartsWith("This is a test")));
    EXPECT_FALSE(event.state.empty() || event.key.empty() || event.monitor.empty()) << info.name;
    EXPECT_EQ(event.incident.empty(), info.phase == alert::Phase::note) << info.name;
    EXPECT_TRUE(alert::parse_event(alert::to_json(event)).has_value());
  }
}

TEST(SampleEvent, TheEndClosesWhatTheOpeningOpened) {
  const SampleSubject shop{"shop", "tcp", {{"team", "a"}}, "", "", ""};
  const auto opening = sample_event(alert::EventType::went_down, "1", shop, kNow);
  const auto end = sample_event(alert::EventType::recovered, "2", shop, kNow + Milliseconds{9});
  EXPECT_EQ(opening.incident, end.incident);
  EXPECT_EQ(opening.key, end.key);
  EXPECT_EQ(end.monitor, "shop");
  EXPECT_EQ(end.kind, "tcp");
  EXPECT_EQ(end.labels, shop.labels);
}

TEST(SampleEvent, OfAServiceHasTheFieldsOfItsType) {
  const SampleSubject web{"prod/web", "ecs", {{"team", "a"}}, "", "", ""};
  const auto event = sample_event(alert::EventType::recovering, "1", web, kNow);
  EXPECT_EQ(event.kind, "ecs");
  EXPECT_THAT(event.labels,
              testing::ElementsAre(testing::Pair("cluster", "prod"),
                                   testing::Pair("service", "web"), testing::Pair("team", "a")));
  EXPECT_THAT(event.extra, testing::Contains(testing::Pair("service", "\"web\"")));
  EXPECT_THAT(event.extra, testing::Contains(testing::Pair("stops", testing::HasSubstr("137"))));
  const auto started = sample_event(alert::EventType::deploy_started, "1", web, kNow);
  EXPECT_EQ(title_of(started), "Test: prod/web: deploying v42");
  EXPECT_EQ(started.incident, sample_event(alert::EventType::finished, "2", web, kNow).incident);
}

TEST(SampleEvent, OfAServiceWithALongNameSaysItsPlace) {
  const SampleSubject far{"prod/web@eu-west-1/210987654321", "ecs", {}, "", "", ""};
  const auto event = sample_event(alert::EventType::finished, "1", far, kNow);
  EXPECT_THAT(event.labels, testing::ElementsAre(testing::Pair("cluster", "prod"),
                                                 testing::Pair("service", "web")));
  EXPECT_THAT(event.extra, testing::Contains(testing::Pair("region", "\"eu-west-1\"")));
  EXPECT_THAT(event.extra, testing::Contains(testing::Pair("account", "\"210987654321\"")));
}

TEST(SampleEvent, CarriesWhatTheEventsOfItsMonitorCarry) {
  const SampleSubject shop{
      "shop", "tcp", {}, "The \"shop\"", "https://wiki.example/shop", "https://graphs.example/"};
  const auto event = sample_event(alert::EventType::went_down, "1", shop, kNow);
  EXPECT_THAT(event.extra,
              testing::ElementsAre(testing::Pair("test", "true"),
                                   testing::Pair("description", R"("The \"shop\"")"),
                                   testing::Pair("runbook", R"("https://wiki.example/shop")"),
                                   testing::Pair("dashboard", R"("https://graphs.example/")"),
                                   testing::Pair("evidence", testing::HasSubstr("503"))));
  EXPECT_THAT(sample_event(alert::EventType::trouble_started, "2", shop, kNow).extra,
              testing::ElementsAre(testing::Pair("test", "true")));
}

}  // namespace
}  // namespace tocsin::notification

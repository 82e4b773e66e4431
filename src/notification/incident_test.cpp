#include "notification/incident.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "notification/test_events.hpp"

namespace tocsin::notification {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Incident, WhateverIsToldFirstBeginsItsThreadUnlessItEndsIt) {
  for (const char* type : {"deploy_started", "scaled", "recovering", "tasks_stopped", "timeout",
                           "rolled_back", "failed"}) {
    EXPECT_TRUE(begins_thread(of_service(type))) << type;
    EXPECT_FALSE(begins_thread(of_service(type, ""))) << type;
  }
  for (const char* type : {"finished", "service_deleted", "service_created", "monitor_started"}) {
    EXPECT_FALSE(begins_thread(of_service(type))) << type;
  }
  EXPECT_TRUE(begins_thread(an_event()));
  EXPECT_TRUE(begins_thread(an_event("still_down")));
  EXPECT_FALSE(begins_thread(an_event("recovered")));
  EXPECT_FALSE(begins_thread(an_event("flapping_started"))) << "a note that names an incident";
  EXPECT_FALSE(begins_thread(an_event("a_type_of_tomorrow")));
}

TEST(Incident, IsForAllWhereSomebodyMustLook) {
  for (const char* type : {"recovering", "failed", "rolled_back", "timeout"}) {
    EXPECT_TRUE(is_for_all(of_service(type))) << type;
  }
  for (const char* type : {"deploy_started", "scaled", "tasks_stopped", "finished",
                           "service_created", "service_deleted", "monitor_started"}) {
    EXPECT_FALSE(is_for_all(of_service(type))) << type;
  }
  EXPECT_TRUE(is_for_all(an_event("still_down")));
  EXPECT_FALSE(is_for_all(an_event("recovered")));
}

TEST(Incident, EndsWellUnlessByARollbackOrForLackOfTheService) {
  EXPECT_TRUE(ends_well(of_service("finished")));
  EXPECT_TRUE(ends_well(an_event("recovered")));
  EXPECT_FALSE(ends_well(of_service("failed")));
  EXPECT_FALSE(ends_well(of_service("service_deleted")));
  const alert::Event back = with(of_service("finished"), "rollback", "true");
  EXPECT_FALSE(ends_well(back));
  EXPECT_EQ(severity_of(back), alert::Severity::warning);
  EXPECT_EQ(severity_of(of_service("finished")), alert::Severity::info);
}

TEST(Incident, NamesTheOthersThatAreOverWithAnEvent) {
  const auto closed = [](const std::string& json) {
    return closed_incidents(with(of_service("deploy_started"), "closed_incidents", json));
  };
  EXPECT_THAT(closed(R"(["prod/web/ecs-svc/0","prod/web/ecs-svc/0/17"])"),
              ElementsAre("prod/web/ecs-svc/0", "prod/web/ecs-svc/0/17"));
  EXPECT_THAT(closed(R"(["a","a","",7,"prod/web/ecs-svc/1"])"), ElementsAre("a"))
      << "each once, and not its own";
  EXPECT_THAT(closed_incidents(of_service("deploy_started")), IsEmpty());
  for (const char* json : {"null", "{}", "\"a\"", "["}) EXPECT_THAT(closed(json), IsEmpty());
  std::string many = "[\"x\"";
  for (int i = 0; i < 1000; ++i) many += ",\"i" + std::to_string(i) + "\"";
  EXPECT_EQ(closed(many + "]").size(), kMostClosed);
}

}  // namespace
}  // namespace tocsin::notification

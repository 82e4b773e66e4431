#include "deployment/stops.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::deployment {
namespace {

using testing::ElementsAre;

Task task(std::string code, std::string reason = "", std::vector<Container> containers = {}) {
  Task out;
  out.arn = "arn";
  out.started_by = "ecs-svc/1";
  out.stop_code = std::move(code);
  out.stopped_reason = std::move(reason);
  out.stopped = from_unix_ms(1000);
  out.containers = std::move(containers);
  return out;
}

Container container(std::string name, std::optional<std::int64_t> exit_code,
                    std::string reason = "") {
  return {std::move(name), "", "", exit_code, std::move(reason)};
}

std::string explain_one(const Task& stop) { return explain(std::span(&stop, 1)); }

TEST(EcsStops, OnlyThoseOfTheDeploymentSinceItWasSteadyCountTheLatestFirst) {
  const auto at = [](std::int64_t ms, std::string by) {
    Task out = task("EssentialContainerExited");
    out.arn = std::to_string(ms);
    out.stopped = from_unix_ms(ms);
    out.started_by = std::move(by);
    return out;
  };
  const auto stops =
      stops_since({at(10, "d"), at(30, "d"), at(20, "d"), at(25, "old"), at(0, "d"), at(15, "d")},
                  "d", from_unix_ms(15));
  EXPECT_THAT(stops, ElementsAre(at(30, "d"), at(20, "d")));
}

TEST(EcsStops, WhatTheServiceStoppedItselfWasMeant) {
  const Task meant = task("ServiceSchedulerInitiated");
  const Task spot = task("SpotInterruption");
  EXPECT_TRUE(all_meant(std::vector{meant, meant}));
  EXPECT_FALSE(all_meant(std::vector{meant, spot}));
  EXPECT_FALSE(all_meant({})) << "nobody knows why";
}

TEST(EcsStops, TheContainerThatFailedIsNamedWithItsExitCodeAndReason) {
  EXPECT_EQ(explain_one(task("EssentialContainerExited", "Essential container in task exited",
                             {container("sidecar", 0), container("app", 137, "OutOfMemoryError")})),
            "app exited with 137 (OutOfMemoryError)");
  EXPECT_EQ(explain_one(task("EssentialContainerExited", "", {container("app", 0)})),
            "app exited with 0");
  EXPECT_EQ(explain_one(task("EssentialContainerExited", "Essential container in task exited")),
            "EssentialContainerExited: Essential container in task exited");
}

TEST(EcsStops, OtherStopsAreCalledWhatTheyAre) {
  EXPECT_EQ(explain_one(task("SpotInterruption", "Your Spot Task was interrupted.")),
            "Spot interruption");
  EXPECT_EQ(explain_one(task("TerminationNotice")), "termination notice");
  EXPECT_EQ(explain_one(task("UserInitiated", "ann is debugging")),
            "stopped by somebody: ann is debugging");
  EXPECT_EQ(explain_one(task("TaskFailedToStart", "ResourceInitializationError",
                             {container("app", std::nullopt, "CannotPullContainerError")})),
            "failed to start: CannotPullContainerError");
  EXPECT_EQ(explain_one(task("TaskFailedToStart", "ResourceInitializationError")),
            "failed to start: ResourceInitializationError");
  EXPECT_EQ(explain_one(task("ServiceSchedulerInitiated", "Scaling activity")),
            "stopped by the service: Scaling activity");
  EXPECT_EQ(explain_one(task("", "")), "stopped");
  EXPECT_EQ(explain_one(task("Tomorrow", "why not")), "Tomorrow: why not");
}

TEST(EcsStops, WhatIsAlikeIsCountedAndTheMostFrequentComeFirst) {
  const Task oom = task("EssentialContainerExited", "", {container("app", 137)});
  std::vector<Task> stops{task("SpotInterruption"), oom, oom, oom};
  EXPECT_EQ(explain(stops), "app exited with 137, 3 times; Spot interruption");
  for (int i = 1; i <= 4; ++i) {
    stops.push_back(task("EssentialContainerExited", "", {container("app", i)}));
  }
  EXPECT_EQ(explain(stops),
            "app exited with 137, 3 times; Spot interruption; app exited with 1; "
            "and 3 other reasons");
  EXPECT_EQ(explain({}), "");
}

}  // namespace
}  // namespace tocsin::deployment

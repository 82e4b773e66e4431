#include "deployment/service_state.hpp"

#include <gtest/gtest.h>

namespace tocsin::deployment {
namespace {

Instant at(std::int64_t ms) { return from_unix_ms(ms); }

TEST(ServiceStateJson, EveryFieldIsReadBack) {
  ServiceState state;
  state.phase = Phase::failed;
  state.reborn = true;
  state.service_created = at(1);
  state.reappeared = at(23);
  state.deployment = "ecs-svc/1234567890123456789";
  state.created = at(2);
  state.task_definition = "arn:aws:ecs:eu-west-1:1:task-definition/web:7";
  state.thread = "ecs-svc/\"1";
  state.rollback = state.timeout_told = state.failing_told = true;
  state.previous_created = at(22);
  state.past_rollbacks = {"ecs-svc/5", "ecs-svc/6"};
  state.age_from = at(3);
  state.finished_task_definition = "web:6";
  state.desired = 4;
  state.running = 5;
  state.running_all = 6;
  state.steady_since = at(7);
  state.dips = 8;
  state.recovery = {true, at(9), at(10), {at(11), at(12)}, true, 13, true, at(14)};
  state.scaling = {Scaling::Step::told, 15, at(16), at(17), true, at(24), at(25), true};
  state.missing = 18;
  state.stale = 19;
  state.denied = 20;
  state.newest_event = at(21);
  EXPECT_EQ(parse_service_state(to_json(state)), state);
}

TEST(ServiceStateJson, AFreshStateIsShortAndWhatCannotBeReadIsFresh) {
  EXPECT_EQ(to_json(ServiceState{}), R"({"phase":"new"})");
  EXPECT_EQ(parse_service_state(to_json(ServiceState{})), ServiceState{});
  EXPECT_EQ(parse_service_state(""), ServiceState{});
  EXPECT_EQ(parse_service_state("{\"phase\":"), ServiceState{});
  EXPECT_EQ(parse_service_state(R"({"phase":"dancing"})"), ServiceState{});
}

}  // namespace
}  // namespace tocsin::deployment

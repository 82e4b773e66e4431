#include "deployment/record.hpp"

#include <gtest/gtest.h>

namespace tocsin::deployment {
namespace {

Instant at(std::int64_t ms) { return from_unix_ms(ms); }

Record failed_rollback() {
  Record record;
  record.id = "ecs-svc/1234567890123456789";
  record.task_definition = "arn:aws:ecs:eu-west-1:1:task-definition/web:8";
  record.previous_task_definition = "arn:aws:ecs:eu-west-1:1:task-definition/web:7";
  record.images = {{"web", "registry/web:v8", "sha256:8"}, {"log", "registry/log", ""}};
  record.created = at(1'700'000'000'123);
  record.ended = at(1'700'000'060'123);
  record.outcome = Outcome::failed;
  record.rollback = record.redeploy = true;
  record.reason = "tasks failed to \"start\"";
  return record;
}

TEST(DeploymentRecord, IsWrittenUnderTheNamesOfTheApi) {
  EXPECT_EQ(to_json(failed_rollback()),
            R"({"id":"ecs-svc/1234567890123456789","status":"failed",)"
            R"("task_definition":"arn:aws:ecs:eu-west-1:1:task-definition/web:8",)"
            R"("previous_task_definition":"arn:aws:ecs:eu-west-1:1:task-definition/web:7",)"
            R"("images":[{"container":"web","image":"registry/web:v8","digest":"sha256:8"},)"
            R"({"container":"log","image":"registry/log"}],"rollback":true,"redeploy":true,)"
            R"("started_at":"2023-11-14T22:13:20.123Z","ended_at":"2023-11-14T22:14:20.123Z",)"
            R"("duration_ms":60000,"reason":"tasks failed to \"start\""})");
}

TEST(DeploymentRecord, WhatIsNotKnownIsNull) {
  Record record;
  record.id = "A";
  record.created = at(1'700'000'000'000);
  EXPECT_EQ(to_json(record),
            R"({"id":"A","status":"in_progress","task_definition":null,)"
            R"("previous_task_definition":null,"images":[],"rollback":false,"redeploy":false,)"
            R"("started_at":"2023-11-14T22:13:20.000Z","ended_at":null,"duration_ms":null,)"
            R"("reason":null})");
  EXPECT_EQ(parse_record(to_json(record)), record);
}

TEST(DeploymentRecord, EveryFieldAndOutcomeIsReadBack) {
  Record record = failed_rollback();
  for (const Outcome outcome : {Outcome::finished, Outcome::superseded, Outcome::rolled_back,
                                Outcome::failed, Outcome::service_deleted, Outcome::going_on}) {
    record.outcome = outcome;
    if (outcome == Outcome::going_on) record.ended = Instant{};
    EXPECT_EQ(parse_record(to_json(record)), record) << to_string(outcome);
  }
}

TEST(DeploymentRecord, WhatCannotBeReadIsLeftOut) {
  EXPECT_EQ(parse_record(""), Record{});
  EXPECT_EQ(parse_record("{\"id\":"), Record{});
  Record known;
  known.id = "A";
  EXPECT_EQ(parse_record(R"({"id":"A","status":"dancing","images":7,"started_at":"today"})"),
            known);
}

TEST(DeploymentRecord, ADurationIsNeverNegative) {
  Record record = failed_rollback();
  EXPECT_EQ(record.duration(), Milliseconds{60'000});
  record.ended = record.created - Milliseconds{5};
  EXPECT_EQ(record.duration(), Milliseconds{0});
}

}  // namespace
}  // namespace tocsin::deployment

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "check/json.hpp"
#include "web/cursor.hpp"
#include "web/test_world.hpp"

namespace tocsin::web {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kPath = "/api/v1/monitors/prod%2Fweb/deployments";

// Newest first, as the store answers.
void add(test::World& world, const std::string& id, std::int64_t created_ms) {
  world.store.deployments.push_back(
      {"prod/web", id, from_unix_ms(created_ms), R"({"id":")" + id + R"(","status":"finished"})"});
}

std::vector<std::string> ids_of(const Response& response) {
  std::vector<std::string> out;
  for (check::JsonItems item(check::parse_json(response.body)->find("items")); item.next();) {
    out.push_back(item.value().find("id").string().value_or(""));
  }
  return out;
}

std::string next_of(const Response& response) {
  return check::parse_json(response.body)->find("next").string().value_or("");
}

TEST(Deployments, AreTheStoredObjectsWithTheirMonitor) {
  test::World world;
  world.monitors.add("prod/web");
  EXPECT_EQ(world.get(kPath).body, R"({"items":[],"next":null})");
  add(world, "ecs-svc/1", 5);
  EXPECT_EQ(world.get(kPath).body,
            R"({"items":[{"monitor":"prod/web","id":"ecs-svc/1","status":"finished"}],)"
            R"("next":null})");
}

TEST(Deployments, ArePagedAlsoWhenSeveralBeganAtOneMoment) {
  test::World world;
  world.monitors.add("prod/web");
  add(world, "e", 9);
  add(world, "d", 5);
  add(world, "c", 5);
  add(world, "b", 5);
  add(world, "a", 1);
  const std::string path = std::string(kPath) + "?limit=2";
  const Response first = world.get(path);
  EXPECT_THAT(ids_of(first), ElementsAre("e", "d"));
  const Response second = world.get(path + "&cursor=" + next_of(first));
  EXPECT_THAT(ids_of(second), ElementsAre("c", "b"));
  const Response third = world.get(path + "&cursor=" + next_of(second));
  EXPECT_THAT(ids_of(third), ElementsAre("a"));
  EXPECT_EQ(next_of(third), "");
}

TEST(Deployments, OfAMonitorThatIsGoneAreShown) {
  test::World world;
  EXPECT_EQ(world.get(kPath).status, 404);
  EXPECT_THAT(world.get(kPath).body, HasSubstr("prod/web"));
  add(world, "ecs-svc/1", 5);
  EXPECT_THAT(ids_of(world.get(kPath)), ElementsAre("ecs-svc/1"));
}

TEST(Deployments, ASlashInANameIsEncoded) {
  test::World world;
  world.monitors.add("prod/web");
  EXPECT_EQ(world.get(kPath).status, 200);
  EXPECT_EQ(world.get("/api/v1/monitors/prod%2fweb/deployments").status, 200);
  EXPECT_EQ(world.get("/api/v1/monitors/prod/web/deployments").status, 404);
}

TEST(Deployments, WhatIsWrongIsRefused) {
  test::World world;
  world.monitors.add("prod/web");
  const auto code = [&](const std::string& query) {
    return test::error_code(world.get(std::string(kPath) + query));
  };
  EXPECT_EQ(code("?cursor=x"), "invalid_cursor");
  EXPECT_EQ(code("?cursor=" + encode_cursor("deployments", {0, "a"})), "invalid_cursor");
  EXPECT_EQ(code("?cursor=" + encode_cursor(Sort{}, {0, "a"})), "invalid_cursor");
  EXPECT_EQ(world.get(std::string(kPath) + "?limit=0").status, 400);
  EXPECT_EQ(world.get(std::string(kPath) + "?before=1").status, 400);
  EXPECT_THAT(
      ids_of(world.get(std::string(kPath) + "?cursor=" + encode_cursor("deployments", {1, "a"}))),
      IsEmpty());
  world.store.fails = true;
  EXPECT_EQ(world.get(kPath).status, 503);
}

TEST(Services, SayWhereTheyRun) {
  test::World world;
  auto& monitor = world.monitors.add("prod/web");
  auto spec = std::make_shared<check::CheckSpec>();
  spec->target = check::EcsCheck{"prod", "web", "eu-west-1", "123456789012"};
  monitor.config.check = spec;
  const std::string shown = world.get("/api/v1/monitors/prod%2Fweb").body;
  EXPECT_NE(shown.find(R"("kind":"ecs")"), std::string::npos) << shown;
  EXPECT_NE(shown.find(R"("ecs":{"cluster":"prod","service":"web","region":"eu-west-1",)"
                       R"("account":"123456789012"})"),
            std::string::npos)
      << shown;
}

}  // namespace
}  // namespace tocsin::web

#include "app/deployment_table.hpp"

#include <gtest/gtest.h>

#include "deployment/record.hpp"

namespace tocsin::app {
namespace {

using deployment::Outcome;
using deployment::Record;

constexpr std::int64_t kBegin = 1'795'250'912'007;  // 2026-11-21T08:48:32.007Z

Record record(Outcome outcome, Milliseconds took) {
  Record out;
  out.id = "ecs-svc/1";
  out.task_definition = "arn:aws:ecs:eu-west-1:1:task-definition/web:8";
  out.created = from_unix_ms(kBegin);
  out.outcome = outcome;
  if (outcome != Outcome::going_on) out.ended = out.created + took;
  return out;
}

std::string render(const std::vector<Record>& records) {
  std::vector<std::string> items;
  for (const Record& each : records) {
    items.push_back("{\"monitor\":\"prod/web\"," + to_json(each).substr(1));
  }
  return render_deployments(items, from_unix_ms(kBegin + 125'900), 200);
}

TEST(DeploymentTable, EachRowTellsWhenHowLongHowAndWhat) {
  Record back = record(Outcome::finished, Milliseconds{65'300});
  back.rollback = true;
  back.task_definition = "web:7";
  back.images = {{"web", "1.dkr.ecr.eu-west-1.amazonaws.com/shop/web:v7", "sha256:77"},
                 {"log", "fluent-bit:3", ""}};
  Record failed = record(Outcome::rolled_back, Milliseconds{240'000});
  failed.images = {{"web", "registry/web:v8", ""}};
  failed.reason = "ECS deployment circuit breaker: tasks failed to start.";
  EXPECT_EQ(render({back, failed}),
            "STARTED               TOOK  OUTCOME               TASK DEFINITION  IMAGE      REASON\n"
            "2026-11-21T08:48:32Z  1m5s  finished, a rollback  web:7            web:v7 +1\n"
            "2026-11-21T08:48:32Z  4m    rolled back           web:8            web:v8     "
            "ECS deployment circuit breaker: tasks failed to start.\n");
}

TEST(DeploymentTable, WhatGoesOnSaysSo) {
  Record going = record(Outcome::going_on, {});
  going.redeploy = true;
  EXPECT_NE(render({going}).find("  2m5s so far  in progress, a redeploy  web:8"),
            std::string::npos)
      << render({going});
}

TEST(DeploymentTable, AnImageWithoutATagShowsItsDigestInShort) {
  const std::string digest = "sha256:0123456789abcdef0123456789abcdef";
  const auto image = [&](const std::string& name, const std::string& found) {
    Record one = record(Outcome::finished, Milliseconds{1});
    one.images = {{"web", name, found}};
    const std::string text = render({one});
    const std::size_t at = text.find("web:8", text.find('\n')) + 17;
    return text.substr(at, text.size() - at - 1);
  };
  EXPECT_EQ(image("registry:5000/web", digest), "web@sha256:0123456789ab");
  EXPECT_EQ(image("registry:5000/web@" + digest, digest), "web@sha256:0123456789ab");
  EXPECT_EQ(image("registry:5000/web", ""), "web");
}

TEST(DeploymentTable, NothingFromOutsideReachesTheTerminalRaw) {
  Record odd = record(Outcome::failed, Milliseconds{1});
  odd.reason = "\x1b[2J";
  EXPECT_EQ(render({odd}).find('\x1b'), std::string::npos);
  EXPECT_NE(render_deployments({"{}"}, from_unix_ms(kBegin), 80), "");
}

}  // namespace
}  // namespace tocsin::app

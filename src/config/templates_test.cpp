// Texts under the names of mona's hooks, and which of them stands in for another.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "check/json.hpp"
#include "config/test_load.hpp"
#include "config/text_names.hpp"

namespace tocsin::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

alert::Event of_service(std::string_view type) {
  alert::Event event;
  event.id = "01KDVXZ0DWE3K99N58377CJE65";
  event.type = type;
  event.monitor = "prod/web";
  event.kind = "ecs";
  event.at = from_unix_ms(1'795'250'912'007);
  event.message = "the default of " + std::string(type);
  event.incident = event.key = "prod/web/ecs-svc/1";
  event.extra = {{"service", "\"web\""},      {"taskDef", "\"web:12\""},
                 {"deploymentId", "\"d-1\""}, {"deploymentCreated", "\"2026-11-21T08:48:32Z\""},
                 {"success", "true"},         {"runningCount", "2"},
                 {"desiredCount", "3"},       {"duration", "125"}};
  return event;
}

// What the channel says of each of these types.
std::vector<std::string> texts(const LoadResult& result, std::size_t channel,
                               std::initializer_list<std::string_view> types) {
  std::vector<std::string> out;
  for (const std::string_view type : types) {
    notification::Message message;
    message.events.push_back(of_service(type));
    const auto work = result.config->channels.at(channel)->format->prepare(message, std::nullopt);
    const auto& body = std::get<notification::HttpStep>(work.steps.at(0)).body;
    std::string text = check::parse_json(body)->find("text").string().value_or("");
    text.resize(std::min(text.find('\n'), text.size()));
    out.push_back(text.substr(text.find(' ') + 1));  // behind the mark
  }
  return out;
}

constexpr std::string_view kChannels = R"(
channels:
  a: {slack: {webhook_url: "https://h.example/a"}}
  b: {slack: {webhook_url: "https://h.example/b"}}
)";

TEST(TemplateHooks, AreTheSixOfMonaAndTheFourBesideThem) {
  std::vector<std::string> pairs;
  for (const Hook& hook : hooks()) {
    pairs.push_back(std::string(hook.name) + " " + std::string(alert::to_string(hook.type)));
    EXPECT_EQ(text_type(hook.name), hook.type);
    EXPECT_FALSE(alert::parse_event_type(hook.name)) << "a hook is no type";
  }
  EXPECT_THAT(pairs,
              ElementsAre("monitorDeploy monitor_started", "deploy deploy_started", "scale scaled",
                          "recover recovering", "deployDone finished", "deployTimeout timeout",
                          "rollback rolled_back", "deployFailed failed",
                          "serviceCreated service_created", "serviceDeleted service_deleted"));
}

TEST(TemplateHooks, AreOverriddenAloneOverMonasState) {
  for (const Hook& hook : hooks()) {
    const auto result = load_text(std::string(kChannels) + "templates: {events: {" +
                                  std::string(hook.name) + ": \"own {service}\"}}\n");
    ASSERT_TRUE(result.config) << all_texts(result);
    for (const Hook& other : hooks()) {
      const std::string_view type = alert::to_string(other.type);
      const bool own = other.name == hook.name || other.stand_in == hook.name;
      EXPECT_THAT(texts(result, 0, {type}),
                  ElementsAre(own ? "own web" : "the default of " + std::string(type)))
          << hook.name;
    }
  }
  const auto result = load_text(std::string(kChannels) + R"(
templates:
  events:
    deployDone: >-
      {service} {taskDef} {runningCount}/{desiredCount} {deploymentId} {deploymentCreated} {success}
)");
  ASSERT_TRUE(result.config) << all_texts(result);
  EXPECT_THAT(texts(result, 0, {"finished"}),
              ElementsAre("web web:12 2/3 d-1 2026-11-21T08:48:32Z true"));
}

TEST(TemplateHooks, TheTextOfATimeoutStandsInForFailureAndRollback) {
  const auto result = load_text(std::string(kChannels) + R"(
templates:
  events: {deployTimeout: "slow {service}", rollback: "back {service}"}
  channels: {b: {deployTimeout: "b slow {service}"}}
)");
  ASSERT_TRUE(result.config) << all_texts(result);
  EXPECT_THAT(texts(result, 0, {"timeout", "failed", "rolled_back"}),
              ElementsAre("slow web", "slow web", "back web"));
  EXPECT_THAT(texts(result, 1, {"timeout", "failed", "rolled_back"}),
              ElementsAre("b slow web", "b slow web", "back web"))
      << "what is given for all channels goes before what stands in";
  EXPECT_THAT(texts(result, 0, {"service_created", "service_deleted"}),
              ElementsAre("the default of service_created", "the default of service_deleted"));
}

TEST(TemplateHooks, UnderTheNameOfItsTypeATimeoutStandsInForNothing) {
  const auto result =
      load_text(std::string(kChannels) + "templates: {events: {timeout: \"slow {service}\"}}\n");
  ASSERT_TRUE(result.config) << all_texts(result);
  EXPECT_THAT(texts(result, 0, {"timeout", "failed"}),
              ElementsAre("slow web", "the default of failed"));
}

TEST(TemplateHooks, OfOneTypeInTwoFilesBreakTheLaterUnderWhicheverName) {
  const auto result = load_files({{"a.yml", "templates:\n  events: {deployDone: x}\n"},
                                  {"tocsin.yml", "templates: {events: {finished: x}}\n"}});
  EXPECT_THAT(result.broken_drop_ins, ElementsAre("a.yml"));
  EXPECT_THAT(all_texts(result), HasSubstr("templates.events.deployDone: this text is already "
                                           "given in tocsin.yml"));
}

}  // namespace
}  // namespace tocsin::config

// Channels, sinks and templates as they come out of the configuration.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/test_load.hpp"

namespace tocsin::config {
namespace {

using namespace std::chrono_literals;
using notification::Audience;
using testing::ElementsAre;
using testing::HasSubstr;

alert::Event went_down() {
  alert::Event event;
  event.id = "01KDVXZ0DWE3K99N58377CJE65";
  event.type = "went_down";
  event.monitor = "checkout";
  event.at = from_unix_ms(1'795'250'912'007);
  event.message = "checkout is down: HTTP 500";
  event.incident = event.key = "checkout/1795250912007";
  return event;
}

std::string sent_body(const notification::Outlet& outlet, alert::Event event = went_down()) {
  notification::Message message;
  message.key = outlet.name + "/" + event.id;
  message.events.push_back(std::move(event));
  const auto work = outlet.format->prepare(message, std::nullopt);
  return std::get<notification::HttpStep>(work.steps.at(0)).body;
}

TEST(ConfigOutlets, AreSortedAndHaveTheDefaultsOfTheirKind) {
  const auto result = load_text(R"(
channels:
  ops: {slack: {webhook_url: "${SECRET_URL}"}}
  hook: {webhook: "https://example.com/hook"}
sinks:
  results: {webhook: {url: "https://example.com/r"}, batch: 50}
)",
                                {.env = {{"SECRET_URL", "https://hooks.slack.example/T/B/x"}}});
  ASSERT_TRUE(result.config) << all_texts(result);
  EXPECT_TRUE(result.diagnostics.empty()) << all_texts(result);
  ASSERT_EQ(result.config->channels.size(), 2U);
  const auto& hook = *result.config->channels[0];
  const auto& ops = *result.config->channels[1];
  EXPECT_EQ(hook.name, "hook");
  EXPECT_EQ(hook.type, "webhook");
  EXPECT_EQ(hook.group_wait, 0s) << "machines hear each event by itself";
  EXPECT_EQ(hook.format->audience(), Audience::machines);
  EXPECT_EQ(ops.name, "ops");
  EXPECT_EQ(ops.group_wait, 10s) << "people hear of a group at once";
  EXPECT_EQ(ops.rate_count, 1U);
  EXPECT_EQ(ops.rate_per, 1s);
  EXPECT_EQ(ops.give_up_after, 24h);
  ASSERT_EQ(result.config->sinks.size(), 1U);
  EXPECT_TRUE(result.config->sinks[0]->sink);
  EXPECT_EQ(result.config->sinks[0]->batch, 50U);
}

TEST(ConfigOutlets, TakeWhatStandsBesideTheKind) {
  const auto result = load_text(R"(
channels:
  ops:
    webhook: https://example.com/hook
    group_wait: 3s
    group_by: [team, kind]
    give_up_after: 2h
    timeout: 4s
    rate: 20 per 1m
    concurrency: 7
    formatter: {run: [/usr/bin/format, --short]}
    proxy: http://proxy.example.com:3128
    ca_file: /etc/ca.pem
  public:
    webhook: https://example.com/hook
    deny_private_networks: true
)");
  ASSERT_TRUE(result.config) << all_texts(result);
  const auto& ops = *result.config->channels.at(0);
  EXPECT_EQ(ops.group_wait, 3s);
  EXPECT_THAT(ops.group_by, ElementsAre("team", "kind"));
  EXPECT_EQ(ops.give_up_after, 2h);
  EXPECT_EQ(ops.timeout, 4s);
  EXPECT_EQ(ops.rate_count, 20U);
  EXPECT_EQ(ops.rate_per, 1min);
  EXPECT_EQ(ops.concurrency, 7U);
  EXPECT_THAT(ops.formatter, ElementsAre("/usr/bin/format", "--short"));
  EXPECT_FALSE(ops.deny_private_networks);
  EXPECT_TRUE(result.config->channels.at(1)->deny_private_networks);
  EXPECT_EQ(ops.proxy, "http://proxy.example.com:3128");
  EXPECT_EQ(ops.ca_file, "/etc/ca.pem");
}

TEST(ConfigOutlets, WarnOfAProxyThatNothingGoesThrough) {
  const auto result = load_text(R"(
channels: {c: {exec: {run: [/bin/true]}, proxy: "http://p.example:3128"}}
)");
  ASSERT_TRUE(result.config) << all_texts(result);
  EXPECT_THAT(all_texts(result), HasSubstr("proxy has no effect on exec"));
}

TEST(ConfigTemplates, LieOverTheDefaultsTypeByTypeAndChannelByChannel) {
  const auto result = load_files({{"a.yml", R"(
templates: {channels: {b: {went_down: "b: {monitor}"}}}
)"},
                                  {"tocsin.yml", R"(
channels:
  a: {slack: {webhook_url: "https://h.example/a"}}
  b: {slack: {webhook_url: "https://h.example/b"}}
templates:
  events: {went_down: "all: {monitor}"}
)"}});
  ASSERT_TRUE(result.config) << all_texts(result);
  EXPECT_THAT(sent_body(*result.config->channels.at(0)), HasSubstr("all: checkout"));
  EXPECT_THAT(sent_body(*result.config->channels.at(1)), HasSubstr("b: checkout"));
  alert::Event other = went_down();
  other.type = "still_down";
  EXPECT_THAT(sent_body(*result.config->channels.at(0), other), HasSubstr(went_down().message))
      << "what is not given keeps its default";
}

TEST(ConfigTemplates, OfOneTypeInTwoFilesBreakTheLater) {
  const auto result =
      load_files({{"a.yml", "templates:\n  events: {went_down: \"{monitor}\"}\n"},
                  {"tocsin.yml", "templates: {events: {went_down: x, recovered: y}}\n"}});
  EXPECT_THAT(result.broken_drop_ins, ElementsAre("a.yml"));
  EXPECT_THAT(all_texts(result), HasSubstr("a.yml:2:12: error: templates.events.went_down: this "
                                           "text is already given in tocsin.yml"));
}

TEST(ConfigWebhook, TakesItsBodyAsYamlOrAsJsonText) {
  const auto result = load_text(R"(
channels:
  map:
    webhook:
      url: https://example.com/hook
      body: {text: "{title}", late: "{late_ms}", outage: "{outage_ms}", n: 3, s: "3",
             l: [true, "{kind}!"]}
  text:
    webhook:
      url: https://example.com/hook
      body: '{"text": "{title}", "late": "{late_ms}"}'
)");
  ASSERT_TRUE(result.config) << all_texts(result);
  alert::Event event = went_down();
  event.late = Milliseconds{720'000};
  event.kind = "http";
  EXPECT_EQ(sent_body(*result.config->channels.at(0), event),
            R"({"text":"checkout is down","late":720000,"outage":null,"n":3,"s":"3",)"
            R"("l":[true,"http!"]})");
  EXPECT_EQ(sent_body(*result.config->channels.at(1), event),
            R"({"text":"checkout is down","late":720000})");
}

}  // namespace
}  // namespace tocsin::config

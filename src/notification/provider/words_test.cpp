// What single providers do that the contract does not ask of all.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "notification/provider/exec.hpp"
#include "notification/provider/test_providers.hpp"
#include "notification/signature.hpp"
#include "notification/test_events.hpp"

namespace tocsin::notification {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;
using Kind = Verdict::Kind;

const Format& format_of(std::string_view name) {
  static const std::vector<Provider> kAll = all_providers();
  return *std::ranges::find(kAll, name, &Provider::name)->format;
}

HttpStep step_of(std::string_view name, const Message& message) {
  return std::get<HttpStep>(format_of(name).prepare(message, std::nullopt).steps.at(0));
}

Kind judge(std::string_view name, int status, std::string body) {
  return format_of(name).judge({}, 0, {.status = status, .body = std::move(body)}).kind;
}

TEST(Webhook, SendsTheEventAsTheApiShowsItWithKeyAndSignature) {
  alert::Event event = an_event();
  event.late = Milliseconds{5000};
  const Message message = a_message({event});
  const HttpStep step = step_of("webhook", message);
  EXPECT_EQ(step.body, alert::to_json(event));
  EXPECT_THAT(step.headers, Contains(Pair("Idempotency-Key", message.key)));
  EXPECT_THAT(step.headers,
              Contains(Pair("X-Tocsin-Signature", signature(kSecret, message.now, step.body))));
  EXPECT_FALSE(format_of("webhook").takes_many());
}

TEST(Webhook, KeepsAKeyOneLineOfAscii) {
  Message message = a_message({an_event()});
  message.key = "öps\r\nX: y/1";
  EXPECT_THAT(step_of("webhook", message).headers,
              Contains(Pair("Idempotency-Key", "%C3%B6ps%0D%0AX:%20y/1")));
}

TEST(Webhook, TakesManyEventsWhereItsBodyNamesThem) {
  WebhookOptions options{.url = "http://127.0.0.1/"};
  options.body = compile_json_template(R"({"n":"{count}","t":"{title}","all":"{events}"})",
                                       message_vocabulary())
                     .value();
  options.headers = {{"content-type", "application/vnd.x+json"}};
  const auto format = make_webhook(options, std::make_shared<Texts>());
  EXPECT_TRUE(format->takes_many());
  const Work work = format->prepare(many(2), std::nullopt);
  const auto& step = std::get<HttpStep>(work.steps.at(0));
  EXPECT_THAT(step.body, testing::StartsWith(R"({"n":2,"t":"2 monitors are down","all":[{"id":)"));
  EXPECT_THAT(step.headers, Contains(Pair("content-type", "application/vnd.x+json")));
  EXPECT_THAT(step.headers, Not(Contains(Pair("Content-Type", testing::_))));
}

TEST(WebhookSink, SendsListsWhenItMayBatch) {
  Message message = a_message({an_event()});
  message.events.clear();
  message.reports = {{.monitor = "a", .kind = "http", .outcome = "{}"},
                     {.monitor = "b", .kind = "http", .outcome = "{}"}};
  const auto body = [&](WebhookOptions options) {
    options.url = "http://127.0.0.1/";
    const auto format = make_webhook_sink(std::move(options), 10);
    return std::get<HttpStep>(format->prepare(message, std::nullopt).steps.at(0)).body;
  };
  EXPECT_EQ(body({}), R"([{"monitor":"a","kind":"http","labels":{},"outcome":{}},)"
                      R"({"monitor":"b","kind":"http","labels":{},"outcome":{}}])");
  const auto compiled = [](std::string_view text) {
    return compile_json_template(text, report_vocabulary()).value();
  };
  EXPECT_EQ(body({.body = compiled(R"({"m":"{monitor}"})")}), R"([{"m":"a"},{"m":"b"}])");
  EXPECT_THAT(body({.body = compiled(R"({"all":"{reports}"})")}),
              testing::StartsWith(R"({"all":[{"monitor":"a")"));
}

TEST(PagerDuty, ResolvesWhatItTriggered) {
  const HttpStep first = step_of("pagerduty", a_message({an_event()}));
  const auto down = check::parse_json(first.body).value();
  const HttpStep step = step_of("pagerduty", a_message({an_event("recovered")}));
  const auto up = check::parse_json(step.body).value();
  EXPECT_TRUE(up.find("event_action").is_string("resolve"));
  EXPECT_EQ(up.find("dedup_key").string(), down.find("dedup_key").string());
  EXPECT_EQ(up.find("dedup_key").string(), an_event().key);
}

TEST(PagerDuty, OpensNothingForANoteThatNothingWouldClose) {
  const HttpStep step = step_of("pagerduty", a_message({an_event("became_unknown")}));
  EXPECT_THAT(step.url, testing::EndsWith("/v2/change/enqueue"));
  EXPECT_THAT(step.body, Not(HasSubstr("event_action")));
}

struct Call {
  std::string path, action, key;
  bool operator==(const Call&) const = default;
};

std::vector<Call> calls_of(const alert::Event& event) {
  std::vector<Call> out;
  for (const Step& step : format_of("pagerduty").prepare(a_message({event}), std::nullopt).steps) {
    const auto& http = std::get<HttpStep>(step);
    const auto body = check::parse_json(http.body).value();
    out.push_back({http.url.substr(http.url.find("/v2/")),
                   body.find("event_action").string().value_or(""),
                   body.find("dedup_key").string().value_or("")});
  }
  return out;
}

TEST(PagerDuty, TakesADeploymentForAChangeAndItsTroubleForAnAlertOfItsIncident) {
  using testing::ElementsAre;
  const Call change{"/v2/change/enqueue", "", ""};
  const Call trigger{"/v2/enqueue", "trigger", kDeployment};
  const Call resolve{"/v2/enqueue", "resolve", kDeployment};
  for (const char* type : {"deploy_started", "scaled", "service_created", "monitor_started"}) {
    EXPECT_THAT(calls_of(of_service(type)), ElementsAre(change)) << type;
  }
  for (const char* type : {"recovering", "tasks_stopped", "timeout", "rolled_back", "failed"}) {
    EXPECT_THAT(calls_of(of_service(type)), ElementsAre(trigger)) << type;
  }
  for (const char* type : {"finished", "service_deleted"}) {
    EXPECT_THAT(calls_of(of_service(type)), ElementsAre(resolve)) << type;
  }
}

TEST(PagerDuty, ResolvesWhatIsOverWithTheEventOfAnother) {
  const alert::Event started =
      with(of_service("deploy_started"), "closed_incidents", R"(["prod/web/ecs-svc/0","x"])");
  EXPECT_THAT(calls_of(started),
              testing::ElementsAre(Call{"/v2/change/enqueue", "", ""},
                                   Call{"/v2/enqueue", "resolve", "prod/web/ecs-svc/0"},
                                   Call{"/v2/enqueue", "resolve", "x"}));
  const alert::Event gone = with(of_service("service_deleted"), "closed_incidents", R"(["x"])");
  EXPECT_THAT(calls_of(gone), testing::ElementsAre(Call{"/v2/enqueue", "resolve", kDeployment},
                                                   Call{"/v2/enqueue", "resolve", "x"}));
  const Work work = format_of("pagerduty").prepare(a_message({started}), std::nullopt);
  const Answer good{.status = 202, .body = R"({"status":"success"})"};
  for (std::size_t i = 0; i < work.steps.size(); ++i) {
    EXPECT_EQ(format_of("pagerduty").judge(work, i, good).kind, Kind::delivered);
  }
}

TEST(PagerDuty, LinksTheConsoleOfAService) {
  alert::Event event = of_service("failed");
  add_text(event, "link", "https://console.example/web");
  const std::string body = step_of("pagerduty", a_message({event})).body;
  EXPECT_THAT(body, HasSubstr(R"({"href":"https://console.example/web","text":"AWS console"})"));
  EXPECT_THAT(body, HasSubstr(R"("client_url":"https://console.example/web")"));
}

TEST(PagerDuty, LinksRunbookAndDashboard) {
  alert::Event event = an_event();
  add_text(event, "runbook", "https://wiki.example/r");
  add_text(event, "dashboard", "https://grafana.example/d");
  const std::string body = step_of("pagerduty", a_message({event})).body;
  EXPECT_THAT(body, HasSubstr(R"({"href":"https://wiki.example/r","text":"Runbook"})"));
  EXPECT_THAT(body, HasSubstr(R"("client_url":"https://grafana.example/d")"));
}

TEST(PagerDuty, TakesAWrongKeyForTheChannelsFault) {
  EXPECT_EQ(
      judge("pagerduty", 400,
            R"({"status":"invalid event","errors":["Length of 'routing_key' is incorrect"]})"),
      Kind::channel_failed);
  EXPECT_EQ(judge("pagerduty", 200, "{}"), Kind::channel_failed) << "not the Events API";
}

TEST(Telegram, ReadsWhyAMessageWasRefused) {
  EXPECT_EQ(judge("telegram", 400,
                  R"({"ok":false,"error_code":400,"description":"Bad Request: chat not found"})"),
            Kind::channel_failed);
  EXPECT_EQ(judge("telegram", 400, R"({"ok":false,"description":"Bad Request: message is wrong"})"),
            Kind::message_failed);
  const Verdict wait =
      format_of("telegram")
          .judge({}, 0,
                 {.status = 429,
                  .body = R"({"ok":false,"error_code":429,"parameters":{"retry_after":35}})"});
  EXPECT_EQ(wait.retry_after, Milliseconds{35'000});
}

TEST(Discord, WaitsForFractionsOfASecondAndCallsNobody) {
  const Verdict wait =
      format_of("discord").judge({}, 0, {.status = 429, .body = R"({"retry_after":0.6529})"});
  EXPECT_EQ(wait.retry_after, Milliseconds{653});
  alert::Event event = an_event();
  event.message = "@everyone";
  const std::string body = step_of("discord", a_message({event})).body;
  EXPECT_THAT(body, Not(HasSubstr("@everyone")));
  EXPECT_THAT(body, HasSubstr(R"("allowed_mentions":{"parse":[]})"));
}

TEST(Pushover, TakesAWrongTokenForTheChannelsFault) {
  EXPECT_EQ(judge("pushover", 400, R"({"status":0,"errors":["application token is invalid"]})"),
            Kind::channel_failed);
  EXPECT_EQ(judge("pushover", 400, R"({"status":0,"errors":["message cannot be blank"]})"),
            Kind::message_failed);
}

TEST(Datadog, TagsWithLabelsAndLeavesOutATimeThatItWouldRefuse) {
  Message message = a_message({an_event()});
  const std::string now = step_of("datadog", message).body;
  EXPECT_THAT(now, HasSubstr(R"("tags":["monitor:checkout","kind:http","severity:critical",)"
                             R"("env:production","team:shop"])"));
  EXPECT_THAT(now, HasSubstr("\"date_happened\":1795250912"));
  message.now += std::chrono::hours{20};
  EXPECT_THAT(step_of("datadog", message).body, Not(HasSubstr("date_happened")));
}

TEST(Datadog, AggregatesTheEventsOfADeployment) {
  EXPECT_THAT(step_of("datadog", a_message({of_service("deploy_started")})).body,
              HasSubstr(R"("aggregation_key":"prod/web/ecs-svc/1")"));
  EXPECT_THAT(step_of("datadog", a_message({an_event()})).body,
              HasSubstr(R"("aggregation_key":"checkout/1795250912007")"));
}

TEST(Rows, ShowAnnouncementsAsNewsAndTheirEndsAsGood) {
  const auto priority = [](const alert::Event& event) {
    const HttpStep step = step_of("ntfy", a_message({event}));
    const auto body = check::parse_json(step.body).value();
    return body.find("tags").at(0).string().value_or("");
  };
  EXPECT_EQ(priority(of_service("deploy_started")), "blue_circle");
  EXPECT_EQ(priority(of_service("timeout")), "yellow_circle");
  EXPECT_EQ(priority(of_service("failed")), "red_circle");
  EXPECT_EQ(priority(of_service("finished")), "green_circle");
  EXPECT_EQ(priority(with(of_service("finished"), "rollback", "true")), "yellow_circle");
}

TEST(Rows, LinkTheConsoleOfAServiceWithoutADashboard) {
  alert::Event event = of_service("failed");
  add_text(event, "link", "https://console.example/web");
  add_text(event, "runbook", "https://wiki.example/web");
  EXPECT_THAT(step_of("ntfy", a_message({event})).body,
              HasSubstr(R"("click":"https://console.example/web")"));
  add_text(event, "dashboard", "https://graphs.example/web");
  EXPECT_THAT(step_of("ntfy", a_message({event})).body,
              HasSubstr(R"("click":"https://graphs.example/web")"));
}

TEST(Rows, SendWhatIsGivenAndLeaveOutTheRest) {
  EXPECT_THAT(step_of("ntfy", a_message({an_event()})).headers,
              Contains(Pair("Authorization", "Bearer " + kSecret)));
  EXPECT_THAT(step_of("ntfy", a_message({an_event()})).body, Not(HasSubstr("click")));
  const Row& discord = *std::ranges::find(rows(), "discord", &Row::name);
  const auto plain =
      make_row(discord, {{"webhook_url", "http://h/?x=1"}}, std::make_shared<Texts>());
  const Work work = plain->prepare(a_message({an_event()}), std::nullopt);
  EXPECT_EQ(std::get<HttpStep>(work.steps.at(0)).url, "http://h/?x=1&wait=true");
}

TEST(Exec, GetsTheEventAndSaysHowItWent) {
  const auto format = make_exec({.run = {"/usr/bin/page", "--now"}});
  const Work work = format->prepare(a_message({an_event()}), std::nullopt);
  const auto& step = std::get<ExecStep>(work.steps.at(0));
  EXPECT_THAT(step.argv, testing::ElementsAre("/usr/bin/page", "--now"));
  EXPECT_EQ(step.input, alert::to_json(an_event()) + "\n");
  const auto kind = [&](int status) {
    return format->judge(work, 0, {.status = status, .body = "text"}).kind;
  };
  EXPECT_EQ(kind(0), Kind::delivered);
  EXPECT_EQ(kind(1), Kind::retry);
  EXPECT_EQ(kind(75), Kind::retry);
  EXPECT_EQ(kind(65), Kind::message_failed);
  EXPECT_EQ(kind(78), Kind::channel_failed);
  EXPECT_EQ(kind(127), Kind::channel_failed);
  EXPECT_EQ(format->judge(work, 0, {.failure = "killed after 10s"}).kind, Kind::retry);
  EXPECT_EQ(format->judge(work, 0, {.status = 1, .body = "no modem\nx"}).message,
            "exit status 1: no modem");
}

}  // namespace
}  // namespace tocsin::notification

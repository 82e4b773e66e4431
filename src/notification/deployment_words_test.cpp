#include "notification/deployment_words.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "notification/compose.hpp"
#include "notification/sample_event.hpp"
#include "notification/test_events.hpp"
#include "notification/values.hpp"

namespace tocsin::notification {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

std::string rendered(const alert::Event& event, std::string_view text) {
  return compile_template(text, event_vocabulary())
      .value()
      .render(EventValues(event), escape_nothing);
}

std::string sent(const alert::Event& event) {
  return compose(a_message({event}), Texts(), {}).text;
}

TEST(DeploymentTitle, SaysOfEachTypeWhatHappenedInAFewWords) {
  const auto title = [](const alert::Event& event) { return title_of(event); };
  EXPECT_EQ(title(of_service("deploy_started")), "prod/web: deploying v42");
  EXPECT_EQ(title(with(of_service("deploy_started"), "redeploy", "true")),
            "prod/web: redeploying v42");
  EXPECT_EQ(title(with(with(of_service("scaled"), "from", "2"), "to", "4")),
            "prod/web: scaled from 2 to 4");
  EXPECT_EQ(title(with(of_service("recovering"), "impact", "\"outage\"")),
            "prod/web: no task runs");
  EXPECT_EQ(
      title(with(with(with(of_service("recovering"), "impact", "\"partial\""), "running", "1"),
                 "desired", "3")),
      "prod/web: 1 of 3 tasks run");
  EXPECT_EQ(title(with(of_service("recovering"), "impact", "\"deploy\"")),
            "prod/web: tasks of v42 keep failing");
  EXPECT_EQ(title(with(of_service("recovering"), "flapping", "true")),
            "prod/web: crashes again and again");
  EXPECT_EQ(title(with(of_service("tasks_stopped"), "stops", "\"app exited with 1\"")),
            "prod/web: app exited with 1");
  EXPECT_EQ(title(with(of_service("timeout"), "age", "912")),
            "prod/web: deploying v42 takes 15m12s");
  EXPECT_EQ(title(with(of_service("timeout"), "subject", "\"scale\"")),
            "prod/web: scaling takes too long");
  EXPECT_EQ(title(of_service("rolled_back")), "prod/web: the deployment is rolled back");
  EXPECT_EQ(title(of_service("failed")), "prod/web: deploying v42 failed");
  EXPECT_EQ(title(of_service("service_created")), "prod/web: the service was created");
  EXPECT_EQ(title(of_service("service_deleted")), "prod/web: the service was deleted");
  alert::Event watched = with(of_service("monitor_started"), "services", R"(["a","b"])");
  watched.monitor = "prod";
  EXPECT_EQ(title(watched), "prod: 2 services are watched");
}

TEST(DeploymentTitle, OfAReminderSaysWhatIsStillSo) {
  alert::Event reminder = with(of_service("recovering"), "impact", "\"outage\"");
  reminder.type = "still_down";
  reminder.outage = 2h + 5min;
  EXPECT_EQ(title_of(with(reminder, "remindsOf", "\"recovering\"")),
            "prod/web: no task runs, still so after 2h5m");
  EXPECT_EQ(title_of(with(reminder, "remindsOf", "\"failed\"")),
            "prod/web: deploying v42 failed, still so after 2h5m");
}

TEST(DeploymentTitle, OfAnEndSaysWhatEndedAndHowLongItTook) {
  const auto title = [](const std::string& subject, const std::string& rollback = "false") {
    alert::Event event = with(of_service("finished"), "subject", '"' + subject + '"');
    return title_of(with(with(event, "duration", "125"), "rollback", rollback));
  };
  EXPECT_EQ(title("deploy"), "prod/web: v42 is live after 2m5s");
  EXPECT_EQ(title("deploy", "true"), "prod/web: rolled back to v42 after 2m5s");
  EXPECT_EQ(title("scale"), "prod/web: scaled to 3 after 2m5s");
  EXPECT_EQ(title("recover"), "prod/web: recovered after 2m5s");
}

TEST(DeploymentValues, VersionIsTheTagElseTheDigestElseTheTaskDefinition) {
  const auto version = [](const std::string& image) {
    return rendered(with(of_service("finished"), "image", '"' + image + '"'), "{version}");
  };
  EXPECT_EQ(version("shop/web:v42"), "v42");
  EXPECT_EQ(version("registry:5000/shop/web:v42"), "v42");
  EXPECT_EQ(version("shop/web@sha256:1f2e3d"), "sha256:1f2e3d");
  EXPECT_EQ(version("registry:5000/shop/web"), "web:12");
  EXPECT_EQ(version(""), "web:12");
}

TEST(DeploymentValues, DurationsAreSpokenAndSecondsHaveTheirNames) {
  const alert::Event event = with(
      with(with(of_service("timeout"), "duration", "125"), "age", "912"), "timeoutSeconds", "900");
  EXPECT_EQ(rendered(event,
                     "{duration} {durationSeconds} {age} {ageSeconds} {timeout} "
                     "{timeoutSeconds}"),
            "2m5s 125 15m12s 912 15m 900");
  EXPECT_EQ(EventValues(event).find("duration").content, "125") << "as the event has it, in JSON";
  EXPECT_EQ(EventValues(event).find("duration").kind, Value::Kind::json);
  EXPECT_EQ(rendered(with(event, "duration", "\"x\""), "{duration}"), "x");
  EXPECT_EQ(rendered(with(event, "duration", "-5"), "{duration}"), "0s");
}

TEST(DeploymentValues, ListsAndArnsReadAsPeopleReadThem) {
  std::string services = R"(["s0")";
  for (int i = 1; i < 30; ++i) services += ",\"s" + std::to_string(i) + '"';
  alert::Event event = with(of_service("deploy_started"), "services", services + "]");
  event = with(event, "skipped", R"([{"id":"ecs-svc/7"},"ecs-svc/8"])");
  event = with(event, "images",
               R"([{"container":"app","image":"shop/web:v42"},)"
               R"({"container":"log","image":"log:1","digest":"sha256:1f"}])");
  event = with(event, "previousTaskDefinition",
               R"("arn:aws-cn:ecs:cn-north-1:123456789012:task-definition/web:11")");
  EXPECT_THAT(rendered(event, "{services}"), testing::StartsWith("s0, s1, s2, "));
  EXPECT_THAT(rendered(event, "{services}"), testing::EndsWith(", s19 and 10 more"));
  EXPECT_EQ(rendered(event, "{skipped}"), "ecs-svc/7, ecs-svc/8");
  EXPECT_EQ(rendered(event, "{images}"), "app: shop/web:v42, log: log:1");
  EXPECT_EQ(rendered(event, "{previousTaskDefinition}"), "web:11");
  EXPECT_THAT(EventValues(event).find("previousTaskDefinition").content, HasSubstr("arn:aws-cn"));
  EXPECT_EQ(EventValues(event).find("skipped").content, R"([{"id":"ecs-svc/7"},"ecs-svc/8"])");
}

TEST(DeploymentValues, OfOtherKindsAreEmptySoThatTheirLinesDropOut) {
  for (const std::string_view name : deployment_names()) {
    EXPECT_EQ(deployment_value(an_event(), name).content, "") << name;
  }
  EXPECT_EQ(rendered(an_event(), "{monitor}\n{service} in {cluster}\nTook {duration}"), "checkout");
}

TEST(DeploymentTexts, OfADeploymentAreFewLinesUnderItsSentence) {
  alert::Event event = of_service("deploy_started");
  add_text(event, "link", "https://console.example/web");
  EXPECT_EQ(sent(event),
            "🔵 web in prod: deploy_started\n"
            "Service web in cluster prod, environment production\n"
            "https://console.example/web");
  EXPECT_EQ(sent(with(of_service("finished"), "duration", "125")),
            "🟢 web in prod: finished\n"
            "Service web in cluster prod, environment production");
}

TEST(DeploymentTexts, OfWhatAPersonActsOnHaveWhatTheyNeedForIt) {
  alert::Event event = with(of_service("recovering"), "impact", "\"outage\"");
  add_text(event, "runbook", "https://wiki.example/web");
  EXPECT_EQ(sent(event),
            "🔴 web in prod: recovering\n"
            "Service web in cluster prod, environment production\n"
            "Image: shop/web:v42\n"
            "Runbook: https://wiki.example/web");
  alert::Event failed = of_service("failed");
  add_text(failed, "dashboard", "https://graphs.example/web");
  EXPECT_EQ(sent(failed),
            "🔴 web in prod: failed\n"
            "Running: 2 of 3\n"
            "Service web in cluster prod, environment production\n"
            "Dashboard: https://graphs.example/web");
}

TEST(DeploymentTexts, NameTheMonitorOfEverySampleAndLeaveNothingHalfSaid) {
  for (const alert::EventTypeInfo& type : alert::event_types()) {
    const alert::Event event = sample_event(type.type, "1", {.monitor = "prod/web"}, Instant{});
    if (event.kind != "ecs") continue;
    const std::string text = sent(event);
    EXPECT_THAT(text, HasSubstr("This is a test: prod/web: ")) << type.name;
    EXPECT_THAT(text, HasSubstr("environment production")) << type.name;
    EXPECT_THAT(text, Not(HasSubstr(": \n"))) << text;
    EXPECT_THAT(text, Not(HasSubstr("  "))) << text;
    EXPECT_THAT(title_of(event), testing::StartsWith("Test: prod")) << type.name;
  }
}

TEST(DeploymentTexts, StepsOfOneDeploymentInOneMessageNeedNoHeadLine) {
  const Message message =
      a_message({of_service("deploy_started"), with(of_service("finished"), "duration", "2")});
  const Composed composed = compose(message, Texts(), {});
  EXPECT_EQ(composed.text, "🔵 web in prod: deploy_started\n🟢 web in prod: finished");
  EXPECT_EQ(composed.title, "prod/web: v42 is live after 2s");
  EXPECT_TRUE(composed.closes) << "as its last says";
}

TEST(DeploymentTexts, OfManyServicesCountWhatIsSaidOfEachLast) {
  const auto of = [](const std::string& service, const std::string& type) {
    alert::Event event = of_service(type, service + "/1");
    event.monitor = service;
    return event;
  };
  EXPECT_EQ(headline({of("a", "deploy_started"), of("b", "deploy_started"), of("b", "finished"),
                      of("c", "recovering"), of("d", "failed"), of("e", "scaled")}),
            "1 monitor is short of tasks, 1 has trouble deploying, 1 is deploying, 1 is done, "
            "1 other event");
}

TEST(DeploymentTexts, TheEndOfARollbackAndOfAServiceIsNoGoodNews) {
  EXPECT_EQ(mark_of(of_service("finished")), "🟢");
  EXPECT_EQ(mark_of(with(of_service("finished"), "rollback", "true")), "🟡");
  EXPECT_EQ(mark_of(of_service("service_deleted")), "🔵");
  EXPECT_EQ(mark_of(of_service("failed")), "🔴");
  const Composed back =
      compose(a_message({with(of_service("finished"), "rollback", "true")}), Texts(), {});
  EXPECT_FALSE(back.closes);
  EXPECT_EQ(back.severity, alert::Severity::warning);
}

}  // namespace
}  // namespace tocsin::notification

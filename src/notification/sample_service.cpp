#include "notification/sample_service.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json_writer.hpp"

namespace tocsin::notification {
namespace {

constexpr std::string_view kStops = "app exited with 137 (OutOfMemoryError), 3 times";
constexpr std::string_view kDefinition = "arn:aws:ecs:us-east-1:123456789012:task-definition/web:";

std::string quoted(std::string_view text) {
  std::string json;
  append_json_string(json, text);
  return json;
}

void add(alert::Event& event, std::string_view name, std::string json) {
  event.extra.emplace_back(name, std::move(json));
}

void add_label(alert::Event& event, const std::string& name, const std::string& value) {
  const auto at =
      std::ranges::lower_bound(event.labels, name, {}, &alert::Labels::value_type::first);
  if (at == event.labels.end() || at->first != name) event.labels.insert(at, {name, value});
}

struct Place {
  std::string cluster, service, region = "us-east-1", account = "123456789012";
};

// Of a monitor's name: "cluster/service", "cluster/service@region/account"; else it is both.
Place place_of(std::string_view monitor) {
  const std::string_view name = monitor.substr(0, monitor.find('@'));
  const std::string_view where = monitor.substr(std::min(monitor.size(), name.size() + 1));
  const std::size_t slash = name.find('/');
  Place out;
  out.cluster = name.substr(0, slash);
  out.service = slash == std::string_view::npos ? name : name.substr(slash + 1);
  if (const std::size_t end = where.find('/'); end != std::string_view::npos) {
    out.region = where.substr(0, end);
    out.account = where.substr(end + 1);
  }
  return out;
}

void add_fields_of(alert::Event& event, alert::EventType type) {
  using enum alert::EventType;
  switch (type) {
    case deploy_started:
      add(event, "taskDefinition", quoted(fmt::format("{}12", kDefinition)));
      add(event, "previousTaskDefinition", quoted(fmt::format("{}11", kDefinition)));
      return;
    case scaled:
      add(event, "from", "2");
      add(event, "to", "4");
      return;
    case recovering:
      event.severity = alert::Severity::warning;  // as what is partial has
      add(event, "impact", quoted("partial"));
      add(event, "running", "1");
      add(event, "desired", "3");
      [[fallthrough]];
    case tasks_stopped:
      add(event, "stops", quoted(kStops));
      return;
    case timeout:
      add(event, "subject", quoted("deploy"));
      add(event, "age", "912");
      add(event, "timeoutSeconds", "900");
      return;
    case rolled_back:
      add(event, "previousTaskDefinition", quoted(fmt::format("{}12", kDefinition)));
      add(event, "from", quoted("ecs-svc/1234567890123456789"));
      add(event, "to", quoted("ecs-svc/2345678901234567890"));
      return;
    case finished:
      add(event, "subject", quoted("deploy"));
      add(event, "duration", "125");
      return;
    case monitor_started:
    case service_created:
    case failed:
    case service_deleted:
    case went_down:
    case still_down:
    case recovered:
    case became_unknown:
    case flapping_started:
    case flapping_ended:
    case trouble_started:
    case trouble_ended:
    case timer_expired:
    case timer_still_expired:
    case timer_rearmed:
      return;
  }
}

}  // namespace

ServiceSample service_sample(alert::EventType type) {
  using enum alert::EventType;
  switch (type) {
    case monitor_started:
      return {"new", "", "2 services are watched"};
    case service_created:
      return {"deploying", "", "the service was created"};
    case deploy_started:
      return {"deploying", "", "deploying shop/web:v42 (web:12) after web:11"};
    case scaled:
      return {"stable", "", "scaled from 2 to 4 tasks"};
    case recovering:
      return {"recovering", "partial",
              "1 of 3 tasks run: app exited with 137 (OutOfMemoryError), 3 times"};
    case tasks_stopped:
      return {"recovering", "outage",
              "tasks stopped: app exited with 137 (OutOfMemoryError), 3 times"};
    case timeout:
      return {"deploying", "timeout",
              "deployment of shop/web:v42 (web:12) is not finished after 15m12s"};
    case rolled_back:
      return {"deploying",
              "ECS deployment circuit breaker: rolling back to deploymentId "
              "ecs-svc/2345678901234567890.",
              "web:12 is being rolled back to web:11: ECS deployment "
              "circuit breaker: rolling back to deploymentId ecs-svc/2345678901234567890."};
    case failed:
      return {"failed", "ECS deployment circuit breaker: tasks failed to start.",
              "deployment of shop/web:v42 (web:12) failed: ECS deployment circuit breaker: "
              "tasks failed to start."};
    case finished:
      return {"stable", "", "deployment of shop/web:v42 (web:12) finished after 2m5s"};
    case service_deleted:
      return {"gone", "", "the service was deleted"};
    case went_down:
    case still_down:
    case recovered:
    case became_unknown:
    case flapping_started:
    case flapping_ended:
    case trouble_started:
    case trouble_ended:
    case timer_expired:
    case timer_still_expired:
    case timer_rearmed:
      break;
  }
  return {};
}

void add_service_fields(alert::Event& event, alert::EventType type) {
  const auto [cluster, service, region, account] = place_of(event.monitor);
  add_label(event, "cluster", cluster);
  add(event, "cluster", quoted(cluster));
  add(event, "region", quoted(region));
  add(event, "account", quoted(account));
  add(event, "environment", quoted("production"));
  if (type == alert::EventType::monitor_started) {  // of all the cluster
    add(event, "services", R"(["api","web"])");
    return;
  }
  add_label(event, "service", service);
  add(event, "service", quoted(service));
  add(event, "deploymentId", quoted("ecs-svc/1234567890123456789"));
  add(event, "deploymentCreated", quoted(format_rfc3339(event.at)));
  const bool complete = event.state == "stable";
  add(event, "success", complete ? "true" : "false");
  add(event, "complete", complete ? "true" : "false");
  add(event, "taskDef", quoted("web:12"));
  const bool partial = type == alert::EventType::recovering;
  add(event, "runningCount", complete ? "3" : partial ? "1" : "0");
  add(event, "desiredCount", "3");
  add(event, "image", quoted("shop/web:v42"));
  add(event, "images", R"([{"container":"app","image":"shop/web:v42"}])");
  add(event, "link",
      quoted(fmt::format("https://{0}.console.aws.amazon.com/ecs/v2/clusters/"
                         "{1}/services/{2}/deployments?region={0}",
                         region, cluster, service)));
  add_fields_of(event, type);
}

}  // namespace tocsin::notification

#include "adapters/ecs_aws/answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>

#include "check/json.hpp"

namespace tocsin::ecs_aws {
namespace {

using check::JsonItems;
using check::JsonKind;
using check::JsonValue;
using deployment::Deployment;
using deployment::ServiceDeployment;
using deployment::Snapshot;
using ports::EcsFailureKind;

// ECS keeps 100 lines and a few deployments of a service. More is not read.
constexpr std::size_t kMostEvents = 200;
constexpr std::size_t kMostDeployments = 100;
constexpr std::size_t kMostText = 4'096;
constexpr std::int64_t kMostCount = 1'000'000'000;  // sums of them stay numbers
constexpr double kLastSecond = 253'402'300'799;     // of the year 9999

// The members of an object, walked once: find() walks all of it for each, and that is tens of
// kilobytes of events in every service.
class Members {
 public:
  explicit Members(JsonValue object) {
    for (JsonItems item(object); item.next();) {
      all_.emplace_back(item.key_value(), item.value());
    }
  }
  // As JsonValue::find().
  [[nodiscard]] JsonValue find(std::string_view key) const {
    const auto found = std::find_if(all_.rbegin(), all_.rend(),
                                    [&](const auto& one) { return one.first.is_string(key); });
    return found == all_.rend() ? JsonValue{} : found->second;
  }

 private:
  std::vector<std::pair<JsonValue, JsonValue>> all_;
};

std::string text(JsonValue value) {
  std::string out = value.string().value_or("");
  if (out.size() > kMostText) {
    out.resize(kMostText);
    // Not in the middle of a character.
    while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xC0U) == 0x80U) {
      out.pop_back();
    }
    if (!out.empty() && static_cast<unsigned char>(out.back()) >= 0x80U) {
      out.pop_back();
    }
  }
  return out;
}

std::int64_t count(JsonValue value) {
  return std::clamp<std::int64_t>(value.integer().value_or(0), 0, kMostCount);
}

// Epoch seconds as a number with a fraction, an exponent or neither; some servers send ISO 8601.
Instant time(JsonValue value) {
  if (const auto written = value.string()) {
    return parse_rfc3339(*written).value_or(Instant{});
  }
  const std::string_view digits = value.number();
  double seconds = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  const bool whole = !digits.empty() && error == std::errc{};
  if (!whole || !(seconds > 0 && seconds <= kLastSecond)) {
    return Instant{};
  }
  return from_unix_ms(std::llround(seconds * 1000));
}

// What `make` builds of the answer, which must be an object.
template <typename Make>
auto read(std::string_view body, Make make) -> Result<decltype(make(JsonValue{}))> {
  const auto value = check::parse_json(body);
  if (!value) {
    return std::unexpected(value.error());
  }
  if (value->kind() != JsonKind::object) {
    return fail(ErrorCode::invalid, "the answer is no JSON object");
  }
  return make(*value);
}

std::vector<std::string> texts(JsonValue list) {
  std::vector<std::string> out;
  for (JsonItems item(list); item.next();) {
    if (std::string one = text(item.value()); !one.empty()) {
      out.push_back(std::move(one));
    }
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> tags_of(JsonValue list) {
  std::vector<std::pair<std::string, std::string>> out;
  for (JsonItems item(list); item.next();) {
    out.emplace_back(text(item.value().find("key")), text(item.value().find("value")));
  }
  std::ranges::sort(out);
  return out;
}

Deployment deployment_of(const Members& value) {
  Deployment out;
  out.id = text(value.find("id"));
  out.primary = value.find("status").is_string("PRIMARY");
  out.task_definition = text(value.find("taskDefinition"));
  out.desired = count(value.find("desiredCount"));
  out.pending = count(value.find("pendingCount"));
  out.running = count(value.find("runningCount"));
  out.failed = count(value.find("failedTasks"));
  out.created = time(value.find("createdAt"));
  out.rollout = deployment::rollout_state(text(value.find("rolloutState")));
  out.rollout_reason = text(value.find("rolloutStateReason"));
  return out;
}

// How long traffic is shifted by design.
Milliseconds bake_time(JsonValue configuration) {
  std::int64_t minutes = count(configuration.find("bakeTimeInMinutes"));
  const JsonValue linear = configuration.find("linearConfiguration");
  double percent = 0;
  const std::string_view digits = linear.find("stepPercent").number();
  std::from_chars(digits.data(), digits.data() + digits.size(), percent);
  if (percent >= 1) {
    minutes += count(linear.find("stepBakeTimeInMinutes")) * std::llround(std::ceil(100 / percent));
  }
  minutes += count(configuration.find("canaryConfiguration").find("canaryBakeTimeInMinutes"));
  constexpr std::int64_t kMostMinutes = std::int64_t{60} * 24 * 366;
  return std::chrono::minutes{std::min(minutes, kMostMinutes)};
}

Snapshot snapshot_of(const Members& value) {
  Snapshot out;
  out.status = deployment::service_status(text(value.find("status")));
  out.created = time(value.find("createdAt"));
  out.scheduling = value.find("schedulingStrategy").is_string("DAEMON")
                       ? deployment::Scheduling::daemon
                       : deployment::Scheduling::replica;
  const JsonValue configuration = value.find("deploymentConfiguration");
  const std::string strategy = text(configuration.find("strategy"));
  out.rolling = strategy.empty() || strategy == "ROLLING";
  out.bake_time = out.rolling ? Milliseconds{0} : bake_time(configuration);
  out.desired = count(value.find("desiredCount"));
  out.running = count(value.find("runningCount"));
  for (JsonItems item(value.find("deployments"));
       item.next() && out.deployments.size() < kMostDeployments;) {
    out.deployments.push_back(deployment_of(Members(item.value())));
  }
  for (JsonItems item(value.find("events")); item.next() && out.events.size() < kMostEvents;) {
    out.events.push_back(
        {time(item.value().find("createdAt")), text(item.value().find("message"))});
  }
  return out;
}

ports::EcsService service_of(const Members& value) {
  ports::EcsService out;
  out.arn = text(value.find("serviceArn"));
  out.name = text(value.find("serviceName"));
  out.snapshot = snapshot_of(value);
  out.controller = text(value.find("deploymentController").find("type"));
  if (out.controller.empty()) {
    out.controller = "ECS";
  }
  out.service_deployment = text(value.find("currentServiceDeployment"));
  out.tags = tags_of(value.find("tags"));
  return out;
}

ServiceDeployment service_deployment_of(const Members& value) {
  ServiceDeployment out;
  out.status = deployment::service_deployment_status(text(value.find("status")));
  out.stage = text(value.find("lifecycleStage"));
  out.finished = time(value.find("finishedAt"));
  out.reason = text(value.find("statusReason"));
  if (const std::string why = text(value.find("rollback").find("reason")); !why.empty()) {
    out.reason = why;
  }
  for (JsonItems item(value.find("lifecycleHookDetails")); item.next();) {
    out.waits = out.waits || (item.value().find("targetType").is_string("PAUSE") &&
                              item.value().find("status").is_string("AWAITING_ACTION"));
  }
  return out;
}

deployment::Container container_of(JsonValue value) {
  deployment::Container out;
  out.name = text(value.find("name"));
  out.image = text(value.find("image"));
  out.digest = text(value.find("imageDigest"));
  out.exit_code = value.find("exitCode").integer();
  out.reason = text(value.find("reason"));
  return out;
}

deployment::Task task_of(const Members& value) {
  deployment::Task out;
  out.arn = text(value.find("taskArn"));
  out.started_by = text(value.find("startedBy"));
  out.last_status = text(value.find("lastStatus"));
  out.stop_code = text(value.find("stopCode"));
  out.stopped_reason = text(value.find("stoppedReason"));
  out.stopped = time(value.find("stoppedAt"));
  for (JsonItems item(value.find("containers")); item.next();) {
    out.containers.push_back(container_of(item.value()));
  }
  return out;
}

}  // namespace

Result<ports::EcsServiceNames> read_service_names(std::string_view body) {
  return read(body, [](JsonValue value) {
    return ports::EcsServiceNames{texts(value.find("serviceArns")), text(value.find("nextToken"))};
  });
}

Result<ports::EcsServices> read_services(std::string_view body) {
  return read(body, [](JsonValue answer) {
    const Members value(answer);
    ports::EcsServices out;
    for (JsonItems item(value.find("services")); item.next();) {
      out.found.push_back(service_of(Members(item.value())));
    }
    for (JsonItems item(value.find("failures")); item.next();) {
      const std::string who = text(item.value().find("arn"));
      const std::string why = text(item.value().find("reason"));
      if (why == "MISSING") {
        out.missing.push_back(who);
      } else {
        out.unread.push_back(fmt::format("{}: {} {}", who, why, text(item.value().find("detail"))));
      }
    }
    return out;
  });
}

Result<ports::EcsApi::ServiceDeployments> read_service_deployments(std::string_view body) {
  return read(body, [](JsonValue value) {
    ports::EcsApi::ServiceDeployments out;
    for (JsonItems item(value.find("serviceDeployments")); item.next();) {
      out.emplace(text(item.value().find("serviceDeploymentArn")),
                  service_deployment_of(Members(item.value())));
    }
    return out;
  });
}

Result<ports::EcsTaskArns> read_task_arns(std::string_view body) {
  return read(body, [](JsonValue value) {
    return ports::EcsTaskArns{texts(value.find("taskArns")), text(value.find("nextToken"))};
  });
}

Result<std::vector<deployment::Task>> read_tasks(std::string_view body) {
  return read(body, [](JsonValue value) {
    std::vector<deployment::Task> out;
    for (JsonItems item(value.find("tasks")); item.next();) {
      out.push_back(task_of(Members(item.value())));
    }
    return out;
  });
}

Result<ports::EcsTaskDefinition> read_task_definition(std::string_view body) {
  return read(body, [](JsonValue value) {
    ports::EcsTaskDefinition out;
    for (JsonItems item(value.find("taskDefinition").find("containerDefinitions")); item.next();) {
      out.images.emplace_back(text(item.value().find("name")), text(item.value().find("image")));
    }
    out.tags = tags_of(value.find("tags"));
    return out;
  });
}

ports::EcsFailure read_failure(const aws::Failure& failure) {
  const auto kind = [&] {
    if (failure.code == "ClusterNotFoundException") return EcsFailureKind::no_cluster;
    if (failure.code == "ServiceNotFoundException") return EcsFailureKind::no_service;
    switch (failure.kind) {
      case aws::FailureKind::transient:
        return EcsFailureKind::unanswered;
      case aws::FailureKind::throttled:
        return EcsFailureKind::throttled;
      case aws::FailureKind::credentials:
      case aws::FailureKind::clock:
        return EcsFailureKind::credentials;
      case aws::FailureKind::denied:
        return EcsFailureKind::denied;
      case aws::FailureKind::refused:
        return EcsFailureKind::refused;
    }
    return EcsFailureKind::refused;
  };
  return {kind(), aws::to_string(failure)};
}

}  // namespace tocsin::ecs_aws

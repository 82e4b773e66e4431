// A sequence that was recorded, as a file.

#include <fmt/format.h>

#include "base/json_writer.hpp"
#include "deployment/scenario.hpp"

namespace tocsin::deployment {
namespace {

void write_seconds(JsonWriter& w, std::string_view key, Instant at) {
  const std::int64_t ms = (at - kScenarioBegin).count();
  w.key(key);
  if (ms % 1000 == 0) {
    w.value(ms / 1000);
  } else {
    w.raw(fmt::format("{}{}.{:03}", ms < 0 ? "-" : "", std::abs(ms) / 1000, std::abs(ms) % 1000));
  }
}

void write_text(JsonWriter& w, std::string_view key, const std::string& value) {
  if (!value.empty()) {
    w.field(key, value);
  }
}

void write_deployment(JsonWriter& w, const Deployment& deployment) {
  w.object().field("id", deployment.id);
  w.field("status", deployment.primary ? "PRIMARY" : "ACTIVE");
  w.field("taskDefinition", deployment.task_definition);
  w.field("desired", deployment.desired).field("pending", deployment.pending);
  w.field("running", deployment.running).field("failed", deployment.failed);
  write_seconds(w, "createdAt", deployment.created);
  if (deployment.rollout != RolloutState::unset) {
    w.field("rolloutState", to_string(deployment.rollout));
  }
  write_text(w, "rolloutStateReason", deployment.rollout_reason);
  w.end_object();
}

void write_snapshot(JsonWriter& w, const Snapshot& snapshot) {
  w.key("deployments").array();
  for (const Deployment& deployment : snapshot.deployments) {
    write_deployment(w, deployment);
  }
  w.end_array();
  w.field("desiredCount", snapshot.desired).field("runningCount", snapshot.running);
  if (snapshot.status != ServiceStatus::active) {
    w.field("status", to_string(snapshot.status));
  }
  if (snapshot.created != Instant{}) {
    write_seconds(w, "serviceCreatedAt", snapshot.created);
  }
  if (snapshot.bake_time > Milliseconds{0}) {
    w.field("bakeTimeInMinutes",
            std::chrono::duration_cast<std::chrono::minutes>(snapshot.bake_time).count());
  }
  if (!snapshot.events.empty()) {
    w.key("events").array();
    for (const ServiceEvent& event : snapshot.events) {
      w.object();
      write_seconds(w, "createdAt", event.created);
      w.field("message", event.message).end_object();
    }
    w.end_array();
  }
  if (const auto& shift = snapshot.service_deployment) {
    w.key("serviceDeployment").object().field("status", to_string(shift->status));
    write_text(w, "lifecycleStage", shift->stage);
    write_text(w, "statusReason", shift->reason);
    if (shift->waits) {
      w.field("waits", true);
    }
    w.end_object();
  }
}

void write_poll(JsonWriter& w, const ScenarioPoll& poll) {
  w.object();
  write_seconds(w, "t", poll.at);
  if (poll.restart) {
    w.field("restart", true).end_object();
    return;
  }
  if (poll.observation.now != poll.at) {
    write_seconds(w, "serverT", poll.observation.now);
  }
  if (const auto* unanswered = std::get_if<Unanswered>(&poll.observation.seen)) {
    w.field("error", unanswered->error);
  } else if (std::holds_alternative<Missing>(poll.observation.seen)) {
    w.field("missing", true);
  } else if (std::holds_alternative<Absent>(poll.observation.seen)) {
    w.field("absent", true);
  } else {
    write_snapshot(w, std::get<Snapshot>(poll.observation.seen));
  }
  w.end_object();
}

void write_options(JsonWriter& w, const Options& options) {
  const auto seconds = [&w](std::string_view key, Milliseconds value) {
    w.key(key).raw(fmt::format("{}", static_cast<double>(value.count()) / 1000));
  };
  seconds("timeoutSeconds", options.timeout);
  seconds("scaleDebounceSeconds", options.scale_debounce);
  w.field("partialCrashPolls", options.partial_crash_polls);
  w.field("deployFailedTasksAlert", options.deploy_failed_tasks);
  seconds("flapWindowSeconds", options.flap_window);
  w.field("flapThreshold", options.flap_threshold);
  seconds("flapQuietSeconds", options.flap_quiet);
  w.field("missingPolls", options.missing_polls);
  w.field("coldStart", options.adopt_running ? "adopt" : "announce");
}

// What every snapshot of a sequence has alike stands in its `config`.
void write_kind(JsonWriter& w, const Scenario& scenario) {
  for (const ScenarioPoll& poll : scenario.polls) {
    if (const auto* snapshot = std::get_if<Snapshot>(&poll.observation.seen)) {
      if (!snapshot->rolling) {
        w.field("strategy", "BLUE_GREEN");
      }
      if (snapshot->scheduling == Scheduling::daemon) {
        w.field("schedulingStrategy", "DAEMON");
      }
      return;
    }
  }
}

}  // namespace

std::string write_scenarios(const std::vector<Scenario>& scenarios) {
  std::string out;
  JsonWriter w(out);
  w.object().field("version", 1).key("scenarios").array();
  for (const Scenario& scenario : scenarios) {
    out += '\n';
    w.object().field("name", scenario.name).key("config").object();
    write_options(w, scenario.options);
    write_kind(w, scenario);
    w.end_object().key("polls").array();
    for (const ScenarioPoll& poll : scenario.polls) {
      write_poll(w, poll);
    }
    w.end_array().end_object();
  }
  w.end_array().end_object();
  out += '\n';
  return out;
}

}  // namespace tocsin::deployment

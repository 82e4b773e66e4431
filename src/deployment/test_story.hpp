#pragma once
// A service in tests: snapshots of it one after the other, and what is told of them as short lines.

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "deployment/observe.hpp"
#include "deployment/scenario.hpp"

namespace tocsin::deployment::test {

inline Instant second(std::int64_t t) { return kScenarioBegin + std::chrono::seconds{t}; }

// A deployment of 2 tasks that is finished; `.running(1)` and the like say otherwise.
struct Tasks : Deployment {
  explicit Tasks(const std::string& name, std::int64_t created_at, const std::string& image = "1") {
    id = name;
    primary = true;
    task_definition = "web:" + image;
    desired = Deployment::running = 2;
    created = second(created_at);
    rollout = RolloutState::completed;
  }
  Tasks& old() { return primary = false, *this; }
  Tasks& going(std::int64_t tasks = 0) {
    rollout = RolloutState::in_progress;
    return run(tasks);
  }
  Tasks& run(std::int64_t tasks) { return Deployment::running = tasks, *this; }
  Tasks& wait(std::int64_t tasks) { return pending = tasks, *this; }
  Tasks& fail(std::int64_t tasks) { return failed = tasks, *this; }
  Tasks& state(RolloutState value, std::string reason = "") {
    rollout = value;
    rollout_reason = std::move(reason);
    return *this;
  }
};

inline Snapshot snapshot(std::int64_t desired, std::initializer_list<Deployment> deployments) {
  Snapshot out;
  out.created = second(-5000);
  out.desired = desired;
  out.deployments = deployments;
  for (Deployment& deployment : out.deployments) {
    if (deployment.primary) deployment.desired = desired;
    out.running += deployment.running;
  }
  return out;
}

// "finished kind=deploy deployment=B rollback": without what only describes.
inline std::string line_of(const Notice& notice) {
  std::string out(to_string(notice.type));
  for (auto [name, json] : fields_of(notice)) {
    if (name == "taskDefinition" || name == "previousTaskDefinition" || name == "reason" ||
        name == "running" || name == "desired" || name == "duration" || name == "timeoutSeconds") {
      continue;
    }
    std::erase(json, '"');
    out += " " + name + (json == "true" ? "" : "=" + json);
  }
  return out;
}

class Story {
 public:
  using Lines = std::vector<std::string>;

  Lines see(std::int64_t t, Snapshot snapshot) { return see_any(t, std::move(snapshot)); }
  Lines see(std::int64_t t, std::int64_t desired, std::initializer_list<Deployment> deployments) {
    return see_any(t, test::snapshot(desired, deployments));
  }
  Lines missing(std::int64_t t) { return see_any(t, Missing{}); }
  Lines absent(std::int64_t t) { return see_any(t, Absent{}); }
  Lines unanswered(std::int64_t t) { return see_any(t, Unanswered{"Rate exceeded"}); }

  // A service of 2 tasks that is finished since long, at 0.
  void settle() { (void)see(0, 2, {Tasks("A", -1000)}); }

  Options options;
  bool fleet_known = false;
  ServiceState state;
  std::vector<Notice> told;  // all

 private:
  Lines see_any(std::int64_t t, std::variant<Unanswered, Missing, Absent, Snapshot> seen) {
    Lines out;
    const Observation observation{second(t), std::move(seen)};
    for (Notice& notice : observe(state, observation, options, fleet_known)) {
      out.push_back(line_of(notice));
      told.push_back(std::move(notice));
    }
    // Whatever a restart would lose shows in the next lines.
    const ServiceState read = parse_service_state(to_json(state));
    if (read != state) out.emplace_back("NOT DURABLE: " + to_json(state));
    state = read;
    return out;
  }
};

}  // namespace tocsin::deployment::test

// D: while a deployment goes on, and after it failed.

#include <algorithm>

#include "deployment/judge.hpp"

namespace tocsin::deployment {
namespace {

bool has_failed(const Snapshot& snapshot, const Deployment& primary) {
  using Status = ServiceDeployment::Status;
  if (!snapshot.rolling && snapshot.service_deployment) {
    const Status status = snapshot.service_deployment->status;
    return status == Status::stopped || status == Status::rollback_failed;
  }
  return primary.rollout == RolloutState::failed;
}

std::int64_t running_in_all(const Snapshot& snapshot) {
  std::int64_t out = 0;
  for (const Deployment& deployment : snapshot.deployments) {
    out += deployment.running;
  }
  return out;
}

}  // namespace

void Judge::finish() {
  s_.phase = Phase::stable;
  s_.finished_task_definition = s_.task_definition;
  s_.steady_since = now_;
  // One that is promoted again by a rollback was created long ago.
  const bool again = s_.previous_created > s_.created;
  const Instant began = again ? std::max(s_.created, s_.age_from) : s_.created;
  s_.age_from = Instant{};
  Notice finished = notice(NoticeType::finished);
  finished.subject = Subject::deploy;
  finished.rollback = s_.rollback;
  finished.duration = std::max(now_ - began, Milliseconds{0});
  notices.push_back(std::move(finished));
}

void Judge::going_on(const Snapshot& snapshot, const Deployment& primary) {
  if (snapshot.desired != s_.desired) {
    if (snapshot.scheduling != Scheduling::daemon) {
      Notice scaled = notice(NoticeType::scaled);
      scaled.from = s_.desired;
      scaled.to = snapshot.desired;
      scaled.during_deployment = true;
      scaled.key += "/" + std::to_string(snapshot.desired) + "/" + std::to_string(unix_ms(now_));
      notices.push_back(std::move(scaled));
    }
    s_.desired = snapshot.desired;
    s_.age_from = now_;
  }
  if (complete(snapshot, primary)) {
    finish();
  } else if (has_failed(snapshot, primary)) {
    s_.phase = Phase::failed;
    Notice failed = notice(NoticeType::failed);
    failed.reason = !snapshot.rolling && snapshot.service_deployment
                        ? snapshot.service_deployment->reason
                        : primary.rollout_reason;
    notices.push_back(std::move(failed));
  } else {
    look_for_failure(snapshot, primary);
    look_at_age(snapshot, primary);
  }
}

void Judge::look_for_failure(const Snapshot& snapshot, const Deployment& primary) {
  if (primary.failed < options_.deploy_failed_tasks || s_.failing_told) {
    return;
  }
  s_.failing_told = true;
  Notice failing = notice(NoticeType::recovering);
  failing.impact = Impact::deploy;
  failing.during_deployment = true;
  failing.failed_tasks = primary.failed;
  failing.running = primary.running;
  failing.desired = snapshot.desired;
  failing.key += "/" + std::to_string(unix_ms(now_));
  notices.push_back(std::move(failing));
}

void Judge::look_at_age(const Snapshot& snapshot, const Deployment& primary) {
  const Milliseconds limit =
      options_.timeout + (snapshot.rolling ? Milliseconds{0} : snapshot.bake_time);
  const Milliseconds age = now_ - std::max(primary.created, s_.age_from);
  const bool waits = snapshot.service_deployment && snapshot.service_deployment->waits;
  if (s_.timeout_told || waits || age <= limit) {
    return;
  }
  s_.timeout_told = true;
  Notice late = notice(NoticeType::timeout);
  late.subject = Subject::deploy;
  late.age = age;
  late.timeout = limit;
  notices.push_back(std::move(late));
}

// What ran before goes on running. Should that end too, nothing is left.
void Judge::failed(const Snapshot& snapshot) {
  s_.desired = snapshot.desired;
  const std::int64_t running = running_in_all(snapshot);
  if (running == 0 && snapshot.desired > 0 && s_.running_all > 0) {
    run_short(Impact::outage, snapshot, false);
  } else if (s_.recovery.going_on && running >= snapshot.desired) {
    recover();
  }
}

}  // namespace tocsin::deployment

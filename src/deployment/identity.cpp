// B and C: which deployment is followed, and how it came about.

#include <algorithm>
#include <string_view>

#include "deployment/judge.hpp"

namespace tocsin::deployment {
namespace {

// Snapshots in a row that are taken for old ones. The next is believed: should AWS ever promote an
// old deployment again, the rules must heal and not hang.
constexpr std::int64_t kMostStale = 3;

// As many as a stale read may bring back.
constexpr std::size_t kMostPastRollbacks = 4;

bool says_rolling_back(std::string_view text) {
  constexpr std::string_view kWords = "rolling back";
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; };
  return !std::ranges::search(text, kWords, same).empty();
}

// Where traffic is shifted ECS says itself that it goes back.
bool shows_rollback(const Snapshot& snapshot) {
  using Status = ServiceDeployment::Status;
  if (snapshot.rolling || !snapshot.service_deployment) {
    return false;
  }
  const Status status = snapshot.service_deployment->status;
  return status == Status::rolling_back || status == Status::rolled_back ||
         status == Status::rollback_failed;
}

}  // namespace

void Judge::begin(const Deployment& primary, bool rollback) {
  // An old one that is promoted again begins now.
  s_.age_from = primary.created < s_.created ? now_ : Instant{};
  s_.previous_created = s_.created;
  s_.phase = Phase::deploying;
  s_.deployment = primary.id;
  s_.created = primary.created;
  s_.task_definition = primary.task_definition;
  if (!rollback) {
    s_.thread = primary.id;
  }
  s_.rollback = rollback;
  s_.timeout_told = s_.failing_told = false;
  s_.running = 0;
  s_.dips = 0;
  s_.recovery = Recovery{};
  s_.scaling = Scaling{};
  if (rollback) {
    note_rollback();
  }
}

void Judge::note_rollback() {
  s_.past_rollbacks.push_back(s_.deployment);
  if (s_.past_rollbacks.size() > kMostPastRollbacks) {
    s_.past_rollbacks.erase(s_.past_rollbacks.begin());
  }
}

void Judge::announce(Notice started) {
  started.deployment = started.key = s_.deployment;
  started.thread = s_.thread;
  started.task_definition = s_.task_definition;
  started.created = s_.created;
  started.previous_created = s_.previous_created;
  notices.push_back(std::move(started));
}

// --- B ---

void Judge::first_sight(const Snapshot& snapshot, const Deployment& primary) {
  const bool is_new = s_.reborn || fleet_known_;
  const bool finished = complete(snapshot, primary);
  s_.reborn = false;
  s_.service_created = snapshot.created;
  begin(primary, false);
  s_.desired = snapshot.desired;
  if (is_new) {
    Notice created = notice(NoticeType::service_created);
    created.key = life_key();
    created.reappeared = s_.reappeared != Instant{};
    notices.push_back(std::move(created));
    Notice started = notice(NoticeType::deploy_started);
    started.initial = true;
    notices.push_back(std::move(started));
    if (finished) {
      finish();
    }
    return;
  }
  if (!finished) {
    if (!options_.adopt_running) {
      Notice started = notice(NoticeType::deploy_started);
      started.in_progress = true;
      notices.push_back(std::move(started));
    }
    return;
  }
  s_.phase = Phase::stable;
  s_.finished_task_definition = s_.task_definition;
  s_.steady_since = now_;
  const bool down = primary.running == 0 && snapshot.desired > 0;
  if (down && snapshot.scheduling != Scheduling::daemon) {
    run_short(Impact::outage, snapshot, true);
  }
}

// --- C ---

bool Judge::stale(const Snapshot& snapshot, const Deployment& primary) {
  // An old deployment that is promoted again by a rollback says so. But one that came about by a
  // rollback says it as well; an old look at one of those shows something that was followed as
  // such, or that nobody saw, between the two that were followed.
  const bool goes_back =
      says_rolling_back(primary.rollout_reason) && primary.created <= s_.previous_created &&
      std::ranges::find(s_.past_rollbacks, primary.id) == s_.past_rollbacks.end();
  if (shows_rollback(snapshot)) {
    s_.stale = 0;
    return false;
  }
  if (primary.created < s_.created && !goes_back && s_.stale < kMostStale) {
    s_.stale += 1;
    return true;
  }
  s_.stale = 0;
  return false;
}

// The reason is replaced when the rollback is finished; then the service's own log is the only
// trace. Without a trace a return to the old task definition is somebody's deployment.
bool Judge::rollback_evidence(const Snapshot& snapshot, const Deployment& primary) const {
  if (says_rolling_back(primary.rollout_reason)) {
    return true;
  }
  const bool logged = std::ranges::any_of(snapshot.events, [&](const ServiceEvent& event) {
    return event.created > s_.newest_event && says_rolling_back(event.message);
  });
  const Deployment* followed = snapshot.find(s_.deployment);
  const bool failed = followed != nullptr && followed->rollout == RolloutState::failed;
  return logged || (failed && primary.task_definition == s_.finished_task_definition);
}

std::vector<Skipped> Judge::skipped(const Snapshot& snapshot, const Deployment& primary) const {
  std::vector<Skipped> out;
  for (const Deployment& other : snapshot.deployments) {
    if (other.created > s_.created && other.id != s_.deployment && other.id != primary.id) {
      out.push_back({other.id, other.task_definition, other.created});
    }
  }
  return out;
}

void Judge::roll_back(const Snapshot& snapshot, const Deployment& primary,
                      const std::string& from) {
  Notice back = notice(NoticeType::rolled_back);
  back.deployment = back.from_deployment = from;
  back.to_deployment = primary.id;
  back.key = primary.id;
  back.reason = primary.rollout_reason;
  for (const ServiceEvent& event : snapshot.events) {
    if (!says_rolling_back(back.reason) && event.created > s_.newest_event &&
        says_rolling_back(event.message)) {
      back.reason = event.message;
    }
  }
  if (from == s_.deployment) {
    back.previous_task_definition = s_.task_definition;
  }
  begin(primary, true);
  back.task_definition = s_.task_definition;
  back.created = s_.created;
  back.previous_created = s_.previous_created;
  notices.push_back(std::move(back));
}

// Both the start of a deployment and its failure fell between two polls.
void Judge::rolled_back_unseen(const Snapshot& snapshot, const Deployment& primary) {
  const auto failed = std::ranges::find_if(snapshot.deployments, [&](const Deployment& other) {
    return other.rollout == RolloutState::failed && other.created > s_.created &&
           other.id != primary.id;
  });
  if (failed == snapshot.deployments.end()) {
    s_.thread = primary.id;
    roll_back(snapshot, primary, "");
    return;
  }
  Notice started = notice(NoticeType::deploy_started);
  started.previous_task_definition = s_.task_definition;
  begin(*failed, false);
  announce(std::move(started));
  roll_back(snapshot, primary, failed->id);
}

// Where traffic is shifted it returns to what ran before, under whichever id.
void Judge::shift_back(const Snapshot& snapshot, const Deployment& primary) {
  Notice back = notice(NoticeType::rolled_back);
  back.from_deployment = s_.deployment;
  back.previous_task_definition = s_.task_definition;
  back.reason = snapshot.service_deployment->reason;
  const bool same = primary.id == s_.deployment;
  begin(primary, true);
  if (same) {
    s_.task_definition = s_.finished_task_definition;
  }
  back.task_definition = s_.task_definition;
  notices.push_back(std::move(back));
}

// What a rollback that is told already turns out to be.
void Judge::adopt(const Deployment& primary) {
  s_.age_from = primary.created < s_.created ? now_ : s_.age_from;
  s_.previous_created = s_.created;
  s_.deployment = primary.id;
  s_.created = primary.created;
  s_.task_definition = primary.task_definition;
  note_rollback();
}

void Judge::follow(const Snapshot& snapshot, const Deployment& primary) {
  if (shows_rollback(snapshot) && s_.phase == Phase::deploying && !s_.rollback) {
    shift_back(snapshot, primary);
    return;
  }
  if (primary.id == s_.deployment) {
    return;
  }
  if (shows_rollback(snapshot) && s_.rollback) {
    adopt(primary);
    return;
  }
  if (s_.phase != Phase::stable && rollback_evidence(snapshot, primary)) {
    roll_back(snapshot, primary, std::string(s_.deployment));
    return;
  }
  if (s_.phase == Phase::stable && says_rolling_back(primary.rollout_reason)) {
    rolled_back_unseen(snapshot, primary);
    return;
  }
  Notice started = notice(NoticeType::deploy_started);
  started.previous_task_definition = s_.task_definition;
  if (s_.phase == Phase::deploying) {
    started.supersedes = s_.deployment;
  }
  started.redeploy = primary.task_definition == s_.finished_task_definition;
  started.skipped = skipped(snapshot, primary);
  // To what ran before, of something that nobody saw: the log alone tells.
  started.rollback = started.redeploy && rollback_evidence(snapshot, primary);
  begin(primary, false);
  if (started.rollback) {
    s_.rollback = true;
    note_rollback();
  }
  announce(std::move(started));
}

}  // namespace tocsin::deployment

#include "deployment/observe.hpp"

#include <algorithm>
#include <string>

#include "deployment/judge.hpp"

namespace tocsin::deployment {
namespace {

// AWS denied a service that it shows again: so many answers in a row are believed. Fewer are the
// last that is heard of one that was deleted.
constexpr std::int64_t kBelieved = 4;

}  // namespace

Notice Judge::notice(NoticeType type) const {
  Notice out;
  out.type = type;
  out.at = now_;
  out.deployment = out.key = s_.deployment;
  out.task_definition = s_.task_definition;
  out.created = s_.created;
  out.thread = s_.thread;
  return out;
}

// Of what begins and ends with a service. One that AWS denies for a while has several of them.
std::string Judge::life_key() const {
  std::string out = std::to_string(unix_ms(s_.service_created));
  if (s_.reappeared != Instant{}) {
    out += "/" + std::to_string(unix_ms(s_.reappeared));
  }
  return out;
}

// --- A: is there anything to be judged? ---

void Judge::missing() {
  s_.denied = 0;
  if (s_.phase == Phase::fresh || s_.phase == Phase::gone) {
    return;
  }
  s_.missing += 1;
  if (s_.missing >= options_.missing_polls) {
    go();
  }
}

void Judge::go() {
  Notice deleted = notice(NoticeType::service_deleted);
  deleted.key = life_key();
  ServiceState gone;
  gone.phase = Phase::gone;
  gone.service_created = s_.service_created;
  gone.created = s_.created;
  s_ = std::move(gone);
  notices.push_back(std::move(deleted));
}

// Tasks are being stopped, or all are: it was deleted. Of one that was never seen nothing is told.
void Judge::unavailable(const Snapshot& snapshot) {
  s_.denied = 0;
  if (s_.phase == Phase::fresh) {
    s_.phase = Phase::gone;
    s_.service_created = snapshot.created;
  } else if (s_.phase != Phase::gone) {
    go();
  }
}

// Whether a service that was gone is there: under its name by a later one, or after all.
bool Judge::returns(const Snapshot& snapshot) {
  const Deployment* primary = snapshot.primary();
  const bool dated = snapshot.created != Instant{} && s_.service_created != Instant{};
  const bool later = dated ? snapshot.created > s_.service_created
                           : primary != nullptr && primary->created > s_.created;
  if (!later && ++s_.denied < kBelieved) {
    return false;
  }
  s_ = ServiceState{};
  s_.reborn = true;
  s_.reappeared = later ? Instant{} : now_;
  return true;
}

bool Judge::replaced(const Snapshot& snapshot) const {
  return s_.phase != Phase::fresh && s_.phase != Phase::gone && s_.service_created != Instant{} &&
         snapshot.created > s_.service_created;
}

void Judge::answered(const Snapshot& snapshot) {
  if (snapshot.status != ServiceStatus::active) {
    // An old look at one that had its name before tells nothing of this one.
    if (snapshot.created == Instant{} || snapshot.created >= s_.service_created) {
      unavailable(snapshot);
    }
    return;
  }
  if (replaced(snapshot)) {
    go();  // and another took its name, between two answers
  }
  if (s_.phase == Phase::gone && !returns(snapshot)) {
    return;
  }
  s_.missing = 0;
  const Deployment* primary = snapshot.primary();
  if (primary == nullptr) {
    return;
  }
  if (s_.phase == Phase::fresh) {
    first_sight(snapshot, *primary);
  } else {
    if (stale(snapshot, *primary)) {
      return;
    }
    follow(snapshot, *primary);
    if (s_.phase == Phase::deploying) {
      going_on(snapshot, *primary);
    } else if (s_.phase == Phase::failed) {
      failed(snapshot);
    }
    if (s_.phase == Phase::stable) {
      steady(snapshot, *primary);
    }
  }
  remember(snapshot, *primary);
}

void Judge::remember(const Snapshot& snapshot, const Deployment& primary) {
  s_.service_created = std::max(s_.service_created, snapshot.created);
  s_.running = primary.running;
  s_.running_all = 0;
  for (const Deployment& deployment : snapshot.deployments) {
    s_.running_all += deployment.running;
  }
  for (const ServiceEvent& event : snapshot.events) {
    s_.newest_event = std::max(s_.newest_event, event.created);
  }
}

std::vector<Notice> observe(ServiceState& state, const Observation& observation,
                            const Options& options, bool fleet_known) {
  Judge judge(state, observation.now, options, fleet_known);
  if (std::holds_alternative<Missing>(observation.seen)) {
    judge.missing();
  } else if (const auto* snapshot = std::get_if<Snapshot>(&observation.seen)) {
    judge.answered(*snapshot);
  }
  return std::move(judge.notices);
}

void excuse_shortage(ServiceState& state) {
  Recovery& recovery = state.recovery;
  recovery.going_on = false;
  if (!recovery.episodes.empty()) {
    recovery.episodes.pop_back();
  }
  state.dips = 0;
}

}  // namespace tocsin::deployment

#include "service/ecs/cluster_follower.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "deployment/observe.hpp"
#include "deployment/stops.hpp"

namespace tocsin::service {
namespace {

using namespace std::chrono_literals;
using deployment::Impact;
using deployment::Notice;
using deployment::NoticeType;
using deployment::Observation;
using deployment::Phase;
using deployment::Snapshot;

// Looks that wait for one that is being asked about. More would be old by then.
constexpr std::size_t kMostWaiting = 8;
// Nobody looked for so long beyond the interval: what is found may have happened long ago.
constexpr Milliseconds kLateAfter = 1min;

const Snapshot* snapshot_of(const ClusterFollower::Look& look) {
  return std::get_if<Snapshot>(&look.observation.seen);
}

const std::string* error_of(const ClusterFollower::Look& look) {
  const auto* unanswered = std::get_if<deployment::Unanswered>(&look.observation.seen);
  return unanswered == nullptr ? nullptr : &unanswered->error;
}

bool is_answer(const ClusterFollower::Look& look) {
  return snapshot_of(look) != nullptr ||
         std::holds_alternative<deployment::Missing>(look.observation.seen);
}

// Why a look says nothing about the service.
std::string unseen(const ClusterFollower::Look& look) {
  if (const std::string* error = error_of(look)) {
    return *error;
  }
  if (std::holds_alternative<deployment::Missing>(look.observation.seen)) {
    return "AWS does not know the service";
  }
  return "AWS's answer leaves the service out";
}

bool is_shortage(const Notice& notice, Impact impact) {
  return notice.type == NoticeType::recovering && notice.impact == impact;
}

bool excusable(const Notice& notice) { return is_shortage(notice, Impact::partial); }

const Notice* outage_of(const std::vector<Notice>& notices) {
  const auto found = std::ranges::find_if(
      notices, [](const Notice& notice) { return is_shortage(notice, Impact::outage); });
  return found == notices.end() ? nullptr : &*found;
}

}  // namespace

// --- Looks, one at a time. ---

void ClusterFollower::seen(const std::string& service, Look look) {
  Followed& followed = services_[service];
  if (!followed.busy) {
    begin(service, std::move(look));
    return;
  }
  if (followed.waiting.size() == kMostWaiting) {
    followed.waiting.pop_front();
  }
  followed.waiting.push_back(std::move(look));
}

void ClusterFollower::begin(const std::string& service, Look look) {
  Followed& followed = services_[service];
  if (!followed.monitor.empty() && !ports_.watch.follows(followed.monitor)) {
    followed.monitor.clear();
    followed.notes.reset();
  }
  if (!followed.monitor.empty() && !ports_.watch.takes_findings(followed.monitor)) {
    followed.waiting.clear();  // once it goes on, they would be news of long ago
    return;
  }
  followed.busy = true;
  auto step = std::make_shared<Step>();
  step->service = service;
  step->look = std::move(look);
  learn_images(step);
}

void ClusterFollower::end(const std::string& service) {
  const auto found = services_.find(service);
  if (found == services_.end()) {
    return;
  }
  found->second.busy = false;
  if (found->second.leaves) {
    let_go(service);
    return;
  }
  if (!found->second.waiting.empty()) {
    Look next = std::move(found->second.waiting.front());
    found->second.waiting.pop_front();
    begin(service, std::move(next));
  }
}

// What is told of a deployment names its images: they are asked for before it is judged.
void ClusterFollower::learn_images(const StepPtr& step) {
  const Snapshot* snapshot = snapshot_of(step->look);
  const deployment::Deployment* primary = snapshot == nullptr ? nullptr : snapshot->primary();
  const ServiceMemory& memory = services_[step->service].memory;
  const bool wanted = ports_.inquiry != nullptr && primary != nullptr &&
                      memory.images_of != primary->task_definition &&
                      (memory.state.deployment != primary->id || !complete(*snapshot, *primary)) &&
                      !(memory.state.phase == Phase::fresh && complete(*snapshot, *primary) &&
                        !step->look.fleet_known);
  if (!wanted) {
    judge(step);
    return;
  }
  const std::string definition = primary->task_definition;
  const auto take = [this, step, definition](Inquiry::Images images) {
    ServiceMemory& known = services_[step->service].memory;
    known.images_of = images.empty() ? std::string() : definition;
    known.images = std::move(images);
    judge(step);
  };
  if (const Inquiry::Images* images = ports_.inquiry->known_images(definition)) {
    take(*images);
    return;
  }
  ports_.inquiry->images(definition, [alive = alive_, take](Inquiry::Images images) {
    if (*alive) {
      take(std::move(images));
    }
  });
}

// --- Judged. ---

bool ClusterFollower::is_new(const Look& look) const {
  const Snapshot* snapshot = snapshot_of(look);
  if (!look.fleet_known || snapshot == nullptr || !fleet_since_) {
    return look.fleet_known;
  }
  // One that is older than the fleet was not selected then: its tags changed, or it was listed
  // late.
  const Milliseconds slack = cluster_.config.refresh_interval + 1min;
  return *fleet_since_ == Instant{} || snapshot->created == Instant{} ||
         snapshot->created + slack >= *fleet_since_;
}

std::optional<Milliseconds> ClusterFollower::lateness(const ServiceMemory& before,
                                                      const Look& look) const {
  const Milliseconds gap = look.observation.now - before.looked;
  const bool late = before.looked != Instant{} && gap > cluster_.config.check_interval + kLateAfter;
  return late ? std::optional(gap - cluster_.config.check_interval) : std::nullopt;
}

// What is known of a service of this name elsewhere says nothing about this one.
void ClusterFollower::refuse_foreign_state(Followed& followed, const Look& look) {
  if (!look.service || followed.memory.arn.empty()) {
    return;
  }
  const ArnParts known = parts_of_arn(followed.memory.arn);
  const ArnParts found = parts_of_arn(look.service->arn);
  if (known.region == found.region && known.account == found.account) {
    return;
  }
  ports_.log.warn("what is known of an ECS service is of another account or region: begun anew",
                  {{"known", followed.memory.arn}, {"found", look.service->arn}});
  followed.memory = ServiceMemory{};
  followed.excused = Instant{};
  followed.begun_anew = true;
}

void ClusterFollower::judge(const StepPtr& step) {
  Followed& followed = services_[step->service];
  refuse_foreign_state(followed, step->look);
  cover(step->service, followed, step->look);
  followed.unknown_to_aws =
      std::holds_alternative<deployment::Missing>(step->look.observation.seen) &&
      followed.memory.state.phase == Phase::fresh;
  step->after = followed.memory;
  ServiceMemory& after = step->after;
  step->late = lateness(followed.memory, step->look);
  step->notices = observe(after.state, step->look.observation, cluster_.config.options,
                          is_new(step->look) && !std::exchange(followed.begun_anew, false));
  if (is_answer(step->look)) {
    after.looked = step->look.observation.now;
  }
  if (step->look.service) {
    after.arn = step->look.service->arn;
    after.tags = kept_tags(step->look.service->tags);
  }
  after.cluster = cluster_.config.name;
  after.name = step->service;
  explain(step);
}

// Why too few tasks run is part of what is told of it; when nothing runs, nobody waits for that.
void ClusterFollower::explain(const StepPtr& step) {
  const auto short_now = std::ranges::find_if(step->notices, [](const Notice& notice) {
    return is_shortage(notice, Impact::partial) || is_shortage(notice, Impact::deploy);
  });
  if (ports_.inquiry == nullptr || short_now == step->notices.end()) {
    tell(step);
    return;
  }
  const deployment::ServiceState& state = step->after.state;
  const Instant since = excusable(*short_now) ? state.steady_since : state.created;
  auto done = [this, alive = alive_, step, since](Inquiry::Stops tasks) {
    if (!*alive) {
      return;
    }
    if (tasks) {
      const auto stops =
          deployment::stops_since(std::move(*tasks), step->after.state.deployment, since);
      excuse(*step, stops);
      step->stops = deployment::explain(stops);
    }
    tell(step);
  };
  ports_.inquiry->stops(cluster_.config.name, step->service, std::move(done));
}

// Tasks that the service stopped on purpose are replaced: that is no crash, unless it lasts without
// another being stopped.
void ClusterFollower::excuse(Step& step, const std::vector<deployment::Task>& stops) {
  Followed& followed = services_[step.service];
  if (!deployment::all_meant(stops) || stops.front().stopped <= followed.excused) {
    return;
  }
  if (std::erase_if(step.notices, excusable) > 0) {
    followed.excused = stops.front().stopped;
    deployment::excuse_shortage(step.after.state);
  }
}

// --- Told. ---

Scene ClusterFollower::scene_of(const Followed& service, const Step& step) const {
  return {service.monitor,
          environment_,
          cluster_.region,
          step.after,
          snapshot_of(step.look),
          cluster_.config.notes->severity,
          step.stops,
          step.late};
}

Finding ClusterFollower::finding_of(const Followed& service, Step& step) {
  Finding finding;
  finding.late = step.look.behind > schedule::on_time_tolerance(*plan_, step.look.observation.now);
  for (const Notice& notice : step.notices) {
    for (const deployment::Record& record : step.after.history.note(notice, step.after.images)) {
      std::erase_if(finding.deployments,
                    [&](const ports::DeploymentRow& row) { return row.id == record.id; });
      finding.deployments.push_back(
          {service.monitor, record.id, record.created, deployment::to_json(record)});
    }
  }
  const Scene scene = scene_of(service, step);
  for (const Notice& notice : step.notices) {
    finding.news.push_back(news_of(notice, scene));
  }
  check::Outcome outcome = outcome_of(scene, unseen(step.look));
  if (!service.uncovered.empty() && step.look.service) {
    outcome.status = check::Status::unknown;
    outcome.reason = check::Reason::unreadable;
    outcome.message = fmt::format(
        "deployments of this service are made by {}, which is not covered", service.uncovered);
    outcome.values.clear();
  }
  outcome.started = ports_.clock.now();
  finding.outcome = std::move(outcome);
  finding.memory = to_json(step.after);
  if (hooks_.told) {
    finding.shown = [told = hooks_.told, monitor = service.monitor, notices = step.notices] {
      std::ranges::for_each(notices, [&](const Notice& notice) { told(monitor, notice); });
    };
  }
  return finding;
}

void ClusterFollower::tell(const StepPtr& step) {
  Followed& followed = services_[step->service];
  const Phase phase = step->after.state.phase;
  const bool there = phase != Phase::fresh && phase != Phase::gone;
  if (there || !followed.uncovered.empty()) {
    adopt(followed, step->after);
  }
  tell_of_cover(followed, step->look);
  const bool was_gone = followed.memory.state.phase == Phase::gone;
  std::optional<Finding> finding;
  if (!followed.monitor.empty()) {
    finding = finding_of(followed, *step);
  }
  followed.memory = std::move(step->after);
  if (finding && was_gone != (phase == Phase::gone)) {
    finding->memos.push_back(memo());
  }
  if (finding) {
    if (phase == Phase::gone) {
      ports_.watch.unfollow(followed.monitor, std::move(*finding));
      followed.monitor.clear();
      followed.notes.reset();
      unclaim(followed.memory.arn);
    } else {
      ports_.watch.report(followed.monitor, std::move(*finding));
    }
  }
  if (const Notice* outage = outage_of(step->notices); outage != nullptr) {
    explain_later(step, *outage);
  }
  end(step->service);
}

void ClusterFollower::explain_later(const StepPtr& step, const Notice& outage) {
  if (ports_.inquiry == nullptr) {
    return;
  }
  const deployment::ServiceState& state = services_[step->service].memory.state;
  auto done = [this, alive = alive_, service = step->service, outage, deployment = state.deployment,
               since = state.steady_since](Inquiry::Stops tasks) {
    if (*alive && tasks) {
      const auto stops = deployment::stops_since(std::move(*tasks), deployment, since);
      told_stops(service, outage, deployment::explain(stops));
    }
  };
  ports_.inquiry->stops(cluster_.config.name, step->service, std::move(done));
}

// The outage may be over by now: then nobody needs to know.
void ClusterFollower::told_stops(const std::string& service, const Notice& outage,
                                 const std::string& stops) {
  const auto found = services_.find(service);
  if (found == services_.end() || found->second.monitor.empty() || stops.empty() ||
      !found->second.memory.state.recovery.going_on) {
    return;
  }
  const Followed& followed = found->second;
  Step step;
  step.after = followed.memory;
  step.stops = stops;
  Finding finding;
  finding.memory = to_json(followed.memory);
  finding.news.push_back(stops_news(outage, scene_of(followed, step)));
  ports_.watch.report(followed.monitor, std::move(finding));
}

}  // namespace tocsin::service

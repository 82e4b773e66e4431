#include "service/ecs/cluster_poller.hpp"

#include <algorithm>
#include <utility>

namespace tocsin::service {
namespace {

using namespace std::chrono_literals;
using deployment::Absent;
using deployment::Missing;
using deployment::Observation;
using deployment::Unanswered;
using ports::EcsFailure;
using ports::EcsFailureKind;
using ports::EcsService;

constexpr Microseconds kCallDeadline = 20s;
// What only somebody's hand mends is asked for less often.
constexpr Milliseconds kWhileRefused = 1min;
constexpr Milliseconds kWithoutCluster = 5min;
constexpr Microseconds kWhileNotAllowed = 1h;

bool is_about(const std::string& arn_or_name, const std::string& name) {
  return arn_or_name == name || (arn_or_name.size() > name.size() && arn_or_name.ends_with(name) &&
                                 arn_or_name[arn_or_name.size() - name.size() - 1] == '/');
}

// One that was over before the deployment began is of another: the service does not name its own
// yet.
bool is_of_now(const deployment::ServiceDeployment& one, const deployment::Snapshot& snapshot) {
  const deployment::Deployment* primary = snapshot.primary();
  return one.finished == Instant{} || primary == nullptr || one.finished >= primary->created;
}

Milliseconds pause_after(const EcsFailure& failure) {
  switch (failure.kind) {
    case EcsFailureKind::unanswered:
    case EcsFailureKind::throttled:
      return 0ms;
    case EcsFailureKind::no_cluster:
      return kWithoutCluster;
    case EcsFailureKind::denied:
    case EcsFailureKind::credentials:
    case EcsFailureKind::no_service:
    case EcsFailureKind::refused:
      return kWhileRefused;
  }
  return 0ms;
}

}  // namespace

ClusterPoller::ClusterPoller(Ports ports, WatchedCluster cluster, Hooks hooks)
    : ports_(ports),
      cluster_(std::move(cluster)),
      hooks_(std::move(hooks)),
      fleet_known_(cluster_.fleet_known),
      alive_(std::make_shared<bool>(true)) {
  ports_.budget.serve(cluster_.check_interval);
}

ClusterPoller::~ClusterPoller() {
  *alive_ = false;
  ports_.loop.cancel(refresh_timer_);
  for (const auto& [id, batch] : batches_) {
    ports_.loop.cancel(batch.timer);
  }
}

void ClusterPoller::arm(Batch& batch) {
  batch.timer = ports_.loop.call_at(batch.due, [this, id = batch.id] { poll(id); });
}

void ClusterPoller::poll(std::uint64_t id) {
  Batch& batch = batches_.at(id);
  batch.busy = true;
  auto poll = std::make_shared<Poll>();
  poll->batch = id;
  poll->due = batch.due;
  // The budget outlives this poller, and goes without what nobody gives back.
  auto call = [this, alive = alive_, &budget = ports_.budget, poll] {
    if (*alive) {
      describe(poll);
    } else {
      budget.finished();
    }
  };
  if (!ports_.budget.ask(std::move(call))) {
    finish(poll, 0ms);
  }
}

void ClusterPoller::describe(const PollPtr& poll) {
  poll->names = batches_.at(poll->batch).names;
  poll->behind = ports_.clock.mono_now() - poll->due;
  if (poll->names.empty()) {  // dropped while it waited
    ports_.budget.finished();
    finish(poll, 0ms);
    return;
  }
  auto answer = [this, alive = alive_, &budget = ports_.budget,
                 poll](std::expected<ports::EcsServices, EcsFailure> services) mutable {
    budget.finished();
    if (*alive) {
      described(poll, std::move(services));
    }
  };
  ports_.api.describe_services(cluster_.name, poll->names, true,
                               ports_.clock.mono_now() + kCallDeadline, std::move(answer));
}

void ClusterPoller::described(const PollPtr& poll,
                              std::expected<ports::EcsServices, EcsFailure> answer) {
  if (!answer) {
    hear(Call::describe, answer.error());
    hand_on_failure(poll, answer.error());
    finish(poll, pause_after(answer.error()));
    return;
  }
  went_well(Call::describe);
  poll->answer = std::move(*answer);
  std::vector<std::string> arns;
  for (const EcsService& service : poll->answer.found) {
    const bool shifts = !service.snapshot.rolling && !service.service_deployment.empty() &&
                        ports_.clock.mono_now() >= deployments_refused_until_;
    if (shifts && hooks_.goes_on(service) && arns.size() < ports::EcsApi::kMostDeployments) {
      arns.push_back(service.service_deployment);
    }
  }
  if (arns.empty()) {
    hand_on(poll);
    finish(poll, 0ms);
  } else {
    ask_service_deployments(poll, std::move(arns));
  }
}

// Of those that shift traffic the deployments alone do not say how far they are.
void ClusterPoller::ask_service_deployments(const PollPtr& poll, std::vector<std::string> arns) {
  auto call = [this, alive = alive_, &budget = ports_.budget, poll, arns = std::move(arns)] {
    if (!*alive) {
      budget.finished();
      return;
    }
    auto answer = [this, alive, &budget,
                   poll](std::expected<ports::EcsApi::ServiceDeployments, EcsFailure> found) {
      budget.finished();
      if (!*alive) {
        return;
      }
      if (!found) {
        hear(Call::service_deployments, found.error());
        // Where it is not allowed, or not there, the deployments must do; what may pass is asked
        // again before anything is judged.
        if (found.error().kind == EcsFailureKind::unanswered ||
            found.error().kind == EcsFailureKind::throttled) {
          hand_on_failure(poll, found.error());
          finish(poll, 0ms);
          return;
        }
        deployments_refused_until_ = ports_.clock.mono_now() + kWhileNotAllowed;
      } else {
        went_well(Call::service_deployments);
        for (EcsService& service : poll->answer.found) {
          const auto one = found->find(service.service_deployment);
          if (one != found->end() && is_of_now(one->second, service.snapshot)) {
            service.snapshot.service_deployment = one->second;
          }
        }
      }
      hand_on(poll);
      finish(poll, 0ms);
    };
    ports_.api.describe_service_deployments(arns, ports_.clock.mono_now() + kCallDeadline,
                                            std::move(answer));
  };
  if (!ports_.budget.ask(std::move(call))) {
    finish(poll, 0ms);
  }
}

void ClusterPoller::hand_on(const PollPtr& poll) {
  std::vector<EcsService>& found = poll->answer.found;
  for (const std::string& name : poll->names) {
    if (!batch_of_.contains(name)) {
      continue;  // dropped meanwhile
    }
    const auto service = std::ranges::find_if(
        found, [&](const EcsService& one) { return is_about(one.name, name); });
    if (service != found.end() && !cluster_.services.takes_tags(service->tags)) {
      drop(name);
      hooks_.lost(name);
      continue;
    }
    hand_on(*poll, name, service == found.end() ? nullptr : &*service);
  }
  note_first_look(poll->names, poll->answer.now);
}

// What was found of a service is taken out of the answer: a snapshot may hold a hundred events.
void ClusterPoller::hand_on(const Poll& poll, const std::string& name, EcsService* service) {
  Seen seen{name, {poll.answer.now, Absent{}}, std::nullopt, fleet_known_, poll.behind};
  const auto is_it = [&](const std::string& who) { return is_about(who, name); };
  if (service != nullptr) {
    seen.observation.seen = std::move(service->snapshot);
    seen.service = std::move(*service);
  } else if (std::ranges::any_of(poll.answer.missing, is_it)) {
    seen.observation.seen = Missing{};
  }
  hooks_.seen(std::move(seen));
}

void ClusterPoller::hand_on_failure(const PollPtr& poll, const EcsFailure& failure) {
  for (const std::string& name : poll->names) {
    Observation nothing{ports_.clock.now(), Unanswered{failure.message}};
    hooks_.seen({name, std::move(nothing), std::nullopt, fleet_known_, poll->behind});
  }
}

// The next turn is an interval after this one was due, whenever it was answered; a turn that
// answers so late that the next one is due already is followed at once.
void ClusterPoller::finish(const PollPtr& poll, Milliseconds pause) {
  const auto found = batches_.find(poll->batch);
  if (found == batches_.end()) {
    return;
  }
  Batch& batch = found->second;
  batch.busy = false;
  if (batch.names.empty()) {
    batches_.erase(found);
    return;
  }
  const MonoTime now = ports_.clock.mono_now();
  batch.due = std::max(poll->due + ports_.budget.stretched(cluster_.check_interval), now + pause);
  arm(batch);
}

void ClusterPoller::hear(Call call, const EcsFailure& failure) {
  works_[static_cast<std::size_t>(call)] = false;
  if (failure.kind == EcsFailureKind::throttled) {
    ports_.budget.throttled();
  }
  hooks_.failed(call, failure);
}

void ClusterPoller::went_well(Call call) {
  ports_.budget.answered();
  if (!std::exchange(works_[static_cast<std::size_t>(call)], true)) {
    hooks_.works(call);
  }
}

}  // namespace tocsin::service

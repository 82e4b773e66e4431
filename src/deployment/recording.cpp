#include "deployment/recording.hpp"

#include <algorithm>
#include <utility>

namespace tocsin::deployment {
namespace {

constexpr std::size_t kAccountDigits = 12;
// Of a file: what is beside the texts, generously.
constexpr std::size_t kPollBytes = 250;
constexpr std::size_t kDeploymentBytes = 250;
constexpr std::size_t kEventBytes = 60;
constexpr std::size_t kServiceBytes = 500;
// A byte of a text is at most so many of JSON.
constexpr std::size_t kEscaped = 6;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:2" -> "web:2"
void shorten(std::string& arn) {
  if (const auto slash = arn.rfind('/'); arn.starts_with("arn:") && slash != arn.npos) {
    arn.erase(0, slash + 1);
  }
}

std::size_t bytes_of(const Observation& observation) {
  std::size_t out = kPollBytes;
  if (const auto* unanswered = std::get_if<Unanswered>(&observation.seen)) {
    out += unanswered->error.size() * kEscaped;
  }
  const auto* snapshot = std::get_if<Snapshot>(&observation.seen);
  if (snapshot == nullptr) {
    return out;
  }
  for (const Deployment& deployment : snapshot->deployments) {
    out += kDeploymentBytes + (deployment.id.size() + deployment.task_definition.size() +
                               deployment.rollout_reason.size()) *
                                  kEscaped;
  }
  for (const ServiceEvent& event : snapshot->events) {
    out += kEventBytes + event.message.size() * kEscaped;
  }
  if (snapshot->service_deployment) {
    out += kPollBytes + (snapshot->service_deployment->stage.size() +
                         snapshot->service_deployment->reason.size()) *
                            kEscaped;
  }
  return out;
}

}  // namespace

std::string without_accounts(std::string text) {
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && is_digit(text[end])) {
      ++end;
    }
    if (end - i == kAccountDigits) {
      std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(i), kAccountDigits, '0');
    }
    i = std::max(end, i + 1);
  }
  return text;
}

// What AWS left out stays so.
Instant Recording::relative(Instant at) const {
  const Milliseconds reach = kScenarioReach;
  return at == Instant{} ? at : kScenarioBegin + std::clamp(at - begin_, -reach, reach);
}

void Recording::simplify(Snapshot& snapshot, Service& service) const {
  snapshot.created = relative(snapshot.created);
  for (Deployment& deployment : snapshot.deployments) {
    deployment.created = relative(deployment.created);
    shorten(deployment.task_definition);
    deployment.rollout_reason = without_accounts(std::move(deployment.rollout_reason));
  }
  if (auto& shift = snapshot.service_deployment) {
    shift->reason = without_accounts(std::move(shift->reason));
  }
  // AWS repeats the newest hundred each time; the rules look at those that are new.
  Instant newest = service.newest_event;
  std::erase_if(snapshot.events, [&](ServiceEvent& event) {
    newest = std::max(newest, event.created);
    const bool known = event.created <= service.newest_event;
    event.created = relative(event.created);
    event.message = without_accounts(std::move(event.message));
    return known;
  });
  service.newest_event = newest;
}

void Recording::seen(const Target& target, Milliseconds elapsed, Observation observation,
                     bool fleet_known) {
  const bool answered = !std::holds_alternative<Unanswered>(observation.seen);
  const auto [found, fresh] = services_.try_emplace(target.name, Service{target.options});
  Service& service = found->second;
  bytes_ += fresh ? kServiceBytes + target.name.size() * kEscaped : 0;
  const auto add = [&](ScenarioPoll poll) {
    bytes_ += bytes_of(poll.observation);
    service.polls.push_back(std::move(poll));
  };
  ScenarioPoll poll;
  poll.at = kScenarioBegin + elapsed;
  if (fresh && fleet_known) {
    poll.observation = {poll.at, Absent{}};
    add(poll);
  }
  if (auto* snapshot = std::get_if<Snapshot>(&observation.seen)) {
    simplify(*snapshot, service);
  }
  const auto* snapshot = std::get_if<Snapshot>(&observation.seen);
  if (std::holds_alternative<Missing>(observation.seen)) {
    ++service.missing;
  } else if (snapshot != nullptr) {
    service.missing =
        snapshot->status == ServiceStatus::inactive ? service.options.missing_polls : 0;
    service.was_there = true;
  }
  answered_ += answered ? 1U : 0U;
  observation.now = answered ? relative(observation.now) : poll.at;
  poll.observation = std::move(observation);
  add(std::move(poll));
}

bool Recording::is_gone(std::string_view service) const {
  const auto found = services_.find(service);
  return found != services_.end() && found->second.missing >= found->second.options.missing_polls;
}

bool Recording::never_was(std::string_view service) const {
  const auto found = services_.find(service);
  return found != services_.end() && found->second.missing > 0 && !found->second.was_there;
}

std::size_t Recording::services() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(services_, [](const auto& one) { return one.second.was_there; }));
}

std::size_t Recording::polls() const {
  std::size_t out = 0;
  for (const auto& [name, service] : services_) {
    out += service.was_there ? service.polls.size() : 0;
  }
  return out;
}

std::vector<std::string> Recording::unseen() const {
  std::vector<std::string> out;
  for (const auto& [name, service] : services_) {
    if (!service.was_there) {
      out.push_back(name);
    }
  }
  return out;
}

std::vector<Scenario> Recording::sequences() const {
  std::vector<Scenario> out;
  for (const auto& [name, service] : services_) {
    if (service.was_there) {
      out.push_back({name, service.options, service.polls, {}});
    }
  }
  return out;
}

}  // namespace tocsin::deployment

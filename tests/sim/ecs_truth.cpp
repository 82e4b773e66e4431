#include "sim/ecs_truth.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tocsin::test {
namespace {

using namespace std::chrono_literals;
using deployment::Deployment;
using deployment::RolloutState;
using Shift = deployment::ServiceDeployment::Status;

constexpr Milliseconds kStep = 10s;
constexpr std::size_t kMostEvents = 10;
constexpr std::size_t kMostStory = 60;

}  // namespace

EcsTruth::EcsTruth(std::string name, std::uint64_t seed, Traits traits, Instant now)
    : name_(std::move(name)), random_(seed), traits_(traits), now_(now), created_(now - 240h) {
  desired_ = static_cast<std::int64_t>(1 + random_.below(4));
  deploy(1);
  front().created = created_;
  complete();
}

bool EcsTruth::once_in(std::uint64_t hours) {
  return random_.below(360 * hours * traits_.pace) == 0;
}

void EcsTruth::note(std::string what) {
  ++happenings_;
  if (story_.size() == kMostStory) story_.erase(story_.begin());
  story_.push_back(format_rfc3339(now_) + " " + std::move(what));
}

void EcsTruth::live_until(Instant now) {
  for (; now_ + kStep <= now; now_ += kStep) step();
}

void EcsTruth::remove() {
  if (life_ != Life::active) return;
  life_ = Life::draining;
  until_ = now_ + Milliseconds{1s} * static_cast<int>(10 + random_.below(600));
  note("is deleted");
}

void EcsTruth::step() {
  if (life_ == Life::draining && now_ >= until_) {
    life_ = Life::gone;
    note("is gone");
  } else if (life_ == Life::gone && !calm_ && once_in(3)) {
    create();
  } else if (life_ == Life::active && front().rollout == RolloutState::in_progress) {
    roll();
  } else if (life_ == Life::active && calm_) {
    settle();
  } else if (life_ == Life::active) {
    idle();
  }
}

void EcsTruth::settle() {
  if (front().rollout == RolloutState::failed) {
    deploy(good_image_);
    fate_ = Fate::succeeds;
    return;
  }
  crashes_left_ = 0;
  front().running = front().desired = desired_;
  front().pending = 0;
}

// Nothing goes on: one of the things that may happen to a service.
void EcsTruth::idle() {
  Deployment& main = front();
  if (once_in(4)) {
    deploy(++image_);
  } else if (once_in(15)) {
    deploy(good_image_);
  } else if (!traits_.daemon && once_in(5)) {
    scale();
  } else if (once_in(6)) {
    crash();
  } else if (once_in(50)) {
    crashes_left_ = static_cast<int>(3 + random_.below(12));
    note("begins to crash again and again");
  } else if (once_in(40)) {
    remove();
  } else if (main.rollout == RolloutState::completed && random_.below(4) == 0) {
    main.running += main.running < desired_ ? 1 : main.running > desired_ ? -1 : 0;
    if (main.running == desired_ && crashes_left_ > 0) {
      --crashes_left_;
      crash();
    }
  }
  if (traits_.daemon && once_in(24)) front().running = desired_ = 1 + (desired_ + 1) % 5;
  front().desired = desired_;  // it may be another one by now
}

void EcsTruth::crash() {
  Deployment& main = front();
  if (main.running == 0) return;
  const bool meant = random_.chance(1, 5);
  const auto left =
      static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(main.running)));
  main.running = left;
  stop_task(meant ? "ServiceSchedulerInitiated" : "EssentialContainerExited");
  note(fmt::format("{} of {} tasks are left{}", left, desired_, meant ? ", on purpose" : ""));
}

void EcsTruth::stop_task(const char* code) {
  deployment::Task task;
  task.arn = fmt::format("arn:aws:ecs:r:1:task/{}/{}", name_, ++tasks_);
  task.started_by = front().id;
  task.stop_code = code;
  task.stopped = now_;
  task.containers.push_back({"app", "shop/app:1", {}, 1, {}});
  stopped_.push_back(std::move(task));
  if (stopped_.size() > 5) stopped_.erase(stopped_.begin());
}

void EcsTruth::scale() {
  desired_ = static_cast<std::int64_t>(random_.below(6));
  front().desired = desired_;
  note(fmt::format("is scaled to {}", desired_));
}

void EcsTruth::deploy(int image) {
  for (Deployment& old : deployments_) old.primary = false;
  Deployment fresh;
  fresh.id = fmt::format("ecs-svc/{}", ++number_);
  fresh.primary = true;
  fresh.task_definition = fmt::format("arn:aws:ecs:r:1:task-definition/{}:{}", name_, image);
  fresh.desired = desired_;
  fresh.created = now_ - Milliseconds{static_cast<std::int64_t>(random_.below(9'000))};
  fresh.rollout = RolloutState::in_progress;
  deployments_.insert(deployments_.begin(), std::move(fresh));
  const auto dice = random_.below(20);
  fate_ = dice < 13   ? Fate::succeeds
          : dice < 16 ? Fate::rolls_back
          : dice < 18 ? Fate::fails
                      : Fate::hangs;
  if (traits_.stateless) fate_ = dice < 16 ? Fate::succeeds : Fate::hangs;
  until_ =
      now_ + Milliseconds{1s} * static_cast<int>(random_.below(fate_ == Fate::hangs ? 9000 : 300));
  crashes_left_ = 0;
  shift_ = {};
  note(fmt::format("deploys {} of image {}", front().id, image));
}

void EcsTruth::roll() {
  Deployment& main = front();
  if (!calm_ && !traits_.shifts && once_in(1)) {
    deploy(++image_);  // somebody is impatient
    return;
  }
  if (!calm_ && !traits_.daemon && once_in(2)) scale();
  main.desired = desired_;
  const bool good = fate_ == Fate::succeeds || fate_ == Fate::hangs;
  if (good) {
    main.running = std::min(desired_, main.running + 1);
    main.failed = 0;
    if (fate_ == Fate::hangs && now_ < until_ && !traits_.stateless) {
      main.failed = static_cast<std::int64_t>(random_.below(5));
    }
    if (traits_.stateless && fate_ == Fate::hangs && now_ < until_) main.running = 0;
    if (now_ >= until_ && main.running == desired_) complete();
  } else if (now_ >= until_) {
    fail();
  } else {
    main.failed += static_cast<std::int64_t>(random_.below(2));
  }
}

void EcsTruth::fail() {
  front().rollout = RolloutState::failed;
  front().rollout_reason = "ECS deployment circuit breaker: tasks failed to start.";
  note(front().id + " fails");
  if (traits_.shifts) {
    shift_.status = fate_ == Fate::rolls_back ? Shift::rolled_back : Shift::stopped;
    return;
  }
  if (fate_ == Fate::rolls_back) {
    deploy(good_image_);
    fate_ = Fate::succeeds;
    front().rollout_reason = "ECS deployment circuit breaker: rolling back to deploymentId x.";
    events_.insert(events_.begin(), {now_, "(service x) rolling back to deployment x."});
    events_.resize(std::min(events_.size(), kMostEvents));
    note("... and is rolled back");
  }
}

void EcsTruth::complete() {
  front().rollout = RolloutState::completed;
  front().rollout_reason = "ECS deployment completed.";
  front().running = front().desired = desired_;
  front().failed = front().pending = 0;
  const std::string& definition = front().task_definition;
  good_image_ = std::stoi(definition.substr(definition.rfind(':') + 1));
  deployments_.resize(1);
  shift_.status = Shift::successful;
  note(front().id + " is complete");
}

void EcsTruth::create() {
  life_ = Life::active;
  created_ = now_;
  deployments_.clear();
  events_.clear();
  note("is created");
  deploy(++image_);
  fate_ = Fate::succeeds;
}

std::optional<deployment::Snapshot> EcsTruth::seen() const {
  if (life_ == Life::gone) return std::nullopt;
  deployment::Snapshot out;
  out.status = life_ == Life::draining ? deployment::ServiceStatus::draining
                                       : deployment::ServiceStatus::active;
  out.created = created_;
  out.scheduling =
      traits_.daemon ? deployment::Scheduling::daemon : deployment::Scheduling::replica;
  out.rolling = !traits_.shifts;
  out.desired = desired_;
  out.deployments = deployments_;
  out.events = events_;
  for (Deployment& one : out.deployments) {
    out.running += one.running;
    if (traits_.stateless) one.rollout = RolloutState::unset;
  }
  return out;
}

std::string EcsTruth::service_deployment_id() const {
  return traits_.shifts ? fmt::format("{}-{}", name_, number_) : "";
}

}  // namespace tocsin::test

#pragma once
// Clusters, a fleet that watches them, and whoever is told, on virtual time.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "service/ecs/fleet.hpp"
#include "support/fake_ecs.hpp"
#include "support/memory_store.hpp"
#include "support/scripted_prober.hpp"
#include "support/virtual_loop.hpp"

namespace tocsin::service {

class FleetWorld : public ::testing::Test {
 protected:
  using Texts = std::vector<std::string>;

  FleetWorld() {
    notes_->notify.push_back({.channel = "ops"});
    cluster("prod");
    boot();
  }
  ~FleetWorld() override { halt(); }

  // An entry of the configuration; apply() takes it over.
  config::EcsCluster& cluster(const std::string& name) {
    config::EcsCluster entry;
    entry.name = name;
    entry.region = "us-east-1";
    entry.notes = notes_;
    entry.announce_start = config::EcsCluster::AnnounceStart::never;
    config_.ecs.clusters.push_back(std::move(entry));
    return config_.ecs.clusters.back();
  }

  // One process.
  void boot() {
    store_ = std::make_unique<test::MemoryStore>(loop_, loop_, test::MemoryStoreOptions{},
                                                 std::move(contents_));
    watch_ = std::make_unique<Watch>(Watch::Ports{loop_, loop_, prober_, *store_, log_}, 7);
    watch_->on_notifications([this](std::vector<ports::OutboxRow> rows) {
      std::ranges::move(rows, std::back_inserter(rows_));
    });
    watch_->on_change([this](const StateChange& change) {
      if (change.event != nullptr) events_.push_back(*change.event);
    });
    troubles_ = std::make_unique<Troubles>(loop_, [this](const alert::Event& event, const Texts&) {
      troubles_told_.push_back(event);
    });
    budget_ = std::make_unique<CallBudget>(loop_, loop_, CallBudget::Options{});
    inquiry_ = std::make_unique<Inquiry>(loop_, loop_, ecs_, *budget_);
    account_ = std::make_unique<EcsAccount>(
        EcsAccount{"us-east-1", "us-east-1", ecs_, *budget_, *inquiry_});
    second_ = std::make_unique<EcsAccount>(
        EcsAccount{"us-east-1 as other", "us-east-1", ecs_, *budget_, *inquiry_});
    fleet_ = std::make_unique<Fleet>(Fleet::Ports{
        loop_, loop_, *watch_, *troubles_, log_,
        [this](const config::EcsCluster& entry) -> Result<EcsAccount*> {
          if (no_account_) return fail(ErrorCode::invalid, "there is no region");
          return other_account_ && entry.region.empty() ? second_.get() : account_.get();
        }});
    booted_ = true;
  }
  void start() {
    ASSERT_TRUE(watch_->start(monitors_));
    fleet_->apply(config_.ecs);
    tick();
  }
  // Taken down as by a kill: what is durable is there afterwards.
  void halt() {
    if (!booted_) return;
    booted_ = false;
    contents_ = store_->contents();
    loop_.clear();
    fleet_.reset();
    watch_.reset();
    store_.reset();
    ecs_.in_flight = 0;
  }
  void restart() {
    halt();
    boot();
    start();
  }
  void tick() {
    loop_.call_at(loop_.mono_now() + std::chrono::seconds{1}, [this] {
      if (fleet_ == nullptr) return;
      fleet_->tick();
      tick();
    });
  }
  void run_for(Microseconds duration) { loop_.run_for(duration); }

  ports::EcsService& service(const std::string& name) {
    return ecs_.clusters.at("prod").at(name).facts;
  }
  // A new deployment begins: the running one runs out.
  void deploy(const std::string& name, const std::string& id, const std::string& definition) {
    auto& deployments = service(name).snapshot.deployments;
    deployments.front().primary = false;
    deployment::Deployment next;
    next.id = id;
    next.primary = true;
    next.task_definition = definition;
    next.desired = service(name).snapshot.desired;
    next.created = loop_.now();
    next.rollout = deployment::RolloutState::in_progress;
    deployments.insert(deployments.begin(), next);
  }
  void finish(const std::string& name) {
    auto& snapshot = service(name).snapshot;
    snapshot.deployments.resize(1);
    snapshot.deployments.front().running = snapshot.desired;
    snapshot.deployments.front().rollout = deployment::RolloutState::completed;
  }
  void run_tasks(const std::string& name, std::int64_t count) {
    auto& snapshot = service(name).snapshot;
    snapshot.running = snapshot.deployments.front().running = count;
  }
  deployment::Task stopped(const std::string& arn, std::string code, std::int64_t exit_code) {
    deployment::Task task;
    task.arn = arn;
    task.started_by = "ecs-svc/1";
    task.stop_code = std::move(code);
    task.stopped = loop_.now();
    task.containers.push_back({"app", "shop/web:1", {}, exit_code, {}});
    return task;
  }

  void fail_with(ports::EcsFailureKind kind, const std::string& message) {
    ecs_.fate = [=](const std::string&) -> std::optional<ports::EcsFailure> {
      return ports::EcsFailure{kind, message};
    };
  }

  // "web deploy_started", in the order in which they became visible.
  [[nodiscard]] Texts told() const {
    Texts out;
    for (const alert::Event& event : events_) out.push_back(event.monitor + " " + event.type);
    return out;
  }
  [[nodiscard]] Texts channels_of(std::string_view type) const {
    Texts out;
    for (const ports::OutboxRow& row : rows_) {
      if (alert::parse_event(row.payload)->type == type) out.push_back(row.target);
    }
    return out;
  }
  [[nodiscard]] std::string extra(const alert::Event& event, std::string_view name) const {
    for (const auto& [key, json] : event.extra) {
      if (key == name) return json;
    }
    return "";
  }
  [[nodiscard]] const alert::Event& last() const { return events_.back(); }
  [[nodiscard]] Texts monitors() const {
    Texts out;
    for (std::size_t i = 0; i < watch_->size(); ++i) out.push_back(watch_->view(i).config->name);
    return out;
  }
  [[nodiscard]] MonitorView view(const std::string& name) const {
    return watch_->view(watch_->find(name));
  }

  test::VirtualLoop loop_;
  NullLogger log_;
  test::ScriptedProber prober_{loop_, loop_, 1};
  test::FakeEcs ecs_{loop_};
  config::Config monitors_;
  config::Settings config_;
  std::shared_ptr<config::MonitorNotes> notes_ = std::make_shared<config::MonitorNotes>();
  bool no_account_ = false;
  bool other_account_ = false;  // an entry without a region reaches the same by another way

  test::StoreContents contents_;
  bool booted_ = false;
  std::unique_ptr<test::MemoryStore> store_;
  std::unique_ptr<Watch> watch_;
  std::unique_ptr<Troubles> troubles_;
  std::unique_ptr<CallBudget> budget_;
  std::unique_ptr<Inquiry> inquiry_;
  std::unique_ptr<EcsAccount> account_, second_;
  std::unique_ptr<Fleet> fleet_;
  std::vector<alert::Event> events_, troubles_told_;
  std::vector<ports::OutboxRow> rows_;
};

}  // namespace tocsin::service

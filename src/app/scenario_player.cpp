#include "app/scenario_player.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "adapters/clock_system/clock_system.hpp"
#include "adapters/loop_asio/loop_asio.hpp"
#include "adapters/store_sqlite/store_sqlite.hpp"
#include "base/log.hpp"
#include "config/model.hpp"
#include "ports/prober.hpp"
#include "service/ecs/cluster_follower.hpp"
#include "service/watch.hpp"

namespace tocsin::app {
namespace {

using deployment::Scenario;
using deployment::ScenarioPoll;
using deployment::Snapshot;

constexpr const char* kCluster = "replay";

// The wall as the sequence has it; durations are real.
class SequenceClock final : public ports::Clock {
 public:
  [[nodiscard]] Instant now() const override { return wall; }
  [[nodiscard]] MonoTime mono_now() const override { return machine_.mono_now(); }

  Instant wall = deployment::kScenarioBegin;

 private:
  adapters::ClockSystem machine_;
};

// No monitor of a sequence is probed.
class NoProber final : public ports::Prober {
 public:
  void start(std::shared_ptr<const check::CheckSpec> /*spec*/,
             std::move_only_function<void(check::Outcome)> /*done*/) override {}
};

service::FollowedCluster cluster_of(const Scenario& scenario) {
  config::EcsCluster cluster;
  cluster.name = kCluster;
  cluster.options = scenario.options;
  cluster.notes = std::make_shared<config::MonitorNotes>();
  return {std::move(cluster), "", false};
}

service::ClusterFollower::Look look_at(const ScenarioPoll& poll, const std::string& name,
                                       bool fleet_known) {
  service::ClusterFollower::Look look;
  look.observation = poll.observation;
  look.fleet_known = fleet_known;
  if (std::holds_alternative<Snapshot>(poll.observation.seen)) {
    ports::EcsService service;
    service.name = name;
    service.controller = "ECS";
    look.service = std::move(service);
  }
  return look;
}

// One process: from the start, or a restart, to the next. It ends as by a kill: what is durable is
// there afterwards.
class Life {
 public:
  Life(const Scenario& scenario, const std::function<void(const Told&)>& told)
      : scenario_(scenario), told_(told) {}

  Result<void> open(const std::string& store_path);
  // From this poll on; returns the one after the restart, or the end.
  Result<std::size_t> run(std::size_t poll);

 private:
  void next();
  void durable(Result<void> result);
  void show();

  const Scenario& scenario_;
  const std::function<void(const Told&)>& told_;
  SequenceClock clock_;
  NullLogger log_;
  NoProber prober_;
  adapters::LoopAsio loop_;
  std::unique_ptr<ports::Store> store_;
  std::unique_ptr<service::Watch> watch_;
  std::unique_ptr<service::ClusterFollower> follower_;
  std::size_t poll_ = 0;
  std::vector<deployment::Notice> notices_;  // of this poll, as they become visible
  std::vector<std::string> sentences_;
  std::optional<Error> error_;
};

Result<void> Life::open(const std::string& store_path) {
  auto store = store_sqlite::StoreSqlite::open(loop_, clock_,
                                               {.path = store_path, .reserve_bytes = 0}, log_);
  if (!store) {
    return std::unexpected(std::move(store.error()));
  }
  store_ = std::move(*store);
  watch_ = std::make_unique<service::Watch>(
      service::Watch::Ports{clock_, loop_, prober_, *store_, log_}, 1);
  watch_->on_change([this](const service::StateChange& change) {
    if (change.event != nullptr) {
      const std::string name = change.event->monitor + ": ";
      const std::string& message = change.event->message;
      sentences_.push_back(message.starts_with(name) ? message.substr(name.size()) : message);
    }
  });
  if (auto started = watch_->start({}); !started) {
    return started;
  }
  follower_ = std::make_unique<service::ClusterFollower>(
      service::ClusterFollower::Ports{loop_, clock_, *watch_, log_, nullptr}, cluster_of(scenario_),
      service::ClusterFollower::Hooks{
          .uncovered = [](const std::string&, const std::string&) {},
          .told = [this](const std::string&,
                         const deployment::Notice& notice) { notices_.push_back(notice); }});
  for (const service::FoundRecord& record : watch_->left_behind()) {
    follower_->resume(record.name, service::parse_service_memory(record.memory));
  }
  return {};
}

Result<std::size_t> Life::run(std::size_t poll) {
  poll_ = poll;
  loop_.post([this] { next(); });
  loop_.run();
  if (error_) {
    return std::unexpected(std::move(*error_));
  }
  return poll_;
}

void Life::next() {
  if (poll_ == scenario_.polls.size() || scenario_.polls[poll_].restart) {
    poll_ = std::min(poll_ + 1, scenario_.polls.size());
    loop_.stop();
    return;
  }
  const ScenarioPoll& poll = scenario_.polls[poll_];
  clock_.wall = poll.at;
  follower_->seen(scenario_.name, look_at(poll, scenario_.name, follower_->fleet_known()));
  if (!std::holds_alternative<deployment::Unanswered>(poll.observation.seen)) {
    follower_->fleet_complete(poll.observation.now);
  }
  watch_->when_durable([this](Result<void> result) { durable(std::move(result)); });
}

void Life::durable(Result<void> result) {
  if (!result) {
    error_ = std::move(result.error()).with("the store of the replay");
    loop_.stop();
    return;
  }
  show();
  ++poll_;
  // Not from here: each poll would stand on the stack of the one before.
  loop_.post([this] { next(); });
}

void Life::show() {
  for (std::size_t i = 0; i < notices_.size(); ++i) {
    Told told{scenario_.polls[poll_].t, std::move(notices_[i]), ""};
    if (sentences_.size() == notices_.size()) {
      told.sentence = std::move(sentences_[i]);
    }
    told_(told);
  }
  notices_.clear();
  sentences_.clear();
}

}  // namespace

Result<ScenarioPlayer> ScenarioPlayer::make(const std::string& temporary_folder) {
  std::string folder = temporary_folder + "/tocsin-replay-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) {
    return fail(ErrorCode::unavailable,
                fmt::format("no folder for the replay can be made in {}: {}; TMPDIR may name "
                            "another place",
                            temporary_folder, std::generic_category().message(errno)));
  }
  return ScenarioPlayer(std::move(folder));
}

ScenarioPlayer::ScenarioPlayer(ScenarioPlayer&& other) noexcept
    : folder_(std::exchange(other.folder_, {})) {}

ScenarioPlayer::~ScenarioPlayer() {
  if (!folder_.empty()) {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
}

Result<void> ScenarioPlayer::play(const Scenario& scenario,
                                  const std::function<void(const Told&)>& told) {
  const std::string store = folder_ + "/store";
  std::error_code ignored;
  std::filesystem::remove_all(store, ignored);
  if (std::filesystem::create_directory(store, ignored); ignored) {
    return fail(ErrorCode::unavailable,
                fmt::format("{} cannot be made: {}", store, ignored.message()));
  }
  for (std::size_t poll = 0; poll < scenario.polls.size();) {
    Life life(scenario, told);
    if (auto opened = life.open(store + "/tocsin.db"); !opened) {
      return opened;
    }
    const auto next = life.run(poll);
    if (!next) {
      return std::unexpected(next.error());
    }
    poll = *next;
  }
  return {};
}

}  // namespace tocsin::app

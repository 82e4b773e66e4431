#pragma once
// All ECS services that are watched: a poller and a follower for each entry of the configuration,
// and what is to be said of a cluster as a whole: that it is watched, that it cannot be looked at,
// that it is looked at less often than wanted. Loop thread only.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"
#include "config/model.hpp"
#include "ports/ecs_api.hpp"
#include "ports/loop.hpp"
#include "service/ecs/call_budget.hpp"
#include "service/ecs/cluster_follower.hpp"
#include "service/ecs/cluster_poller.hpp"
#include "service/ecs/inquiry.hpp"
#include "service/troubles.hpp"
#include "service/watch.hpp"

namespace tocsin::service {

// One account in one region, as one set of credentials reaches it. Everything outlives the fleet.
struct EcsAccount {
  std::string name;  // for people: "eu-west-1", "eu-west-1 as arn:aws:iam::..."
  std::string region;
  ports::EcsApi& api;
  CallBudget& budget;
  Inquiry& inquiry;
};

class Fleet {
 public:
  struct Ports {
    ports::Loop& loop;
    const ports::Clock& clock;
    Watch& watch;
    Troubles& troubles;
    Logger& log;
    // That of an entry. The error says what is missing: a region, credentials.
    std::function<Result<EcsAccount*>(const config::EcsCluster&)> account;
  };

  explicit Fleet(Ports ports);
  ~Fleet();
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  // After Watch::start(), and on reload. What is followed and stays keeps its state.
  void apply(const config::EcsSettings& settings);
  // Once a second.
  void tick();

  // Every cluster was seen completely, or cannot be looked at.
  [[nodiscard]] bool settled() const;

  struct Stats {
    std::uint64_t services = 0;
    std::uint64_t looks = 0;    // that AWS answered, since the start
    std::uint64_t unread = 0;   // that it did not
    std::uint64_t notices = 0;  // told, since the start
    std::uint64_t clusters_failing = 0;
  };
  [[nodiscard]] Stats stats() const;

 private:
  struct Failing {
    std::string message;
    bool passing = true;  // later perhaps by itself
    Instant since{};
  };
  struct Member {
    config::EcsCluster config;
    EcsAccount* account = nullptr;
    std::unique_ptr<ClusterFollower> follower;
    std::unique_ptr<ClusterPoller> poller;
    std::vector<std::string> resumed;  // services that were known at its start
    bool known_before = false;         // an earlier process saw its services completely
    bool long_names = false;           // another cluster that is watched has its name
    bool announced = false;
    std::optional<Failing> unconnected;  // there is no account
    std::map<ClusterPoller::Call, Failing> failing;
    MonoTime next_line{};
    std::size_t number = 0;  // in the configuration

    [[nodiscard]] bool blind() const {
      return unconnected || failing.contains(ClusterPoller::Call::describe) ||
             failing.contains(ClusterPoller::Call::list);
    }
  };
  // An entry of the configuration and the account that it reaches; null: none.
  struct Entry {
    const config::EcsCluster* config = nullptr;
    EcsAccount* account = nullptr;
    std::string problem;
  };
  using Entries = std::vector<Entry>;
  // A service that somebody followed until now.
  struct Known {
    ServiceMemory memory;
    bool followed = false;  // by the watch
  };
  using KnownServices = std::map<std::string, Known>;  // by monitor

  // fleet.cpp: which clusters
  [[nodiscard]] bool is_followed(const config::EcsSettings& settings) const;
  [[nodiscard]] bool one_connects_now() const;
  [[nodiscard]] KnownServices take_known();
  [[nodiscard]] Entries connect(const config::EcsSettings& settings) const;
  [[nodiscard]] static std::vector<deployment::Selection> taken_before(const Entries& entries,
                                                                       std::size_t index);
  [[nodiscard]] static bool needs_long_names(const Entries& entries, std::size_t index);
  void add(const Entries& entries, std::size_t index, KnownServices& known);
  [[nodiscard]] ClusterFollower::Hooks follower_hooks(const Member& member);
  void start(Member& member, const Entries& entries, std::size_t index);
  void forget(const KnownServices& known);
  void forget_selections();
  [[nodiscard]] ClusterPoller::Hooks poller_hooks(Member& member);

  // fleet_tell.cpp: what is said of them
  [[nodiscard]] static std::string key_of(const Member& member, ClusterPoller::Call call);
  void forget_troubles();
  [[nodiscard]] bool is_trouble_of_now(const std::string& key) const;
  void tell_of_uncovered(const std::string& monitor, const std::string& controller);
  void tell_of_failures(Member& member);
  void tell_of_failure(Member& member, ClusterPoller::Call call, const Failing& failing);
  void announce(Member& member);
  void log_line(Member& member);
  void look_at_pace();
  void tell_of_pace(const EcsAccount& account, std::size_t services, Milliseconds interval,
                    double wanted);

  Ports ports_;
  Instant born_;
  bool started_ = false;
  config::EcsSettings settings_;
  std::vector<std::unique_ptr<Member>> members_;
  // Which entry follows a service, by ARN: two may reach one account by different ways.
  std::map<std::string, const Member*, std::less<>> owners_;
  Stats stats_;
  std::shared_ptr<std::uint64_t> told_ = std::make_shared<std::uint64_t>(0);
  MonoTime next_pace_{};
  MonoTime next_connect_{};
};

}  // namespace tocsin::service

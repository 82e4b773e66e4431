#pragma once
// Looks at the services of one cluster: finds out which there are, asks about ten at a time, spread
// over the interval, and hands on what was seen of each. One poll of a batch at a time; what fails
// is seen as unanswered and asked again at its next turn. Knows no rules. Loop thread only.

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "deployment/selection.hpp"
#include "deployment/snapshot.hpp"
#include "ports/ecs_api.hpp"
#include "ports/loop.hpp"
#include "service/ecs/call_budget.hpp"

namespace tocsin::service {

struct WatchedCluster {
  std::string name;  // as AWS is asked: name or ARN
  deployment::Selection services;
  std::vector<deployment::Selection> taken;  // by other pollers of this cluster: not looked at here
  std::optional<deployment::Selection> within;  // whose name it does not take is not looked at
  Milliseconds check_interval{15'000};
  Milliseconds refresh_interval{5 * 60'000};  // between two lists of its services
  // Its services were seen before, by an earlier process: one that is not known to it is new.
  bool fleet_known = false;
};

class ClusterPoller {
 public:
  struct Ports {
    ports::Loop& loop;
    const ports::Clock& clock;
    ports::EcsApi& api;
    CallBudget& budget;  // of its account and region
  };
  struct Seen {
    const std::string& name;  // of the service
    deployment::Observation observation;
    // Of a snapshot, which is in the observation, what else AWS says of it.
    std::optional<ports::EcsService> service;
    bool fleet_known = false;
    Microseconds behind{0};  // from when AWS was to be asked to when it was
  };
  // What is asked: each may be refused by itself.
  enum class Call : std::uint8_t { describe, list, service_deployments };
  struct Hooks {
    std::function<void(Seen)> seen;
    // Whether its service deployment is wanted beside the snapshot: it shifts traffic, and goes on.
    std::function<bool(const ports::EcsService&)> goes_on;
    // It is not looked at any more: its tags are others now, or it was deleted and is not listed.
    std::function<void(const std::string& name)> lost;
    // The fleet is known from now on, by AWS's clock; epoch 0: nothing told the time.
    std::function<void(Instant now)> complete;
    // Whether a service was deleted as far as is known, or never was: then it is looked at again
    // when it is listed again.
    std::function<bool(const std::string& name)> is_gone;
    // A call failed; what waited for it was handed on as unanswered.
    std::function<void(Call, const ports::EcsFailure&)> failed;
    // The first of its kind that went through after that, or at all.
    std::function<void(Call)> works;
  };

  ClusterPoller(Ports ports, WatchedCluster cluster, Hooks hooks);
  ~ClusterPoller();
  ClusterPoller(const ClusterPoller&) = delete;
  ClusterPoller& operator=(const ClusterPoller&) = delete;

  // `known`: services that an earlier process looked at; they are looked at before any list.
  void start(const std::vector<std::string>& known);

  [[nodiscard]] std::size_t services() const { return batch_of_.size(); }
  [[nodiscard]] bool fleet_known() const { return fleet_known_; }
  // Whether this poller has looked at all that its first list had; an earlier one may have known
  // the fleet.
  [[nodiscard]] bool seen_all() const { return seen_all_; }
  [[nodiscard]] const WatchedCluster& cluster() const { return cluster_; }

 private:
  struct Batch {
    std::uint64_t id = 0;
    std::vector<std::string> names;  // at most EcsApi::kMostServices
    MonoTime due{};
    ports::TimerId timer = 0;
    bool busy = false;
  };
  struct Poll {  // of one batch, while it is under way
    std::uint64_t batch = 0;
    std::vector<std::string> names;
    MonoTime due{};
    Microseconds behind{0};
    ports::EcsServices answer;
  };
  using PollPtr = std::shared_ptr<Poll>;
  struct Listing {  // while it is under way
    std::vector<std::string> names;
    std::set<std::string, std::less<>> tokens;  // of the pages so far
  };

  // cluster_list.cpp: which services there are
  [[nodiscard]] bool takes(const std::string& name) const;
  void refresh();
  void list_page(const std::string& next, const std::shared_ptr<Listing>& listing);
  void listed(const std::vector<std::string>& names);
  void refresh_later(Milliseconds after);
  void add_all(const std::vector<std::string>& names);
  void add(const std::string& name, MonoTime first_due);
  void drop(const std::string& name);
  void note_first_look(const std::vector<std::string>& names, Instant now);
  // cluster_poller.cpp: what they are like
  void arm(Batch& batch);
  void poll(std::uint64_t id);
  void describe(const PollPtr& poll);
  void described(const PollPtr& poll, std::expected<ports::EcsServices, ports::EcsFailure> answer);
  void ask_service_deployments(const PollPtr& poll, std::vector<std::string> arns);
  void hand_on(const PollPtr& poll);
  void hand_on(const Poll& poll, const std::string& name, ports::EcsService* service);
  void hand_on_failure(const PollPtr& poll, const ports::EcsFailure& failure);
  void finish(const PollPtr& poll, Milliseconds pause);
  void hear(Call call, const ports::EcsFailure& failure);
  void went_well(Call call);

  Ports ports_;
  WatchedCluster cluster_;
  Hooks hooks_;
  std::map<std::uint64_t, Batch> batches_;
  std::map<std::string, std::uint64_t, std::less<>> batch_of_;  // by service
  std::uint64_t next_batch_ = 1;
  ports::TimerId refresh_timer_ = 0;
  bool listed_once_ = false;
  std::set<std::string, std::less<>> not_seen_yet_;  // of the first list
  bool seen_all_ = false;
  bool fleet_known_;
  std::array<bool, 3> works_{};           // by Call
  MonoTime deployments_refused_until_{};  // service deployments are not asked for before
  std::shared_ptr<bool> alive_;
};

}  // namespace tocsin::service

#pragma once
// Looks at the services of one cluster: finds out which there are, asks about ten at a time, spread
// over the interval, and hands on what was seen of each. One poll of a batch at a time; what fails
// is seen as unanswered and asked again at its next turn. Knows no rules. Loop thread only.

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
    const std::string& name;           // of the service
    const ports::EcsService* service;  // null unless a snapshot was seen
    deployment::Observation observation;
    bool fleet_known = false;
  };
  struct Hooks {
    std::function<void(Seen)> seen;
    // Whether its service deployment is wanted beside the snapshot: it shifts traffic, and goes on.
    std::function<bool(const ports::EcsService&)> goes_on;
    // Whether a service was deleted as far as is known: then it is looked at again when it is
    // listed again.
    std::function<bool(const std::string& name)> is_gone;
    // A call failed; what waited for it was handed on as unanswered.
    std::function<void(const ports::EcsFailure&)> failed;
    // The first call that went through after that, or at all.
    std::function<void()> works;
  };

  ClusterPoller(Ports ports, WatchedCluster cluster, Hooks hooks);
  ~ClusterPoller();
  ClusterPoller(const ClusterPoller&) = delete;
  ClusterPoller& operator=(const ClusterPoller&) = delete;

  // `known`: services that an earlier process looked at; they are looked at before any list.
  void start(const std::vector<std::string>& known);

  [[nodiscard]] std::size_t services() const { return batch_of_.size(); }
  [[nodiscard]] bool fleet_known() const { return fleet_known_; }
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
    ports::EcsServices answer;
  };
  using PollPtr = std::shared_ptr<Poll>;

  // cluster_list.cpp: which services there are
  void refresh();
  void list_page(const std::string& next, const std::shared_ptr<std::vector<std::string>>& names);
  void listed(const std::vector<std::string>& names);
  void refresh_later(Milliseconds after);
  void add_all(const std::vector<std::string>& names);
  void add(const std::string& name, MonoTime first_due);
  void drop(const std::string& name);
  void note_first_look(const std::vector<std::string>& names);
  // cluster_poller.cpp: what they are like
  void arm(Batch& batch);
  void poll(std::uint64_t id);
  void describe(const PollPtr& poll);
  void described(const PollPtr& poll, std::expected<ports::EcsServices, ports::EcsFailure> answer);
  void ask_service_deployments(const PollPtr& poll, std::vector<std::string> arns);
  void hand_on(const PollPtr& poll);
  void hand_on_failure(const PollPtr& poll, const ports::EcsFailure& failure);
  void finish(const PollPtr& poll, Milliseconds pause);
  void hear(const ports::EcsFailure& failure);
  void went_well();

  Ports ports_;
  WatchedCluster cluster_;
  Hooks hooks_;
  std::map<std::uint64_t, Batch> batches_;
  std::map<std::string, std::uint64_t, std::less<>> batch_of_;  // by service
  std::uint64_t next_batch_ = 1;
  ports::TimerId refresh_timer_ = 0;
  bool listed_once_ = false;
  std::set<std::string, std::less<>> not_seen_yet_;  // of the first list
  bool fleet_known_;
  bool works_ = false;
  std::shared_ptr<bool> alive_;
};

}  // namespace tocsin::service

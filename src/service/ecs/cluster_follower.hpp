#pragma once
// Follows the services of one cluster: takes what was seen of each, asks what else is needed,
// applies the rules (deployment/observe.hpp), and reports to the watch: outcome, state, events and
// history in one transaction. One look at a service at a time, in their order. Loop thread only.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "config/model.hpp"
#include "deployment/notice.hpp"
#include "deployment/snapshot.hpp"
#include "ports/ecs_api.hpp"
#include "ports/loop.hpp"
#include "schedule/plan.hpp"
#include "service/ecs/inquiry.hpp"
#include "service/ecs/service_memory.hpp"
#include "service/ecs/service_news.hpp"
#include "service/watch.hpp"

namespace tocsin::service {

struct FollowedCluster {
  config::EcsCluster config;
  std::string region;       // as AWS is asked in
  bool long_names = false;  // another cluster that is watched has its name
};

class ClusterFollower {
 public:
  struct Ports {
    ports::Loop& loop;
    const ports::Clock& clock;
    Watch& watch;
    Logger& log;
    Inquiry* inquiry;  // null: nothing is asked
  };
  struct Hooks {
    // A service whose deployments are not covered: its deployment controller.
    std::function<void(const std::string& monitor, const std::string& controller)> uncovered;
    // It is covered now.
    std::function<void(const std::string& monitor)> covered;
    // A notice that is visible: durable, or held while the store refuses. May be null.
    std::function<void(const std::string& monitor, const deployment::Notice&)> told;
    // Whether this follower is the one that follows the service of this ARN, from now on, until it
    // says that it does not any more. May be null.
    std::function<bool(const std::string& arn)> claim;
    std::function<void(const std::string& arn)> unclaim;
  };
  struct Look {
    deployment::Observation observation;
    // Of a snapshot, which is in the observation, what else AWS says of it.
    std::optional<ports::EcsService> service;
    bool fleet_known = false;
    Milliseconds behind{0};  // from when AWS was to be asked to when it was
  };

  ClusterFollower(Ports ports, FollowedCluster cluster, Hooks hooks);
  ~ClusterFollower();
  ClusterFollower(const ClusterFollower&) = delete;
  ClusterFollower& operator=(const ClusterFollower&) = delete;

  // What an earlier process, or an earlier configuration, knew: before anything is seen.
  void resume(const std::string& monitor, ServiceMemory memory);
  // What is known now, by service: for whoever goes on with another configuration.
  [[nodiscard]] std::map<std::string, ServiceMemory> memories() const;

  void seen(const std::string& service, Look look);
  // All services of the first list were looked at; `now` by AWS's clock, epoch 0 where it told
  // none. A service that is seen for the first time from now on, and is no older, is new.
  void fleet_complete(Instant now);
  // Nobody looks at it any more, though it is there.
  void let_go(const std::string& service);
  // Whether its service deployment is to be asked for: it is not finished as far as is known.
  [[nodiscard]] bool goes_on(const ports::EcsService& service) const;
  // It was deleted, as far as is known, or was never there.
  [[nodiscard]] bool is_gone(const std::string& service) const;

  // Whether this selection of services was seen completely, also by an earlier process.
  [[nodiscard]] bool fleet_known() const { return fleet_since_.has_value(); }
  // Under which name the watch keeps in mind what is known of the selection as a whole.
  [[nodiscard]] const std::string& memo_name() const { return memo_name_; }
  // Of those that are followed.
  [[nodiscard]] std::vector<std::string> services() const;
  // "12 services: 10 stable, 1 deploying, 1 recovering".
  [[nodiscard]] std::string summary() const;
  [[nodiscard]] const FollowedCluster& cluster() const { return cluster_; }

 private:
  struct Followed {
    std::string monitor;  // its name; "" while the watch does not follow it
    ServiceMemory memory;
    std::shared_ptr<const config::MonitorNotes> notes;
    bool busy = false;
    std::string uncovered;    // who makes its deployments when that is not ECS
    bool begun_anew = false;  // it is as at a cold start
    bool told_uncovered = false;
    bool looked = false;          // by this process
    bool unknown_to_aws = false;  // at the last look, and never seen
    Instant excused{};            // stops until then have explained a shortage already
    bool warned_missing = false;
    bool leaves = false;  // is let go once it is not busy any more
    std::deque<Look> waiting;
  };
  // One look on its way from what was seen to what is told.
  struct Step {
    std::string service;
    Look look;
    ServiceMemory after;
    std::vector<deployment::Notice> notices;
    std::string stops;
    std::optional<Milliseconds> late;
  };
  using StepPtr = std::shared_ptr<Step>;

  void begin(const std::string& service, Look look);
  void learn_images(const StepPtr& step);
  void judge(const StepPtr& step);
  void refuse_foreign_state(Followed& followed, const Look& look);
  void explain(const StepPtr& step);
  void excuse(Step& step, const std::vector<deployment::Task>& stops);
  void tell(const StepPtr& step);
  void end(const std::string& service);
  void explain_later(const StepPtr& step, const deployment::Notice& outage);
  void told_stops(const std::string& service, const deployment::Notice& outage,
                  const std::string& stops);
  [[nodiscard]] bool is_new(const Look& look) const;
  [[nodiscard]] std::optional<Milliseconds> lateness(const ServiceMemory& before,
                                                     const Look& look) const;
  void recall();
  [[nodiscard]] ports::MemoRow memo() const;
  void unclaim(const std::string& arn);
  void adopt(Followed& service, const ServiceMemory& after);
  [[nodiscard]] config::Monitor monitor_of(const std::string& name, const Followed& service,
                                           const ServiceMemory& after) const;
  [[nodiscard]] Finding finding_of(const Followed& service, Step& step);
  [[nodiscard]] Scene scene_of(const Followed& service, const Step& step) const;
  void cover(const std::string& name, Followed& service, const Look& look);
  void tell_of_cover(Followed& service, const Look& look);

  Ports ports_;
  FollowedCluster cluster_;
  Hooks hooks_;
  std::string memo_name_;  // of what is kept in mind of this entry's selection
  std::string environment_;
  std::optional<Instant> fleet_since_;
  std::shared_ptr<const schedule::Plan> plan_;
  std::map<std::string, Followed, std::less<>> services_;
  std::shared_ptr<bool> alive_;
};

}  // namespace tocsin::service

#pragma once
// One ECS service as it really is: it deploys, scales, crashes, is deleted and created again, by
// itself and by its seed alone, whoever looks. Time is AWS's.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "deployment/snapshot.hpp"
#include "deployment/task.hpp"

namespace tocsin::test {

class EcsTruth {
 public:
  struct Traits {
    bool daemon = false;
    bool shifts = false;     // native blue/green
    bool stateless = false;  // no rolloutState: behind a Classic Load Balancer
    std::uint64_t pace = 1;  // the larger, the less happens
  };
  // A steady service. It lives from `now` on.
  EcsTruth(std::string name, std::uint64_t seed, Traits traits, Instant now);

  // Moves it on, in steps of ten seconds.
  void live_until(Instant now);
  // Nothing new begins. What goes on ends well; what failed is deployed anew.
  void set_calm(bool calm) { calm_ = calm; }
  // Somebody deletes it; a name that is not there any more stays so while it is calm.
  void remove();

  // What DescribeServices would say; nullopt: there is no such service.
  [[nodiscard]] std::optional<deployment::Snapshot> seen() const;
  [[nodiscard]] bool listed() const { return life_ == Life::active; }
  // ARN's last part of the current service deployment; "" where nothing shifts.
  [[nodiscard]] std::string service_deployment_id() const;
  [[nodiscard]] const deployment::ServiceDeployment& service_deployment() const { return shift_; }
  [[nodiscard]] const std::vector<deployment::Task>& stopped() const { return stopped_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const deployment::Deployment& main() const { return deployments_.front(); }
  [[nodiscard]] std::int64_t desired() const { return desired_; }
  // What happened to it lately, a line each.
  [[nodiscard]] const std::vector<std::string>& story() const { return story_; }
  [[nodiscard]] std::uint64_t happenings() const { return happenings_; }

 private:
  enum class Life : std::uint8_t { active, draining, gone };
  enum class Fate : std::uint8_t { succeeds, rolls_back, fails, hangs };

  void step();
  void idle();
  void roll();
  void deploy(int image);
  void complete();
  void fail();
  void scale();
  void crash();
  void create();
  void settle();
  void stop_task(const char* code);
  void note(std::string what);
  deployment::Deployment& front() { return deployments_.front(); }
  [[nodiscard]] bool once_in(std::uint64_t hours);

  std::string name_;
  Random random_;
  Traits traits_;
  Instant now_{}, created_{}, until_{};  // until_: of what takes its time
  Life life_ = Life::active;
  Fate fate_ = Fate::succeeds;
  bool calm_ = false;
  int number_ = 0, image_ = 1, good_image_ = 1, tasks_ = 0, crashes_left_ = 0;
  std::int64_t desired_ = 0;
  std::vector<deployment::Deployment> deployments_;  // the primary first
  std::vector<deployment::ServiceEvent> events_;
  deployment::ServiceDeployment shift_;
  std::vector<deployment::Task> stopped_;
  std::vector<std::string> story_;
  std::uint64_t happenings_ = 0;
};

}  // namespace tocsin::test

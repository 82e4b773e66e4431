#pragma once
// ECS of one account and region in a simulation: services that live by themselves, behind an API
// that fails, lags, denies, forgets and throttles, and that notices when it is asked too much.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "ports/ecs_api.hpp"
#include "sim/ecs_truth.hpp"
#include "support/virtual_loop.hpp"

namespace tocsin::test {

class EcsCloud final : public ports::EcsApi {
 public:
  using Broken = std::function<void(const std::string& what)>;
  struct Faults {
    bool unanswered = false;
    bool throttled = false;
    bool denied = false;
    bool slow = false;
    std::uint64_t odd = 0;  // of 1000 answers of each sort so many are stale, partial, lies
    bool operator==(const Faults&) const = default;
  };
  EcsCloud(VirtualLoop& loop, std::string region, std::uint64_t seed, Broken broken);

  void add(const std::string& cluster, const std::string& name, EcsTruth::Traits traits);
  // Whoever asked is gone: so are the answers, and the account of its calls.
  void forget_caller();
  // Whoever looks at a service may be another one from now on, with calls of the former under way.
  void expect_change() { changed_ = loop_.mono_now(); }
  // AWS's own clock, which nobody steps.
  [[nodiscard]] Instant now() const;
  void set_calm(bool calm);
  // What every service is now.
  void live();

  void list_services(const std::string& cluster, const std::string& next, MonoTime deadline,
                     Answer<ports::EcsServiceNames> answer) override;
  void describe_services(const std::string& cluster, const std::vector<std::string>& names,
                         bool tags, MonoTime deadline, Answer<ports::EcsServices> answer) override;
  void describe_service_deployments(const std::vector<std::string>& arns, MonoTime deadline,
                                    Answer<ServiceDeployments> answer) override;
  void list_stopped_tasks(const std::string& cluster, const std::string& service,
                          const std::string& next, MonoTime deadline,
                          Answer<ports::EcsTaskArns> answer) override;
  void describe_tasks(const std::string& cluster, const std::vector<std::string>& arns,
                      MonoTime deadline, Answer<std::vector<deployment::Task>> answer) override;
  void describe_task_definition(const std::string& arn, MonoTime deadline,
                                Answer<ports::EcsTaskDefinition> answer) override;

  Faults faults;
  // Whether a service that is there may be denied once: whoever looks has not heard so just now.
  std::function<bool(const std::string& cluster, const std::string& service)> may_deny;

  struct Service {
    EcsTruth truth;
    std::deque<deployment::Snapshot> past;  // as it was answered, the latest last
    std::optional<MonoTime> denied;         // the last time, falsely
    int asked = 0;                          // describes under way
  };
  [[nodiscard]] const std::map<std::string, std::map<std::string, Service>>& clusters() const {
    return clusters_;
  }
  [[nodiscard]] std::map<std::string, std::map<std::string, Service>>& clusters() {
    return clusters_;
  }
  [[nodiscard]] const std::string& region() const { return region_; }
  [[nodiscard]] std::uint64_t calls() const { return calls_; }

 private:
  [[nodiscard]] std::string arn_of(const std::string& cluster, const std::string& name) const;
  [[nodiscard]] bool odd() { return random_.below(1000) < faults.odd; }
  void describe(const std::string& cluster, const std::string& name, Service& service,
                ports::EcsServices& out);
  void begin_call();
  [[nodiscard]] std::optional<ports::EcsFailure> failure(const char* call);
  template <typename T>
  void reply(const char* call, MonoTime deadline, T value, Answer<T> answer,
             std::function<void()> then = {});

  VirtualLoop& loop_;
  std::string region_;
  Random random_;
  Broken broken_;
  Instant epoch_;  // of AWS, when monotonic time was at its zero
  std::map<std::string, std::map<std::string, Service>> clusters_;
  std::deque<MonoTime> recent_;  // calls of the last ten seconds
  std::uint64_t calls_ = 0;
  int in_flight_ = 0;
  MonoTime changed_{};
};

}  // namespace tocsin::test

#pragma once
// Connections to AWS for looking at ECS: one client per region and role, one budget of calls per
// account and region. What the daemon and `ecs record` share.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "adapters/aws/client.hpp"
#include "adapters/aws/credential_cache.hpp"
#include "adapters/aws/world.hpp"
#include "adapters/command_posix/command_posix.hpp"
#include "adapters/ecs_aws/ecs_aws.hpp"
#include "adapters/http_curl/http_curl.hpp"
#include "app/network.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "config/model.hpp"
#include "service/ecs/fleet.hpp"

namespace tocsin::app {

// Loop thread. Network and logger outlive it.
class EcsAccounts {
 public:
  // What is asked beside the looks themselves was refused, or goes through: of which account. While
  // it does not, messages say less, nothing else.
  using Question = service::Inquiry::Question;
  struct Hooks {
    std::function<void(const std::string& account, Question, const ports::EcsFailure&)> refused;
    std::function<void(const std::string& account, Question)> allowed;
  };

  EcsAccounts(Network& network, Logger& log, Hooks hooks, std::uint64_t seed);
  ~EcsAccounts();
  EcsAccounts(const EcsAccounts&) = delete;
  EcsAccounts& operator=(const EcsAccounts&) = delete;

  // The one through which a cluster is looked at; lives as long as this object. When no region is
  // named anywhere, the machine is asked for its own: with `may_wait` for 10 s at most, else what
  // it answers counts for the next call. Error (invalid): no region, or files of the SDK that
  // cannot be read.
  [[nodiscard]] Result<service::EcsAccount*> account_of(const config::EcsCluster& cluster,
                                                        bool may_wait);
  // Made by all budgets.
  [[nodiscard]] std::uint64_t calls() const;

 private:
  struct Account;
  using Key = std::tuple<std::string, std::string, std::string>;  // region, role, external id

  [[nodiscard]] Result<std::string> region_of(const config::EcsCluster& cluster,
                                              const aws::Profiles& profiles, bool may_wait);
  void ask_for_region(const aws::Profiles& profiles);
  void take_region(Result<std::string> found);
  [[nodiscard]] std::unique_ptr<Account> connect(const config::EcsCluster& cluster,
                                                 const std::string& region,
                                                 const aws::Profiles& profiles);
  service::CallBudget& budget_of(const std::string& region, const std::string& account);

  Network& network_;
  Logger& log_;
  Hooks hooks_;
  Random random_;
  std::vector<std::string> environment_;
  adapters::CommandPosix commands_;
  std::unique_ptr<adapters::HttpCurl> http_;
  aws::World world_;
  std::string profile_;
  std::string own_region_;  // as it was found; "" not looked for, or nowhere
  std::string no_region_ = "no AWS region known yet";
  bool asks_for_region_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::map<std::pair<std::string, std::string>, std::unique_ptr<service::CallBudget>> budgets_;
  std::map<Key, std::unique_ptr<Account>> accounts_;
};

}  // namespace tocsin::app

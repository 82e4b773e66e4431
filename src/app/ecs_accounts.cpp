#include "app/ecs_accounts.hpp"

#include <utility>

#include "adapters/aws/credential_fetch.hpp"
#include "adapters/aws/region.hpp"
#include "adapters/command_posix/own_environment.hpp"
#include "app/aws_machine.hpp"
#include "service/ecs/service_memory.hpp"

namespace tocsin::app {
namespace {

// Budgets keep to four at a time in each account and region.
constexpr std::size_t kMostCalls = 256;

}  // namespace

struct EcsAccounts::Account {
  std::unique_ptr<aws::CredentialCache> credentials;
  std::unique_ptr<aws::Client> client;
  std::unique_ptr<ecs_aws::EcsAws> api;
  std::unique_ptr<service::Inquiry> inquiry;
  std::unique_ptr<service::EcsAccount> parts;
};

EcsAccounts::EcsAccounts(Network& network, Logger& log, Hooks hooks, std::uint64_t seed)
    : network_(network),
      log_(log),
      hooks_(std::move(hooks)),
      random_(seed),
      environment_(adapters::own_environment()),
      commands_(network.loop(), network.clock(), network.loop().context(), environment_,
                {.max_running = 2}),
      http_(std::make_unique<adapters::HttpCurl>(aws_http_options(kMostCalls))),
      world_{network.clock(), network.loop(), network.resolver(), *http_,
             commands_,       aws_variable,   read_aws_file,      random_},
      profile_(aws_profile()) {}

EcsAccounts::~EcsAccounts() {
  *alive_ = false;
  accounts_.clear();
  http_.reset();
}

Result<std::string> EcsAccounts::region_of(const config::EcsCluster& cluster,
                                           const aws::Profiles& profiles, bool may_wait) {
  if (!cluster.region.empty()) {
    return cluster.region;
  }
  if (std::string region = aws::region_of_arn(cluster.name); !region.empty()) {
    return region;
  }
  if (own_region_.empty()) {
    own_region_ = aws::known_region(aws_variable, profiles, profile_);
  }
  if (own_region_.empty() && may_wait) {
    take_region(find_aws_region());
  } else if (own_region_.empty()) {
    ask_for_region(profiles);
  }
  if (own_region_.empty()) {
    return fail(ErrorCode::invalid, "it names no region, and there is " + no_region_);
  }
  return own_region_;
}

// Of the machine, which may not have been able to tell when it was asked before. For the next one
// who wants to know.
void EcsAccounts::ask_for_region(const aws::Profiles& profiles) {
  if (std::exchange(asks_for_region_, true)) {
    return;
  }
  auto done = [this, alive = alive_](Result<std::string> found) {
    if (*alive) {
      asks_for_region_ = false;
      take_region(std::move(found));
    }
  };
  aws::find_region(world_, profiles, profile_, std::move(done));
}

void EcsAccounts::take_region(Result<std::string> found) {
  if (!found) {
    no_region_ = std::move(found.error().message);
    return;
  }
  own_region_ = std::move(*found);
  log_.info("the AWS region of ECS clusters", {{"region", own_region_}});
}

service::CallBudget& EcsAccounts::budget_of(const std::string& region, const std::string& account) {
  auto& budget = budgets_[{region, account}];
  if (budget == nullptr) {
    budget = std::make_unique<service::CallBudget>(network_.loop(), network_.clock(),
                                                   service::CallBudget::Options{});
  }
  return *budget;
}

std::unique_ptr<EcsAccounts::Account> EcsAccounts::connect(const config::EcsCluster& cluster,
                                                           const std::string& region,
                                                           const aws::Profiles& profiles) {
  auto out = std::make_unique<Account>();
  std::vector<aws::RoleToAssume> roles;
  if (!cluster.role_arn.empty()) {
    roles.push_back({cluster.role_arn, cluster.external_id, "tocsin"});
  }
  out->credentials = std::make_unique<aws::CredentialCache>(
      world_, aws::credential_chain(world_, "", region, std::move(roles)));
  aws::ClientOptions options;
  options.region = region;
  options.profile = profile_;
  options.most_calls = kMostCalls;
  out->client =
      std::make_unique<aws::Client>(world_, std::move(options), out->credentials.get(), profiles);
  out->api = std::make_unique<ecs_aws::EcsAws>(*out->client, network_.clock());
  service::CallBudget& budget = budget_of(region, service::parts_of_arn(cluster.role_arn).account);
  out->inquiry =
      std::make_unique<service::Inquiry>(network_.loop(), network_.clock(), *out->api, budget);
  const std::string name = cluster.role_arn.empty() ? region : region + " as " + cluster.role_arn;
  out->inquiry->refused = [this, name](Question question, const ports::EcsFailure& failure) {
    if (hooks_.refused) {
      hooks_.refused(name, question, failure);
    }
  };
  out->inquiry->allowed = [this, name](Question question) {
    if (hooks_.allowed) {
      hooks_.allowed(name, question);
    }
  };
  out->parts = std::make_unique<service::EcsAccount>(
      service::EcsAccount{name, region, *out->api, budget, *out->inquiry});
  return out;
}

Result<service::EcsAccount*> EcsAccounts::account_of(const config::EcsCluster& cluster,
                                                     bool may_wait) {
  const auto profiles = aws::read_profiles(world_);
  if (!profiles) {
    return std::unexpected(profiles.error());
  }
  auto region = region_of(cluster, *profiles, may_wait);
  if (!region) {
    return std::unexpected(std::move(region.error()));
  }
  auto& account = accounts_[{*region, cluster.role_arn, cluster.external_id}];
  if (account == nullptr) {
    account = connect(cluster, *region, *profiles);
  }
  return account->parts.get();
}

std::uint64_t EcsAccounts::calls() const {
  std::uint64_t out = 0;
  for (const auto& [key, budget] : budgets_) {
    out += budget->calls();
  }
  return out;
}

}  // namespace tocsin::app

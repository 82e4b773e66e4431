#include "app/ecs_side.hpp"

namespace tocsin::app {
namespace {

// Behind the account's name: what no account has any more is cleared by it (service/ecs/fleet).
std::string key_of(const std::string& account, EcsAccounts::Question question) {
  return "ecs_policy:" + account +
         (question == EcsAccounts::Question::images ? ":images" : ":stopped tasks");
}

}  // namespace

EcsSide::EcsSide(Network& network, service::Watch& watch, service::Troubles& troubles, Logger& log,
                 std::uint64_t seed)
    : troubles_(troubles),
      accounts_(network, log,
                {.refused =
                     [this](const std::string& account, EcsAccounts::Question question,
                            const ports::EcsFailure& failure) {
                       tell_refused(account, question, failure);
                     },
                 .allowed =
                     [this](const std::string& account, EcsAccounts::Question question) {
                       troubles_.clear(key_of(account, question), "AWS answers that now");
                     }},
                seed),
      fleet_(std::make_unique<service::Fleet>(
          service::Fleet::Ports{network.loop(), network.clock(), watch, troubles, log,
                                [this](const config::EcsCluster& cluster) {
                                  return accounts_.account_of(cluster, !started_);
                                }})) {}

EcsSide::~EcsSide() = default;

void EcsSide::apply(const config::EcsSettings& settings) {
  fleet_->apply(settings);
  started_ = true;
}

void EcsSide::tell_refused(const std::string& account, EcsAccounts::Question question,
                           const ports::EcsFailure& failure) {
  const bool images = question == EcsAccounts::Question::images;
  troubles_.raise(key_of(account, question), "ecs", alert::Severity::warning,
                  "messages about ECS services in " + account + " lack " +
                      (images ? "images: " : "the reasons of crashes: ") + failure.message);
}

}  // namespace tocsin::app

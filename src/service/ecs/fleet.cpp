#include "service/ecs/fleet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace tocsin::service {
namespace {

using namespace std::chrono_literals;
using ports::EcsFailure;
using ports::EcsFailureKind;

constexpr Microseconds kPaceEvery = 10s;
constexpr Microseconds kConnectEvery = 1min;

bool is_passing(EcsFailureKind kind) {
  return kind == EcsFailureKind::unanswered || kind == EcsFailureKind::throttled;
}

// ARNs say whose cluster it is; a name does not.
bool is_same_cluster(const config::EcsCluster& one, const config::EcsCluster& other) {
  const std::string mine = parts_of_arn(one.name).account;
  const std::string its = parts_of_arn(other.name).account;
  return short_name(one.name) == short_name(other.name) &&
         (mine.empty() || its.empty() || mine == its);
}

// Whether the entry follows this service.
bool covers(const config::EcsCluster& config, const EcsAccount& account,
            const std::vector<deployment::Selection>& taken, const ServiceMemory& memory) {
  const ArnParts arn = parts_of_arn(memory.arn);
  const ArnParts role = parts_of_arn(config.role_arn);
  return short_name(memory.cluster) == short_name(config.name) &&
         (arn.region.empty() || arn.region == account.region) &&
         (role.account.empty() || arn.account.empty() || role.account == arn.account) &&
         config.services.takes(memory.name) &&
         std::ranges::none_of(
             taken, [&](const deployment::Selection& other) { return other.takes(memory.name); });
}

}  // namespace

Fleet::Fleet(Ports ports) : ports_(std::move(ports)), born_(ports_.clock.now()) {}
Fleet::~Fleet() = default;

// --- Which clusters. ---

// Whether the settings are those that are followed, as far as they can be.
bool Fleet::is_followed(const config::EcsSettings& settings) const {
  return started_ && settings == settings_ && !one_connects_now();
}

bool Fleet::one_connects_now() const {
  return std::ranges::any_of(members_, [this](const auto& member) {
    return member->unconnected && ports_.account(member->config).has_value();
  });
}

// Services of an earlier process, and of entries that are not as before. The names and selections
// of entries hang on each other: when one changed, all begin anew, each with what was known.
Fleet::KnownServices Fleet::take_known() {
  KnownServices known;
  for (const FoundRecord& record : ports_.watch.left_behind()) {
    known.emplace(record.name, Known{parse_service_memory(record.memory), false});
  }
  for (const auto& member : members_) {
    if (member->follower != nullptr) {
      for (auto& [monitor, memory] : member->follower->memories()) {
        known.insert_or_assign(monitor, Known{std::move(memory), true});
      }
    }
    for (const auto& [call, failing] : member->failing) {
      ports_.troubles.clear(key_of(*member, call), "its cluster is configured anew");
    }
    if (member->unconnected) {
      ports_.troubles.clear(key_of(*member, ClusterPoller::Call::describe),
                            "its cluster is configured anew");
    }
  }
  members_.clear();
  owners_.clear();
  return known;
}

Fleet::Entries Fleet::connect(const config::EcsSettings& settings) const {
  Entries out;
  for (const config::EcsCluster& config : settings.clusters) {
    auto account = ports_.account(config);
    out.push_back(
        {&config, account ? *account : nullptr, account ? std::string() : account.error().message});
  }
  return out;
}

std::vector<deployment::Selection> Fleet::taken_before(const Entries& entries, std::size_t index) {
  std::vector<deployment::Selection> out;
  const Entry& mine = entries[index];
  for (std::size_t i = 0; i < index; ++i) {
    if (entries[i].account == mine.account && is_same_cluster(*entries[i].config, *mine.config)) {
      out.push_back(entries[i].config->services);
    }
  }
  return out;
}

// Another cluster of this name is watched elsewhere.
bool Fleet::needs_long_names(const Entries& entries, std::size_t index) {
  const Entry& mine = entries[index];
  return std::ranges::any_of(entries, [&](const Entry& other) {
    return other.account != mine.account &&
           short_name(other.config->name) == short_name(mine.config->name);
  });
}

void Fleet::apply(const config::EcsSettings& settings) {
  if (is_followed(settings)) {
    return;
  }
  config::EcsSettings next = settings;  // it may be our own
  KnownServices known = take_known();
  settings_ = std::move(next);
  started_ = true;
  const Entries entries = connect(settings_);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    add(entries, i, known);
  }
  forget(known);
  forget_selections();
  // Only now: names that gave way are free.
  for (std::size_t i = 0; i < members_.size(); ++i) {
    start(*members_[i], entries, i);
  }
}

ClusterFollower::Hooks Fleet::follower_hooks(const Member& member) {
  return {.uncovered =
              [this](const std::string& monitor, const std::string& controller) {
                tell_of_uncovered(monitor, controller);
              },
          .covered = [this](const std::string& monitor) { tell_of_uncovered(monitor, "ECS"); },
          // What is told may become durable when the fleet is gone.
          .told = [told = told_](const std::string&, const deployment::Notice&) { ++*told; },
          .claim =
              [this, &member](const std::string& arn) {
                return owners_.try_emplace(arn, &member).first->second == &member;
              },
          .unclaim = [this](const std::string& arn) { owners_.erase(arn); }};
}

void Fleet::add(const Entries& entries, std::size_t index, KnownServices& known) {
  auto member = std::make_unique<Member>();
  member->config = *entries[index].config;
  member->account = entries[index].account;
  member->number = index + 1;
  if (member->account == nullptr) {
    member->unconnected = Failing{entries[index].problem, false, ports_.clock.now()};
    // What is known of its services waits in the store for a better start.
    std::erase_if(known, [&](const auto& entry) {
      return short_name(entry.second.memory.cluster) == short_name(member->config.name);
    });
    members_.push_back(std::move(member));
    tell_of_failures(*members_.back());
    return;
  }
  const std::vector<deployment::Selection> taken = taken_before(entries, index);
  member->long_names = needs_long_names(entries, index);
  member->follower = std::make_unique<ClusterFollower>(
      ClusterFollower::Ports{ports_.loop, ports_.clock, ports_.watch, ports_.log,
                             &member->account->inquiry},
      FollowedCluster{member->config, member->account->region, member->long_names},
      follower_hooks(*member));
  member->known_before = member->follower->fleet_known();
  std::erase_if(known, [&](auto& entry) {
    auto& [monitor, one] = entry;
    if (!covers(member->config, *member->account, taken, one.memory)) {
      return false;
    }
    member->resumed.push_back(one.memory.name);
    member->follower->resume(monitor, std::move(one.memory));
    return true;
  });
  members_.push_back(std::move(member));
}

// What no entry follows any more.
void Fleet::forget(const KnownServices& known) {
  for (const auto& [monitor, one] : known) {
    if (one.followed) {
      ports_.watch.unfollow(monitor, {});
    } else {
      ports_.watch.abandon(monitor);
    }
  }
}

// What is kept in mind of selections that nobody follows any more.
void Fleet::forget_selections() {
  const auto follows = [this](const std::string& name) {
    return std::ranges::any_of(members_, [&](const auto& member) {
      return member->follower == nullptr || member->follower->memo_name() == name;
    });
  };
  std::vector<std::string> old;
  for (const auto& [name, text] : ports_.watch.memos()) {
    if (name.starts_with("ecs:") && !follows(name)) {
      old.push_back(name);
    }
  }
  for (std::string& name : old) {
    ports_.watch.keep({std::move(name), ""});
  }
}

void Fleet::start(Member& member, const Entries& entries, std::size_t index) {
  if (member.follower == nullptr) {
    return;
  }
  WatchedCluster watched;
  watched.name = member.config.name;
  watched.services = member.config.services;
  watched.taken = taken_before(entries, index);
  watched.check_interval = member.config.check_interval;
  watched.refresh_interval = member.config.refresh_interval;
  watched.fleet_known = member.follower->fleet_known();
  member.poller = std::make_unique<ClusterPoller>(
      ClusterPoller::Ports{ports_.loop, ports_.clock, member.account->api, member.account->budget},
      std::move(watched), poller_hooks(member));
  member.next_line = ports_.clock.mono_now() + Microseconds{member.config.log_interval};
  member.poller->start(member.resumed);
}

ClusterPoller::Hooks Fleet::poller_hooks(Member& member) {
  ClusterPoller::Hooks hooks;
  hooks.seen = [this, &member](ClusterPoller::Seen seen) {
    const bool answered = !std::holds_alternative<deployment::Unanswered>(seen.observation.seen);
    ++(answered ? stats_.looks : stats_.unread);
    ClusterFollower::Look look{
        std::move(seen.observation), std::move(seen.service), seen.fleet_known,
        std::chrono::duration_cast<Milliseconds>(std::max(seen.behind, Microseconds{0}))};
    member.follower->seen(seen.name, std::move(look));
  };
  hooks.goes_on = [&member](const ports::EcsService& service) {
    return member.follower->goes_on(service);
  };
  hooks.is_gone = [&member](const std::string& name) { return member.follower->is_gone(name); };
  hooks.lost = [&member](const std::string& name) { member.follower->let_go(name); };
  hooks.complete = [&member](Instant now) { member.follower->fleet_complete(now); };
  hooks.failed = [this, &member](ClusterPoller::Call call, const EcsFailure& failure) {
    const auto known = member.failing.find(call);
    const Instant since = known == member.failing.end() ? ports_.clock.now() : known->second.since;
    member.failing[call] = Failing{failure.message, is_passing(failure.kind), since};
    tell_of_failures(member);
  };
  hooks.works = [this, &member](ClusterPoller::Call call) {
    member.failing.erase(call);
    ports_.troubles.clear(key_of(member, call),
                          fmt::format("AWS answers again about cluster {}", member.config.name));
  };
  return hooks;
}

// --- As time goes. ---

void Fleet::tick() {
  for (const auto& member : members_) {
    tell_of_failures(*member);
    if (member->poller == nullptr) {
      continue;
    }
    if (!member->announced && member->poller->seen_all()) {
      announce(*member);
    }
    log_line(*member);
  }
  const MonoTime now = ports_.clock.mono_now();
  if (now >= next_pace_) {
    next_pace_ = now + kPaceEvery;
    look_at_pace();
    forget_troubles();
  }
  if (now >= next_connect_) {
    next_connect_ = now + kConnectEvery;
    if (one_connects_now()) {
      apply(settings_);
    }
  }
}

bool Fleet::settled() const {
  return std::ranges::all_of(members_, [](const auto& member) {
    return member->blind() || member->poller == nullptr || member->poller->fleet_known();
  });
}

Fleet::Stats Fleet::stats() const {
  Stats out = stats_;
  out.notices = *told_;
  for (const auto& member : members_) {
    out.services += member->poller == nullptr ? 0 : member->poller->services();
    out.clusters_failing += member->blind() ? 1U : 0U;
  }
  return out;
}

}  // namespace tocsin::service

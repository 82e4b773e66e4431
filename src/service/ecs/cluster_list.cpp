// Which services of the cluster are looked at, and in which batch.

#include <algorithm>
#include <utility>

#include "service/ecs/cluster_poller.hpp"

namespace tocsin::service {
namespace {

using namespace std::chrono_literals;

constexpr Milliseconds kAfterAFailedList = 30s;
constexpr Microseconds kCallDeadline = 20s;
// ECS allows 5,000 services in a cluster; a list that goes on far beyond is broken.
constexpr std::size_t kMostListed = 20'000;
constexpr std::size_t kMostPages = 2'000;  // also of those that are empty

// "arn:aws:ecs:us-east-1:1:service/prod/web", or of old without the cluster.
std::string name_of(const std::string& arn) {
  const auto slash = arn.rfind('/');
  return slash == std::string::npos ? arn : arn.substr(slash + 1);
}

}  // namespace

bool ClusterPoller::takes(const std::string& name) const {
  return cluster_.services.takes(name) && (!cluster_.within || cluster_.within->takes(name)) &&
         std::ranges::none_of(
             cluster_.taken, [&](const deployment::Selection& other) { return other.takes(name); });
}

void ClusterPoller::start(const std::vector<std::string>& known) {
  std::vector<std::string> first;
  for (const std::string& name : known) {
    if (takes(name)) {
      first.push_back(name);
    }
  }
  if (cluster_.services.is_named()) {
    first = cluster_.services.include;
    std::erase_if(first, [this](const std::string& name) { return !takes(name); });
    listed_once_ = true;
    not_seen_yet_.insert(first.begin(), first.end());
    if (!cluster_.services.tags.empty()) {
      refresh_later(cluster_.refresh_interval);
    }
  } else {
    refresh();
  }
  add_all(first);
}

void ClusterPoller::refresh_later(Milliseconds after) {
  ports_.loop.cancel(refresh_timer_);
  refresh_timer_ = ports_.loop.call_at(ports_.clock.mono_now() + ports_.budget.stretched(after),
                                       [this] { refresh(); });
}

// What is named needs no list, but whose tags do not fit is looked at again.
void ClusterPoller::refresh() {
  if (cluster_.services.is_named()) {
    listed(cluster_.services.include);
  } else {
    list_page("", std::make_shared<Listing>());
  }
}

void ClusterPoller::list_page(const std::string& next, const std::shared_ptr<Listing>& listing) {
  auto call = [this, alive = alive_, &budget = ports_.budget, next, listing] {
    if (!*alive) {
      budget.finished();
      return;
    }
    auto answer = [this, alive, &budget,
                   listing](std::expected<ports::EcsServiceNames, ports::EcsFailure> page) {
      budget.finished();
      if (!*alive) {
        return;
      }
      if (!page) {
        hear(Call::list, page.error());
        refresh_later(std::min(kAfterAFailedList, cluster_.refresh_interval));
        return;
      }
      went_well(Call::list);
      for (const std::string& arn : page->arns) {
        listing->names.push_back(name_of(arn));
      }
      // A token that comes again would never end.
      if (page->next.empty() || !listing->tokens.insert(page->next).second ||
          listing->tokens.size() > kMostPages || listing->names.size() > kMostListed) {
        listed(listing->names);
      } else {
        list_page(page->next, listing);
      }
    };
    ports_.api.list_services(cluster_.name, next, ports_.clock.mono_now() + kCallDeadline,
                             std::move(answer));
  };
  if (!ports_.budget.ask(std::move(call))) {
    refresh_later(cluster_.refresh_interval);
  }
}

void ClusterPoller::listed(const std::vector<std::string>& names) {
  std::set<std::string, std::less<>> listed_now;
  std::vector<std::string> fresh;
  for (const std::string& name : names) {
    if (takes(name) && listed_now.insert(name).second && !batch_of_.contains(name)) {
      fresh.push_back(name);
    }
  }
  // What is not listed any more is still looked at: it says itself that it is being deleted.
  std::vector<std::string> gone;
  for (const auto& [name, batch] : batch_of_) {
    if (!listed_now.contains(name) && !cluster_.services.names(name) && hooks_.is_gone(name)) {
      gone.push_back(name);
    }
  }
  for (const std::string& name : gone) {
    drop(name);
    hooks_.lost(name);
  }
  add_all(fresh);
  if (!std::exchange(listed_once_, true)) {
    not_seen_yet_.insert(listed_now.begin(), listed_now.end());
    note_first_look({}, Instant{});
  }
  refresh_later(cluster_.refresh_interval);
}

// Their first turns are spread over the interval.
void ClusterPoller::add_all(const std::vector<std::string>& names) {
  constexpr std::size_t kEach = ports::EcsApi::kMostServices;
  const MonoTime now = ports_.clock.mono_now();
  const auto batches = static_cast<std::int64_t>((names.size() + kEach - 1) / kEach);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto batch = static_cast<std::int64_t>(i / kEach);
    add(names[i], now + batch * Microseconds{cluster_.check_interval} / batches);
  }
}

// To a batch with room, which has a turn within the interval; else to a new one.
void ClusterPoller::add(const std::string& name, MonoTime first_due) {
  if (batch_of_.contains(name)) {
    return;
  }
  auto found = std::ranges::find_if(batches_, [](const auto& entry) {
    return entry.second.names.size() < ports::EcsApi::kMostServices;
  });
  if (found == batches_.end()) {
    Batch batch;
    batch.id = next_batch_++;
    batch.due = first_due;
    found = batches_.emplace(batch.id, std::move(batch)).first;
    arm(found->second);
  }
  found->second.names.push_back(name);
  batch_of_.emplace(name, found->first);
}

void ClusterPoller::drop(const std::string& name) {
  const auto place = batch_of_.find(name);
  if (place == batch_of_.end()) {
    return;
  }
  const auto batch = batches_.find(place->second);
  batch_of_.erase(place);
  std::erase(batch->second.names, name);
  if (batch->second.names.empty() && !batch->second.busy) {
    ports_.loop.cancel(batch->second.timer);
    batches_.erase(batch);
  }
}

// The fleet is known once all that the first list had were looked at.
void ClusterPoller::note_first_look(const std::vector<std::string>& names, Instant now) {
  if (seen_all_) {
    return;
  }
  for (const std::string& name : names) {
    not_seen_yet_.erase(name);
  }
  seen_all_ = listed_once_ && not_seen_yet_.empty();
  if (seen_all_ && !std::exchange(fleet_known_, true)) {
    hooks_.complete(now);
  }
}

}  // namespace tocsin::service

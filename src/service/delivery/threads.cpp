#include "service/delivery/threads.hpp"

#include <utility>

namespace tocsin::service {
namespace {

// The row that holds what a message shows stands beside those of its incidents. No incident begins
// like this: names of monitors have no control characters.
constexpr char kShown = '\n';

// "<monitor>/ecs-svc/<number>...": what AWS calls a deployment.
bool is_of_service(const std::string& incident) {
  return incident.find("/ecs-svc/") != std::string::npos;
}

std::string shown_key(const std::string& reference) { return kShown + reference; }

}  // namespace

void Threads::resume(std::vector<ports::ThreadRow> rows) {
  for (ports::ThreadRow& row : rows) {
    Shown& shown = shown_[{row.channel, row.reference}];
    if (!row.content.empty()) {
      shown.content = std::move(row.content);
    }
    if (!row.incident.starts_with(kShown)) {
      ++shown.incidents;
      incidents_[{std::move(row.channel), std::move(row.incident)}] = {std::move(row.reference),
                                                                       row.created};
    }
  }
}

const std::string* Threads::reference(const std::string& channel,
                                      const std::string& incident) const {
  const auto found = incidents_.find({channel, incident});
  return found == incidents_.end() ? nullptr : &found->second.reference;
}

std::optional<notification::Earlier> Threads::earlier(const std::string& channel,
                                                      const std::string& incident) const {
  const std::string* const found = reference(channel, incident);
  if (found == nullptr) {
    return std::nullopt;
  }
  return notification::Earlier{*found, shown_.at({channel, *found}).content};
}

void Threads::open(const std::string& channel, const std::string& incident,
                   const std::string& reference, Instant at, ports::WriteBatch& batch) {
  if (const auto before = incidents_.find({channel, incident}); before != incidents_.end()) {
    end(before, batch);
    batch.ended_threads.pop_back();  // its row is written anew
  }
  incidents_[{channel, incident}] = {reference, at};
  ++shown_[{channel, reference}].incidents;
  batch.threads.push_back({channel, incident, reference, {}, at});
}

void Threads::close(const std::string& channel, const std::string& incident,
                    ports::WriteBatch& batch) {
  if (const auto found = incidents_.find({channel, incident}); found != incidents_.end()) {
    end(found, batch);
  }
}

void Threads::show(const std::string& channel, const std::string& reference, std::string content,
                   Instant at, ports::WriteBatch& batch) {
  const auto found = shown_.find({channel, reference});
  if (found == shown_.end()) {
    return;
  }
  found->second.content = std::move(content);
  batch.threads.push_back({channel, shown_key(reference), reference, found->second.content, at});
}

Threads::Incidents::iterator Threads::end(Incidents::iterator at, ports::WriteBatch& batch) {
  const Key shown{at->first.first, at->second.reference};
  if (const auto found = shown_.find(shown);
      found != shown_.end() && --found->second.incidents == 0) {
    shown_.erase(found);
    batch.ended_threads.emplace_back(shown.first, shown_key(shown.second));
  }
  batch.ended_threads.push_back(at->first);
  return incidents_.erase(at);
}

void Threads::forget(const std::string& channel, const std::string& reference,
                     ports::WriteBatch& batch) {
  for (auto at = incidents_.begin(); at != incidents_.end();) {
    const bool its = at->first.first == channel && at->second.reference == reference;
    at = its ? end(at, batch) : std::next(at);
  }
}

void Threads::forget_before(Instant oldest, Instant oldest_of_services, ports::WriteBatch& batch) {
  for (auto at = incidents_.begin(); at != incidents_.end();) {
    const Instant limit = is_of_service(at->first.second) ? oldest_of_services : oldest;
    at = at->second.created < limit ? end(at, batch) : std::next(at);
  }
}

}  // namespace tocsin::service

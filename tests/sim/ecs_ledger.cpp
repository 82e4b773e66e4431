#include "sim/ecs_ledger.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "check/json.hpp"
#include "deployment/record.hpp"
#include "notification/incident.hpp"

namespace tocsin::test {
namespace {

constexpr std::size_t kMostStory = 60;

// A text of the event's own fields; "" when it is not there.
std::string text_of(const alert::Event& event, std::string_view name) {
  for (const auto& [key, json] : event.extra) {
    if (key != name) continue;
    const auto value = check::parse_json(json);
    if (!value) return {};
    return value->string().value_or(json);
  }
  return {};
}

bool opens_page(const alert::Event& event) {
  const auto phase = notification::phase_of(event);
  return phase == alert::Phase::opens || phase == alert::Phase::goes_on;
}

}  // namespace

void EcsLedger::require(bool held, const std::string& monitor, const std::string& what) const {
  if (!held) broken_(monitor + ": " + what);
}

void EcsLedger::durable(const ports::WriteBatch& batch) {
  for (const ports::EventRow& row : batch.events) {
    if (const auto event = alert::parse_event(row.json); event && event->kind == "ecs") {
      hear(*event);
    }
    durable_.insert(row.id);
    waiting_.erase(row.id);
  }
  for (const ports::OutboxRow& row : batch.outbox) {
    const auto event = alert::parse_event(row.payload);
    if (!event || event->kind != "ecs") continue;
    require(monitors_[row.monitor].rows.insert(row.target + "/" + event->key).second, row.monitor,
            fmt::format("{} is told of {} once", row.target, event->key));
  }
  std::ranges::for_each(batch.removed, [this](const std::string& name) { removed(name); });
}

void EcsLedger::hear(const alert::Event& event) {
  ++events_;
  ++types_[event.type];
  Deployments& of = monitors_[event.monitor];
  if (of.story.size() == kMostStory) of.story.pop_front();
  of.story.push_back(
      fmt::format("{} {} {} {}", format_rfc3339(event.at), event.type, event.key, event.message));
  const bool removal = event.type == "recovered";
  require(removal || of.keys.insert(event.key).second, event.monitor,
          "'" + event.key + "' is told once");
  if (event.type == "deploy_started") {
    begin(event, of);
  } else if (event.type == "rolled_back") {
    end(event, of, text_of(event, "from"), "rolled back");
    if (const std::string to = text_of(event, "to"); !to.empty()) {
      of.open.insert(to);
      of.ended.erase(to);
    }
  } else if (event.type == "failed") {
    end(event, of, text_of(event, "deployment"), "failed");
  } else if (event.type == "timeout" && text_of(event, "subject") == "deploy") {
    const std::string deployment = text_of(event, "deployment");
    require(of.open.contains(deployment), event.monitor,
            "no timeout of " + deployment + ", which ended");
  } else if (event.type == "recovering" || event.type == "scaled") {
    of.begun.insert(event.key.substr(event.key.find('/', event.monitor.size() + 1)));
  } else {
    hear_end(event, of);
  }
}

void EcsLedger::hear_end(const alert::Event& event, Deployments& of) {
  if (event.type == "service_deleted") {
    for (const std::string& deployment : of.open) of.ended[deployment] = "service deleted";
    ends_["service deleted"] += of.open.size();
    of.open.clear();
    of.deleted = true;
  } else if (event.type == "service_created") {
    of.deleted = false;
  } else if (event.type == "finished") {
    const std::string subject = text_of(event, "subject");
    if (subject == "deploy") {
      end(event, of, text_of(event, "deployment"), "finished");
    } else {
      const std::string key = event.key.substr(event.key.find('/', event.monitor.size() + 1));
      require(of.begun.contains(key), event.monitor, "what ended as " + key + " was told to begin");
    }
  }
}

void EcsLedger::begin(const alert::Event& event, Deployments& of) {
  if (const std::string before = text_of(event, "supersedes"); !before.empty()) {
    end(event, of, before, "superseded");
  }
  of.open.insert(text_of(event, "deployment"));
}

void EcsLedger::end(const alert::Event& event, Deployments& of, const std::string& deployment,
                    const std::string& how) {
  const auto before = of.ended.find(deployment);
  // A failure may be followed by its rollback; where traffic shifts, what is rolled back is the
  // deployment itself, and that ends as well.
  const bool undone =
      before != of.ended.end() &&
      (before->second == "failed" ? how == "rolled back" : before->second == "rolled back");
  require(before == of.ended.end() || undone, event.monitor,
          fmt::format("{} {} after it {}", deployment, how,
                      before == of.ended.end() ? "" : before->second));
  // Of a rollback whose beginning nobody saw there is no name.
  require(undone || deployment.empty() || of.open.contains(deployment), event.monitor,
          fmt::format("{} {}, and was never announced", deployment, how));
  if (!(undone && before->second == "rolled back")) of.ended[deployment] = how;
  of.open.erase(deployment);
  ++ends_[how];
}

void EcsLedger::removed(const std::string& monitor) {
  Deployments& of = monitors_[monitor];
  if (!of.deleted) {  // it is there, but nobody looks: what comes later is another story
    of.keys.clear();
    of.rows.clear();
    of.ended.clear();
    ends_["monitor removed"] += of.open.size();
  }
  of.open.clear();
  of.begun.clear();
}

void EcsLedger::delivered(const ports::OutboxRow& row) {
  const auto event = alert::parse_event(row.payload);
  if (!event || event->kind != "ecs") return;
  if (!durable_.contains(event->id)) waiting_.insert(event->id);
  auto& pages = pages_[row.target];
  if (opens_page(*event)) {
    pages.insert_or_assign(event->incident, Page{event->monitor, event->id});
    return;
  }
  if (notification::phase_of(*event) == alert::Phase::closes) pages.erase(event->incident);
  for (const std::string& incident : notification::closed_incidents(*event)) pages.erase(incident);
}

void EcsLedger::killed() {
  for (auto& [channel, pages] : pages_) {
    std::erase_if(pages, [&](const auto& page) { return waiting_.contains(page.second.event_id); });
  }
  waiting_.clear();
}

void EcsLedger::settle(const StoreContents& stored) const {
  for (const auto& [channel, pages] : pages_) {
    for (const auto& [incident, page] : pages) {
      require(false, page.monitor, fmt::format("{} is closed at {}", incident, channel));
    }
  }
  for (const auto& [monitor, of] : monitors_) {
    for (const std::string& deployment : of.open) {
      require(false, monitor, deployment + " ended");
    }
    for (const auto& [deployment, how] : of.ended) {
      if (deployment.empty()) continue;
      const auto found = stored.deployments.find({monitor, deployment});
      require(found != stored.deployments.end(), monitor, deployment + " is in the history");
      if (found == stored.deployments.end()) continue;
      std::string outcome(to_string(deployment::parse_record(found->second.json).outcome));
      std::ranges::replace(outcome, '_', ' ');
      require(outcome == how, monitor,
              fmt::format("the history says '{}' of {}, which {}", outcome, deployment, how));
    }
  }
}

std::uint64_t EcsLedger::of_type(const std::string& type) const {
  const auto found = types_.find(type);
  return found == types_.end() ? 0 : found->second;
}

std::uint64_t EcsLedger::ended(const std::string& how) const {
  const auto found = ends_.find(how);
  return found == ends_.end() ? 0 : found->second;
}

std::vector<std::string> EcsLedger::story(const std::string& monitor) const {
  const auto found = monitors_.find(monitor);
  if (found == monitors_.end()) return {};
  return {found->second.story.begin(), found->second.story.end()};
}

}  // namespace tocsin::test

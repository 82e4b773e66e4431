#include "service/troubles.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace tocsin::service {
namespace {

constexpr std::string_view kEndsByItself = "outbox";  // raise_for()

}  // namespace

Troubles::Troubles(const ports::Clock& clock, Publish publish)
    : clock_(clock), publish_(std::move(publish)) {}

void Troubles::set_recipients(std::vector<alert::Recipient> recipients) {
  recipients_ = std::move(recipients);
}

void Troubles::tell(alert::EventType type, const std::string& key, const Trouble& trouble,
                    std::string message) {
  alert::Event event;
  event.type = alert::to_string(type);
  event.severity = trouble.severity;
  event.monitor = kSelfName;
  event.kind = kSelfKind;
  event.at = clock_.now();
  event.state = type == alert::EventType::trouble_started ? "trouble" : "ok";
  event.reason = type == alert::EventType::trouble_started ? trouble.reason : "";
  event.message = std::move(message);
  event.incident = event.key = std::string(kSelfName) + "/" + key;
  if (type == alert::EventType::trouble_ended) {
    event.outage = std::max(event.at - trouble.since, Milliseconds{0});
  }
  publish_(std::move(event), alert::note_recipients(recipients_, type, trouble.severity));
}

void Troubles::resume(const std::vector<alert::Event>& events, Milliseconds quiet) {
  const std::string prefix = std::string(kSelfName) + "/";
  std::set<std::string, std::less<>> seen;
  for (const alert::Event& event : events) {
    if (!event.incident.starts_with(prefix) || !seen.insert(event.incident).second ||
        event.type != alert::to_string(alert::EventType::trouble_started)) {
      continue;
    }
    Trouble trouble{event.reason, event.severity, event.message, event.at, {}};
    if (trouble.reason == kEndsByItself) {
      trouble.ends = clock_.now() + quiet;
    }
    troubles_.try_emplace(event.incident.substr(prefix.size()), std::move(trouble));
  }
}

void Troubles::raise(const std::string& key, std::string_view reason, alert::Severity severity,
                     std::string message) {
  const auto [found, fresh] = troubles_.try_emplace(key);
  Trouble& trouble = found->second;
  trouble.message = message;
  trouble.ends = Instant{};
  if (!fresh) {
    return;
  }
  trouble.reason = reason;
  trouble.severity = severity;
  trouble.since = clock_.now();
  tell(alert::EventType::trouble_started, key, trouble, std::move(message));
}

void Troubles::raise_for(const std::string& key, std::string_view reason, alert::Severity severity,
                         std::string message, Milliseconds quiet) {
  raise(key, reason, severity, std::move(message));
  troubles_.at(key).ends = clock_.now() + quiet;
}

void Troubles::clear(const std::string& key, std::string message) {
  const auto node = troubles_.extract(key);
  if (!node.empty()) {
    tell(alert::EventType::trouble_ended, key, node.mapped(), std::move(message));
  }
}

void Troubles::tick() {
  const Instant now = clock_.now();
  std::vector<std::string> over;
  for (const auto& [key, trouble] : troubles_) {
    if (trouble.ends != Instant{} && trouble.ends <= now) {
      over.push_back(key);
    }
  }
  for (const std::string& key : over) {
    clear(key, "over: " + troubles_.at(key).message);
  }
}

bool Troubles::has_reason(std::string_view reason) const {
  return std::ranges::any_of(troubles_,
                             [&](const auto& entry) { return entry.second.reason == reason; });
}

}  // namespace tocsin::service

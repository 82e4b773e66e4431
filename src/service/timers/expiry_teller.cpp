#include "service/timers/expiry_teller.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/event_id.hpp"
#include "base/hash.hpp"
#include "base/json_writer.hpp"
#include "base/utf8.hpp"

namespace tocsin::service {
namespace {

using namespace std::chrono_literals;
using alert::EventType;
using timer::Timer;

constexpr std::size_t kNamed = 20;     // of many timers
constexpr std::size_t kShownId = 197;  // and "..."
constexpr Milliseconds kLate = 1s;
constexpr std::size_t kLookedAt = 100;  // of the newest events of a timer or rule

EventType type_of(Notice::Kind kind) {
  switch (kind) {
    case Notice::Kind::expired:
      return EventType::timer_expired;
    case Notice::Kind::still_expired:
      return EventType::timer_still_expired;
    case Notice::Kind::rearmed:
    case Notice::Kind::disarmed:
    case Notice::Kind::let_go:
      break;
  }
  return EventType::timer_rearmed;
}

std::string_view state_of(Notice::Kind kind) {
  switch (kind) {
    case Notice::Kind::rearmed:
      return "running";
    case Notice::Kind::disarmed:
      return "disarmed";
    case Notice::Kind::expired:
    case Notice::Kind::still_expired:
    case Notice::Kind::let_go:  // for all that is known
      break;
  }
  return "expired";
}

// As a person may read it: ids are whatever a client chose.
std::string shown(std::string_view id) { return clip(printable(id), kShownId); }

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

// The same for whoever tells it, today or after a restart: the store then knows it.
std::string id_of(const alert::Event& event, Instant at) {
  return EventIds(stable_hash(event.type + '\n' + event.key)).next(at);
}

std::string spoken(Milliseconds span) {
  using std::chrono::seconds;
  return format_duration(span >= seconds{1} ? std::chrono::floor<seconds>(span) : span);
}

void add_time(alert::Event& event, std::string name, Instant at) {
  event.extra.emplace_back(std::move(name), quoted(format_rfc3339(at)));
}

}  // namespace

ExpiryTeller::ExpiryTeller(Watch& watch, ports::Store& store, const ports::Clock& clock,
                           std::string link, Told told)
    : watch_(watch), store_(store), clock_(clock), link_(std::move(link)), told_(std::move(told)) {}

std::vector<bool> ExpiryTeller::quiet(const std::vector<timer::Rule>& rules) const {
  std::vector<bool> out;
  for (const timer::Rule& rule : rules) {
    out.push_back(watch_.silenced_by("timers/" + rule.name, "timer", rule.labels).has_value());
  }
  return out;
}

void ExpiryTeller::describe_one(const Notice& notice, alert::Event& event) const {
  const Timer& timer = notice.timers.front();
  const bool over = type_of(notice.kind) == EventType::timer_rearmed;
  const Instant ended = over ? notice.missed.deadline : timer.deadline();
  const Instant deadline = ended - notice.lead;
  const Instant now = clock_.now();
  event.monitor = shown(timer.id);
  // On the timers' own clock: the same whatever the wall clock did in between.
  event.incident = fmt::format("timer/{}/{}", event.monitor, unix_ms(ended));
  event.at = deadline + notice.rule->grace;
  if (event.monitor != timer.id) {
    event.incident += fmt::format("/{:016x}", stable_hash(timer.id));
  }
  if (notice.kind == Notice::Kind::expired) {
    event.message = fmt::format("{} expired: armed for {} at {}, not armed again", event.monitor,
                                format_duration(std::chrono::seconds{timer.seconds}),
                                format_rfc3339(timer.start - notice.lead));
    add_time(event, "armed_at", timer.start - notice.lead);
  } else if (notice.kind == Notice::Kind::still_expired) {
    event.at = now;
    event.outage = std::max(now - deadline, 0ms);
    event.message =
        fmt::format("{} is still expired, {} after its end", event.monitor, spoken(*event.outage));
    add_time(event, "armed_at", timer.start - notice.lead);
  } else if (notice.kind == Notice::Kind::let_go) {
    event.at = now;
    event.outage = std::max(now - deadline, 0ms);
    event.message = fmt::format("nobody hears of {} any more: its rule {} was removed",
                                event.monitor, notice.rule->name);
  } else {
    const bool disarmed = notice.kind == Notice::Kind::disarmed;
    event.at = disarmed ? now : timer.start - notice.lead;
    event.outage = std::max(event.at - deadline, 0ms);
    const Milliseconds silent = std::max(event.at - (notice.missed.armed - notice.lead), 0ms);
    event.message = fmt::format("{} {} after {} of silence, {} after its end", event.monitor,
                                disarmed ? "was disarmed" : "runs again", spoken(silent),
                                spoken(*event.outage));
    event.extra.emplace_back("silent_ms", std::to_string(silent.count()));
  }
  add_time(event, "expired_at", deadline);
  event.extra.emplace_back("seconds", std::to_string(timer.seconds));
  event.extra.emplace_back("timer_id", quoted(timer.id));
}

void ExpiryTeller::describe_many(const Notice& notice, alert::Event& event) const {
  event.monitor = "timers/" + notice.rule->name;
  event.incident = fmt::format("{}/{}", event.monitor, unix_ms(notice.announced));
  event.at = notice.announced - notice.lead;
  if (notice.kind == Notice::Kind::let_go) {
    event.at = clock_.now();
    event.outage = std::max(event.at - (notice.announced - notice.lead), 0ms);
    event.message = fmt::format("nobody hears of timers of {} any more: their rule {} was removed",
                                notice.rule->match, notice.rule->name);
    return;
  }
  if (notice.kind == Notice::Kind::rearmed) {
    event.at = clock_.now();
    event.outage = std::max(event.at - (notice.announced - notice.lead), 0ms);
    event.message =
        fmt::format("all timers of {} that expired together {} ago run again or are gone",
                    notice.rule->match, spoken(*event.outage));
    return;
  }
  std::string names;
  std::string list = "[";
  for (std::size_t i = 0; i < std::min(kNamed, notice.timers.size()); ++i) {
    names += (i == 0 ? "" : ", ") + shown(notice.timers[i].id);
    list += (i == 0 ? "" : ",") + quoted(notice.timers[i].id);
  }
  list += ']';
  const std::size_t others = notice.timers.size() - std::min(kNamed, notice.timers.size());
  event.message =
      fmt::format("{} timers of {} expired: {}{}", notice.timers.size(), notice.rule->match, names,
                  others > 0 ? fmt::format(" and {} others", others) : "");
  if (!link_.empty()) {
    event.message += fmt::format("; all of them: {}/api/v1/timers?state=expired", link_);
  }
  event.extra.emplace_back("count", std::to_string(notice.timers.size()));
  event.extra.emplace_back("timers", list);
}

alert::Event ExpiryTeller::event_of(const Notice& notice) const {
  const EventType type = type_of(notice.kind);
  alert::Event event;
  event.type = alert::to_string(type);
  event.kind = "timer";
  event.labels = notice.rule->labels;
  event.severity =
      type == EventType::timer_rearmed ? alert::info(type).severity : notice.rule->severity;
  event.state = state_of(notice.kind);
  event.reason = type != EventType::timer_rearmed      ? "expired"
                 : notice.kind == Notice::Kind::let_go ? "rule_removed"
                                                       : "";
  event.extra.emplace_back("rule", quoted(notice.rule->name));
  if (notice.many) {
    describe_many(notice, event);
  } else {
    describe_one(notice, event);
  }
  event.key = event.incident;
  if (notice.kind == Notice::Kind::expired) {  // never without a timer
    const Instant due = notice.timers.front().deadline() + notice.rule->grace - notice.lead;
    if (const Milliseconds late = clock_.now() - due; late > kLate) {
      event.late = late;
    }
  }
  // Reminders are many of one incident: each has an id of its own.
  if (notice.kind != Notice::Kind::still_expired) {
    event.id = id_of(
        event, notice.kind == Notice::Kind::expired ? notice.announced - notice.lead : event.at);
  }
  return event;
}

// An expiry that is looked up must not come after its end.
void ExpiryTeller::tell(Notice notice) {
  if (!notice.many) {
    const auto ahead = behind_.find(notice.timers.front().id);
    if (ahead != behind_.end()) {
      ahead->second.push_back(std::move(notice));
      return;
    }
  }
  alert::Event event = event_of(notice);
  if (notice.suspect) {
    look_up(std::move(notice), std::move(event));
  } else {
    publish(std::move(notice), std::move(event));
  }
}

void ExpiryTeller::look_up(Notice notice, alert::Event event) {
  const std::string id = notice.many ? "" : notice.timers.front().id;
  behind_.try_emplace(id);
  ports::EventQuery query{event.monitor, event.type, "", kLookedAt};
  store_.read_events(std::move(query), [this, id, notice = std::move(notice),
                                        event](Result<std::vector<ports::EventRow>> rows) mutable {
    // By its key: its id was made by a wall clock that may have been another.
    const std::string key = "\"key\":" + quoted(event.key);
    const auto is_it = [&](const ports::EventRow& row) {
      return row.id == event.id || row.json.find(key) != std::string::npos;
    };
    if (rows && std::ranges::any_of(*rows, is_it)) {
      told_(std::move(notice));
    } else {
      publish(std::move(notice), std::move(event));
    }
    looked_up(id);
  });
}

void ExpiryTeller::looked_up(const std::string& id) {
  auto node = behind_.extract(id);
  if (!node.empty()) {
    for (Notice& notice : node.mapped()) {
      tell(std::move(notice));
    }
  }
}

void ExpiryTeller::publish(Notice notice, alert::Event event) {
  const std::vector<std::string> channels =
      alert::note_recipients(notice.rule->notify, type_of(notice.kind), notice.rule->severity);
  watch_.publish(std::move(event), channels,
                 [told = told_, notice = std::move(notice)]() mutable { told(std::move(notice)); });
}

}  // namespace tocsin::service

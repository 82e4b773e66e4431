// Monitors that no configuration names: they were found, somebody else looks at them and judges
// (service/ecs). What they report takes the way of all outcomes; what is told of them is several
// stories at a time (alert/topic.hpp).

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "alert/change_message.hpp"
#include "alert/channels.hpp"
#include "base/json_writer.hpp"
#include "service/redaction.hpp"
#include "service/watch_impl.hpp"

namespace tocsin::service {
namespace {

// Whoever reports has decided; only looks that came to nothing are counted here.
constexpr alert::Thresholds kDecided{1, 1, 1};
constexpr alert::Thresholds kUnreadable{3, 3, 1};

std::string json_list(const std::vector<std::string>& values) {
  std::string out;
  JsonWriter w(out);
  w.array();
  for (const std::string& value : values) {
    w.value(value);
  }
  w.end_array();
  return out;
}

void add_closed(alert::Event& event, const std::vector<std::string>& closed) {
  if (!closed.empty()) {
    event.extra.emplace_back("closed_incidents", json_list(closed));
  }
}

}  // namespace

// --- Which there are. ---

std::vector<FoundRecord> Watch::Impl::left_behind() const {
  std::vector<FoundRecord> out;
  for (const auto& [name, record] : left_behind_) {
    out.push_back({name, record.memory});
  }
  return out;
}

Result<void> Watch::Impl::follow(const config::Monitor& monitor) {
  const std::size_t at = lower_bound(monitor.name);
  const bool known = at < by_name_.size() && slots_[by_name_[at]].config.name == monitor.name;
  if (known && !slots_[by_name_[at]].found()) {
    return fail(ErrorCode::conflict, "there is a configured monitor named '" + monitor.name + "'");
  }
  if (known) {
    Slot& s = slots_[by_name_[at]];
    s.config = monitor;
    s.quiet = {};
    index_topics(by_name_[at]);
    return {};
  }
  const std::uint32_t id = take_slot(monitor);
  if (auto record = left_behind_.extract(monitor.name); !record.empty()) {
    Slot& s = slots_[id];
    stats_.forget(s.shown);
    s.restore(std::move(record.mapped()));
    stats_.count(s.shown);
    stats_.paused += s.paused ? 1 : 0;
  }
  by_name_.insert(by_name_.begin() + static_cast<std::ptrdiff_t>(at), id);
  resume_accounting(id, wall_of(ports_.clock.mono_now()));
  resume_incident(id);
  return {};
}

// Those of a name that the configuration wants now give way: whoever found them finds them again.
std::vector<std::uint32_t> Watch::Impl::take_found(const config::Config& config) {
  std::vector<std::uint32_t> found;
  std::erase_if(by_name_, [&](std::uint32_t id) {
    if (slots_[id].found()) {
      found.push_back(id);
    }
    return slots_[id].found();
  });
  std::erase_if(found, [&](std::uint32_t id) {
    const bool wanted = std::ranges::binary_search(config.monitors, slots_[id].config.name, {},
                                                   &config::Monitor::name);
    if (wanted) {
      unfollow(id, {});
    }
    return wanted;
  });
  return found;
}

bool Watch::Impl::takes_findings(std::uint32_t id) {
  Slot& s = slots_[id];
  if (s.paused) {
    count_planned(s, 1);
    count_skipped(id, schedule::Skip::paused, 1);
  }
  return !s.paused;
}

// --- What is found. ---

void Watch::Impl::take_outcome(Slot& s, check::Outcome outcome, Change& change,
                               ports::WriteBatch& batch, Telling& telling) {
  redact(outcome, redactor_);
  ++stats_.outcomes[static_cast<std::size_t>(outcome.status)];
  const bool unknown = outcome.status == check::Status::unknown;
  const Instant at = outcome.started;
  const alert::Step step = alert::judge(s.state, unknown ? kUnreadable : kDecided, outcome.status,
                                        outcome.reason, at, at);
  change.has_outcome = true;
  change.state_changed = step.state_changed;
  change.reason = check::to_string(outcome.reason);
  change.last_json = check::to_json(outcome);
  change.message = std::move(outcome.message);
  s.state = change.state = step.next;
  ++s.outcome_count;
  s.last_started = s.accounted_until = at;
  report_outcome(s, outcome.status, change.last_json, at, telling.outbox);
  const alert::Closed closed =
      alert::count_outcome(s.buckets, at, outcome.status, outcome.duration);
  for (std::size_t i = 0; i < closed.count; ++i) {
    batch.rollups.push_back({s.config.name, closed.buckets[i]});
  }
  batch.outcomes.push_back({s.config.name, s.outcome_count, change.last_json});
}

Result<void> Watch::Impl::load_memos() {
  auto memos = ports_.store.load_memos();
  if (!memos) {
    return std::unexpected(std::move(memos).error());
  }
  for (ports::MemoRow& memo : *memos) {
    memos_.emplace(std::move(memo.name), std::move(memo.text));
  }
  return {};
}

void Watch::Impl::keep_in_mind(std::vector<ports::MemoRow> memos, ports::WriteBatch& batch) {
  for (const ports::MemoRow& memo : memos) {
    if (memo.text.empty()) {
      memos_.erase(memo.name);
    } else {
      memos_.insert_or_assign(memo.name, memo.text);
    }
  }
  batch.memos = std::move(memos);
}

void Watch::Impl::report(std::uint32_t id, Finding finding) {
  Slot& s = slots_[id];
  const Instant now = ports_.clock.now();
  Change change;
  change.slot = id;
  change.incarnation = s.incarnation;
  change.from = s.state.state;
  change.state = s.state;
  change.at = now;
  change.shown = std::move(finding.shown);
  ports::WriteBatch batch;
  Telling telling;
  s.memory = std::move(finding.memory);
  if (finding.outcome) {
    count_planned(s, 1);
    ++(finding.late ? s.counters.late : s.counters.on_time);
    ++(finding.late ? stats_.counters.late : stats_.counters.on_time);
    stats_.found_late += finding.late ? 1 : 0;
    take_outcome(s, std::move(*finding.outcome), change, batch, telling);
  }
  for (News& news : finding.news) {
    tell_news(id, std::move(news), now, telling);
  }
  index_topics(id);
  change.accounted = s.accounted();
  change.events = std::move(telling.events);
  batch.outbox = std::move(telling.outbox);
  batch.deployments = std::move(finding.deployments);
  keep_in_mind(std::move(finding.memos), batch);
  batch.monitors.push_back(change.has_outcome ? s.record(change.last_json) : record_of(id));
  recorder_.submit(std::move(batch), std::move(change));
}

// --- Who is told. ---

alert::Event Watch::Impl::event_of_news(const Slot& s, News& news) {
  alert::Event& told = news.event;
  const auto type = alert::parse_event_type(told.type).value_or(alert::EventType::recovering);
  alert::Event event = event_of(s, type, told.at);
  event.severity = told.severity;
  event.state = std::move(told.state);
  event.reason = redactor_.redact(told.reason);
  event.message = redactor_.redact(told.message);
  event.incident = told.incident.empty() ? std::string() : s.config.name + "/" + told.incident;
  event.key = s.config.name + "/" + told.key;
  event.late = told.late;
  for (auto& [name, json] : told.extra) {
    if (name == "stops" || name == "reason") {  // what programs said
      json = redactor_.redact(json);
    }
  }
  event.extra.insert(event.extra.begin(), std::make_move_iterator(told.extra.begin()),
                     std::make_move_iterator(told.extra.end()));
  return event;
}

void Watch::Impl::tell_news(std::uint32_t id, News news, Instant now, Telling& telling) {
  Slot& s = slots_[id];
  alert::Event event = event_of_news(s, news);
  memory_of(s);
  if (event.incident.empty()) {
    if (!quiet_name(s)) {
      const auto type = alert::parse_event_type(event.type);
      address(event, alert::note_recipients(s.config.notes->notify, *type, event.severity), now,
              telling);
    }
  } else if (news.ends) {
    tell_end(id, news, event, now, telling);
  } else {
    tell_topic(id, news, event, now, telling);
  }
  telling.events.push_back(std::move(event));
}

void Watch::Impl::tell_end(std::uint32_t id, const News& news, alert::Event& event, Instant now,
                           Telling& telling) {
  Slot& s = slots_[id];
  alert::Announcement probe;
  const bool held = find_hold(id, probe, now) != alert::Hold::none;
  const alert::TopicEnd end =
      alert::end_topics(s.alerting->topics, event, news.ends_all, held, s.config.notes->notify);
  add_closed(event, end.closed);
  address(event, end.channels, now, telling);
}

void Watch::Impl::tell_topic(std::uint32_t id, const News& news, alert::Event& event, Instant now,
                             Telling& telling) {
  Slot& s = slots_[id];
  const auto& recipients = s.config.notes->notify;
  alert::Topics& topics = s.alerting->topics;
  const alert::TopicEnd before = alert::supersede(topics, event, news.superseded, recipients);
  add_closed(event, before.closed);
  alert::Topic& topic = alert::follow(topics, event, news.subject, now);
  topic.latest.hold = find_hold(id, topic.latest, now);
  std::vector<std::string> channels = before.channels;
  for (const alert::Due& due : alert::tell_due(topic, recipients, now)) {
    if (due.event->id == event.id) {
      alert::add_once(channels, due.channels);
    } else {
      address(*due.event, due.channels, now, telling);
    }
  }
  address(event, channels, now, telling);
  if (topic.latest.hold != alert::Hold::none) {
    const auto add = [&](std::string_view name, std::string_view text) {
      std::string json;
      append_json_string(json, text);
      event.extra.emplace_back(name, std::move(json));
    };
    add("held", alert::to_string(topic.latest.hold));
    add("held_by", topic.latest.held_by);
  }
}

// The fields of what was told last, as far as they hold still.
alert::Event Watch::Impl::reminder_of(const Slot& s, const alert::Topic& topic, Instant now) {
  constexpr std::array<std::string_view, 4> kOfThatMoment{"age", "held", "held_by",
                                                          "closed_incidents"};
  const alert::Event& latest = topic.trouble();
  alert::Event event = event_of(s, alert::EventType::still_down, now);
  event.extra = latest.extra;
  std::erase_if(event.extra, [&](const auto& field) {
    return std::ranges::find(kOfThatMoment, field.first) != kOfThatMoment.end();
  });
  std::string told;
  append_json_string(told, latest.type);
  event.extra.emplace_back("remindsOf", std::move(told));
  event.incident = event.key = topic.incident();
  event.severity = latest.severity;
  event.state = latest.state;
  event.reason = latest.reason;
  event.outage = std::max(now - topic.wrong_since, Milliseconds{0});
  event.message = alert::reminder_message(latest.message, *event.outage);
  return event;
}

bool Watch::Impl::settle_topics(std::uint32_t id, Instant now, Telling& telling) {
  Slot& s = slots_[id];
  const config::MonitorNotes& notes = *s.config.notes;
  bool changed = false;
  for (alert::Topic& topic : s.alerting->topics) {
    const alert::Hold before = topic.latest.hold;
    topic.latest.hold = find_hold(id, topic.latest, now);
    const auto due = alert::tell_due(topic, notes.notify, now);
    for (const alert::Due& one : due) {
      address(*one.event, one.channels, now, telling);
    }
    const auto reminded = s.paused
                              ? std::vector<std::string>{}
                              : alert::remind_due(topic, notes.notify, notes.remind_every, now);
    if (!reminded.empty()) {
      telling.events.push_back(reminder_of(s, topic, now));
      address(telling.events.back(), reminded, now, telling);
    }
    changed = changed || before != topic.latest.hold || !due.empty() || !reminded.empty();
  }
  index_topics(id);
  return changed;
}

// When the topics of a monitor are to be looked at again without news.
void Watch::Impl::index_topics(std::uint32_t id) {
  Slot& s = slots_[id];
  forget_if_empty(s);
  timed_.erase(id);
  if (!s.alerting || s.alerting->topics.empty()) {
    open_.erase(id);
    return;
  }
  open_.insert(id);
  for (const alert::Topic& topic : s.alerting->topics) {
    if (const auto next =
            alert::next_look(topic, s.config.notes->notify, s.config.notes->remind_every)) {
      const auto [at, fresh] = timed_.emplace(id, *next);
      at->second = fresh ? *next : std::min(at->second, *next);
    }
  }
}

// --- When nobody looks any more. ---

// Everybody who heard of something that goes on hears that it is not watched any more.
void Watch::Impl::close_topics(alert::Event event, const alert::Topics& topics, Instant now,
                               Telling& telling) {
  std::vector<std::string> channels;
  std::vector<std::string> closed;
  Instant since = now;
  for (const alert::Topic& topic : topics) {
    if (topic.heard.empty()) {
      continue;
    }
    since = std::min(since, topic.wrong() ? topic.wrong_since : topic.latest.opening.at);
    alert::add_once(channels, topic.heard);
    if (event.incident.empty()) {
      event.incident = event.key = topic.incident();
    } else {
      closed.push_back(topic.incident());
    }
  }
  if (channels.empty()) {
    return;
  }
  event.type = alert::to_string(alert::EventType::recovered);
  event.severity = alert::Severity::info;
  event.at = now;
  event.outage = now - since;
  event.state = "gone";
  event.reason = "monitor_removed";
  event.message = alert::removed_message(event.monitor);
  add_closed(event, closed);
  address(event, channels, now, telling);
  telling.events.push_back(std::move(event));
}

void Watch::Impl::unfollow(std::uint32_t id, Finding finding) {
  Slot& s = slots_[id];
  const Instant now = ports_.clock.now();
  Telling telling;
  for (News& news : finding.news) {
    tell_news(id, std::move(news), now, telling);
  }
  if (s.alerting && !s.alerting->topics.empty()) {
    alert::Event event = event_of(s, alert::EventType::recovered, now);
    event.incident.clear();
    close_topics(std::move(event), s.alerting->topics, now, telling);
  }
  ports::WriteBatch batch;
  batch.removed.push_back(s.config.name);
  batch.outbox = std::move(telling.outbox);
  batch.deployments = std::move(finding.deployments);
  keep_in_mind(std::move(finding.memos), batch);
  Change change;
  change.from = change.state.state = s.state.state;
  change.at = now;
  change.events = std::move(telling.events);
  change.shown = std::move(finding.shown);
  open_.erase(id);
  timed_.erase(id);
  std::erase(by_name_, id);
  recorder_.submit_removal(id, std::move(batch), std::move(change));
  release_slot(id);
}

void Watch::Impl::abandon(std::string_view name) {
  const auto found = left_behind_.find(name);
  if (found == left_behind_.end()) {
    return;
  }
  const Instant now = ports_.clock.now();
  const ports::MonitorRecord record = std::move(found->second);
  left_behind_.erase(found);
  alert::Event event;
  event.id = ids_.next(now);
  event.monitor = record.name;
  event.kind = record.kind;
  event.state = alert::to_string(record.state.state);
  Telling telling;
  close_topics(std::move(event), alert::parse_alert_memory(record.alerting).topics, now, telling);
  ports::WriteBatch batch;
  batch.removed.push_back(record.name);
  batch.outbox = std::move(telling.outbox);
  Change change;
  change.at = now;
  change.events = std::move(telling.events);
  recorder_.submit_removal(Change::kNoSlot, std::move(batch), std::move(change));
}

}  // namespace tocsin::service

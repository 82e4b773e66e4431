#include "alert/topic.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "alert/channels.hpp"
#include "check/json.hpp"

namespace tocsin::alert {
namespace {

EventType type_of(const Event& event) {
  return parse_event_type(event.type).value_or(EventType::went_down);
}

bool is_wrong(const Event& event) {
  const Phase phase = info(type_of(event)).phase;
  return phase == Phase::opens || phase == Phase::goes_on;
}

// One whose entry is gone is still told.
bool has_entry(std::span<const Recipient> recipients, const std::string& channel) {
  return std::ranges::any_of(recipients, [&](const Recipient& r) { return r.channel == channel; });
}

bool is_reminded(const Topic& topic, Milliseconds remind_every) {
  return topic.wrong() && !topic.heard.empty() && remind_every > Milliseconds{0};
}

// Its time comes when something has been wrong for so long.
bool waits(const Topic& topic, const Recipient& recipient) {
  return recipient.after > Milliseconds{0} && !contains(topic.heard, recipient.channel);
}

// Index of the latest setback that it wants.
std::optional<std::size_t> wanted_setback(const Topic& topic, const Recipient& recipient) {
  for (std::size_t i = topic.setbacks.size(); i > 0; --i) {
    const Event& event = topic.setbacks[i - 1].event;
    if (wants(recipient, type_of(event), event.severity)) {
      return i - 1;
    }
  }
  return std::nullopt;
}

// Of a setback, of all before it, and of what only adds to it.
void note_told(Topic& topic, std::size_t setback, const std::string& channel) {
  for (std::size_t i = 0; i <= setback; ++i) {
    add_once(topic.setbacks[i].told, channel);
  }
  add_once(topic.latest.told, channel);
}

std::vector<Due> collect(Topic& topic, std::vector<Channels> of_setback, Channels of_latest,
                         Instant now) {
  std::vector<Due> out;
  for (std::size_t i = 0; i < of_setback.size(); ++i) {
    add_once(topic.heard, of_setback[i]);
    if (!of_setback[i].empty()) {
      out.push_back({&topic.setbacks[i].event, std::move(of_setback[i])});
    }
  }
  add_once(topic.latest.told, of_latest);
  add_once(topic.heard, of_latest);
  if (!of_latest.empty()) {
    out.push_back({&topic.latest.opening, std::move(of_latest)});
  }
  if (!out.empty()) {
    topic.latest.last_told = now;
  }
  return out;
}

// Whoever has not heard of the shortage yet hears of its reason with it.
void add_reason(Topic& topic, const Event& stopped) {
  const auto stops =
      std::ranges::find(stopped.extra, std::string_view("stops"),
                        [](const auto& field) { return std::string_view(field.first); });
  const auto text = stops == stopped.extra.end() ? fail(ErrorCode::not_found, "")
                                                 : check::parse_json(stops->second);
  if (topic.setbacks.empty() || !text || !text->string()) {
    return;
  }
  Event& shortage = topic.setbacks.back().event;
  shortage.message += ": " + *text->string();
  shortage.extra.push_back(*stops);
}

void add_setback(Topic& topic, const Event& event) {
  if (type_of(event) == EventType::tasks_stopped) {
    add_reason(topic, event);
  } else if (is_wrong(event)) {
    if (topic.setbacks.size() == kMostSetbacks) {
      topic.setbacks.erase(topic.setbacks.begin());
    }
    topic.setbacks.push_back({event, {}});
  }
}

void forget_one(Topics& topics) {
  const auto quiet =
      std::ranges::find_if(topics, [](const Topic& topic) { return !topic.wrong(); });
  topics.erase(quiet == topics.end() ? topics.begin() : quiet);
}

// Whoever heard at some severity hears the end, whatever it was like lately: pages are resolved.
bool wants_type(const Recipient& recipient, EventType type) {
  return recipient.types.empty()
             ? type != EventType::became_unknown
             : std::ranges::find(recipient.types, type) != recipient.types.end();
}

// Those of `heard` who are told of the event that ends what they heard of.
void add_heard(Channels& out, const Topic& topic, const Event& event,
               std::span<const Recipient> recipients) {
  const EventType type = type_of(event);
  for (const std::string& channel : topic.heard) {
    const bool wanted = std::ranges::any_of(recipients, [&](const Recipient& r) {
      return r.channel == channel && wants_type(r, type);
    });
    if (wanted || !has_entry(recipients, channel)) {
      add_once(out, channel);
    }
  }
}

}  // namespace

Topic& follow(Topics& topics, const Event& event, std::string_view subject, Instant now) {
  auto found = std::ranges::find(topics, event.incident, &Topic::incident);
  if (found == topics.end()) {
    if (topics.size() == kMostTopics) {
      forget_one(topics);
    }
    found = topics.emplace(topics.end());
  }
  found->latest.opening = event;
  found->latest.told.clear();
  if (!subject.empty()) {
    found->subject = subject;
  }
  add_setback(*found, event);
  if (!found->wrong() && is_wrong(event)) {
    found->wrong_since = now;
  }
  return *found;
}

std::vector<Due> tell_due(Topic& topic, std::span<const Recipient> recipients, Instant now) {
  const Announcement& latest = topic.latest;
  if (latest.hold != Hold::none) {
    return {};
  }
  std::vector<Channels> of_setback(topic.setbacks.size());
  Channels of_latest;
  for (const Recipient& recipient : recipients) {
    const std::string& channel = recipient.channel;
    const bool its_time =
        topic.wrong() && !latest.acknowledged(now) && now >= topic.wrong_since + recipient.after;
    if (waits(topic, recipient) && !its_time) {
      continue;
    }
    const auto setback = wanted_setback(topic, recipient);
    if (setback && !contains(topic.setbacks[*setback].told, channel)) {
      add_once(of_setback[*setback], channel);
      note_told(topic, *setback, channel);
    } else if (wants(recipient, type_of(latest.opening), latest.opening.severity) &&
               !contains(latest.told, channel)) {
      add_once(of_latest, channel);
    }
  }
  for (const std::string& channel : topic.heard) {
    if (!has_entry(recipients, channel) && !contains(latest.told, channel)) {
      add_once(of_latest, channel);
    }
  }
  return collect(topic, std::move(of_setback), std::move(of_latest), now);
}

Channels remind_due(Topic& topic, std::span<const Recipient> recipients, Milliseconds remind_every,
                    Instant now) {
  Announcement& latest = topic.latest;
  const bool its_time = is_reminded(topic, remind_every) && !latest.acknowledged(now) &&
                        latest.hold == Hold::none && now >= latest.last_told + remind_every;
  Channels due;
  for (const std::string& channel : its_time ? topic.heard : Channels{}) {
    const bool wanted = std::ranges::any_of(recipients, [&](const Recipient& r) {
      return r.channel == channel && wants(r, EventType::still_down, topic.trouble().severity);
    });
    if (wanted || !has_entry(recipients, channel)) {
      due.push_back(channel);
    }
  }
  latest.last_told = its_time ? now : latest.last_told;
  return due;
}

std::optional<Instant> next_look(const Topic& topic, std::span<const Recipient> recipients,
                                 Milliseconds remind_every) {
  if (topic.latest.hold != Hold::none) {
    return Instant{};
  }
  std::optional<Instant> next;
  if (is_reminded(topic, remind_every)) {
    next = topic.latest.last_told + remind_every;
  }
  for (const Recipient& recipient : recipients) {
    const Event& latest = topic.latest.opening;
    const bool wanted =
        wanted_setback(topic, recipient) || wants(recipient, type_of(latest), latest.severity);
    if (topic.wrong() && waits(topic, recipient) && wanted) {
      const Instant at = topic.wrong_since + recipient.after;
      next = next ? std::min(*next, at) : at;
    }
  }
  return next;
}

TopicEnd end_topics(Topics& topics, const Event& event, bool all, bool held,
                    std::span<const Recipient> recipients) {
  TopicEnd out;
  if (!held) {
    out.channels = note_recipients(recipients, type_of(event), event.severity);
  }
  std::erase_if(topics, [&](const Topic& topic) {
    const bool own = topic.incident() == event.incident;
    if (!own && !all) {
      return false;
    }
    add_heard(out.channels, topic, event, recipients);
    if (!own) {
      out.closed.push_back(topic.incident());
    }
    return true;
  });
  return out;
}

TopicEnd supersede(Topics& topics, const Event& event, std::string_view subject,
                   std::span<const Recipient> recipients) {
  TopicEnd out;
  std::erase_if(topics, [&](const Topic& topic) {
    if (subject.empty() || topic.subject != subject || topic.incident() == event.incident) {
      return false;
    }
    out.closed.push_back(topic.incident());
    Channels hear;
    add_heard(hear, topic, event, recipients);
    add_once(out.channels, hear);
    return !topic.wrong() || hear.size() == topic.heard.size();
  });
  return out;
}

}  // namespace tocsin::alert

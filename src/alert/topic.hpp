#pragma once
// Who is told of what a monitor with several stories at a time does: an ECS service deploys, scales
// and crashes, each in a thread of its own. A ledger per thread and the pure rules over it; the
// rules of incidents (alert/announcement.hpp) hold, with these differences:
// - A topic begins with whatever is told of it first, whether something is wrong or not.
// - Each event of it is told to everybody who wants its type; a recipient with `after` hears it
//   when something has been wrong for that long, and what follows at once.
// - What could not be told because something held it, or because its time had not come, is told
//   then: of what went wrong the latest that the recipient wants, else the latest alone. Why tasks
//   stopped is part of the shortage for whoever hears of that later.
// - While something is wrong, those who heard of it are reminded.
// - Its end goes to those who heard of it, and, unless held, to everybody who wants its type.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alert/announcement.hpp"

namespace tocsin::alert {

// Something that went wrong, and who was told of it, or of something later instead.
struct Setback {
  Event event;
  std::vector<std::string> told;
};

struct Topic {
  // Its `opening` is the latest event, and `told` are those who heard that one.
  Announcement latest;
  std::string subject;             // what it is about: a deployment's id
  Instant wrong_since{};           // epoch 0: nothing is wrong
  std::vector<Setback> setbacks;   // the latest kMostSetbacks, the latest last
  std::vector<std::string> heard;  // channels that were told anything of it

  [[nodiscard]] const std::string& incident() const { return latest.opening.incident; }
  [[nodiscard]] bool wrong() const { return wrong_since != Instant{}; }
  // What is wrong, in words; else the latest.
  [[nodiscard]] const Event& trouble() const {
    return setbacks.empty() ? latest.opening : setbacks.back().event;
  }
};
using Topics = std::vector<Topic>;

// More than that of one monitor: the oldest by which nothing is wrong is forgotten, else the
// oldest.
inline constexpr std::size_t kMostTopics = 16;
inline constexpr std::size_t kMostSetbacks = 4;

// Takes in an event that does not end its topic. The topic, to be held or told; valid until the
// next call. `event` names an incident; its own time may be of another clock than `now`.
[[nodiscard]] Topic& follow(Topics& topics, const Event& event, std::string_view subject,
                            Instant now);

// An event of a topic for those who are to be told of it now. Valid until the topic changes.
struct Due {
  const Event* event = nullptr;
  std::vector<std::string> channels;
};
// What is to be told of it now, to whom, the latest last; they count as told. Nothing while it is
// held.
[[nodiscard]] std::vector<Due> tell_due(Topic& topic, std::span<const Recipient> recipients,
                                        Instant now);
// Channels that are to be reminded now that something is wrong, of those who heard of it; they
// count as told. None while it is held or acknowledged, or nothing is wrong. `remind_every` 0:
// never.
[[nodiscard]] std::vector<std::string> remind_due(Topic& topic,
                                                  std::span<const Recipient> recipients,
                                                  Milliseconds remind_every, Instant now);
// When time alone may next change who is to be told; epoch 0 while held; nullopt: never.
[[nodiscard]] std::optional<Instant> next_look(const Topic& topic,
                                               std::span<const Recipient> recipients,
                                               Milliseconds remind_every);

struct TopicEnd {
  std::vector<std::string> channels;  // that are to be told
  std::vector<std::string> closed;    // incidents beside the event's own that are over with it
};
// Takes in an event that ends its own topic, or all of the monitor.
[[nodiscard]] TopicEnd end_topics(Topics& topics, const Event& event, bool all, bool held,
                                  std::span<const Recipient> recipients);
// Takes in that what topics are about is over because of `event`, which has a topic of its own:
// those of `subject`. One by which something is wrong stays while somebody who heard of it would
// not hear of this.
[[nodiscard]] TopicEnd supersede(Topics& topics, const Event& event, std::string_view subject,
                                 std::span<const Recipient> recipients);

}  // namespace tocsin::alert

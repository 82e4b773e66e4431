#pragma once
// Who is told of an incident, and when: a ledger per monitor and the pure rules over it. Recording
// never depends on it: every event is stored, also one that nobody is told of.
//
// The rules:
// - An opening is told at once to the recipients without `after`, unless something holds it: the
//   monitor is silenced, is flapping, or a monitor that it depends on is down (or not yet looked
//   at). When the hold ends and the incident is still open, it is told then.
// - A recipient with `after` is told when the incident has been open for that long, is not held and
//   not acknowledged.
// - Reminders go to those who were told, every remind_every, under the same conditions.
// - The end is told to those who were told of the opening, whatever holds at that time. Nobody else
//   hears of it.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alert/event.hpp"
#include "base/time.hpp"

namespace tocsin::alert {

// One entry of `notify`.
struct Recipient {
  std::string channel;
  std::vector<EventType> types;      // empty: all but became_unknown, which never pages by itself
  std::vector<Severity> severities;  // of the monitor or the trouble, not of a note; empty: all
  Milliseconds after{0};             // escalation: only when the incident is open for this long
  bool operator==(const Recipient&) const = default;
};
[[nodiscard]] bool wants(const Recipient& recipient, EventType type, Severity severity);

enum class Hold : std::uint8_t { none, silenced, flapping, waits_for_parent, parent_down };
[[nodiscard]] std::string_view to_string(Hold hold);  // "" for none

struct Acknowledgement {
  std::string by;
  std::string comment;
  Instant at{};
  Instant until{};  // epoch 0: until the incident ends
};

// The ledger of an open incident. Durable.
struct Announcement {
  Event opening;                  // the went_down event, to be told when its time comes
  std::vector<std::string> told;  // channels that got it
  Hold hold = Hold::none;         // why nobody was told yet
  std::string held_by;            // the silence, the maintenance window or the parent
  Instant wait_until{};           // of waits_for_parent
  Instant last_told{};            // reminders count from here
  std::optional<Acknowledgement> acknowledgement;

  [[nodiscard]] bool acknowledged(Instant now) const {
    return acknowledgement && (acknowledgement->until == Instant{} || now < acknowledgement->until);
  }
};

// Those who are to be told of the opening now and have not been. Nobody while it is held; those
// with `after` not before their time and not while it is acknowledged.
[[nodiscard]] std::vector<std::string> due_openings(const Announcement& announcement,
                                                    std::span<const Recipient> recipients,
                                                    Instant now);
// When the next recipient with `after` is due; nullopt: nobody waits.
[[nodiscard]] std::optional<Instant> next_escalation(const Announcement& announcement,
                                                     std::span<const Recipient> recipients);
// When time alone may next change who is to be told: an escalation, a reminder; at once (epoch 0)
// while something holds it, which may end at any time. nullopt: never.
[[nodiscard]] std::optional<Instant> next_look(const Announcement& announcement,
                                               std::span<const Recipient> recipients,
                                               Milliseconds remind_every);
// Those who are told of a later event of the incident: they were told of the opening, and their
// entry does not exclude its type. One whose entry is gone is still told.
[[nodiscard]] std::vector<std::string> followers(const Announcement& announcement,
                                                 std::span<const Recipient> recipients,
                                                 EventType type);
[[nodiscard]] bool reminder_due(const Announcement& announcement, Milliseconds remind_every,
                                Instant now);
// Those who are told of an event that belongs to no incident.
[[nodiscard]] std::vector<std::string> note_recipients(std::span<const Recipient> recipients,
                                                       EventType type, Severity severity);

}  // namespace tocsin::alert

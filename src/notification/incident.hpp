#pragma once
// What an event does to the incidents that providers keep: threads of messages, pages.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/event.hpp"
#include "alert/event_type.hpp"

namespace tocsin::notification {

// A type that this version does not know is a note.
[[nodiscard]] alert::Phase phase_of(const alert::Event& event);

// About a service of ECS: each of its incidents is a story of its own, for one message.
[[nodiscard]] bool is_ecs(const alert::Event& event);

// What it tells of: a reminder of a service what it reminds of, else its own type. nullopt: a type
// that this version does not know.
[[nodiscard]] std::optional<alert::EventType> told_type(const alert::Event& event);

// The first message of an incident that a channel is told is the one that later ones answer to,
// whatever it says of it: a channel may be told of failures alone. But what ends an incident begins
// nothing, and neither does a note that merely mentions one.
[[nodiscard]] bool begins_thread(const alert::Event& event);

// It is over, and well: not by a rollback, nor because the service was deleted.
[[nodiscard]] bool ends_well(const alert::Event& event);

// Its severity for people; the end of a rollback is no good news.
[[nodiscard]] alert::Severity severity_of(const alert::Event& event);

// How a story of several steps stands now: its first message shows it. Progress and reminders
// change nothing there.
[[nodiscard]] bool is_turn(const alert::Event& event);

// Whoever reads the channel must see it, not only who opens the thread.
[[nodiscard]] bool is_for_all(const alert::Event& event);

// `closed_incidents` of the event: other incidents of its service that are over with it; its own is
// not among them. At most kMostClosed.
inline constexpr std::size_t kMostClosed = 100;
[[nodiscard]] std::vector<std::string> closed_incidents(const alert::Event& event);

}  // namespace tocsin::notification

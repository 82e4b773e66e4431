#include "alert/announcement.hpp"

#include <array>

#include "alert/channels.hpp"

namespace tocsin::alert {

bool wants(const Recipient& recipient, EventType type, Severity severity) {
  const bool type_fits =
      recipient.types.empty() ? type != EventType::became_unknown : contains(recipient.types, type);
  return type_fits && (recipient.severities.empty() || contains(recipient.severities, severity));
}

std::string_view to_string(Hold hold) {
  constexpr std::array<std::string_view, 5> kNames{"", "silenced", "flapping", "waits_for_parent",
                                                   "parent_down"};
  return kNames.at(static_cast<std::size_t>(hold));
}

std::vector<std::string> due_openings(const Announcement& announcement,
                                      std::span<const Recipient> recipients, Instant now) {
  std::vector<std::string> due;
  if (announcement.hold != Hold::none) {
    return due;
  }
  const Event& opening = announcement.opening;
  const bool acknowledged = announcement.acknowledged(now);
  for (const Recipient& recipient : recipients) {
    const bool escalation = recipient.after > Milliseconds{0};
    if (escalation && (acknowledged || now < opening.at + recipient.after)) {
      continue;
    }
    if (!contains(announcement.told, recipient.channel) &&
        wants(recipient, EventType::went_down, opening.severity)) {
      add_once(due, recipient.channel);
    }
  }
  return due;
}

std::optional<Instant> next_escalation(const Announcement& announcement,
                                       std::span<const Recipient> recipients) {
  std::optional<Instant> next;
  for (const Recipient& recipient : recipients) {
    if (recipient.after <= Milliseconds{0} || contains(announcement.told, recipient.channel) ||
        !wants(recipient, EventType::went_down, announcement.opening.severity)) {
      continue;
    }
    const Instant at = announcement.opening.at + recipient.after;
    next = next ? std::min(*next, at) : at;
  }
  return next;
}

std::optional<Instant> next_look(const Announcement& announcement,
                                 std::span<const Recipient> recipients, Milliseconds remind_every) {
  if (announcement.hold != Hold::none) {
    return Instant{};
  }
  std::optional<Instant> next = next_escalation(announcement, recipients);
  if (remind_every > Milliseconds{0} && !announcement.told.empty()) {
    const Instant reminder = announcement.last_told + remind_every;
    next = next ? std::min(*next, reminder) : reminder;
  }
  return next;
}

std::vector<std::string> followers(const Announcement& announcement,
                                   std::span<const Recipient> recipients, EventType type) {
  std::vector<std::string> out;
  for (const std::string& channel : announcement.told) {
    const auto is_theirs = [&](const Recipient& r) { return r.channel == channel; };
    const bool has_entry = std::ranges::any_of(recipients, is_theirs);
    const bool wanted = std::ranges::any_of(recipients, [&](const Recipient& r) {
      return is_theirs(r) && wants(r, type, announcement.opening.severity);
    });
    if (!has_entry || wanted) {
      add_once(out, channel);
    }
  }
  return out;
}

bool reminder_due(const Announcement& announcement, Milliseconds remind_every, Instant now) {
  return remind_every > Milliseconds{0} && announcement.hold == Hold::none &&
         !announcement.told.empty() && !announcement.acknowledged(now) &&
         now >= announcement.last_told + remind_every;
}

std::vector<std::string> note_recipients(std::span<const Recipient> recipients, EventType type,
                                         Severity severity) {
  std::vector<std::string> out;
  for (const Recipient& recipient : recipients) {
    if (recipient.after <= Milliseconds{0} && wants(recipient, type, severity)) {
      add_once(out, recipient.channel);
    }
  }
  return out;
}

}  // namespace tocsin::alert

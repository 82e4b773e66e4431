#pragma once
// Who hears of events: entries of `notify`.

#include <optional>
#include <string>
#include <vector>

#include "alert/announcement.hpp"
#include "config/field_table.hpp"
#include "config/scalars.hpp"

namespace tocsin::config {

struct NotifyDraft {
  NamedReference to;
  alert::Recipient recipient;  // its channel is `to`
};

// `ops`, `[ops, page]`, or a list with maps {channel, types, severity, after}.
[[nodiscard]] std::optional<std::vector<NotifyDraft>> decode_notify(Decoder& d, const Node& node);
[[nodiscard]] const Table<NotifyDraft>& notify_table();
[[nodiscard]] std::optional<alert::Severity> decode_event_severity(Decoder& d, const Node& node);
[[nodiscard]] std::optional<Milliseconds> decode_remind_every(Decoder& d, const Node& node);

[[nodiscard]] std::vector<alert::Recipient> recipients_of(const std::vector<NotifyDraft>& drafts);

}  // namespace tocsin::config

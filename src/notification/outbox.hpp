#pragma once
// Notifications that wait: who is to be told of an event. Rows are written in the same transaction
// as the event and the state that it announces, and delivered from there.

#include <string>
#include <vector>

#include "alert/event.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "notification/format.hpp"

namespace tocsin::notification {

// One event for one channel, or one outcome for one sink.
struct Notification {
  std::string key;  // idempotency key, the same at every attempt
  std::string target;
  bool sink = false;
  std::string monitor;
  std::string event_id;
  Instant created{};
  std::string payload;  // JSON
};

// A row for each of `channels`, in their order; a name that stands twice counts once. The key is
// "<channel>/<event id>", the payload the event as the API shows it.
[[nodiscard]] std::vector<Notification> address(const alert::Event& event,
                                                const std::vector<std::string>& channels);

// One outcome, which ended at `at`, for one sink. The key is "<sink>/<monitor>/<at>-<number>".
[[nodiscard]] Notification report(const std::string& sink, const Report& outcome,
                                  std::uint64_t number, Instant at);
// Reads back the payload that report() wrote. Error (invalid): it is something else.
[[nodiscard]] Result<Report> parse_report(std::string_view payload);

}  // namespace tocsin::notification

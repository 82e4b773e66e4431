#include "notification/outbox.hpp"

#include <algorithm>

namespace tocsin::notification {

std::vector<Notification> address(const alert::Event& event,
                                  const std::vector<std::string>& channels) {
  std::vector<Notification> rows;
  std::string payload;
  for (const std::string& channel : channels) {
    if (std::ranges::find(rows, channel, &Notification::target) != rows.end()) {
      continue;
    }
    if (payload.empty()) {
      payload = alert::to_json(event);
    }
    rows.push_back({.key = channel + "/" + event.id,
                    .target = channel,
                    .sink = false,
                    .monitor = event.monitor,
                    .event_id = event.id,
                    .created = event.at,
                    .payload = payload});
  }
  return rows;
}

}  // namespace tocsin::notification

#include "notification/outbox.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_writer.hpp"
#include "check/json.hpp"

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

Notification report(const std::string& sink, const Report& outcome, std::uint64_t number,
                    Instant at) {
  Notification row{.key = fmt::format("{}/{}/{}-{}", sink, outcome.monitor, unix_ms(at), number),
                   .target = sink,
                   .sink = true,
                   .monitor = outcome.monitor,
                   .event_id = {},
                   .created = at,
                   .payload = {}};
  JsonWriter w(row.payload);
  w.object().field("monitor", outcome.monitor).field("kind", outcome.kind).key("labels").object();
  for (const auto& [key, value] : outcome.labels) {
    w.field(key, value);
  }
  w.end_object().key("outcome").raw(outcome.outcome).end_object();
  return row;
}

Result<Report> parse_report(std::string_view payload) {
  const auto value = check::parse_json(payload);
  if (!value) {
    return std::unexpected(Error(value.error()).with("not the JSON of an outcome"));
  }
  Report out;
  out.monitor = value->find("monitor").string().value_or("");
  out.kind = value->find("kind").string().value_or("");
  for (check::JsonItems item(value->find("labels")); item.next();) {
    out.labels.emplace_back(item.key(), item.value().string().value_or(""));
  }
  out.outcome = value->find("outcome").text();
  if (out.monitor.empty() || out.outcome.empty()) {
    return fail(ErrorCode::invalid, "not the JSON of an outcome: it has no monitor or outcome");
  }
  return out;
}

}  // namespace tocsin::notification

// `tocsin outbox`: what waits for delivery.

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "app/commands.hpp"
#include "app/console.hpp"
#include "app/listing.hpp"
#include "app/remote.hpp"
#include "base/json_writer.hpp"
#include "check/json.hpp"

namespace tocsin::app {
namespace {

std::string object_of(std::string_view name, const std::string& value) {
  std::string body;
  JsonWriter w(body);
  w.object();
  if (!value.empty()) {
    w.field(name, value);
  }
  w.end_object();
  return body;
}

// "5m", from or to a time of the API; "" when it is null.
std::string away(check::JsonValue time, Instant now, bool past) {
  const auto at = parse_rfc3339(time.string().value_or(""));
  if (!at) {
    return "";
  }
  return short_duration(std::max(past ? now - *at : *at - now, Milliseconds{0}));
}

std::vector<std::string> row_of(check::JsonValue item, Instant now) {
  const auto text = [&](std::string_view name) { return item.find(name).string().value_or(""); };
  const bool sending = item.find("state").is_string("sending");
  const std::string next = away(item.find("next_try"), now, false);
  return {text("key"),
          text("monitor"),
          text("type"),
          away(item.find("since"), now, true),
          std::string(item.find("attempts").number()),
          sending        ? "sending"
          : next.empty() ? "soon"
                         : "in " + next,
          text("error")};
}

}  // namespace

int list_outbox(const OutboxListOptions& options) {
  auto remote = Remote::at(options);
  if (!remote) {
    return give_up(remote.error());
  }
  std::string path = "/api/v1/outbox";
  if (!options.channel.empty()) {
    path += "?channel=" + percent_encoded(options.channel);
  }
  const auto items = (*remote)->items(path);
  if (!items) {
    return give_up(items.error());
  }
  if (options.json) {
    fmt::print("{}", items_document(*items));
    return kDone;
  }
  std::vector<std::vector<std::string>> rows;
  for (const std::string& item : *items) {
    rows.push_back(row_of(*check::parse_json(item), (*remote)->now()));
  }
  if (!rows.empty()) {
    fmt::print("{}",
               render_columns({"KEY", "MONITOR", "TYPE", "WAITS", "TRIES", "NEXT", "LAST ERROR"},
                              rows, list_width()));
  }
  fmt::print("{} in the outbox\n", counted(rows.size(), "notification"));
  return kDone;
}

int retry_outbox(const OutboxRetryOptions& options) {
  auto remote = Remote::at(options);
  if (!remote) {
    return give_up(remote.error());
  }
  const auto answer = (*remote)->ask({.method = "POST",
                                      .path = "/api/v1/outbox/retry",
                                      .body = object_of("channel", options.channel)});
  if (!answer) {
    return give_up(answer.error());
  }
  if (options.json) {
    fmt::print("{}\n", *answer);
    return kDone;
  }
  std::string names;
  const auto body = *check::parse_json(*answer);
  for (check::JsonItems each(body.find("retried")); each.next();) {
    names += (names.empty() ? "" : ", ") + each.value().string().value_or("");
  }
  fmt::print("{}\n",
             names.empty() ? "there is no channel and no sink" : "asked to try again: " + names);
  return kDone;
}

int drop_outbox(const OutboxDropOptions& options) {
  if (options.key.empty() == options.channel.empty()) {
    fmt::print(stderr,
               "tocsin: say what to drop: a key of `tocsin outbox list`, or --channel "
               "NAME for all that waits there\n");
    return kUsage;
  }
  auto remote = Remote::at(options);
  if (!remote) {
    return give_up(remote.error());
  }
  const bool one = !options.key.empty();
  const auto answer = (*remote)->ask(
      {.method = "POST",
       .path = "/api/v1/outbox/drop",
       .body = one ? object_of("key", options.key) : object_of("channel", options.channel)});
  if (!answer) {
    return give_up(answer.error());
  }
  if (options.json) {
    fmt::print("{}\n", *answer);
    return kDone;
  }
  const auto dropped = check::parse_json(*answer)->find("dropped").integer().value_or(0);
  fmt::print("{} dropped\n", counted(static_cast<std::size_t>(dropped), "notification"));
  return kDone;
}

}  // namespace tocsin::app

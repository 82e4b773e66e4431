// `tocsin acknowledge`: somebody works on it.

#include <fmt/format.h>

#include <cstdio>

#include "app/commands.hpp"
#include "app/remote.hpp"
#include "base/json_writer.hpp"
#include "check/json.hpp"

namespace tocsin::app {
namespace {

std::string body_of(const AcknowledgeOptions& options) {
  std::string body;
  JsonWriter w(body);
  w.object();
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) {
      w.field(name, value);
    }
  };
  if (!options.undo) {
    add("by", options.by);
    add("for", options.length);
    add("until", options.until);
    add("comment", options.comment);
  }
  w.end_object();
  return body;
}

}  // namespace

int acknowledge(const AcknowledgeOptions& options) {
  const bool says_more = !(options.by.empty() && options.comment.empty() &&
                           options.length.empty() && options.until.empty());
  if (options.undo && says_more) {
    fmt::print(stderr, "tocsin: --undo goes with no other option: it takes back what was said\n");
    return kUsage;
  }
  auto remote = Remote::at(options);
  if (!remote) {
    return give_up(remote.error());
  }
  const auto answer = (*remote)->ask(
      {.method = "POST",
       .path = fmt::format("/api/v1/monitors/{}/{}", percent_encoded(options.monitor),
                           options.undo ? "unacknowledge" : "acknowledge"),
       .body = body_of(options)});
  if (!answer) {
    return give_up(answer.error());
  }
  if (options.json) {
    fmt::print("{}\n", *answer);
    return kDone;
  }
  if (options.undo) {
    fmt::print("{} is no longer acknowledged: reminders and escalation go on\n", options.monitor);
    return kDone;
  }
  const auto said = check::parse_json(*answer)->find("acknowledged");
  const std::string by = said.find("by").string().value_or("");
  fmt::print("{} is acknowledged{} until {}\n", options.monitor, by.empty() ? "" : " by " + by,
             said.find("until").string().value_or("it is up again"));
  return kDone;
}

}  // namespace tocsin::app

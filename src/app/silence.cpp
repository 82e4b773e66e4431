// `tocsin silence`: of which monitors nobody is told for a while.

#include <fmt/format.h>

#include <cstdio>

#include "app/commands.hpp"
#include "app/console.hpp"
#include "app/listing.hpp"
#include "app/remote.hpp"
#include "base/json_writer.hpp"
#include "check/json.hpp"

namespace tocsin::app {
namespace {

void field_unless_empty(JsonWriter& w, std::string_view name, const std::string& value) {
  if (!value.empty()) {
    w.field(name, value);
  }
}

std::string body_of(const SilenceAddOptions& options) {
  std::string body;
  JsonWriter w(body);
  w.object();
  if (options.all) {
    w.field("all", true);
  }
  if (!options.match.empty()) {
    w.key("match").array();
    for (const std::string& term : options.match) {
      w.value(term);
    }
    w.end_array();
  }
  field_unless_empty(w, "for", options.length);
  field_unless_empty(w, "from", options.from);
  field_unless_empty(w, "until", options.until);
  field_unless_empty(w, "by", options.by);
  field_unless_empty(w, "reason", options.reason);
  w.end_object();
  return body;
}

std::string terms_of(check::JsonValue silence) {
  std::string out;
  for (check::JsonItems terms(silence.find("match")); terms.next();) {
    out += (out.empty() ? "" : " ") + terms.value().string().value_or("");
  }
  return out.empty() ? "every monitor" : out;
}

std::string text_of(check::JsonValue item, std::string_view name) {
  return item.find(name).string().value_or("");
}

std::optional<std::string> usage_problem(const SilenceAddOptions& options) {
  if (options.match.empty() == !options.all) {
    return "say which monitors: labels such as team=shop, or --all; not both";
  }
  if (options.length.empty() && options.until.empty()) {
    return "say how long: --for 30m, or --until TIME";
  }
  return std::nullopt;
}

}  // namespace

int add_silence(const SilenceAddOptions& options) {
  if (const auto problem = usage_problem(options)) {
    fmt::print(stderr, "tocsin: {}\n", *problem);
    return kUsage;
  }
  auto remote = Remote::at(options);
  if (!remote) {
    return give_up(remote.error());
  }
  const auto answer =
      (*remote)->ask({.method = "POST", .path = "/api/v1/silences", .body = body_of(options)});
  if (!answer) {
    return give_up(answer.error());
  }
  if (options.json) {
    fmt::print("{}\n", *answer);
    return kDone;
  }
  const auto made = *check::parse_json(*answer);
  const std::int64_t monitors = made.find("monitors").integer().value_or(0);
  fmt::print("silence {} from {} until {}: {}, {} now\n", text_of(made, "id"),
             text_of(made, "from"), text_of(made, "until"), terms_of(made),
             counted(static_cast<std::size_t>(monitors), "monitor"));
  if (monitors == 0) {
    fmt::print(stderr, "tocsin: warning: no monitor has these labels now\n");
  }
  return kDone;
}

int list_silences(const SilenceListOptions& options) {
  auto remote = Remote::at(options);
  if (!remote) {
    return give_up(remote.error());
  }
  const auto items = (*remote)->items(options.ended ? "/api/v1/silences"
                                                    : "/api/v1/silences?state=active,pending");
  if (!items) {
    return give_up(items.error());
  }
  if (options.json) {
    fmt::print("{}", items_document(*items));
    return kDone;
  }
  std::vector<std::vector<std::string>> rows;
  for (const std::string& text : *items) {
    const auto item = *check::parse_json(text);
    rows.push_back({text_of(item, "id"), text_of(item, "state"), text_of(item, "from"),
                    text_of(item, "until"), text_of(item, "by"), terms_of(item),
                    text_of(item, "reason")});
  }
  if (!rows.empty()) {
    fmt::print("{}", render_columns({"ID", "STATE", "FROM", "UNTIL", "BY", "MATCH", "REASON"}, rows,
                                    list_width()));
  }
  fmt::print("{}\n", counted(rows.size(), "silence"));
  return kDone;
}

int end_silences(const SilenceEndOptions& options) {
  auto remote = Remote::at(options);
  if (!remote) {
    return give_up(remote.error());
  }
  int code = kDone;
  std::vector<std::string> answers;
  for (const std::string& id : options.ids) {
    auto answer =
        (*remote)->ask({.method = "DELETE", .path = "/api/v1/silences/" + percent_encoded(id)});
    if (!answer) {
      code = give_up(answer.error());
      continue;
    }
    if (!options.json) {
      fmt::print("silence {} ended\n", id);
    }
    answers.push_back(std::move(*answer));
  }
  if (options.json) {
    fmt::print("{}", items_document(answers));
  }
  return code;
}

}  // namespace tocsin::app

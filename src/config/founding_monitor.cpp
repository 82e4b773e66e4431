#include "config/founding_monitor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "check/url.hpp"
#include "config/alerting_fields.hpp"
#include "config/endpoint.hpp"
#include "config/founding_answer.hpp"
#include "config/founding_post.hpp"
#include "config/founding_template.hpp"
#include "schedule/cron.hpp"

namespace tocsin::config {
namespace {

using Texts = std::vector<std::string>;

// What a record of Tocsin's own health holds: service/self_watch.cpp.
const Texts kSelfValues{"monitors", "up",        "down",   "unknown", "planned",
                        "late",     "in_flight", "outbox", "troubles"};

// --- The endpoint itself. ---

std::string decode_scheme(const FoundingEntry& e) {
  const NodeEntry* const item = e.find("scheme");
  if (item == nullptr) return "https";
  const auto scope = e.d.enter(item->key);
  const Decoder::Correction fix(e.d, [&] {
    const std::string& text = item->value.text;
    const bool plain = text.starts_with("http") && !text.starts_with("https");
    return e.keys_as({plain || text == "HTTP" ? "scheme: http" : "scheme: https"});
  });
  constexpr std::array<std::string_view, 2> kSchemes{"http", "https"};
  const auto word = decode_word(e.d, item->value, kSchemes);
  return std::string(kSchemes[word.value_or(1)]);
}

bool is_endpoint(std::string_view text) {
  return check::parse_url(fmt::format("https://{}", text)).has_value();
}

// The entry's name with what does not belong into it taken away: "https://", a user, a bad port.
std::string bare_endpoint(std::string_view name) {
  if (const std::size_t scheme = name.find("://"); scheme != std::string_view::npos) {
    name.remove_prefix(scheme + 3);
  }
  const std::string_view authority = name.substr(0, name.find('/'));
  if (const std::size_t user = authority.rfind('@'); user != std::string_view::npos) {
    name.remove_prefix(user + 1);
  }
  if (is_endpoint(name)) return std::string(name);
  const std::size_t path = std::min(name.find('/'), name.size());
  const std::string portless =
      std::string(name.substr(0, std::min(name.find(':'), path))) + std::string(name.substr(path));
  return is_endpoint(portless) ? portless : "www.example.com/health";
}

void decode_target(const FoundingEntry& e, MonitorDraft& out) {
  const std::string scheme = decode_scheme(e);
  const std::string& name = e.name();
  const Decoder::Correction fix(e.d, [&] {
    std::string line = fmt::format("{}:", bare_endpoint(name));
    const bool https = name.find("http://") == std::string::npos;
    const bool add = name.find("://") != std::string::npos && e.find("scheme") == nullptr;
    return add ? line + '\n' + e.keys_as({https ? "scheme: https" : "scheme: http"}) : line;
  });
  if (std::string problem = name_problem(name); !problem.empty()) {
    e.d.error(e.at(), std::move(problem));
    return;
  }
  if (name.find("://") != std::string::npos) {
    e.d.error(e.at(), "an endpoint stands without http:// or https:// here; scheme says which");
    return;
  }
  if (without_user(name) != name) {
    e.d.error(e.at(),
              "found a user or password; the founding format has no place for them: write this "
              "endpoint under monitors, with http: {auth: ...}");
    return;
  }
  if (name.find("${") != std::string::npos) {
    e.d.error(e.at(), "${...} is filled in in values, not in the name of an endpoint");
    return;
  }
  Node url;
  url.kind = Node::Kind::scalar;
  url.quoted = true;
  url.at = e.at();
  url.text = fmt::format("{}://{}", scheme, name);
  HttpDraft http;
  if (auto decoded = decode_url(e.d, url)) http.target.url = std::move(*decoded);
  out.target = std::move(http);
}

// --- cron_schedule ---

// A fixed time zone and instant: whether an expression can be read depends on neither.
std::string cron_problem(std::string_view text) {
  const auto zone = schedule::find_zone("UTC");
  if (!zone) return {};
  const auto cron = schedule::Cron::parse(text, *zone);
  if (!cron) return cron.error().message;
  return cron->next(from_unix_ms(0)) ? "" : "this schedule never comes due";
}

// What was probably meant: as other programs write it (`?`, a year), or with fields missing.
std::string nearest_cron(std::string_view text) {
  Texts fields;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t from = text.find_first_not_of(" \t", at);
    if (from == std::string_view::npos) break;
    at = std::min(text.find_first_of(" \t", from), text.size());
    fields.emplace_back(text.substr(from, at - from));
    if (fields.back() == "?") fields.back() = "*";
  }
  if (fields.empty()) return "*/5 * * * *";
  if (fields.size() == 7) fields.pop_back();
  while (fields.size() < 5) fields.emplace_back("*");
  const std::string meant = fmt::format("{}", fmt::join(fields, " "));
  return cron_problem(meant).empty() ? meant : "*/5 * * * *";
}

void decode_cron(const FoundingEntry& e, MonitorDraft& out) {
  const NodeEntry* const item = e.find("cron_schedule");
  const auto line = [](std::string_view cron) {
    return fmt::format("cron_schedule: \"{}\"", cron);
  };
  if (item == nullptr) {
    if (e.has("cron_schedule")) return;
    const Decoder::Correction fix(e.d, [&] { return e.entry_with({line("*/5 * * * *")}); });
    e.d.error(e.at(), "expected cron_schedule, which says when this endpoint is asked");
    return;
  }
  const auto scope = e.d.enter(item->key);
  const Decoder::Correction fix(e.d,
                                [&] { return e.keys_as({line(nearest_cron(item->value.text))}); });
  auto text = decode_line(e.d, item->value, "a cron expression such as \"*/5 * * * *\"", 256);
  if (!text) return;
  if (std::string problem = cron_problem(*text); !problem.empty()) {
    e.d.error(item->value.at, Decoder::substituted(item->value)
                                  ? "not a valid cron expression once its ${...} are filled in"
                                  : std::move(problem));
    return;
  }
  Draft<Common> given;
  const NodeEntry schedule{"schedule", item->at, item->value};
  (void)decode_entry(e.d, schedule, common_table(), given);
  out.common = std::move(given);
}

// --- Where outcomes go. ---

std::optional<OutletDraft> sink_of(const FoundingEntry& e, FoundingPosts posts) {
  if (!posts.post) return std::nullopt;
  OutletDraft draft;
  draft.at = e.at();
  draft.outlet.name = e.name();
  draft.outlet.type = "post_endpoint";
  draft.outlet.sink = true;
  draft.make = [format = notification::make_post(std::move(*posts.post))](
                   const notification::Outlet&, const std::shared_ptr<const notification::Texts>&) {
    return format;
  };
  return draft;
}

// A report of the entry's own takes the place of the one in `defaults`.
void report_to_own(const FoundingEntry& e, ReportOn on, MonitorDraft& out) {
  Node name;
  name.kind = Node::Kind::scalar;
  name.quoted = true;
  name.at = e.at();
  name.text = e.name();
  (void)decode_entry(e.d, {"report", e.at(), std::move(name)}, common_table(), out.common);
  out.report_on = on;
}

bool is_self_key(std::string_view key) {
  const auto& own = self_table().fields;
  return std::ranges::any_of(own, [&](const auto& row) { return row.doc.name == key; });
}

bool is_monitor_key(std::string_view key) {
  std::vector<std::string_view> names{"http", "tcp"};
  add_names(common_table(), names);
  add_names(own_table(), names);
  add_names(http_option_table(), names);
  return std::ranges::find(names, key) != names.end();
}

// Keys that stand elsewhere, or nowhere. The others were read by those who know them.
void check_keys(const FoundingEntry& e, bool self) {
  const auto known = founding_keys();
  for (const NodeEntry& item : e.keys()) {
    const bool founding = std::ranges::find(known, item.key) != known.end();
    if (founding && (!self || is_post_key(item.key))) continue;
    const Decoder::Correction fix(e.d, [&] { return e.without(item); });
    const auto scope = e.d.enter(item.key);
    if (founding) {
      e.d.error(item.at, fmt::format("self has no {}: Tocsin reports its own health every minute",
                                     item.key));
    } else if (self && is_self_key(item.key)) {
      e.d.error(item.at, fmt::format("{} stands under self in tocsin.yml", item.key));
    } else if (!self && is_monitor_key(item.key)) {
      e.d.error(item.at, fmt::format("{} is not in the founding format; it stands under defaults "
                                     "in tocsin.yml, or write this endpoint under monitors",
                                     item.key));
    }
  }
  for (const NodeEntry& item : e.keys()) {
    if (std::ranges::find(known, item.key) != known.end()) continue;
    if (self ? is_self_key(item.key) : is_monitor_key(item.key)) continue;
    const Decoder::Correction fix(e.d, [&] { return e.without(item); });
    unknown_founding_key(e, item, known);
  }
}

bool require_entry_map(const FoundingEntry& e) {
  if (e.value().kind == Node::Kind::map) return true;
  const Decoder::Correction fix(e.d, [&] {
    if (e.name() != "self") {
      return e.entry_with({"cron_schedule: \"*/5 * * * *\"", "scheme: https"});
    }
    Texts lines{"post_endpoint: https://api.datadoghq.com/api/v1/events"};
    for (std::string& line : FoundingTemplates(e, kSelfValues).info_lines()) {
      lines.push_back(std::move(line));
    }
    return e.entry_with(lines);
  });
  e.d.expected(e.value(), "keys such as cron_schedule below it, indented");
  return false;
}

}  // namespace

FoundingEndpoint decode_founding_endpoint(const FoundingEntry& e, AssertionCache& assertions) {
  FoundingEndpoint out;
  out.monitor.name = e.name();
  out.monitor.at = e.at();
  if (!require_entry_map(e)) return out;
  check_keys(e, false);
  decode_cron(e, out.monitor);
  decode_target(e, out.monitor);
  const FoundingAnswer answer = decode_answer(e);
  out.monitor.assertions = assertions.compile(e.d, "http", answer.own);
  FoundingPosts posts = decode_posts(e, answer.captured, ReportOn::up);
  out.monitor.delivery_unavailable = posts.service;
  if (posts.post) report_to_own(e, posts.on, out.monitor);
  out.sink = sink_of(e, std::move(posts));
  return out;
}

FoundingSelf decode_founding_self(const FoundingEntry& e) {
  FoundingSelf out;
  if (!require_entry_map(e)) return out;
  check_keys(e, true);
  FoundingPosts posts = decode_posts(e, kSelfValues, ReportOn::always);
  out.on = posts.on;
  out.sink = sink_of(e, std::move(posts));
  return out;
}

}  // namespace tocsin::config

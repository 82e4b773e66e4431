#include "config/alerting_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <set>

#include "check/url.hpp"
#include "schedule/cron.hpp"

namespace tocsin::config {
namespace {

using namespace std::chrono_literals;

constexpr Range<Milliseconds> kReport{5s, 24h};
constexpr Range<Milliseconds> kWindow{1min, std::chrono::hours{24 * 31}};

constexpr std::string_view kText = R"({"type":"string"})";
constexpr std::string_view kDuration = R"({"$ref":"#/$defs/duration"})";

// May hold a key that lets others say that we are well: a secret.
void decode_heartbeat_url(Decoder& d, const Node& node, SelfDraft& out) {
  auto text = decode_secret(d, node, "an http or https URL");
  if (!text) return;
  if (const auto url = check::parse_url(*text); !url) {
    d.error(node.at, fmt::format("expected an http or https URL: {}", url.error().message));
    return;
  }
  out.heartbeat_url = std::move(*text);
}

constexpr std::array kSelfFields{
    Field<SelfDraft>{
        {"notify", "channels that hear of Tocsin's own troubles", R"({"$ref":"#/$defs/notify"})"},
        [](Decoder& d, const Node& n, SelfDraft& out) {
          if (auto entries = decode_notify(d, n)) out.notify = std::move(*entries);
        }},
    Field<SelfDraft>{
        {"report", "sinks that get a record of Tocsin's health", R"({"$ref":"#/$defs/names"})"},
        [](Decoder& d, const Node& n, SelfDraft& out) {
          if (auto names = decode_names(d, n, "the name of a sink")) {
            out.report = std::move(*names);
          }
        }},
    Field<SelfDraft>{{"gate", "monitors that tell whether this machine itself is connected",
                      R"({"$ref":"#/$defs/names"})"},
                     [](Decoder& d, const Node& n, SelfDraft& out) {
                       if (auto names = decode_names(d, n, "the name of a monitor")) {
                         out.gate = std::move(*names);
                       }
                     }},
    Field<SelfDraft>{{"report_every", "how often the sinks get it; 1m", kDuration},
                     [](Decoder& d, const Node& n, SelfDraft& out) {
                       if (const auto v = decode_duration(d, n, kReport)) out.report_every = *v;
                     }},
    Field<SelfDraft>{
        {"heartbeat_url", "fetched while Tocsin is well, so that somebody watches it", kText},
        decode_heartbeat_url},
    Field<SelfDraft>{{"heartbeat_every", "how often it is fetched; 1m", kDuration},
                     [](Decoder& d, const Node& n, SelfDraft& out) {
                       if (const auto v = decode_duration(d, n, kReport)) out.heartbeat_every = *v;
                     }},
};

void decode_match(Decoder& d, const Node& node, MaintenanceFields& out) {
  std::vector<std::string> terms;
  if (!require_map(d, node)) return;
  for (const NodeEntry& entry : node.entries) {
    const auto scope = d.enter(entry.key);
    if (auto value = decode_text(d, entry.value, 256)) terms.push_back(entry.key + "=" + *value);
  }
  auto match = alert::Selector::parse(terms);
  if (!match) {
    d.error(node.at, match.error().message);
    return;
  }
  out.match = std::move(*match);
}

constexpr std::array kMaintenanceFields{
    Field<MaintenanceFields>{{"name", "what it is called in messages", kText},
                             [](Decoder& d, const Node& n, MaintenanceFields& out) {
                               if (auto name = decode_line(d, n, "a name", 200)) out.name = *name;
                             }},
    Field<MaintenanceFields>{{"schedule", "cron expression of its begin", kText},
                             [](Decoder& d, const Node& n, MaintenanceFields& out) {
                               out.schedule_at = n.at;
                               auto text = decode_line(d, n, "a cron expression", 256);
                               if (text) out.schedule = std::move(*text);
                             }},
    Field<MaintenanceFields>{{"for", "how long it lasts", kDuration},
                             [](Decoder& d, const Node& n, MaintenanceFields& out) {
                               if (const auto v = decode_duration(d, n, kWindow)) out.length = *v;
                             }},
    Field<MaintenanceFields>{{"timezone", "IANA time zone of schedule; UTC", kText},
                             [](Decoder& d, const Node& n, MaintenanceFields& out) {
                               out.timezone_at = n.at;
                               auto zone =
                                   decode_line(d, n, "a time zone such as Europe/Zurich", 64);
                               if (zone) out.timezone = std::move(*zone);
                             }},
    Field<MaintenanceFields>{{"match", "labels of the monitors that it silences; left out: all",
                              R"({"$ref":"#/$defs/texts"})"},
                             decode_match},
};

// Reports what is wrong with zone and schedule, one as well as the other.
std::optional<alert::Maintenance> build(Decoder& d, MaintenanceFields fields) {
  auto zone = schedule::find_zone(fields.timezone);
  const bool zone_known = zone.has_value();
  if (!zone_known) {
    const auto scope = d.enter("timezone");
    d.error(fields.timezone_at, zone.error().message);
    zone = schedule::find_zone("UTC");
  }
  if (fields.schedule.empty() || !zone) return std::nullopt;
  auto cron = schedule::Cron::parse(fields.schedule, *zone);
  const bool comes_due = cron && cron->next(from_unix_ms(0));
  if (!comes_due) {
    const auto scope = d.enter("schedule");
    d.error(fields.schedule_at, cron ? "this schedule never comes due" : cron.error().message);
  }
  if (!comes_due || !zone_known) return std::nullopt;
  return alert::Maintenance{std::move(fields.name),
                            std::make_shared<const schedule::Cron>(std::move(*cron)), fields.length,
                            std::move(fields.match)};
}

}  // namespace

const Table<SelfDraft>& self_table() {
  static constexpr Table<SelfDraft> kTable{kSelfFields, {}};
  return kTable;
}

const Table<MaintenanceFields>& maintenance_table() {
  static constexpr Table<MaintenanceFields> kTable{kMaintenanceFields, {}};
  return kTable;
}

std::vector<MaintenanceDraft> decode_maintenance(Decoder& d, const Node& node) {
  std::vector<MaintenanceDraft> out;
  std::set<std::string, std::less<>> names;
  if (node.kind != Node::Kind::list) {
    d.expected(node, "a list of {name, schedule, for, timezone, match}");
    return out;
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const auto scope = d.enter(i);
    const Node& item = node.items[i];
    Draft<MaintenanceFields> draft;
    const std::size_t before = d.errors();
    decode_object(d, item, maintenance_table(), draft);
    constexpr unsigned kNeeded = 7;  // name, schedule, for
    if (item.kind == Node::Kind::map && (draft.given & kNeeded) != kNeeded) {
      d.error(item.at, "expected name, schedule and for");
    }
    if (const std::string& name = draft.value.name; !name.empty() && !names.insert(name).second) {
      d.error(item.at, "found two maintenance windows of this name");
    }
    auto window = build(d, std::move(draft.value));
    if (window && d.errors() == before) {
      out.push_back({std::move(*window), item.at});
    }
  }
  return out;
}

}  // namespace tocsin::config

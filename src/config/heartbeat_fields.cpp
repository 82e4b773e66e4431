// `heartbeats`: jobs that ping. A heartbeat is a monitor that runs nothing, so it has the keys of
// one that are not about checks, and its own.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "base/uuid.hpp"
#include "config/monitor_fields.hpp"

namespace tocsin::config {
namespace {

using namespace std::chrono_literals;
using check::HeartbeatCheck;

constexpr Range<Milliseconds> kLimit{1s, std::chrono::hours{24 * 366}};
constexpr Milliseconds kShortestInterval = 1s;
constexpr std::string_view kDuration = R"({"$ref":"#/$defs/duration"})";

// Keys of every monitor that say how checks are run.
constexpr std::array<std::string_view, 6> kAboutChecks{
    "delay", "timeout", "retry_every", "on_time_within", "max_overlap", "run_at_start"};
constexpr std::array<std::string_view, 2> kAboutAnswers{"expect", "capture"};
// What `defaults` says of checks: heartbeats have defaults of their own.
constexpr std::array<std::string_view, 3> kOwnDefaults{"every", "schedule", "fail_after"};

bool is_in(std::span<const std::string_view> names, std::string_view key) {
  return std::ranges::find(names, key) != names.end();
}

template <auto Member>
constexpr auto kMember = [](auto& object) -> auto& { return object.*Member; };

constexpr auto kUuid = [](Decoder& d, const Node& n) -> std::optional<std::string> {
  constexpr std::string_view kWhat = "a UUID such as uuidgen prints";
  const auto text = d.text(n, kWhat);
  if (!text) return std::nullopt;
  auto uuid = parse_uuid(*text);
  if (!uuid) d.expected_secret(n, kWhat);
  return uuid;
};
constexpr auto kMethods = [](Decoder& d, const Node& n) {
  return decode_choice<bool>(d, n, {{"any", false}, {"post", true}});
};
constexpr auto kFor = [](Decoder& d, const Node& n) { return decode_duration(d, n, kLimit); };

constexpr std::array kFields{
    field<HeartbeatCheck, kMember<&HeartbeatCheck::uuid>, kUuid>(
        "uuid", "what it is pinged by: /ping/UUID; whoever knows it may ping",
        R"({"type":"string"})"),
    field<HeartbeatCheck, kMember<&HeartbeatCheck::grace>, kFor>(
        "grace", "how long after the expected time a ping may come; 1h", kDuration),
    field<HeartbeatCheck, kMember<&HeartbeatCheck::max_runtime>, kFor>(
        "max_runtime", "longest run, from its start ping; as long as grace when left out",
        kDuration),
    field<HeartbeatCheck, kMember<&HeartbeatCheck::start_within>, kFor>(
        "start_within", "how long after the expected time a start ping may come, at most grace",
        kDuration),
    field<HeartbeatCheck, kMember<&HeartbeatCheck::post_only>, kMethods>(
        "methods", "post: pings by other methods do not count", R"({"enum":["any","post"]})"),
};

void decode_key(Decoder& d, const NodeEntry& item, MonitorDraft& out,
                Draft<HeartbeatCheck>& options, Draft<Own>& own) {
  if (is_in(kAboutChecks, item.key) || is_in(kAboutAnswers, item.key)) {
    const auto scope = d.enter(item.key);
    d.error(item.at,
            fmt::format("{} is not for heartbeats: nothing is checked, the job pings", item.key));
    return;
  }
  if (decode_entry(d, item, heartbeat_table(), options) ||
      decode_entry(d, item, common_table(), out.common) ||
      decode_entry(d, item, own_table(), own)) {
    return;
  }
  std::vector<std::string_view> names;
  add_names(heartbeat_table(), names);
  for (const FieldDoc& doc : heartbeat_common_docs()) names.push_back(doc.name);
  unknown_key(d, item, names);
  out.unsure = true;
}

void check_limits(Decoder& d, const NodeEntry& entry, const MonitorDraft& draft,
                  const Draft<HeartbeatCheck>& options) {
  const Common& common = draft.common.value;
  if (common.timing == Timing::every && common.interval < kShortestInterval) {
    const auto scope = d.enter("every");
    d.error(common.timing_at, "expected at least 1s");
  }
  if (options.value.start_within > options.value.grace) {
    const auto scope = d.enter("start_within");
    const auto at = std::ranges::find(entry.value.entries, "start_within", &NodeEntry::key);
    d.warning(at == entry.value.entries.end() ? entry.at : at->at,
              fmt::format("start_within has no effect: grace ends before it, after {}",
                          format_duration(options.value.grace)));
  }
}

void decode_definition(Decoder& d, const NodeEntry& entry, MonitorDraft& out) {
  if (std::string problem = name_problem(entry.key); !problem.empty()) {
    d.error(entry.at, std::move(problem));
  }
  if (entry.key == "<<") return;  // what it holds is no heartbeat
  if (entry.value.kind != Node::Kind::map && entry.value.kind != Node::Kind::null) {
    d.expected_secret(entry.value, "a map with uuid, every or schedule, and grace");
    return;
  }
  Draft<Own> own;
  auto& options = std::get<HeartbeatDraft>(out.target).options;
  for (const NodeEntry& item : entry.value.entries) decode_key(d, item, out, options, own);
  check_limits(d, entry, out, options);
  take_own(d, own, out);
}

}  // namespace

const Table<HeartbeatCheck>& heartbeat_table() {
  static constexpr Table<HeartbeatCheck> kTable{kFields, {}};
  return kTable;
}

bool is_heartbeat_default(std::string_view key) {
  return !is_in(kAboutChecks, key) && !is_in(kOwnDefaults, key);
}

std::vector<FieldDoc> heartbeat_common_docs() {
  std::vector<FieldDoc> docs;
  add_docs(common_table(), docs);
  add_docs(own_table(), docs);
  std::erase_if(docs, [](const FieldDoc& doc) {
    return is_in(kAboutChecks, doc.name) || is_in(kAboutAnswers, doc.name);
  });
  return docs;
}

MonitorDraft decode_heartbeat(Decoder& d, const NodeEntry& entry) {
  MonitorDraft out;
  out.name = entry.key;
  out.at = entry.at;
  out.target = HeartbeatDraft{};
  const auto scope = d.enter(entry.key);
  const std::size_t before = d.errors();
  decode_definition(d, entry, out);
  out.broken = d.errors() > before;
  return out;
}

}  // namespace tocsin::config

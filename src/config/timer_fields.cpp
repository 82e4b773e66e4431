#include "config/timer_fields.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "check/glob.hpp"
#include "config/endpoint.hpp"
#include "config/scalars.hpp"
#include "config/settings_fields.hpp"

namespace tocsin::config {
namespace {

using namespace std::chrono_literals;

constexpr Range<Milliseconds> kGrace{0ms, std::chrono::hours{24 * 365}};
constexpr Range<Milliseconds> kReminder{1min, std::chrono::hours{24 * 365}};
constexpr Range<Milliseconds> kKeep{1min, std::chrono::hours{24 * 3660}};
constexpr Range<Milliseconds> kTimeout{1s, 1h};
constexpr std::size_t kMostRules = 1'000;

constexpr std::string_view kText = R"({"type":"string"})";
constexpr std::string_view kNumber = R"({"$ref":"#/$defs/integer"})";
constexpr std::string_view kDuration = R"({"$ref":"#/$defs/duration"})";
constexpr std::string_view kBytes = R"({"$ref":"#/$defs/size"})";

template <auto Member>
constexpr auto kMember = [](auto& object) -> auto& { return object.*Member; };
constexpr auto kPath = [](Decoder& d, const Node& n) { return decode_line(d, n, "a file path"); };
constexpr auto kName = [](Decoder& d, const Node& n) { return decode_line(d, n, "a name", 200); };
constexpr auto kToken = [](Decoder& d, const Node& n) { return decode_secret(d, n, "a token"); };
constexpr auto kPrefix = [](Decoder& d, const Node& n) { return decode_text(d, n, 512); };
constexpr auto kUrl = [](Decoder& d, const Node& n) { return decode_url(d, n); };
constexpr auto kSeverity = [](Decoder& d, const Node& n) { return decode_event_severity(d, n); };
template <const Range<Milliseconds>& Allowed>
constexpr auto kSpan = [](Decoder& d, const Node& n) { return decode_duration(d, n, Allowed); };
template <std::uint64_t Least, std::uint64_t Most>
constexpr auto kCount = [](Decoder& d, const Node& n) -> std::optional<std::uint32_t> {
  const auto value = decode_integer(d, n, {Least, Most});
  return value ? std::optional(static_cast<std::uint32_t>(*value)) : std::nullopt;
};
constexpr auto kHeaderBytes = [](Decoder& d, const Node& n) -> std::optional<std::uint32_t> {
  const auto value = decode_size(d, n, {1024, 1U << 20U});
  return value ? std::optional(static_cast<std::uint32_t>(*value)) : std::nullopt;
};

// --- Rules. ---

void decode_pattern(Decoder& d, const Node& node, TimerRuleDraft& out) {
  auto text = decode_line(d, node, "a pattern such as backup-*", 512);
  if (!text) return;
  if (const auto problem = check::glob_problem(*text)) {
    d.error(node.at, *problem);
    return;
  }
  out.rule.match = std::move(*text);
}

void decode_labels(Decoder& d, const Node& node, TimerRuleDraft& out) {
  if (!require_map(d, node)) return;
  for (const NodeEntry& entry : node.entries) {
    const auto scope = d.enter(entry.key);
    if (auto value = decode_text(d, entry.value, 256)) {
      out.rule.labels.emplace_back(entry.key, std::move(*value));
    }
  }
  std::ranges::sort(out.rule.labels);
}

void decode_recipients(Decoder& d, const Node& node, TimerRuleDraft& out) {
  auto entries = decode_notify(d, node);
  if (!entries) return;
  for (const NotifyDraft& entry : *entries) {
    if (entry.recipient.after > 0ms) {
      d.error(node.at, "rules of timers know no `after`; use `reminder`, or a heartbeat");
      return;
    }
  }
  out.notify = std::move(*entries);
}

template <auto Member, auto Decode>
constexpr auto kOfRule = [](Decoder& d, const Node& n, TimerRuleDraft& out) {
  if (auto value = Decode(d, n)) out.rule.*Member = std::move(*value);
};

constexpr std::array kRuleFields{
    Field<TimerRuleDraft>{{"match", "pattern on the whole id, as in pat()", kText}, decode_pattern},
    Field<TimerRuleDraft>{{"name", "what it is called; its pattern", kText},
                          kOfRule<&timer::Rule::name, kName>},
    Field<TimerRuleDraft>{{"grace", "time after the end before anybody is told; 0s", kDuration},
                          kOfRule<&timer::Rule::grace, kSpan<kGrace>>},
    Field<TimerRuleDraft>{{"reminder", "tell again this often; left out: never", kDuration},
                          kOfRule<&timer::Rule::reminder, kSpan<kReminder>>},
    Field<TimerRuleDraft>{
        {"severity", "of its events; critical", R"({"enum":["critical","warning","info"]})"},
        kOfRule<&timer::Rule::severity, kSeverity>},
    Field<TimerRuleDraft>{
        {"labels", "of its events, for silences and routing", R"({"$ref":"#/$defs/texts"})"},
        decode_labels},
    Field<TimerRuleDraft>{{"notify", "channels that are told", R"({"$ref":"#/$defs/notify"})"},
                          decode_recipients},
};

void decode_rules(Decoder& d, const Node& node, TimersDraft& out) {
  if (node.kind != Node::Kind::list || node.items.size() > kMostRules) {
    d.expected(node, "a list of at most 1000 {match, grace, notify, labels, reminder, severity}");
    return;
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const auto scope = d.enter(i);
    Draft<TimerRuleDraft> draft;
    const std::size_t before = d.errors();
    decode_object(d, node.items[i], timer_rule_table(), draft);
    if (d.errors() > before) continue;
    TimerRuleDraft& rule = draft.value;
    rule.at = node.items[i].at;
    if (rule.rule.match.empty()) {
      d.error(rule.at, "expected match: which timers this rule is about");
      continue;
    }
    if (rule.rule.name.empty()) rule.rule.name = rule.rule.match;
    const bool known = std::ranges::any_of(
        out.rules, [&](const TimerRuleDraft& other) { return other.rule.name == rule.rule.name; });
    if (known) {
      d.error(rule.at, "found two rules of this name or pattern; give one of them a name");
      continue;
    }
    out.rules.push_back(std::move(rule));
  }
}

// --- Tokens. ---

constexpr std::array kTokenFields{
    field<TimerToken, kMember<&TimerToken::token>, kToken>("token", "secret, sent as bearer token",
                                                           kText),
    field<TimerToken, kMember<&TimerToken::prefix>, kPrefix>(
        "prefix", "ids that it may arm begin so; left out: all", kText),
};

void decode_timer_tokens(Decoder& d, const Node& node, TimersDraft& out) {
  if (node.kind != Node::Kind::list) {
    d.expected_secret(node, "a list of {token, prefix}");
    return;
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const auto scope = d.enter(i);
    if (!require_secret_map(d, node.items[i])) continue;
    Draft<TimerToken> draft;
    const std::size_t before = d.errors();
    decode_object(d, node.items[i], timer_token_table(), draft);
    if (d.errors() > before) continue;
    if (draft.value.token.empty()) {
      d.error(node.items[i].at, "expected token");
      continue;
    }
    out.settings.tokens.push_back(std::move(draft.value));
  }
}

// --- Store and limits. ---

constexpr std::array kSqliteFields{
    field<TimerSettings, kMember<&TimerSettings::path>, kPath>(
        "path", "file of the timers; beside store.sqlite.path", kText),
};
constexpr std::array kDynamoDbFields{
    field<DynamoDbTimers, kMember<&DynamoDbTimers::table>, kName>(
        "table", "table with the hash key Timer", kText),
    field<DynamoDbTimers, kMember<&DynamoDbTimers::region>, kName>(
        "region", "AWS region; left out: AWS_REGION, the profile's, the task's or instance's own",
        kText),
    field<DynamoDbTimers, kMember<&DynamoDbTimers::endpoint>, kUrl>(
        "endpoint", "URL of DynamoDB; left out: AWS's own", kText),
};

void decode_dynamodb(Decoder& d, const Node& node, TimerSettings& out) {
  Draft<DynamoDbTimers> draft;
  const std::size_t before = d.errors();
  decode_object(d, node, dynamodb_table(), draft);
  if (d.errors() == before && draft.value.table.empty()) d.error(node.at, "expected table");
  out.dynamodb = std::move(draft.value);
}

constexpr std::array kStoreFields{
    Field<TimerSettings>{
        {"sqlite", "embedded, in a file of its own", R"({"$ref":"#/$defs/timer_sqlite"})"},
        [](Decoder& d, const Node& n, TimerSettings& out) {
          Draft<TimerSettings> draft;
          decode_object(d, n, timer_sqlite_table(), draft);
          out.path = std::move(draft.value.path);
        }},
    Field<TimerSettings>{
        {"dynamodb", "a table that several processes share", R"({"$ref":"#/$defs/dynamodb"})"},
        decode_dynamodb},
};

void decode_store(Decoder& d, const Node& node, TimersDraft& out) {
  Draft<TimerSettings> draft;
  draft.value = std::move(out.settings);
  decode_object(d, node, timer_store_table(), draft);
  if (draft.given == 3) d.error(node.at, "expected either sqlite or dynamodb");
  out.settings = std::move(draft.value);
}

constexpr std::array kLimitsFields{
    field<TimerSettings, kMember<&TimerSettings::connections>, kCount<1, 1'000'000>>(
        "connections", "served at one time; more get 503", kNumber),
    field<TimerSettings, kMember<&TimerSettings::header_bytes>, kHeaderBytes>(
        "header", "of one request", kBytes),
    field<TimerSettings, kMember<&TimerSettings::request_timeout>, kSpan<kTimeout>>(
        "request_timeout", "for a whole request, from its first byte", kDuration),
    field<TimerSettings, kMember<&TimerSettings::idle_timeout>, kSpan<kTimeout>>(
        "idle_timeout", "between two requests of a connection", kDuration),
};

template <auto Member, auto Decode>
constexpr auto kOfSettings = [](Decoder& d, const Node& n, TimersDraft& out) {
  if (auto value = Decode(d, n)) out.settings.*Member = std::move(*value);
};
constexpr auto kMaxTimers = [](Decoder& d, const Node& n) {
  return decode_integer(d, n, {1, 100'000'000});
};
constexpr auto kMethods = [](Decoder& d, const Node& n) {
  return decode_choice<bool>(d, n, {{"any", false}, {"post", true}});
};
constexpr auto kChecks = [](Decoder& d, const Node& n) {
  return decode_choice<bool>(d, n, {{"open", true}, {"token", false}});
};

void decode_timer_listen(Decoder& d, const Node& node, TimersDraft& out) {
  const auto endpoint = decode_endpoint(d, node, {.example = "0.0.0.0:8080", .port_zero = true});
  if (endpoint) out.settings.listen = Listen{endpoint->host, endpoint->port, std::nullopt};
}

constexpr std::array kTimersFields{
    Field<TimersDraft>{{"listen", "host:port of the timers' own listener", kText},
                       decode_timer_listen},
    Field<TimersDraft>{
        {"methods", "which methods arm: any, or post alone", R"({"enum":["any","post"]})"},
        kOfSettings<&TimerSettings::post_only, kMethods>},
    Field<TimersDraft>{{"tokens", "who may arm; left out: everybody",
                        R"({"type":"array","items":{"$ref":"#/$defs/timer_token"}})"},
                       decode_timer_tokens},
    Field<TimersDraft>{{"checks", "whether asking needs a token too: open or token",
                        R"({"enum":["open","token"]})"},
                       kOfSettings<&TimerSettings::open_checks, kChecks>},
    Field<TimersDraft>{{"store", "where timers are kept", R"({"$ref":"#/$defs/timer_store"})"},
                       decode_store},
    Field<TimersDraft>{{"max_timers", "more ids are refused with 507", kNumber},
                       kOfSettings<&TimerSettings::max_timers, kMaxTimers>},
    Field<TimersDraft>{{"keep_expired", "how long an expired timer answers 504; 30d", kDuration},
                       kOfSettings<&TimerSettings::keep_expired, kSpan<kKeep>>},
    Field<TimersDraft>{{"limits", "of the listener", R"({"$ref":"#/$defs/timer_limits"})"},
                       [](Decoder& d, const Node& n, TimersDraft& out) {
                         Draft<TimerSettings> draft;
                         draft.value = std::move(out.settings);
                         decode_object(d, n, timer_limits_table(), draft);
                         out.settings = std::move(draft.value);
                       }},
    Field<TimersDraft>{{"rules", "who hears of which expiries",
                        R"({"type":"array","items":{"$ref":"#/$defs/timer_rule"}})"},
                       decode_rules},
};

}  // namespace

const Table<TimersDraft>& timers_table() {
  static constexpr Table<TimersDraft> kTable{kTimersFields, {}};
  return kTable;
}
const Table<TimerRuleDraft>& timer_rule_table() {
  static constexpr Table<TimerRuleDraft> kTable{kRuleFields, {}};
  return kTable;
}
const Table<TimerToken>& timer_token_table() {
  static constexpr Table<TimerToken> kTable{kTokenFields, {}};
  return kTable;
}
const Table<TimerSettings>& timer_store_table() {
  static constexpr Table<TimerSettings> kTable{kStoreFields, {}};
  return kTable;
}
const Table<TimerSettings>& timer_sqlite_table() {
  static constexpr Table<TimerSettings> kTable{kSqliteFields, {}};
  return kTable;
}
const Table<DynamoDbTimers>& dynamodb_table() {
  static constexpr Table<DynamoDbTimers> kTable{kDynamoDbFields, {}};
  return kTable;
}
const Table<TimerSettings>& timer_limits_table() {
  static constexpr Table<TimerSettings> kTable{kLimitsFields, {}};
  return kTable;
}

}  // namespace tocsin::config

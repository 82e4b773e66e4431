#include "config/settings_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "base/uuid.hpp"
#include "config/endpoint.hpp"

namespace tocsin::config {
namespace {

using namespace std::chrono_literals;

constexpr Range<Milliseconds> kKeep{1h, std::chrono::hours{24 * 3660}};

template <auto Member>
constexpr auto kMember = [](auto& object) -> auto& { return object.*Member; };

constexpr auto kBool = [](Decoder& d, const Node& n) { return decode_bool(d, n); };
constexpr auto kPath = [](Decoder& d, const Node& n) { return decode_line(d, n, "a file path"); };
constexpr auto kName = [](Decoder& d, const Node& n) { return decode_line(d, n, "a name", 200); };
constexpr auto kToken = [](Decoder& d, const Node& n) { return decode_secret(d, n, "a token"); };
constexpr auto kHost = [](Decoder& d, const Node& n) { return decode_host(d, n); };
constexpr auto kKeepFor = [](Decoder& d, const Node& n) { return decode_duration(d, n, kKeep); };
constexpr auto kRole = [](Decoder& d, const Node& n) {
  return decode_choice<Role>(d, n, {{"read", Role::read}, {"write", Role::write}});
};
constexpr auto kLevel = [](Decoder& d, const Node& n) {
  return decode_choice<LogLevel>(d, n,
                                 {{"debug", LogLevel::debug},
                                  {"info", LogLevel::info},
                                  {"warn", LogLevel::warn},
                                  {"error", LogLevel::error}});
};
constexpr auto kFormat = [](Decoder& d, const Node& n) {
  return decode_choice<bool>(d, n, {{"text", false}, {"json", true}});
};
constexpr auto kListenPort = [](Decoder& d, const Node& n) -> std::optional<std::uint16_t> {
  const auto port = decode_integer(d, n, {0, 65535});
  return port ? std::optional(static_cast<std::uint16_t>(*port)) : std::nullopt;
};
template <std::uint64_t Least, std::uint64_t Most>
constexpr auto kCount = [](Decoder& d, const Node& n) -> std::optional<std::uint32_t> {
  const auto value = decode_integer(d, n, {Least, Most});
  return value ? std::optional(static_cast<std::uint32_t>(*value)) : std::nullopt;
};
template <std::uint64_t Least, std::uint64_t Most>
constexpr auto kSize = [](Decoder& d, const Node& n) { return decode_size(d, n, {Least, Most}); };

constexpr std::uint64_t kMebi = std::uint64_t{1} << 20U;
constexpr std::string_view kText = R"({"type":"string"})";
constexpr std::string_view kFlag = R"({"$ref":"#/$defs/bool"})";
constexpr std::string_view kNumber = R"({"$ref":"#/$defs/integer"})";
constexpr std::string_view kDuration = R"({"$ref":"#/$defs/duration"})";
constexpr std::string_view kBytes = R"({"$ref":"#/$defs/size"})";

constexpr std::array kListenTlsFields{
    field<ListenTls, kMember<&ListenTls::certificate_file>, kPath>(
        "certificate_file", "PEM file with the certificate chain", kText),
    field<ListenTls, kMember<&ListenTls::key_file>, kPath>("key_file", "PEM file with its key",
                                                           kText),
};

void decode_listen_tls(Decoder& d, const Node& node, Listen& listen) {
  Draft<ListenTls> draft;
  decode_object(d, node, listen_tls_table(), draft);
  if (draft.given != 3) d.error(node.at, "expected both certificate_file and key_file");
  listen.tls = std::move(draft.value);
}

void decode_listen_address(Decoder& d, const Node& node, Listen& listen) {
  const auto endpoint = decode_endpoint(d, node, {.example = "127.0.0.1:7400", .port_zero = true});
  if (!endpoint) return;
  listen.host = endpoint->host;
  listen.port = endpoint->port;
}

constexpr std::array kListenFields{
    Field<Listen>{{"address", "host:port to listen on", kText}, decode_listen_address},
    field<Listen, kMember<&Listen::host>, kHost>("host", "address to listen on", kText),
    field<Listen, kMember<&Listen::port>, kListenPort>("port", "port; 0 lets the system choose",
                                                       kNumber),
    Field<Listen>{{"tls", "serve HTTPS", R"({"$ref":"#/$defs/listen_tls"})"}, decode_listen_tls},
};

void decode_listen(Decoder& d, const Node& node, Part& part) {
  part.listen_at = node.at;
  if (node.kind == Node::Kind::scalar) {
    decode_listen_address(d, node, part.settings.listen);
    return;
  }
  Draft<Listen> draft;
  decode_object(d, node, listen_table(), draft);
  if ((draft.given & 1U) != 0 && (draft.given & 6U) != 0) {
    d.error(node.at, "expected either address, or host and port");
  }
  part.settings.listen = std::move(draft.value);
}

constexpr std::array kTokenFields{
    field<ApiToken, kMember<&ApiToken::name>, kName>("name", "who uses it", kText),
    field<ApiToken, kMember<&ApiToken::role>, kRole>("role", "write includes read",
                                                     R"({"enum":["read","write"]})"),
    field<ApiToken, kMember<&ApiToken::token>, kToken>("token", "secret, sent as bearer token",
                                                       kText),
};

void decode_tokens(Decoder& d, const Node& node, Settings& settings) {
  if (node.kind != Node::Kind::list) {
    d.expected_secret(node, "a list of {name, role, token}");
    return;
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const auto scope = d.enter(i);
    if (!require_secret_map(d, node.items[i])) continue;
    Draft<ApiToken> draft;
    const std::size_t before = d.errors();
    decode_object(d, node.items[i], token_table(), draft);
    if (d.errors() > before) continue;
    ApiToken& token = draft.value;
    if (token.name.empty() || token.token.empty()) {
      d.error(node.items[i].at, "expected name and token");
      continue;
    }
    if (std::ranges::find(settings.tokens, token.name, &ApiToken::name) != settings.tokens.end()) {
      d.error(node.items[i].at, "found two tokens of this name");
    } else if (std::ranges::find(settings.tokens, token.token, &ApiToken::token) !=
               settings.tokens.end()) {
      d.error(node.items[i].at, "found the token of another name again");
    } else {
      settings.tokens.push_back(std::move(token));
    }
  }
}

constexpr std::array kAuthFields{
    Field<Settings>{{"tokens", "bearer tokens of the API", R"({"$ref":"#/$defs/tokens"})"},
                    decode_tokens},
};
constexpr std::array kMetricsFields{
    field<Settings, kMember<&Settings::public_metrics>, kBool>("public", "/metrics needs no token",
                                                               kFlag),
    Field<Settings>{{"per_monitor", "one series per monitor", kFlag},
                    [](Decoder& d, const Node& n, Settings& s) {
                      if (const auto flag = decode_bool(d, n)) s.metrics_per_monitor = flag;
                    }},
};
constexpr std::array kSqliteFields{
    field<SqliteStore, kMember<&SqliteStore::path>, kPath>("path", "database file", kText),
    field<SqliteStore, kMember<&SqliteStore::reserve_bytes>, kSize<0, 1024 * kMebi>>(
        "reserve", "space kept for a full disk", kBytes),
};
constexpr std::array kStoreFields{
    Field<Settings>{{"sqlite", "embedded database", R"({"$ref":"#/$defs/sqlite"})"},
                    [](Decoder& d, const Node& n, Settings& s) {
                      Draft<SqliteStore> draft;
                      decode_object(d, n, sqlite_table(), draft);
                      s.store = std::move(draft.value);
                    }},
};
constexpr std::array<std::string_view, 2> kLaterStores{"dynamodb", "etcd"};
constexpr std::array kRetentionFields{
    field<Retention, kMember<&Retention::outcomes>, kCount<1, 1'000>>(
        "outcomes", "recent outcomes per monitor", kNumber),
    field<Retention, kMember<&Retention::hourly>, kKeepFor>("hourly", "hourly roll-ups", kDuration),
    field<Retention, kMember<&Retention::daily>, kKeepFor>("daily", "daily roll-ups", kDuration),
    field<Retention, kMember<&Retention::events>, kKeepFor>("events", "events", kDuration),
};
constexpr std::array kLimitsFields{
    field<Limits, kMember<&Limits::concurrent_checks>, kCount<1, 1'000'000>>(
        "concurrent_checks", "checks in flight; more due at once are skipped as overload", kNumber),
    field<Limits, kMember<&Limits::connections>, kCount<1, 100'000>>(
        "connections", "connections of the API", kNumber),
    field<Limits, kMember<&Limits::response_memory_bytes>,
          kSize<kMebi, std::uint64_t{64} * 1024 * kMebi>>("response_memory",
                                                          "answers held at one time", kBytes),
};
constexpr std::array kLogFields{
    field<LogOptions, kMember<&LogOptions::json>, kFormat>("format", "text or json",
                                                           R"({"enum":["text","json"]})"),
    field<LogOptions, kMember<&LogOptions::level>, kLevel>(
        "level", "least severe level to log", R"({"enum":["debug","info","warn","error"]})"),
};

// One segment of a path, as it stands there, that is none of the other form of the path.
std::optional<std::string> decode_ping_key(Decoder& d, const Node& node) {
  constexpr std::string_view kWhat =
      "16 to 200 letters, digits, - and _ that are hard to guess, and no UUID";
  auto key = decode_secret(d, node, kWhat);
  if (!key) return std::nullopt;
  const bool plain = std::ranges::all_of(*key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
  if (plain && key->size() >= 16 && key->size() <= 200 && !parse_uuid(*key)) return key;
  d.expected_secret(node, kWhat);
  return std::nullopt;
}
constexpr auto kPingKey = [](Decoder& d, const Node& n) { return decode_ping_key(d, n); };
constexpr std::array kPingFields{
    field<PingSettings, kMember<&PingSettings::key>, kPingKey>(
        "key", "secret of /ping/KEY/NAME, which pings a heartbeat by its name", kText),
    field<PingSettings, kMember<&PingSettings::body_limit>, kSize<0, 65'536>>(
        "body_limit", "what is kept of a ping's body; 10000 bytes", kBytes),
};

template <const auto& TableOf, auto Access>
constexpr auto kNested = [](Decoder& d, const Node& n, Part& part) {
  using Object = std::remove_cvref_t<decltype(Access(part))>;
  Draft<Object> draft;
  draft.value = std::move(Access(part));
  decode_object(d, n, TableOf(), draft);
  Access(part) = std::move(draft.value);
};
constexpr auto kSettings = [](Part& part) -> Settings& { return part.settings; };
constexpr auto kRetention = [](Part& part) -> Retention& { return part.settings.retention; };
constexpr auto kLimits = [](Part& part) -> Limits& { return part.settings.limits; };
constexpr auto kSelf = [](Part& part) -> SelfDraft& { return part.self; };
constexpr auto kPingsOf = [](Part& part) -> PingSettings& { return part.settings.pings; };
constexpr auto kPings = [](Decoder& d, const Node& n, Part& part) {
  const std::size_t before = d.errors();
  if (require_secret_map(d, n)) kNested<ping_table, kPingsOf>(d, n, part);
  part.pings_usable = d.errors() == before;
};
constexpr auto kLog = [](Part& part) -> LogOptions& { return part.settings.log; };
constexpr auto kTemplates = [](Part& part) -> TemplatesDraft& { return part.templates; };

// A section that decides who can reach the API: remembers whether it was understood.
template <auto DecodeSection>
constexpr auto kAccess = [](Decoder& d, const Node& n, Part& part) {
  const std::size_t before = d.errors();
  DecodeSection(d, n, part);
  part.access_usable = part.access_usable && d.errors() == before;
};
constexpr auto kAuth = [](Decoder& d, const Node& n, Part& part) {
  if (require_secret_map(d, n)) kNested<auth_settings_table, kSettings>(d, n, part);
};
constexpr auto kAllowUnauthenticated = [](Decoder& d, const Node& n, Part& part) {
  if (const auto flag = decode_bool(d, n)) part.settings.allow_unauthenticated = *flag;
};

constexpr std::array kSections{
    Field<Part>{{"listen", "address of API, metrics and pages", R"({"$ref":"#/$defs/listen"})"},
                kAccess<decode_listen>},
    Field<Part>{{"auth", "who may use the API", R"({"$ref":"#/$defs/auth"})"}, kAccess<kAuth>},
    Field<Part>{{"allow_unauthenticated", "serve other machines without tokens", kFlag},
                kAccess<kAllowUnauthenticated>},
    Field<Part>{{"metrics", "what /metrics shows, and to whom", R"({"$ref":"#/$defs/metrics"})"},
                kNested<metrics_table, kSettings>},
    Field<Part>{{"store", "where state and history are kept", R"({"$ref":"#/$defs/store"})"},
                kNested<store_table, kSettings>},
    Field<Part>{{"retention", "how long history is kept", R"({"$ref":"#/$defs/retention"})"},
                kNested<retention_table, kRetention>},
    Field<Part>{{"limits", "bounds on memory and work", R"({"$ref":"#/$defs/limits"})"},
                kNested<limits_table, kLimits>},
    Field<Part>{{"log", "what the program says on standard error", R"({"$ref":"#/$defs/log"})"},
                kNested<log_table, kLog>},
    Field<Part>{{"pings", "how heartbeats are pinged", R"({"$ref":"#/$defs/pings"})"}, kPings},
    Field<Part>{{"self", "who hears of Tocsin's own troubles", R"({"$ref":"#/$defs/self"})"},
                kNested<self_table, kSelf>},
    Field<Part>{
        {"maintenance", "windows in which nobody is told", R"({"$ref":"#/$defs/maintenance"})"},
        [](Decoder& d, const Node& n, Part& part) { part.maintenance = decode_maintenance(d, n); }},
    Field<Part>{{"templates", "what messages say", R"({"$ref":"#/$defs/templates"})"},
                kNested<templates_table, kTemplates>},
    Field<Part>{{"timers", "dead man's switches over HTTP", R"({"$ref":"#/$defs/timers"})"},
                [](Decoder& d, const Node& n, Part& part) {
                  Draft<TimersDraft> draft;
                  decode_object(d, n, timers_table(), draft);
                  part.timers = std::move(draft.value);
                }},
    Field<Part>{{"ecs", "services of Amazon ECS", R"({"$ref":"#/$defs/ecs"})"},
                [](Decoder& d, const Node& n, Part& part) { part.ecs = decode_ecs(d, n); }},
    Field<Part>{{"watch", "reload when a configuration file changes", kFlag},
                [](Decoder& d, const Node& n, Part& part) {
                  if (const auto flag = decode_bool(d, n)) part.settings.watch = *flag;
                }},
    Field<Part>{{"defaults", "what monitors have that do not say otherwise",
                 R"({"$ref":"#/$defs/defaults"})"},
                [](Decoder& d, const Node& n, Part& part) {
                  const std::size_t before = d.errors();
                  part.defaults = decode_defaults(d, n);
                  part.defaults_usable = d.errors() == before;
                }},
};
constexpr std::array<std::string_view, 1> kLaterSections{"environments"};

}  // namespace

std::vector<FieldDoc> streamed_sections() {
  return {{"monitors", "what is watched, by name", R"({"$ref":"#/$defs/monitors"})"},
          {"heartbeats", "jobs that ping, by name", R"({"$ref":"#/$defs/heartbeats"})"},
          {"channels", "where events go, for people", R"({"$ref":"#/$defs/channels"})"},
          {"sinks", "where every outcome goes, for machines", R"({"$ref":"#/$defs/sinks"})"}};
}

bool is_section(std::string_view name) {
  constexpr std::array<std::string_view, 4> kStreamed{"monitors", "heartbeats", "channels",
                                                      "sinks"};
  const auto has = [name](const FieldDoc& doc) { return doc.name == name; };
  return std::ranges::find(kStreamed, name) != kStreamed.end() ||
         std::ranges::find(kLaterSections, name) != kLaterSections.end() ||
         std::ranges::any_of(kSections, has, &Field<Part>::doc);
}

const Table<Part>& section_table() {
  static constexpr Table<Part> kTable{kSections, kLaterSections};
  return kTable;
}
const Table<Listen>& listen_table() {
  static constexpr Table<Listen> kTable{kListenFields, {}};
  return kTable;
}
const Table<ListenTls>& listen_tls_table() {
  static constexpr Table<ListenTls> kTable{kListenTlsFields, {}};
  return kTable;
}
const Table<ApiToken>& token_table() {
  static constexpr Table<ApiToken> kTable{kTokenFields, {}};
  return kTable;
}
const Table<Settings>& auth_settings_table() {
  static constexpr Table<Settings> kTable{kAuthFields, {}};
  return kTable;
}
const Table<Settings>& metrics_table() {
  static constexpr Table<Settings> kTable{kMetricsFields, {}};
  return kTable;
}
const Table<Settings>& store_table() {
  static constexpr Table<Settings> kTable{kStoreFields, kLaterStores};
  return kTable;
}
const Table<SqliteStore>& sqlite_table() {
  static constexpr Table<SqliteStore> kTable{kSqliteFields, {}};
  return kTable;
}
const Table<Retention>& retention_table() {
  static constexpr Table<Retention> kTable{kRetentionFields, {}};
  return kTable;
}
const Table<Limits>& limits_table() {
  static constexpr Table<Limits> kTable{kLimitsFields, {}};
  return kTable;
}
const Table<PingSettings>& ping_table() {
  static constexpr Table<PingSettings> kTable{kPingFields, {}};
  return kTable;
}
const Table<LogOptions>& log_table() {
  static constexpr Table<LogOptions> kTable{kLogFields, {}};
  return kTable;
}

}  // namespace tocsin::config

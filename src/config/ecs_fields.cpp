#include "config/ecs_fields.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include "config/aws_names.hpp"
#include "config/endpoint.hpp"
#include "config/monitor_fields.hpp"
#include "config/scalars.hpp"
#include "config/suggest.hpp"

namespace tocsin::config {
namespace {

using namespace std::chrono_literals;
using deployment::Options;

// What mona does without being told (checks every 5 s, lists every 20 s, alerts after 60 s) is
// inside.
constexpr Range<Milliseconds> kCheck{1s, 1h};
constexpr Range<Milliseconds> kRefresh{10s, 24h};
constexpr Range<Milliseconds> kLog{1s, 24h};
constexpr Range<Milliseconds> kDeploy{10s, std::chrono::hours{24 * 7}};
constexpr Range<Milliseconds> kDebounce{0s, 24h};
constexpr Range<Milliseconds> kFlapWindow{1min, 24h};
constexpr Range<Milliseconds> kFlapQuiet{1s, 24h};
constexpr std::uint64_t kMostLogChecks = 100'000;

constexpr std::string_view kText = R"({"type":"string"})";
constexpr std::string_view kNumber = R"({"$ref":"#/$defs/integer"})";
constexpr std::string_view kDuration = R"({"$ref":"#/$defs/duration"})";

template <const Range<Milliseconds>& Allowed>
constexpr auto kSpan = [](Decoder& d, const Node& n) { return decode_duration(d, n, Allowed); };
// mona's unit.
template <const Range<Milliseconds>& Allowed>
constexpr auto kSeconds = [](Decoder& d, const Node& n) -> std::optional<Milliseconds> {
  constexpr auto kOf = [](Milliseconds span) { return static_cast<std::uint64_t>(span / 1s); };
  const auto value =
      decode_integer(d, n, {kOf(Allowed.least), kOf(Allowed.most)}, "a whole number of seconds");
  return value ? std::optional(Milliseconds{*value * 1'000}) : std::nullopt;
};
template <std::uint64_t Least, std::uint64_t Most>
constexpr auto kCount = [](Decoder& d, const Node& n) -> std::optional<std::int64_t> {
  const auto value = decode_integer(d, n, {Least, Most});
  return value ? std::optional(static_cast<std::int64_t>(*value)) : std::nullopt;
};
constexpr auto kServices = [](Decoder& d, const Node& n) { return decode_services(d, n); };
constexpr auto kServiceNames = [](Decoder& d, const Node& n) { return decode_service_names(d, n); };
constexpr auto kEnvironment = [](Decoder& d, const Node& n) {
  return decode_line(d, n, "a name of an environment", 200);
};
constexpr auto kNotify = [](Decoder& d, const Node& n) { return decode_notify(d, n); };
constexpr auto kSeverity = [](Decoder& d, const Node& n) { return decode_event_severity(d, n); };
constexpr auto kReminder = [](Decoder& d, const Node& n) { return decode_remind_every(d, n); };
constexpr auto kDescription = [](Decoder& d, const Node& n) { return decode_text(d, n, 4096); };
constexpr auto kUrl = [](Decoder& d, const Node& n) { return decode_url(d, n); };
constexpr auto kColdStart = [](Decoder& d, const Node& n) {
  return decode_choice<bool>(d, n, {{"announce", false}, {"adopt", true}});
};
constexpr auto kAnnounceStart = [](Decoder& d, const Node& n) {
  using enum EcsCluster::AnnounceStart;
  return decode_choice<EcsCluster::AnnounceStart>(
      d, n, {{"changed", changed}, {"always", always}, {"never", never}});
};

std::optional<std::string> decode_cluster(Decoder& d, const Node& node) {
  constexpr std::string_view kWhat =
      "the name of an ECS cluster (letters, digits, - and _), or its ARN";
  auto text = decode_line(d, node, kWhat, 2048);
  if (!text || is_ecs_name(*text) || parse_cluster_arn(*text)) return text;
  d.expected(node, kWhat);
  return std::nullopt;
}

std::optional<std::string> decode_region(Decoder& d, const Node& node) {
  constexpr std::string_view kWhat = "an AWS region such as eu-west-1";
  auto text = decode_line(d, node, kWhat, 32);
  if (!text || is_aws_region(*text)) return text;
  // eu-west-1a is a zone of it.
  const std::string without_zone = text->substr(0, text->size() - 1);
  d.expected(node, kWhat, is_aws_region(without_zone) ? without_zone : "");
  return std::nullopt;
}

std::optional<std::string> decode_role_arn(Decoder& d, const Node& node) {
  constexpr std::string_view kWhat =
      "the ARN of an IAM role such as arn:aws:iam::123456789012:role/tocsin";
  auto text = decode_line(d, node, kWhat, 2048);
  if (!text || is_role_arn(*text)) return text;
  d.expected(node, kWhat);
  return std::nullopt;
}

std::optional<std::string> decode_external_id(Decoder& d, const Node& node) {
  constexpr std::string_view kWhat =
      "2 to 1224 letters, digits and + = , . @ : / - _, as the role's trust policy has it";
  auto text = decode_line(d, node, kWhat);
  if (!text || is_external_id(*text)) return text;
  d.expected(node, kWhat);
  return std::nullopt;
}

std::optional<Milliseconds> decode_log_interval(Decoder& d, const Node& node) {
  constexpr std::string_view kWhat = "off, or a duration such as 10m";
  const auto text = d.text(node, kWhat);
  if (!text) return std::nullopt;
  if (*text == "off") return 0ms;
  if (parse_duration(*text)) return decode_duration(d, node, kLog);
  d.expected(node, kWhat, nearest_duration(*text).value_or(""));
  return std::nullopt;
}

// One of the two ways to say how often a line is written; the later layer counts.
void copy_log(const EcsOptions& from, EcsOptions& to) {
  to.log_checks = from.log_checks;
  to.cluster.log_interval = from.cluster.log_interval;
}

template <auto Member>
constexpr auto kOf = [](auto& o) -> auto& { return o.*Member; };
template <auto Member>
constexpr auto kOfCluster = [](auto& o) -> auto& { return o.cluster.*Member; };
template <auto Member>
constexpr auto kOfRules = [](auto& o) -> auto& { return o.cluster.options.*Member; };

using O = EcsOptions;
constexpr std::array kFields{
    field<O, kOfCluster<&EcsCluster::name>, decode_cluster>("cluster", "name or ARN", kText),
    field<O, kOfCluster<&EcsCluster::name>, decode_cluster>("ecsCluster", "mona's name of cluster",
                                                            kText),
    field<O, kOfCluster<&EcsCluster::region>, decode_region>(
        "region", "AWS region; left out: that of the ARN, else as the AWS SDKs find it", kText),
    field<O, kOfCluster<&EcsCluster::region>, decode_region>("AWSRegion", "mona's name of region",
                                                             kText),
    field<O, kOfCluster<&EcsCluster::role_arn>, decode_role_arn>(
        "role_arn", "IAM role to assume: the cluster is in another account", kText),
    field<O, kOfCluster<&EcsCluster::external_id>, decode_external_id>(
        "external_id", "that the role asks for", kText),
    field<O, kOfCluster<&EcsCluster::services>, kServices>(
        "services", "names, patterns or tags; left out: every service of the cluster",
        R"({"$ref":"#/$defs/ecs_services"})"),
    field<O, kOfCluster<&EcsCluster::services>, kServiceNames>(
        "serviceNamesOverride", "mona's list of services; an empty one: all",
        R"({"$ref":"#/$defs/names"})"),
    field<O, kOfRules<&Options::timeout>, kSpan<kDeploy>>(
        "deploy_timeout", "a deployment or scaling that takes longer is told; 15m", kDuration),
    field<O, kOfRules<&Options::timeout>, kSpan<kDeploy>>("seconds_until_alert",
                                                          "the same as deploy_timeout", kDuration),
    field<O, kOfRules<&Options::timeout>, kSeconds<kDeploy>>(
        "secondsUntilAlert", "mona's deploy_timeout, in seconds", kNumber),
    field<O, kOfCluster<&EcsCluster::check_interval>, kSpan<kCheck>>(
        "check_interval", "between two looks at all its services; 15s", kDuration),
    field<O, kOfCluster<&EcsCluster::check_interval>, kSeconds<kCheck>>(
        "checkIntervalSeconds", "mona's check_interval, in seconds", kNumber),
    field<O, kOfCluster<&EcsCluster::refresh_interval>, kSpan<kRefresh>>(
        "refresh_services_interval", "between two lists of its services; 5m", kDuration),
    field<O, kOfCluster<&EcsCluster::refresh_interval>, kSeconds<kRefresh>>(
        "refreshServicesInterval", "mona's refresh_services_interval, in seconds", kNumber),
    Field<O>{{"log_interval", "between two lines in the log about all its services; off",
              R"({"oneOf":[{"const":"off"},{"$ref":"#/$defs/duration"}]})"},
             [](Decoder& d, const Node& n, O& out) {
               if (const auto value = decode_log_interval(d, n)) {
                 out.cluster.log_interval = *value;
                 out.log_checks.reset();
               }
             },
             copy_log},
    Field<O>{{"logInterval", "mona's log_interval, in checks; 0: off", kNumber},
             [](Decoder& d, const Node& n, O& out) {
               const auto value = decode_integer(d, n, {0, kMostLogChecks}, "a number of checks");
               if (value) out.log_checks = value;
             },
             copy_log},
    field<O, kOfRules<&Options::scale_debounce>, kSpan<kDebounce>>(
        "scale_debounce", "a desired count must hold so long before it is told; 0s", kDuration),
    field<O, kOfRules<&Options::partial_crash_polls>, kCount<1, 1'000>>(
        "partial_crash_polls", "looks in a row with too few tasks before it is told; 2", kNumber),
    field<O, kOfRules<&Options::deploy_failed_tasks>, kCount<1, 1'000>>(
        "deploy_failed_tasks", "failed tasks of a deployment before it is told; 3", kNumber),
    field<O, kOfRules<&Options::flap_window>, kSpan<kFlapWindow>>(
        "flap_window", "the time in which episodes are counted; 15m", kDuration),
    field<O, kOfRules<&Options::flap_threshold>, kCount<2, 1'000>>(
        "flap_threshold", "episodes from which on they are one message; 3", kNumber),
    field<O, kOfRules<&Options::flap_quiet>, kSpan<kFlapQuiet>>(
        "flap_quiet", "rest after which it is over; 5m", kDuration),
    field<O, kOfRules<&Options::missing_polls>, kCount<1, 1'000>>(
        "missing_polls", "looks in a row without the service before it counts as deleted; 2",
        kNumber),
    field<O, kOfRules<&Options::adopt_running>, kColdStart>(
        "cold_start", "a deployment that goes on at the very first look: announce or adopt",
        R"({"enum":["announce","adopt"]})"),
    field<O, kOfCluster<&EcsCluster::announce_start>, kAnnounceStart>(
        "announce_start", "whether Tocsin's own start is told: changed, always or never",
        R"({"enum":["changed","always","never"]})"),
    field<O, kOfCluster<&EcsCluster::environment>, kEnvironment>(
        "environment", "what people call it; the cluster's name", kText),
    Field<O>{{"labels", "of each service's monitor, added to those above",
              R"({"$ref":"#/$defs/texts"})"},
             [](Decoder& d, const Node& n, O& out) { out.labels = decode_labels(d, n); },
             [](const O& from, O& to) { merge_labels(from.labels, to.labels); }},
    field<O, kOf<&O::notify>, kNotify>("notify", "channels that hear of events",
                                       R"({"$ref":"#/$defs/notify"})"),
    field<O, kOf<&O::severity>, kSeverity>(
        "severity", "how much an outage matters: critical, warning or info; critical",
        R"({"enum":["critical","warning","info"]})"),
    field<O, kOf<&O::remind_every>, kReminder>(
        "remind_every", "tell again that something is wrong, this often; never when left out",
        kDuration),
    field<O, kOf<&O::description>, kDescription>("description", "what this is, for people", kText),
    field<O, kOf<&O::runbook>, kUrl>("runbook", "link to what to do", kText),
    field<O, kOf<&O::dashboard>, kUrl>("dashboard", "link to graphs", kText),
};
static_assert(kFields.size() <= 64, "Draft::given has a bit for each");

constexpr std::array<std::string_view, 2> kClusterNames{"cluster", "ecsCluster"};
constexpr std::array<std::string_view, 2> kRegionNames{"region", "AWSRegion"};
constexpr std::array<std::string_view, 2> kServicesNames{"services", "serviceNamesOverride"};
constexpr std::array<std::string_view, 3> kTimeoutNames{"deploy_timeout", "seconds_until_alert",
                                                        "secondsUntilAlert"};
constexpr std::array<std::string_view, 2> kCheckNames{"check_interval", "checkIntervalSeconds"};
constexpr std::array<std::string_view, 2> kRefreshNames{"refresh_services_interval",
                                                        "refreshServicesInterval"};
constexpr std::array<std::string_view, 2> kLogNames{"log_interval", "logInterval"};
constexpr std::array<std::span<const std::string_view>, 7> kSynonyms{
    kClusterNames, kRegionNames,  kServicesNames, kTimeoutNames,
    kCheckNames,   kRefreshNames, kLogNames};

}  // namespace

const Table<EcsOptions>& ecs_option_table() {
  static constexpr Table<EcsOptions> kTable{kFields, {}};
  return kTable;
}

std::span<const std::string_view> ecs_synonyms(std::string_view key) {
  for (const auto names : kSynonyms) {
    if (std::ranges::find(names, key) != names.end()) return names;
  }
  return {};
}

bool is_mona_name(std::string_view key) {
  const auto names = ecs_synonyms(key);
  return !names.empty() && names.back() == key;
}

}  // namespace tocsin::config

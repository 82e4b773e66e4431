#pragma once
// The validated configuration: plain values. Built by config/load.hpp from YAML, by tests by hand.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "alert/announcement.hpp"
#include "alert/event.hpp"
#include "alert/silence.hpp"
#include "alert/state.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "check/outcome.hpp"
#include "check/spec.hpp"
#include "deployment/options.hpp"
#include "deployment/selection.hpp"
#include "notification/outlet.hpp"
#include "schedule/plan.hpp"
#include "timer/rule.hpp"

namespace tocsin::config {

// Which outcomes a sink gets.
enum class ReportOn : std::uint8_t { always, up, down };
[[nodiscard]] constexpr bool reports(ReportOn on, check::Status status) {
  return on == ReportOn::always ||
         (on == ReportOn::up ? status == check::Status::up : status == check::Status::down);
}

struct ReportTo {
  std::string sink;
  ReportOn on = ReportOn::always;
  bool operator==(const ReportTo&) const = default;
};

// What a monitor carries beside its check; shared between monitors that have it alike.
struct MonitorNotes {
  alert::Labels labels;
  std::string description, runbook, dashboard;
  std::vector<std::string> depends_on;
  std::vector<alert::Recipient> notify;
  std::vector<ReportTo> report;
  // Outcomes should also go where no sink of this version delivers (post_service).
  bool delivery_unavailable = false;
  alert::Severity severity = alert::Severity::critical;
  Milliseconds remind_every{0};  // 0: no reminders
  bool flapping = true;          // detect it
  bool operator==(const MonitorNotes&) const = default;
};

struct Monitor {
  std::string name;
  std::shared_ptr<const check::CheckSpec> check;  // never null
  std::shared_ptr<const schedule::Plan> plan;     // shared between monitors that have it alike
  std::shared_ptr<const MonitorNotes> notes;      // same
  alert::Thresholds thresholds;
};

enum class Role : std::uint8_t { read, write };  // write includes read

struct ApiToken {
  std::string name;
  Role role = Role::read;
  std::string token;  // secret
};

struct ListenTls {
  std::string certificate_file, key_file;
  bool operator==(const ListenTls&) const = default;
};

struct Listen {
  std::string host = "127.0.0.1";
  std::uint16_t port = 7400;
  std::optional<ListenTls> tls;
  bool operator==(const Listen&) const = default;
};

struct Retention {
  std::uint32_t outcomes = 20;  // recent outcomes per monitor
  Milliseconds hourly{std::chrono::hours{24 * 14}};
  Milliseconds daily{std::chrono::hours{24 * 400}};
  Milliseconds events{std::chrono::hours{24 * 400}};
  bool operator==(const Retention&) const = default;
};

struct SqliteStore {
  std::string path = "tocsin.db";  // relative to the working directory
  std::uint64_t reserve_bytes = std::uint64_t{8} << 20U;
  bool operator==(const SqliteStore&) const = default;
};

struct Limits {
  std::uint32_t concurrent_checks = 10'000;  // more due at once are skipped as overload
  std::uint32_t connections = 1'000;         // of the API listener
  std::uint64_t response_memory_bytes = std::uint64_t{256} << 20U;  // bodies held at one time
};

struct LogOptions {
  bool json = false;
  LogLevel level = LogLevel::info;
};

// What tells about Tocsin itself.
struct SelfSettings {
  std::vector<alert::Recipient> notify;
  std::vector<ReportTo> report;
  // Monitors without which no other can be judged: while one is down, nobody is told of the others.
  std::vector<std::string> gate;
  Milliseconds report_every{60'000};
  std::string heartbeat_url;  // secret; "" none
  Milliseconds heartbeat_every{60'000};
};

// How heartbeats are pinged, beside their uuid.
struct PingSettings {
  std::string key;                    // secret; "" none: not by name
  std::uint64_t body_limit = 10'000;  // bytes kept of what a ping brings; the rest is dropped
};

// Who may arm timers whose id begins with `prefix`.
struct TimerToken {
  std::string prefix;  // "" every id
  std::string token;   // secret
  bool operator==(const TimerToken&) const = default;
};

struct DynamoDbTimers {
  std::string table;
  std::string region;    // "" as the SDKs find it
  std::string endpoint;  // "" AWS's
  bool operator==(const DynamoDbTimers&) const = default;
};

// The dead man's switch.
struct TimerSettings {
  std::optional<Listen> listen;  // absent: only under /api/v1/timers
  bool post_only = false;        // GET arms nothing
  std::vector<TimerToken> tokens;
  bool open_checks = true;                 // without a token; only where there are tokens
  std::string path;                        // of the embedded store; "" beside the main one
  std::optional<DynamoDbTimers> dynamodb;  // instead of it
  std::uint64_t max_timers = 10'000'000;
  Milliseconds keep_expired{std::chrono::hours{24 * 30}};
  std::uint32_t connections = 20'000;
  std::uint32_t header_bytes = 8U << 10U;
  Milliseconds request_timeout{10'000}, idle_timeout{75'000};
  std::vector<timer::Rule> rules;  // the first that matches counts
};

// Services of one ECS cluster. Of several entries for one cluster the first that takes a service
// counts.
struct EcsCluster {
  enum class AnnounceStart : std::uint8_t { changed, always, never };

  std::string name;      // of the cluster: name or ARN
  std::string region;    // "" that of an ARN, else as the SDKs find it
  std::string role_arn;  // to be assumed; "" none
  std::string external_id;
  deployment::Selection services;
  deployment::Options options;
  Milliseconds check_interval{15'000};
  Milliseconds refresh_interval{5 * 60'000};  // between two lists of its services
  Milliseconds log_interval{0};               // a line in the log about all of them; 0: none
  AnnounceStart announce_start = AnnounceStart::changed;
  std::string environment;                    // for people; "" the cluster's name
  std::shared_ptr<const MonitorNotes> notes;  // of each of its services; never null
  bool operator==(const EcsCluster&) const;   // notes by their content
};

struct EcsSettings {
  std::vector<EcsCluster> clusters;
  std::vector<std::string> match_labels{"service"};
  bool operator==(const EcsSettings&) const = default;
};

struct Settings {
  Listen listen;
  std::vector<ApiToken> tokens;
  bool allow_unauthenticated = false;
  bool public_metrics = false;
  std::optional<bool> metrics_per_monitor;  // absent: when there are at most 5,000 monitors
  SqliteStore store;
  Retention retention;
  Limits limits;
  LogOptions log;
  SelfSettings self;
  PingSettings pings;
  bool watch = false;                   // reload when a configuration file changes
  std::optional<TimerSettings> timers;  // absent: nobody arms any
  EcsSettings ecs;
};

struct Config {
  Settings settings;
  std::vector<alert::Maintenance> maintenance;
  std::vector<Monitor> monitors;  // sorted by name, names unique
  // Sorted by name, names unique within each; never null.
  std::vector<std::shared_ptr<const notification::Outlet>> channels, sinks;
  // False: drop-ins are ignored because they are broken, and what is missing here may be theirs.
  bool whole = true;
};

}  // namespace tocsin::config

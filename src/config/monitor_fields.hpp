#pragma once
// Monitors and their defaults as they stand in a file: what was given, not yet laid over defaults,
// because `defaults` may come after `monitors`.

#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "alert/event.hpp"
#include "alert/state.hpp"
#include "check/assertions.hpp"
#include "config/kind_fields.hpp"
#include "config/model.hpp"
#include "config/notify_fields.hpp"
#include "config/scalars.hpp"

namespace tocsin::config {

enum class Timing : std::uint8_t { none, every, schedule, delay };

// Keys that a monitor, `defaults` and `defaults.<kind>` have in common.
struct Common {
  Timing timing = Timing::none;
  Milliseconds interval{60'000};  // of every and delay
  std::string schedule;
  std::string timezone = "UTC";
  Milliseconds timeout{10'000};
  Milliseconds retry_every{0};
  Milliseconds on_time_within{0};  // 0: schedule/plan.hpp decides
  std::uint32_t max_overlap = 1;
  bool run_at_start = false;
  alert::Thresholds thresholds;
  std::vector<NotifyDraft> notify;
  std::vector<NamedReference> report;
  alert::Severity severity = alert::Severity::critical;
  Milliseconds remind_every{0};
  bool flapping = true;
  alert::Labels labels;
  Position timing_at, timeout_at, timezone_at;
  // Not what stands in the file: messages must not quote them.
  bool timing_filled_in = false;
  bool timeout_filled_in = false;
  bool timezone_filled_in = false;
};

// A condition or capture after substitution.
struct Expression {
  std::string name;  // of a capture
  std::string text;
  Position at;
  std::string written;  // where ${...} was filled in: messages quote this, not the text; else ""
};

// Keys of a monitor alone.
struct Own {
  std::vector<Expression> expect, capture;
  std::string description, runbook, dashboard;
  std::vector<NamedReference> depends_on;
};

struct HttpDraft {
  HttpTarget target;
  std::unique_ptr<Draft<check::HttpOptions>> options;  // null: none given
};

struct TcpDraft {
  TcpTarget target;
  Draft<TcpOptions> options;
};

struct HeartbeatDraft {
  Draft<check::HeartbeatCheck> options;
};

struct MonitorDraft {
  std::string name;
  Position at;
  // Something is wrong with it, which is reported: it becomes no monitor, but what is understood of
  // it is judged, so that all problems are told at once.
  bool broken = false;
  // A key was not understood, or there is no kind: what is not given may be what was meant by it.
  bool unsure = false;
  // Of the founding format: what its own report gets, MonitorNotes::delivery_unavailable.
  ReportOn report_on = ReportOn::always;
  bool delivery_unavailable = false;
  Draft<Common> common;
  std::variant<HttpDraft, TcpDraft, HeartbeatDraft> target;
  std::shared_ptr<const check::Assertions> assertions;
  std::string description, runbook, dashboard;
  std::vector<NamedReference> depends_on;
};

struct Defaults {
  Draft<Common> common;
  Draft<Common> http_common, tcp_common;
  Draft<check::HttpOptions> http;
  Draft<TcpOptions> tcp;
  Position at;
};

// Compiled expectations, one object for all monitors that have them alike.
class AssertionCache {
 public:
  // Null when a condition or capture is broken; the problems are reported.
  [[nodiscard]] std::shared_ptr<const check::Assertions> compile(Decoder& d, std::string_view kind,
                                                                 const Own& own);

 private:
  std::map<std::string, std::shared_ptr<const check::Assertions>> known_;
};

[[nodiscard]] const Table<Common>& common_table();
[[nodiscard]] const Table<Own>& own_table();

// One entry of `monitors`; `broken` when an error was added.
[[nodiscard]] MonitorDraft decode_monitor(Decoder& d, const NodeEntry& entry,
                                          AssertionCache& assertions);
// Takes over what is the same for every kind, and judges it.
void take_own(Decoder& d, Draft<Own>& own, MonitorDraft& out);
// One entry of `heartbeats`; the same.
[[nodiscard]] MonitorDraft decode_heartbeat(Decoder& d, const NodeEntry& entry);
// What a heartbeat may have beside its own keys.
[[nodiscard]] std::vector<FieldDoc> heartbeat_common_docs();
// Whether a heartbeat takes this key from `defaults`: what is about checks is not for it.
[[nodiscard]] bool is_heartbeat_default(std::string_view key);
[[nodiscard]] Defaults decode_defaults(Decoder& d, const Node& node);

// A map of labels, sorted by name; what is wrong is reported and left out.
[[nodiscard]] alert::Labels decode_labels(Decoder& d, const Node& node);
// Lays labels over others: they stand beside them and replace the ones of the same name.
void merge_labels(const alert::Labels& from, alert::Labels& to);

// A name of a label or capture: letters, digits, "_", "-" and ".", beginning with a letter or "_".
[[nodiscard]] bool is_identifier(std::string_view name);
// 1 to 200 bytes of UTF-8 without control characters; what is wrong with `name`, "" when nothing.
[[nodiscard]] std::string name_problem(std::string_view name);

}  // namespace tocsin::config

#include "notification/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "alert/event_type.hpp"
#include "base/json_writer.hpp"
#include "base/utf8.hpp"
#include "check/json.hpp"
#include "notification/deployment_words.hpp"

namespace tocsin::notification {
namespace {

using Names = std::string_view;

constexpr std::array<Names, 25> kEventNames{
    "id",        "type",     "severity", "monitor", "kind",    "at",          "state",
    "reason",    "message",  "incident", "key",     "late_ms", "outage_ms",   "outage",
    "late",      "since",    "time",     "title",   "labels",  "description", "runbook",
    "dashboard", "evidence", "held",     "held_by"};
// Of a message: behind those of its first event.
constexpr std::array<Names, 3> kMessageNames{"text", "count", "events"};
constexpr std::array<Names, 1> kLabelPrefix{"label."};
constexpr std::array<Names, 10> kReportNames{"monitor",     "kind",    "labels",  "status",
                                             "reason",      "message", "outcome", "started_at",
                                             "duration_ms", "reports"};
constexpr std::array<Names, 3> kReportPrefixes{"label.", "value.", "timing."};

Value text(std::string_view content) { return {Value::Kind::text, std::string(content)}; }
Value json(std::string content) { return {Value::Kind::json, std::move(content)}; }

Value from_json(check::JsonValue value) {
  if (!value.exists() || value.kind() == check::JsonKind::null) return {};
  if (auto string = value.string()) return text(*string);
  return json(std::string(value.text()));
}

// An object line by line, as people read it: "status: 500".
std::string lines(check::JsonValue value) {
  if (auto string = value.string()) return *string;
  if (value.kind() != check::JsonKind::object) return std::string(value.text());
  std::string out;
  for (check::JsonItems item(value); item.next();) {
    const auto content = item.value().string();
    out += fmt::format("{}{}: {}", out.empty() ? "" : "\n", item.key(),
                       content ? std::string_view(*content) : item.value().text());
  }
  return out;
}

Value label(const alert::Labels& labels, std::string_view name) {
  const auto found = std::ranges::find(labels, name, &alert::Labels::value_type::first);
  return text(found == labels.end() ? std::string_view{} : found->second);
}

std::string labels_json(const alert::Labels& labels) {
  std::string out;
  JsonWriter w(out);
  w.object();
  for (const auto& [key, value] : labels) w.field(key, value);
  w.end_object();
  return out;
}

Value milliseconds(const std::optional<Milliseconds>& value) {
  return value ? json(fmt::to_string(value->count())) : Value{};
}

Value duration(const std::optional<Milliseconds>& value) {
  return text(value ? spoken(*value) : std::string());
}

struct Getter {
  std::string_view name;
  Value (*get)(const alert::Event&);
};

constexpr std::array<Getter, 19> kGetters{{
    {"id", [](const alert::Event& e) { return text(e.id); }},
    {"type", [](const alert::Event& e) { return text(e.type); }},
    {"severity", [](const alert::Event& e) { return text(alert::to_string(e.severity)); }},
    {"monitor", [](const alert::Event& e) { return text(e.monitor); }},
    {"kind", [](const alert::Event& e) { return text(e.kind); }},
    {"labels", [](const alert::Event& e) { return json(labels_json(e.labels)); }},
    {"at", [](const alert::Event& e) { return text(format_rfc3339(e.at)); }},
    {"state", [](const alert::Event& e) { return text(e.state); }},
    {"reason", [](const alert::Event& e) { return text(e.reason); }},
    {"message", [](const alert::Event& e) { return text(e.message); }},
    {"incident", [](const alert::Event& e) { return text(e.incident); }},
    {"key", [](const alert::Event& e) { return text(e.key); }},
    {"late_ms", [](const alert::Event& e) { return milliseconds(e.late); }},
    {"outage_ms", [](const alert::Event& e) { return milliseconds(e.outage); }},
    {"outage", [](const alert::Event& e) { return duration(e.outage); }},
    {"late", [](const alert::Event& e) { return duration(e.late); }},
    {"title", [](const alert::Event& e) { return text(title_of(e)); }},
    {"time", [](const alert::Event& e) { return text(spoken(e.at)); }},
    {"since",
     [](const alert::Event& e) {
       const auto at = opened(e);
       return text(at ? spoken(*at) : std::string());
     }},
}};

const std::vector<Names>& names() {
  static const std::vector<Names> kAll = [] {
    std::vector<Names> all(kEventNames.begin(), kEventNames.end());
    all.insert(all.end(), deployment_names().begin(), deployment_names().end());
    all.insert(all.end(), kMessageNames.begin(), kMessageNames.end());
    return all;
  }();
  return kAll;
}

}  // namespace

Vocabulary event_vocabulary() {
  return {std::span(names()).first(names().size() - kMessageNames.size()), kLabelPrefix};
}
Vocabulary message_vocabulary() { return {names(), kLabelPrefix}; }
Vocabulary report_vocabulary() { return {kReportNames, kReportPrefixes}; }

Value EventValues::find(std::string_view name) const {
  if (name.starts_with("label.")) return label(event_.labels, name.substr(6));
  const auto* getter = std::ranges::find(kGetters, name, &Getter::name);
  if (getter != kGetters.end()) return getter->get(event_);
  if (std::ranges::find(deployment_names(), name) != deployment_names().end()) {
    return deployment_value(event_, name);
  }
  for (const auto& [key, content] : event_.extra) {
    if (key != name) continue;
    const auto value = check::parse_json(content);
    if (!value) return {};
    return name == "evidence" ? text(lines(*value)) : from_json(*value);
  }
  return {};
}

Value MessageValues::find(std::string_view name) const {
  if (name == "title") return text(title_);
  if (name == "text") return text(text_);
  if (name == "count") return json(fmt::to_string(message_.events.size()));
  if (name == "events") return json(to_json(message_.events));
  return EventValues(message_.events.front()).find(name);
}

Value ReportValues::find(std::string_view name) const {
  if (name.starts_with("label.")) return label(report_.labels, name.substr(6));
  if (name == "monitor") return text(report_.monitor);
  if (name == "kind") return text(report_.kind);
  if (name == "labels") return json(labels_json(report_.labels));
  if (name == "outcome") return json(report_.outcome);
  if (name == "reports") {
    return json(batch_ == nullptr ? "[" + to_json(report_) + "]" : to_json(*batch_));
  }
  const auto outcome = check::parse_json(report_.outcome);
  if (!outcome) return {};
  if (name.starts_with("value.")) return from_json(outcome->find("values").find(name.substr(6)));
  if (name.starts_with("timing.")) {
    return from_json(outcome->find("timings_ms").find(name.substr(7)));
  }
  return from_json(outcome->find(name));
}

std::string to_json(const Report& report) {
  std::string out;
  JsonWriter w(out);
  w.object().field("monitor", report.monitor).field("kind", report.kind);
  w.key("labels").raw(labels_json(report.labels)).key("outcome").raw(report.outcome);
  w.end_object();
  return out;
}

namespace {

template <typename Item, typename Write>
std::string list_json(const std::vector<Item>& items, Write write) {
  std::string out = "[";
  for (const Item& item : items) {
    if (out.size() > 1) out += ',';
    out += write(item);
  }
  return out + ']';
}

}  // namespace

std::string to_json(const std::vector<alert::Event>& events) {
  return list_json(events, [](const alert::Event& event) { return alert::to_json(event); });
}

std::string to_json(const std::vector<Report>& reports) {
  return list_json(reports, [](const Report& report) { return to_json(report); });
}

bool is_test(const alert::Event& event) {
  return std::ranges::any_of(event.extra, [](const auto& field) {
    return field.first == "test" && field.second == "true";
  });
}

std::string title_of(const alert::Event& event) {
  using alert::EventType;
  const auto type = alert::parse_event_type(event.type);
  if (!type) return one_line(fmt::format("{}: {}", event.monitor, event.type));
  // A push shows hardly more than its title: nobody runs for a test.
  const auto named = [&](std::string_view what) {
    return one_line(fmt::format("{}{} {}", is_test(event) ? "Test: " : "", event.monitor, what));
  };
  switch (*type) {
    case EventType::went_down:
      return named("is down");
    case EventType::still_down:
      if (event.kind == "ecs") break;
      return named("is still down");
    case EventType::recovered:
      return named(event.state == "up" ? "is up again" : "is no longer monitored");
    case EventType::became_unknown:
      return named("cannot be judged");
    case EventType::flapping_started:
      return named("is flapping");
    case EventType::flapping_ended:
      return named("has stopped flapping");
    case EventType::timer_expired:
      return named("expired");
    case EventType::timer_still_expired:
      return named("is still expired");
    case EventType::timer_rearmed:
      return named(event.state == "running" ? "runs again" : "was disarmed");
    case EventType::trouble_started:
    case EventType::trouble_ended:
      return one_line(event.message);  // their sentence is short and says it all
    case EventType::monitor_started:
    case EventType::service_created:
    case EventType::deploy_started:
    case EventType::scaled:
    case EventType::recovering:
    case EventType::tasks_stopped:
    case EventType::timeout:
    case EventType::rolled_back:
    case EventType::failed:
    case EventType::finished:
    case EventType::service_deleted:
      break;
  }
  return one_line((is_test(event) ? "Test: " : "") +
                  deployment_title(event).value_or(event.message));
}

std::string spoken(Milliseconds duration) {
  using namespace std::chrono;
  const auto grain = duration < 1s    ? Milliseconds{1}
                     : duration < 1h  ? Milliseconds{1s}
                     : duration < 24h ? Milliseconds{1min}
                                      : Milliseconds{1h};
  // Rounded down: "5m" never stands for four and a half.
  return format_duration(duration / grain * grain);
}

std::string spoken(Instant at) {
  using namespace std::chrono;
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = floor<days>(at);
  const year_month_day date{day};
  const hh_mm_ss time{floor<seconds>(at - day)};
  return fmt::format("{} {} {:02}:{:02}:{:02} UTC", static_cast<unsigned>(date.day()),
                     kMonths.at(static_cast<unsigned>(date.month()) - 1), time.hours().count(),
                     time.minutes().count(), time.seconds().count());
}

std::optional<Instant> opened(const alert::Event& event) {
  const std::size_t slash = event.incident.rfind('/');
  if (slash == std::string::npos) return std::nullopt;
  const std::string_view digits = std::string_view(event.incident).substr(slash + 1);
  std::int64_t ms = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), ms);
  constexpr std::int64_t kYear9999 = 253'402'300'799'000;
  constexpr std::int64_t kYear2001 = 1'000'000'000'000;  // less is the number of something
  const bool good = error == std::errc{} && end == digits.data() + digits.size() && ms >= kYear2001;
  if (good && ms <= kYear9999) {
    return from_unix_ms(ms);
  }
  return event.outage ? std::optional(event.at - *event.outage) : std::nullopt;
}

}  // namespace tocsin::notification

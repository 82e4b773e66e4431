#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "config/endpoint.hpp"
#include "config/monitor_fields.hpp"

namespace tocsin::config {
namespace {

using namespace std::chrono_literals;

constexpr Range<Milliseconds> kInterval{100ms, std::chrono::hours{24 * 366}};
constexpr Range<Milliseconds> kTimeout{10ms, 24h};
constexpr std::uint64_t kLargestWindow = 32;

// every, schedule and delay exclude each other within one object.
bool claim_timing(Decoder& d, const Node& node, Common& out, Timing timing) {
  out.timing_at = node.at;
  out.timing_filled_in = Decoder::substituted(node);
  if (out.timing == Timing::none) {
    out.timing = timing;
    return true;
  }
  d.error(node.at, "every, schedule and delay exclude each other, found two of them");
  return false;
}

void decode_interval(Decoder& d, const Node& node, Common& out, Timing timing) {
  if (!claim_timing(d, node, out, timing)) return;
  if (const auto value = decode_duration(d, node, kInterval)) out.interval = *value;
}

void copy_timing(const Common& from, Common& to) {
  to.timing = from.timing;
  to.interval = from.interval;
  to.schedule = from.schedule;
  to.timing_at = from.timing_at;
  to.timing_filled_in = from.timing_filled_in;
}

// "3" or "3 of 5".
std::optional<alert::Thresholds> parse_fail_after(std::string_view text) {
  const auto number = [](std::string_view digits) -> std::optional<std::uint8_t> {
    if (digits.empty() || digits.size() > 2) return std::nullopt;
    unsigned value = 0;
    for (const char c : digits) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + static_cast<unsigned>(c - '0');
    }
    return value < 1 || value > kLargestWindow ? std::nullopt
                                               : std::optional(static_cast<std::uint8_t>(value));
  };
  alert::Thresholds out;
  const std::size_t of = text.find(" of ");
  const auto count = number(text.substr(0, of));
  const auto window = of == std::string_view::npos ? count : number(text.substr(of + 4));
  if (!count || !window || *count > *window) return std::nullopt;
  out.fail_count = *count;
  out.fail_window = *window;
  return out;
}

void decode_fail_after(Decoder& d, const Node& node, Common& out) {
  constexpr std::string_view kWhat = "a number such as 3, or 3 of 5, up to 32";
  const auto text = d.text(node, kWhat);
  if (!text) return;
  const auto parsed = parse_fail_after(*text);
  if (!parsed) {
    std::string meant = *text;
    for (const std::string_view other : {" out of ", "/", " from ", " in "}) {
      const std::size_t at = meant.find(other);
      if (at != std::string::npos) meant.replace(at, other.size(), " of ");
    }
    d.expected(node, kWhat, parse_fail_after(meant) ? meant : "");
    return;
  }
  out.thresholds.fail_count = parsed->fail_count;
  out.thresholds.fail_window = parsed->fail_window;
}

constexpr auto kZone = [](Decoder& d, const Node& n) {
  return decode_line(d, n, "a time zone such as Europe/Zurich", 64);
};
constexpr auto kRetry = [](Decoder& d, const Node& n) { return decode_duration(d, n, kInterval); };
constexpr auto kOverlap = [](Decoder& d, const Node& n) -> std::optional<std::uint32_t> {
  const auto value = decode_integer(d, n, {1, 100});
  return value ? std::optional(static_cast<std::uint32_t>(*value)) : std::nullopt;
};
constexpr auto kBool = [](Decoder& d, const Node& n) { return decode_bool(d, n); };
constexpr auto kChannels = [](Decoder& d, const Node& n) { return decode_notify(d, n); };
constexpr auto kSeverity = [](Decoder& d, const Node& n) { return decode_event_severity(d, n); };
constexpr auto kReminder = [](Decoder& d, const Node& n) { return decode_remind_every(d, n); };
constexpr auto kSinks = [](Decoder& d, const Node& n) {
  return decode_names(d, n, "the name of a sink");
};

template <auto Member>
constexpr auto kMember = [](auto& object) -> auto& { return object.*Member; };

constexpr std::array kCommonFields{
    Field<Common>{
        {"every", "run at this interval", R"({"$ref":"#/$defs/duration"})"},
        [](Decoder& d, const Node& n, Common& c) { decode_interval(d, n, c, Timing::every); },
        copy_timing},
    Field<Common>{
        {"schedule", "run by this cron expression, with timezone", R"({"type":"string"})"},
        [](Decoder& d, const Node& n, Common& c) {
          if (!claim_timing(d, n, c, Timing::schedule)) return;
          if (auto text = decode_line(d, n, "a cron expression", 256)) c.schedule = *text;
        },
        copy_timing},
    Field<Common>{
        {"delay", "run this long after the end of the last run", R"({"$ref":"#/$defs/duration"})"},
        [](Decoder& d, const Node& n, Common& c) { decode_interval(d, n, c, Timing::delay); },
        copy_timing},
    Field<Common>{{"timezone", "IANA time zone of schedule", R"({"type":"string"})"},
                  [](Decoder& d, const Node& n, Common& c) {
                    c.timezone_at = n.at;
                    c.timezone_filled_in = Decoder::substituted(n);
                    if (auto zone = kZone(d, n)) c.timezone = std::move(*zone);
                  },
                  [](const Common& from, Common& to) {
                    to.timezone = from.timezone;
                    to.timezone_at = from.timezone_at;
                    to.timezone_filled_in = from.timezone_filled_in;
                  }},
    Field<Common>{{"timeout", "longest run of one check", R"({"$ref":"#/$defs/duration"})"},
                  [](Decoder& d, const Node& n, Common& c) {
                    c.timeout_at = n.at;
                    c.timeout_filled_in = Decoder::substituted(n);
                    if (const auto value = decode_duration(d, n, kTimeout)) c.timeout = *value;
                  },
                  [](const Common& from, Common& to) {
                    to.timeout = from.timeout;
                    to.timeout_at = from.timeout_at;
                    to.timeout_filled_in = from.timeout_filled_in;
                  }},
    field<Common, kMember<&Common::retry_every>, kRetry>(
        "retry_every", "repeat a failed check at this interval until the verdict is settled",
        R"({"$ref":"#/$defs/duration"})"),
    field<Common, kMember<&Common::on_time_within>, kRetry>(
        "on_time_within", "a run that starts later than this after its planned time counts as late",
        R"({"$ref":"#/$defs/duration"})"),
    field<Common, kMember<&Common::max_overlap>, kOverlap>(
        "max_overlap", "runs of one monitor at the same time", R"({"$ref":"#/$defs/integer"})"),
    field<Common, kMember<&Common::run_at_start>, kBool>(
        "run_at_start", "run within 10 s of the start", R"({"$ref":"#/$defs/bool"})"),
    Field<Common>{{"fail_after", "failures that make it down: 3, or 3 of 5",
                   R"({"$ref":"#/$defs/fail_after"})"},
                  decode_fail_after,
                  [](const Common& from, Common& to) {
                    to.thresholds.fail_count = from.thresholds.fail_count;
                    to.thresholds.fail_window = from.thresholds.fail_window;
                  }},
    Field<Common>{
        {"recover_after", "successes in a row that make it up", R"({"$ref":"#/$defs/integer"})"},
        [](Decoder& d, const Node& n, Common& c) {
          const auto value = decode_integer(d, n, {1, 255});
          if (value) c.thresholds.recover_after = static_cast<std::uint8_t>(*value);
        },
        [](const Common& from, Common& to) {
          to.thresholds.recover_after = from.thresholds.recover_after;
        }},
    field<Common, kMember<&Common::notify>, kChannels>("notify", "channels that hear of events",
                                                       R"({"$ref":"#/$defs/notify"})"),
    field<Common, kMember<&Common::severity>, kSeverity>(
        "severity", "how much an outage matters: critical, warning or info; critical",
        R"({"enum":["critical","warning","info"]})"),
    field<Common, kMember<&Common::remind_every>, kReminder>(
        "remind_every", "tell again that an incident goes on, this often; never when left out",
        R"({"$ref":"#/$defs/duration"})"),
    field<Common, kMember<&Common::flapping>, kBool>(
        "flapping", "false: tell each change however often it changes",
        R"({"$ref":"#/$defs/bool"})"),
    field<Common, kMember<&Common::report>, kSinks>("report", "sinks that get every outcome",
                                                    R"({"$ref":"#/$defs/names"})"),
    Field<Common>{{"labels", "key/value pairs, added to those of the defaults",
                   R"({"$ref":"#/$defs/texts"})"},
                  [](Decoder& d, const Node& n, Common& c) { c.labels = decode_labels(d, n); },
                  [](const Common& from, Common& to) { merge_labels(from.labels, to.labels); }},
};

}  // namespace

const Table<Common>& common_table() {
  static constexpr Table<Common> kTable{kCommonFields, {}};
  return kTable;
}

alert::Labels decode_labels(Decoder& d, const Node& node) {
  alert::Labels labels;
  if (!require_map(d, node)) return labels;
  for (const NodeEntry& entry : node.entries) {
    const auto scope = d.enter(entry.key);
    if (!is_identifier(entry.key)) {
      d.error(entry.at, "expected a label of letters, digits, _ - and . that begins with a letter");
      continue;
    }
    auto value = d.text(entry.value, "text");
    if (!value) continue;
    if (value->size() > 256 || has_control_characters(*value)) {
      d.expected(entry.value, "one line of at most 256 bytes");
      continue;
    }
    labels.emplace_back(entry.key, std::move(*value));
  }
  std::ranges::sort(labels);
  return labels;
}

void merge_labels(const alert::Labels& from, alert::Labels& to) {
  for (const auto& label : from) {
    const auto found =
        std::ranges::find(to, label.first, &std::pair<std::string, std::string>::first);
    if (found != to.end()) {
      found->second = label.second;
    } else {
      to.push_back(label);
    }
  }
  std::ranges::sort(to);
}

bool is_identifier(std::string_view name) {
  const auto letter = [](char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  return !name.empty() && name.size() <= 64 && letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) {
           return letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-';
         });
}

}  // namespace tocsin::config

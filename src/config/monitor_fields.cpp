#include "config/monitor_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/near_miss.hpp"
#include "base/utf8.hpp"
#include "config/endpoint.hpp"

namespace tocsin::config {
namespace {

constexpr std::size_t kLongestName = 200;

void decode_expression(Decoder& d, const Node& node, std::string_view what, std::string_view name,
                       std::vector<Expression>& out) {
  auto text = decode_line(d, node, what, 4096);
  if (!text) return;
  out.push_back({std::string(name), std::move(*text), node.at,
                 Decoder::substituted(node) ? node.text : std::string{}});
}

void decode_expect(Decoder& d, const Node& node, Own& own) {
  constexpr std::string_view kWhat = "a condition such as [STATUS] == 200";
  // [STATUS] == 200 without quotes is a YAML list or a syntax error: say what to do.
  if (node.kind == Node::Kind::list) {
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const auto scope = d.enter(i);
      if (node.items[i].kind == Node::Kind::list) {
        d.error(node.items[i].at,
                "found a list, expected a condition in quotes: "
                "\"[STATUS] == 200\"");
        continue;
      }
      decode_expression(d, node.items[i], kWhat, {}, own.expect);
    }
  } else if (node.kind == Node::Kind::scalar) {
    decode_expression(d, node, kWhat, {}, own.expect);
  } else {
    d.expected(node, "a list of conditions");
  }
}

void decode_capture(Decoder& d, const Node& node, Own& own) {
  if (!require_map(d, node)) return;
  for (const NodeEntry& entry : node.entries) {
    const auto scope = d.enter(entry.key);
    if (!is_identifier(entry.key)) {
      d.error(entry.at, "expected a name of letters, digits, _ - and . that begins with a letter");
      continue;
    }
    decode_expression(d, entry.value, "a placeholder such as \"[BODY].version\"", entry.key,
                      own.capture);
  }
}

constexpr auto kMonitors = [](Decoder& d, const Node& n) {
  return decode_names(d, n, "the name of a monitor");
};
constexpr auto kDescription = [](Decoder& d, const Node& n) { return decode_text(d, n, 4096); };
constexpr auto kUrl = [](Decoder& d, const Node& n) { return decode_url(d, n); };

template <auto Member>
constexpr auto kMember = [](auto& object) -> auto& { return object.*Member; };

constexpr std::array kOwnFields{
    Field<Own>{{"expect", "conditions that the answer must meet", R"({"$ref":"#/$defs/names"})"},
               [](Decoder& d, const Node& n, Own& own) { decode_expect(d, n, own); }},
    Field<Own>{
        {"capture", "values to keep from the answer, by name", R"({"$ref":"#/$defs/texts"})"},
        [](Decoder& d, const Node& n, Own& own) { decode_capture(d, n, own); }},
    field<Own, kMember<&Own::description>, kDescription>("description", "what this is, for people",
                                                         R"({"type":"string"})"),
    field<Own, kMember<&Own::runbook>, kUrl>("runbook", "link to what to do",
                                             R"({"type":"string"})"),
    field<Own, kMember<&Own::dashboard>, kUrl>("dashboard", "link to graphs",
                                               R"({"type":"string"})"),
    field<Own, kMember<&Own::depends_on>, kMonitors>("depends_on",
                                                     "monitors without which this one cannot be up",
                                                     R"({"$ref":"#/$defs/names"})"),
};

constexpr std::array<std::string_view, 2> kLaterKeys{"jq", "deploy_of"};

}  // namespace

const Table<Own>& own_table() {
  static constexpr Table<Own> kTable{kOwnFields, kLaterKeys};
  return kTable;
}

std::string name_problem(std::string_view name) {
  if (name.empty() || name.size() > kLongestName) {
    return fmt::format("expected a name of 1 to {} bytes", kLongestName);
  }
  if (has_control_characters(name) || !is_utf8(name)) {
    return "expected a name without control characters";
  }
  if (name.front() == ' ' || name.back() == ' ') return "expected a name without spaces around it";
  // A client would take these out of the URL path that addresses the monitor.
  if (name == "." || name == "..") return "expected a name other than . and ..";
  if (name == "<<") return "the merge key << is not supported here; merge inside a monitor";
  return {};
}

namespace {

void decode_kind(Decoder& d, const NodeEntry& entry, MonitorDraft& out) {
  const auto scope = d.enter(entry.key);
  if (entry.key == "http") {
    HttpDraft draft;
    Draft<check::HttpOptions> options;
    decode_http(d, entry.value, draft.target, options);
    if (options.given != 0) {
      draft.options = std::make_unique<Draft<check::HttpOptions>>(std::move(options));
    }
    out.target = std::move(draft);
  } else {
    TcpDraft draft;
    decode_tcp(d, entry.value, draft.target, draft.options);
    out.target = std::move(draft);
  }
}

void unknown_monitor_key(Decoder& d, const NodeEntry& entry) {
  std::vector<std::string_view> names{"http", "tcp"};
  add_names(common_table(), names);
  add_names(own_table(), names);
  // What stands under the kind is easily written beside it.
  std::vector<std::string_view> below;
  add_names(http_option_table(), below);
  add_names(http_target_table(), below);
  if (std::ranges::find(below, entry.key) != below.end()) {
    const auto scope = d.enter(entry.key);
    d.error(entry.at,
            fmt::format("unknown key \"{}\" here; it belongs under http: {{...}}", entry.key));
    return;
  }
  unknown_key(d, entry, names);
}

// True when the key was one of a kind or of nothing known.
bool later_kind(Decoder& d, const NodeEntry& entry) {
  constexpr std::array<std::string_view, 5> kKinds{"command", "dns", "tls", "timer", "ecs"};
  if (std::ranges::find(kKinds, entry.key) == kKinds.end()) return false;
  const auto scope = d.enter(entry.key);
  if (entry.key == "timer") {
    d.error(entry.at,
            "jobs that ping stand in a section of their own: heartbeats: {NAME: {uuid: ...}}");
    return true;
  }
  if (entry.key == "ecs") {
    d.error(entry.at,
            "services of ECS stand in a section of their own: ecs: {clusters: [{cluster: NAME}]}");
    return true;
  }
  d.error(entry.at,
          fmt::format("monitors of kind {} are not supported in this version", entry.key));
  return true;
}

void check_timezone(Decoder& d, const MonitorDraft& draft) {
  const bool zone = given(common_table(), draft.common, "timezone");
  const Timing timing = draft.common.value.timing;
  if (zone && timing != Timing::none && timing != Timing::schedule) {
    const auto scope = d.enter("timezone");
    d.warning(draft.common.value.timezone_at, "timezone has no effect without schedule");
  }
}

}  // namespace

namespace {

// A key that looks like a misspelt kind: saying that the kind is missing would be noise.
bool meant_as_kind(const NodeEntry& entry) {
  constexpr std::array<std::string_view, 2> kKinds{"http", "tcp"};
  return near_miss(entry.key, kKinds).has_value();
}

// What stands below a monitor's name. Returns its kind, "" when there is none.
std::string_view decode_keys(Decoder& d, const NodeEntry& entry, MonitorDraft& out,
                             Draft<Own>& own) {
  std::string_view kind;
  bool explained = false;  // why there is no kind
  for (const NodeEntry& item : entry.value.entries) {
    if (item.key == "http" || item.key == "tcp") {
      if (!kind.empty()) {
        d.error(item.at, fmt::format("found the kinds {} and {}, expected one", kind, item.key));
        continue;
      }
      kind = item.key;
      decode_kind(d, item, out);
    } else if (later_kind(d, item)) {
      explained = true;
    } else if (!decode_entry(d, item, common_table(), out.common) &&
               !decode_entry(d, item, own_table(), own)) {
      unknown_monitor_key(d, item);
      out.unsure = true;
      explained = explained || meant_as_kind(item);
    }
  }
  if (kind.empty() && !explained) d.error(entry.at, "expected a kind: http or tcp");
  return kind;
}

void decode_definition(Decoder& d, const NodeEntry& entry, AssertionCache& assertions,
                       MonitorDraft& out) {
  if (std::string problem = name_problem(entry.key); !problem.empty()) {
    d.error(entry.at, std::move(problem));
  }
  if (entry.key == "<<") return;  // what it holds is no monitor
  if (entry.value.kind != Node::Kind::map) {
    d.expected(entry.value, "a map with a kind, such as http: https://example.com/health");
    return;
  }
  Draft<Own> own;
  const std::string_view kind = decode_keys(d, entry, out, own);
  out.unsure = out.unsure || kind.empty();
  // Which placeholders there are depends on the kind.
  if (!kind.empty()) out.assertions = assertions.compile(d, kind, own.value);
  take_own(d, own, out);
}

}  // namespace

void take_own(Decoder& d, Draft<Own>& own, MonitorDraft& out) {
  check_timezone(d, out);
  std::erase_if(own.value.depends_on, [&](const NamedReference& parent) {
    if (parent.name != out.name) return false;
    const auto depends = d.enter("depends_on");
    d.error(parent.at, "a monitor cannot depend on itself");
    return true;
  });
  out.description = std::move(own.value.description);
  out.runbook = std::move(own.value.runbook);
  out.dashboard = std::move(own.value.dashboard);
  out.depends_on = std::move(own.value.depends_on);
}

MonitorDraft decode_monitor(Decoder& d, const NodeEntry& entry, AssertionCache& assertions) {
  MonitorDraft out;
  out.name = entry.key;
  out.at = entry.at;
  const auto scope = d.enter(entry.key);
  const std::size_t before = d.errors();
  decode_definition(d, entry, assertions, out);
  out.broken = d.errors() > before;
  return out;
}

namespace {

void report(Decoder& d, const Expression& source, const check::AssertionProblem& problem) {
  Position at = source.at;
  std::string message = problem.message;
  if (source.written.empty()) {
    at = d.inside(source.at, source.text, problem.offset);
  } else {  // the compiler quotes what it read, and that may be a secret
    message = fmt::format("found \"{}\" (with its value filled in): {}",
                          clip(printable(source.written), 80), problem.rule);
  }
  if (problem.warning) {
    d.warning(at, std::move(message));
  } else {
    d.error(at, std::move(message));
  }
}

}  // namespace

std::shared_ptr<const check::Assertions> AssertionCache::compile(Decoder& d, std::string_view kind,
                                                                 const Own& own) {
  std::string key(kind);
  std::vector<std::string> conditions;
  std::vector<check::CaptureText> captures;
  for (const Expression& condition : own.expect) {
    conditions.push_back(condition.text);
    key += fmt::format("|{}:{}", condition.text.size(), condition.text);
  }
  for (const Expression& capture : own.capture) {
    captures.push_back({capture.name, capture.text});
    key += fmt::format("|{}={}:{}", capture.name, capture.text.size(), capture.text);
  }
  if (const auto found = known_.find(key); found != known_.end()) return found->second;
  auto compiled = check::Assertions::compile(conditions, captures, check::placeholders_of(kind));
  for (const check::AssertionProblem& problem : compiled.problems) {
    const bool condition = problem.index < conditions.size();
    const std::size_t index = condition ? problem.index : problem.index - conditions.size();
    if (index >= (condition ? own.expect.size() : own.capture.size())) continue;
    const auto list = d.enter(condition ? "expect" : "capture");
    const auto item = condition ? d.enter(index) : d.enter(own.capture[index].name);
    const Expression& source = condition ? own.expect[index] : own.capture[index];
    report(d, source, problem);
  }
  if (compiled.problems.empty() && compiled.assertions) known_.emplace(key, compiled.assertions);
  return compiled.assertions;
}

namespace {

template <typename Options>
void decode_kind_defaults(Decoder& d, const NodeEntry& entry, const Table<Options>& table,
                          Draft<Common>& common, Draft<Options>& options) {
  const auto scope = d.enter(entry.key);
  if (!require_map(d, entry.value)) return;
  for (const NodeEntry& item : entry.value.entries) {
    if (decode_entry(d, item, common_table(), common)) continue;
    if (decode_entry(d, item, table, options)) continue;
    std::vector<std::string_view> names;
    add_names(table, names);
    add_names(common_table(), names);
    unknown_key(d, item, names);
  }
}

}  // namespace

Defaults decode_defaults(Decoder& d, const Node& node) {
  Defaults out;
  out.at = node.at;
  if (!require_map(d, node)) return out;
  for (const NodeEntry& entry : node.entries) {
    if (entry.key == "http") {
      decode_kind_defaults(d, entry, http_option_table(), out.http_common, out.http);
      const auto scope = d.enter(entry.key);
      check_http_options(d, entry.value.at, out.http.value);
    } else if (entry.key == "tcp") {
      decode_kind_defaults(d, entry, tcp_option_table(), out.tcp_common, out.tcp);
    } else if (!later_kind(d, entry) && !decode_entry(d, entry, common_table(), out.common)) {
      std::vector<std::string_view> names{"http", "tcp"};
      add_names(common_table(), names);
      unknown_key(d, entry, names);
    }
  }
  return out;
}

}  // namespace tocsin::config

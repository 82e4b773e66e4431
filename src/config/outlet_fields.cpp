#include "config/outlet_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "config/endpoint.hpp"
#include "config/monitor_fields.hpp"

namespace tocsin::config {
namespace {

using namespace std::chrono_literals;
using notification::Outlet;

constexpr std::string_view kText = R"({"type":"string"})";
constexpr std::string_view kNumber = R"({"$ref":"#/$defs/integer"})";
constexpr std::string_view kDuration = R"({"$ref":"#/$defs/duration"})";
constexpr std::string_view kFlag = R"({"$ref":"#/$defs/bool"})";

template <auto Member>
constexpr auto kOf = [](auto& draft) -> auto& { return draft.outlet.*Member; };

constexpr auto kPath = [](Decoder& d, const Node& n) { return decode_line(d, n, "a file path"); };
constexpr auto kBool = [](Decoder& d, const Node& n) { return decode_bool(d, n); };
constexpr auto kProxy = [](Decoder& d, const Node& n) { return decode_proxy(d, n); };
constexpr auto kTimeout = [](Decoder& d, const Node& n) {
  return decode_duration(d, n, {100ms, 10min});
};
constexpr auto kGiveUp = [](Decoder& d, const Node& n) {
  return decode_duration(d, n, {1min, std::chrono::hours{24 * 30}});
};
template <std::uint64_t Least, std::uint64_t Most>
constexpr auto kCount = [](Decoder& d, const Node& n) -> std::optional<std::uint32_t> {
  const auto value = decode_integer(d, n, {Least, Most});
  return value ? std::optional(static_cast<std::uint32_t>(*value)) : std::nullopt;
};

struct Rate {
  std::uint32_t count = 0;
  Milliseconds per{0};
};

// "20 per 1m"
std::optional<Rate> parse_rate(std::string_view text) {
  const std::size_t at = text.find(" per ");
  if (at == std::string_view::npos) return std::nullopt;
  Rate rate;
  const std::string_view digits = text.substr(0, at);
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), rate.count);
  const auto per = parse_duration(text.substr(at + 5));
  if (error != std::errc{} || end != digits.end() || !per) return std::nullopt;
  rate.per = *per;
  const bool sane = rate.count >= 1 && rate.count <= 100'000 && *per >= 100ms && *per <= 24h;
  return sane ? std::optional(rate) : std::nullopt;
}

void decode_rate(Decoder& d, const Node& node, OutletDraft& out) {
  constexpr std::string_view kWhat = "messages in a time, such as 20 per 1m";
  const auto text = d.text(node, kWhat);
  if (!text) return;
  if (const auto rate = parse_rate(*text)) {
    out.outlet.rate_count = rate->count;
    out.outlet.rate_per = rate->per;
    return;
  }
  std::string meant = *text;
  if (const std::size_t slash = meant.find('/'); slash != std::string::npos) {
    const std::string unit = meant.substr(slash + 1);
    meant = meant.substr(0, slash) + " per " + (parse_duration(unit) ? unit : "1" + unit);
  }
  d.expected(node, kWhat, parse_rate(meant) ? meant : "");
}

void decode_group_by(Decoder& d, const Node& node, OutletDraft& out) {
  const auto names = decode_names(d, node, "the name of a label, monitor, kind or type");
  if (!names) return;
  for (const NamedReference& name : *names) {
    if (!is_identifier(name.name)) {
      d.error(name.at, "expected a label of letters, digits, _ - and ., or monitor, kind or type");
      return;
    }
    out.outlet.group_by.push_back(name.name);
  }
}

struct Formatter {
  std::vector<std::string> run;
};

constexpr std::array kFormatterFields{
    Field<Formatter>{{"run", "program and arguments", R"({"$ref":"#/$defs/argv"})"},
                     [](Decoder& d, const Node& n, Formatter& f) {
                       if (auto argv = decode_argv(d, n)) f.run = std::move(*argv);
                     }},
};
constexpr Table<Formatter> kFormatterTable{kFormatterFields, {}};

void decode_formatter(Decoder& d, const Node& node, OutletDraft& out) {
  if (node.kind == Node::Kind::list) {
    d.expected(node, "a map: {run: [program, argument]}");
    return;
  }
  const std::size_t before = d.errors();
  Draft<Formatter> draft;
  decode_object(d, node, kFormatterTable, draft);
  if (draft.value.run.empty() && d.errors() == before) d.error(node.at, "expected run");
  out.outlet.formatter = std::move(draft.value.run);
}

constexpr std::array kOutletFields{
    field<OutletDraft, kOf<&Outlet::timeout>, kTimeout>("timeout", "longest wait for one answer",
                                                        kDuration),
    field<OutletDraft, kOf<&Outlet::give_up_after>, kGiveUp>(
        "give_up_after", "how long a message is tried before it is given up and listed", kDuration),
    Field<OutletDraft>{{"rate", "most messages in a time: 20 per 1m",
                        R"({"type":"string","pattern":"^[0-9]+ per |\\$\\{"})"},
                       decode_rate},
    field<OutletDraft, kOf<&Outlet::concurrency>, kCount<1, 100>>(
        "concurrency", "messages under way at one time", kNumber),
    field<OutletDraft, kOf<&Outlet::deny_private_networks>, kBool>(
        "deny_private_networks", "connect to public addresses alone", kFlag),
    field<OutletDraft, kOf<&Outlet::proxy>, kProxy>("proxy", "http://[user:password@]host:port",
                                                    kText),
    field<OutletDraft, kOf<&Outlet::ca_file>, kPath>(
        "ca_file", "PEM file with authorities to trust besides the system's", kText),
};

constexpr std::array kChannelFields{
    Field<OutletDraft>{
        {"group_wait", "events that follow the first in this time form one message", kDuration},
        [](Decoder& d, const Node& n, OutletDraft& out) {
          const auto wait = decode_duration(d, n, {0ms, 1h});
          if (wait) out.outlet.group_wait = *wait;
          out.group_wait_given = true;
        }},
    Field<OutletDraft>{{"group_by", "labels (and monitor, kind, type) whose values make a group",
                        R"({"$ref":"#/$defs/names"})"},
                       decode_group_by},
    Field<OutletDraft>{{"formatter", "a program that makes the text: event JSON in, text out",
                        R"({"$ref":"#/$defs/formatter"})"},
                       decode_formatter},
};

constexpr std::array kSinkFields{
    field<OutletDraft, kOf<&Outlet::batch>, kCount<1, 1000>>(
        "batch", "outcomes in one request, at most", kNumber),
};

const OutletKind* find_kind(const std::vector<OutletKind>& kinds, std::string_view name,
                            bool sink) {
  const auto found = std::ranges::find_if(
      kinds, [&](const OutletKind& kind) { return kind.doc.name == name && kind.sink == sink; });
  return found == kinds.end() ? nullptr : &*found;
}

// A key that is neither a kind nor stands beside one.
void report_unknown(Decoder& d, const NodeEntry& item, const std::vector<OutletKind>& kinds,
                    bool sink) {
  if (find_kind(kinds, item.key, !sink) != nullptr) {
    const auto scope = d.enter(item.key);
    d.error(item.at, fmt::format("{} is a kind of {}; it stands under {}", item.key,
                                 sink ? "channel" : "sink", sink ? "channels" : "sinks"));
    return;
  }
  constexpr std::array<std::string_view, 4> kLater{"sns", "s3", "cloudwatch", "eventbridge"};
  if (std::ranges::find(kLater, item.key) != kLater.end()) {
    later_key(d, item);
    return;
  }
  std::vector<std::string_view> names;
  for (const OutletKind& kind : kinds) {
    if (kind.sink == sink) names.push_back(kind.doc.name);
  }
  add_names(outlet_table(), names);
  add_names(sink ? sink_table() : channel_table(), names);
  unknown_key(d, item, names);
}

// Keys that this kind makes no use of.
void check_beside(Decoder& d, const Node& node, const Outlet& outlet) {
  for (const NodeEntry& item : node.entries) {
    const auto scope = d.enter(item.key);
    if (item.key == "batch" && outlet.type == "datadog_event" && outlet.batch > 1) {
      d.error(item.at, "datadog_event takes one outcome in a request");
    }
    if (item.key == "deny_private_networks" && outlet.deny_private_networks &&
        !outlet.proxy.empty()) {
      d.error(
          item.at,
          "deny_private_networks cannot be kept with a proxy, which chooses the address itself; "
          "leave out one of the two");
    }
    if (item.key == "proxy" && (outlet.type == "exec" || outlet.type == "email")) {
      d.warning(item.at, fmt::format("proxy has no effect on {}", outlet.type));
    }
    if (item.key == "formatter" && outlet.type == "exec") {
      d.warning(item.at, "formatter has no effect: the program of exec gets the event itself");
    }
  }
}

void decode_keys(Decoder& d, const NodeEntry& entry, bool sink, OutletDraft& out) {
  const std::vector<OutletKind>& kinds = outlet_kinds();
  std::vector<const NodeEntry*> found;
  const OutletKind* kind = nullptr;
  const std::size_t before = d.errors();
  for (const NodeEntry& item : entry.value.entries) {
    if (const OutletKind* is = find_kind(kinds, item.key, sink)) {
      found.push_back(&item);
      kind = is;
    }
  }
  if (kind != nullptr) {
    out.outlet.type = kind->doc.name;
    out.outlet.rate_count = kind->rate_count;
    out.outlet.rate_per = kind->rate_per;
    out.outlet.concurrency = kind->concurrency;
  }
  Draft<OutletDraft> common;
  Draft<OutletDraft> own;
  common.value = std::move(out);
  for (const NodeEntry& item : entry.value.entries) {
    if (find_kind(kinds, item.key, sink) != nullptr) continue;
    if (decode_entry(d, item, outlet_table(), common)) continue;
    own.value = std::move(common.value);
    const bool known = decode_entry(d, item, sink ? sink_table() : channel_table(), own);
    common.value = std::move(own.value);
    if (!known) report_unknown(d, item, kinds, sink);
  }
  out = std::move(common.value);
  if (found.size() == 1) {
    check_beside(d, entry.value, out.outlet);
    const auto scope = d.enter(found.front()->key);
    MakeFormat make = kind->decode(d, found.front()->value);
    if (d.errors() == before) out.make = std::move(make);
  } else if (d.errors() == before || found.size() > 1) {
    d.error(entry.at,
            fmt::format("found {} kinds, expected exactly one, such as {}", found.size(),
                        sink ? "datadog_event: {api_key: ...}" : "slack: {webhook_url: ...}"));
  }
}

}  // namespace

const Table<OutletDraft>& outlet_table() {
  static constexpr Table<OutletDraft> kTable{kOutletFields, {}};
  return kTable;
}
const Table<OutletDraft>& channel_table() {
  static constexpr Table<OutletDraft> kTable{kChannelFields, {}};
  return kTable;
}
const Table<OutletDraft>& sink_table() {
  static constexpr Table<OutletDraft> kTable{kSinkFields, {}};
  return kTable;
}

void decode_outlet(Decoder& d, const NodeEntry& entry, bool sink, std::vector<OutletDraft>& out) {
  const auto scope = d.enter(entry.key);
  if (std::string problem = name_problem(entry.key); !problem.empty()) {
    d.error(entry.at, std::move(problem));
  }
  OutletDraft draft;
  draft.at = entry.at;
  draft.outlet.name = entry.key;
  draft.outlet.sink = sink;
  if (entry.value.kind == Node::Kind::map) {
    decode_keys(d, entry, sink, draft);
  } else {
    d.expected(entry.value, sink ? "a map with one kind, such as datadog_event: {api_key: ...}"
                                 : "a map with one kind, such as slack: {webhook_url: ...}");
  }
  out.push_back(std::move(draft));
}

std::optional<std::vector<std::string>> decode_argv(Decoder& d, const Node& node) {
  constexpr std::string_view kWhat = "a list such as [/usr/local/bin/page, --now]";
  if (node.kind != Node::Kind::list || node.items.empty()) {
    d.expected(node, kWhat);
    return std::nullopt;
  }
  std::vector<std::string> argv;
  const std::size_t before = d.errors();
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const auto scope = d.enter(i);
    auto word = decode_text(d, node.items[i]);
    if (!word) continue;
    if (i == 0 && word->empty()) d.expected(node.items[i], "a program");
    argv.push_back(std::move(*word));
  }
  return d.errors() == before ? std::optional(std::move(argv)) : std::nullopt;
}

}  // namespace tocsin::config

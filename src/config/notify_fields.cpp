#include "config/notify_fields.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/near_miss.hpp"
#include "config/text_names.hpp"

namespace tocsin::config {
namespace {

using namespace std::chrono_literals;

constexpr Range<Milliseconds> kAfter{1s, std::chrono::hours{24 * 30}};
constexpr Range<Milliseconds> kRemindEvery{1min, std::chrono::hours{24 * 30}};

// A word of a closed list, or a list of such words; `decode` reads one.
template <typename Enum, typename Decode>
void decode_words(Decoder& d, const Node& node, Decode decode, std::vector<Enum>& out) {
  const auto take = [&](const Node& item) {
    const std::optional<std::size_t> index = decode(d, item);
    if (!index) return;
    const auto value = static_cast<Enum>(*index);
    if (std::ranges::find(out, value) != out.end()) {
      d.error(item.at, fmt::format("found {} twice", describe(item)));
      return;
    }
    out.push_back(value);
  };
  if (node.kind != Node::Kind::list) {
    take(node);
    return;
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const auto scope = d.enter(i);
    take(node.items[i]);
  }
}

// mona's hooks are names of texts, not of types: who writes one is told the type.
std::optional<std::size_t> decode_type(Decoder& d, const Node& node) {
  std::vector<std::string_view> names;
  for (const alert::EventTypeInfo& type : alert::event_types()) names.push_back(type.name);
  const std::string what = fmt::format("{}", fmt::join(names, ", "));
  const auto text = d.text(node, what);
  if (!text) return std::nullopt;
  const auto found = std::ranges::find(names, *text);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  const auto near = near_miss(*text, text_names());
  const auto meant = near ? text_type(*near) : std::nullopt;
  d.expected(node, what, meant ? to_string(*meant) : "");
  return std::nullopt;
}

constexpr std::array<std::string_view, 3> kSeverities{"critical", "warning", "info"};
std::optional<std::size_t> decode_severity_word(Decoder& d, const Node& node) {
  return decode_word(d, node, kSeverities);
}

void decode_channel(Decoder& d, const Node& node, NotifyDraft& out) {
  if (auto name = decode_line(d, node, "the name of a channel", 200)) {
    out.to = {std::move(*name), node.at, Decoder::substituted(node)};
    out.recipient.channel = out.to.name;
  }
}

constexpr std::array kNotifyFields{
    Field<NotifyDraft>{{"channel", "name of the channel", R"({"type":"string"})"}, decode_channel},
    Field<NotifyDraft>{{"types", "event types that it hears of; left out: all but became_unknown",
                        R"({"$ref":"#/$defs/names"})"},
                       [](Decoder& d, const Node& n, NotifyDraft& out) {
                         decode_words(d, n, decode_type, out.recipient.types);
                       }},
    Field<NotifyDraft>{
        {"severity", "severities that it hears of; left out: all", R"({"$ref":"#/$defs/names"})"},
        [](Decoder& d, const Node& n, NotifyDraft& out) {
          decode_words(d, n, decode_severity_word, out.recipient.severities);
        }},
    Field<NotifyDraft>{{"after", "escalation: only when the incident is open for this long",
                        R"({"$ref":"#/$defs/duration"})"},
                       [](Decoder& d, const Node& n, NotifyDraft& out) {
                         if (const auto after = decode_duration(d, n, kAfter)) {
                           out.recipient.after = *after;
                         }
                       }},
};

std::optional<NotifyDraft> decode_entry_of(Decoder& d, const Node& node) {
  Draft<NotifyDraft> draft;
  const std::size_t before = d.errors();
  if (node.kind == Node::Kind::map) {
    decode_object(d, node, notify_table(), draft);
    if (!given(notify_table(), draft, "channel") && d.errors() == before) {
      d.error(node.at, "expected channel: and the name of a channel");
    }
  } else {
    decode_channel(d, node, draft.value);
  }
  // What else is wrong with an entry is told already; its channel is looked up all the same.
  return draft.value.to.name.empty() ? std::nullopt : std::optional(std::move(draft.value));
}

}  // namespace

const Table<NotifyDraft>& notify_table() {
  static constexpr Table<NotifyDraft> kTable{kNotifyFields, {}};
  return kTable;
}

std::optional<std::vector<NotifyDraft>> decode_notify(Decoder& d, const Node& node) {
  std::vector<NotifyDraft> out;
  const auto take = [&](const Node& item) {
    auto entry = decode_entry_of(d, item);
    if (!entry) return;
    if (std::ranges::find(out, entry->recipient, &NotifyDraft::recipient) != out.end()) {
      d.error(item.at, item.kind == Node::Kind::map
                           ? "found this entry twice"
                           : fmt::format("found {} twice", describe(item)));
      return;
    }
    out.push_back(std::move(*entry));
  };
  if (node.kind == Node::Kind::scalar || node.kind == Node::Kind::map) {
    take(node);
    return out;
  }
  if (node.kind != Node::Kind::list) {
    d.expected(node, "the name of a channel or a list of them");
    return std::nullopt;
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const auto scope = d.enter(i);
    take(node.items[i]);
  }
  return out;
}

std::optional<alert::Severity> decode_event_severity(Decoder& d, const Node& node) {
  const auto index = decode_word(d, node, kSeverities);
  return index ? std::optional(static_cast<alert::Severity>(*index)) : std::nullopt;
}

std::optional<Milliseconds> decode_remind_every(Decoder& d, const Node& node) {
  return decode_duration(d, node, kRemindEvery);
}

std::vector<alert::Recipient> recipients_of(const std::vector<NotifyDraft>& drafts) {
  std::vector<alert::Recipient> out;
  out.reserve(drafts.size());
  for (const NotifyDraft& draft : drafts) out.push_back(draft.recipient);
  return out;
}

}  // namespace tocsin::config

#include "notification/compose.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/utf8.hpp"
#include "notification/values.hpp"

namespace tocsin::notification {
namespace {

bool is_late(const alert::Event& event) { return event.late && event.late->count() > 0; }

std::string escaped(std::string_view text, Escape escape) {
  std::string out;
  escape(out, text);
  return out;
}

// Providers refuse an empty message, and an alert of spaces tells nothing.
bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::string marked(const alert::Event& event, const Style& style, std::string text) {
  return style.marks ? fmt::format("{} {}", mark_of(event), text) : text;
}

// What the message of a test begins with, a text need not have: nobody runs for it all the same.
std::string as_test(const alert::Event& event, std::string text) {
  constexpr std::string_view kTest = "This is a test";
  const bool says_so = text.contains(kTest) || text.starts_with("Test: ");  // as titles do
  return is_test(event) && !says_so ? fmt::format("{}: {}", kTest, text) : text;
}

std::string event_text(const alert::Event& event, const Texts& texts, const Style& style) {
  const Template& text = texts.of(event.type);
  std::string out = text.render(EventValues(event), style.escape);
  out.erase(out.find_last_not_of('\n') + 1);  // a YAML block ends with one
  if (is_blank(out)) out = escaped(title_of(event), style.escape);
  if (is_late(event) && !text.uses("late") && !text.uses("late_ms")) {
    out += fmt::format("\n(sent {} late)", spoken(*event.late));
  }
  return marked(event, style, as_test(event, std::move(out)));
}

// Monitors by what is said of them last: who is back within one message is not down.
struct Tally {
  std::set<std::string_view> down, still_down, up;
  // Of ECS services.
  std::set<std::string_view> short_of_tasks, failed, deploying, done;
  std::size_t others = 0;

  void put(std::set<std::string_view>& place, std::string_view service) {
    for (auto* other : {&short_of_tasks, &failed, &deploying, &done}) other->erase(service);
    place.insert(service);
  }
};

Tally tally(const std::vector<alert::Event>& events) {
  Tally out;
  for (const alert::Event& event : events) {
    switch (told_type(event).value_or(alert::EventType::trouble_started)) {
      case alert::EventType::went_down:
      case alert::EventType::timer_expired:
        out.up.erase(event.monitor);
        out.down.insert(event.monitor);
        break;
      case alert::EventType::still_down:
      case alert::EventType::timer_still_expired:
        out.still_down.insert(event.monitor);
        break;
      case alert::EventType::recovered:
      case alert::EventType::timer_rearmed:
        out.down.erase(event.monitor);
        out.still_down.erase(event.monitor);
        out.up.insert(event.monitor);
        break;
      case alert::EventType::recovering:
        out.put(out.short_of_tasks, event.monitor);
        break;
      case alert::EventType::timeout:
      case alert::EventType::rolled_back:
      case alert::EventType::failed:
        out.put(out.failed, event.monitor);
        break;
      case alert::EventType::deploy_started:
        out.put(out.deploying, event.monitor);
        break;
      case alert::EventType::finished:
        out.put(out.done, event.monitor);
        break;
      case alert::EventType::became_unknown:
      case alert::EventType::flapping_started:
      case alert::EventType::flapping_ended:
      case alert::EventType::trouble_started:
      case alert::EventType::trouble_ended:
      case alert::EventType::monitor_started:
      case alert::EventType::service_created:
      case alert::EventType::scaled:
      case alert::EventType::tasks_stopped:
      case alert::EventType::service_deleted:
        ++out.others;
        break;
    }
  }
  return out;
}

std::string count_of(std::size_t count, std::string_view one, std::string_view many) {
  return count == 1 ? fmt::format("1 {}", one) : fmt::format("{} {}", count, many);
}

void add_part(std::string& out, std::size_t count, std::string_view one, std::string_view many) {
  if (count == 0) return;
  if (out.empty()) {
    out =
        count == 1 ? fmt::format("1 monitor {}", one) : fmt::format("{} monitors {}", count, many);
  } else {
    out += ", " + count_of(count, one, many);
  }
}

// Under a head line, which the steps of one story need not.
std::string list(const std::vector<alert::Event>& events, const Texts& texts, const Style& style) {
  std::string out = is_one_story(events) ? "" : escaped(headline(events), style.escape);
  // Room for the line that counts what is left out.
  constexpr std::size_t kReserve = 40;
  const std::size_t limit = style.limit > kReserve ? style.limit - kReserve : 0;
  std::size_t used = length(out, style.unit);
  std::size_t shown = 0;
  for (const alert::Event& event : events) {
    const std::string line = list_line(event, texts, style);
    used += length(line, style.unit) + 1;
    if (used > limit) break;
    if (!out.empty()) out += '\n';
    out += line;
    ++shown;
  }
  if (shown < events.size()) out += fmt::format("\n… and {} more", events.size() - shown);
  return out;
}

}  // namespace

std::string_view mark_of(const alert::Event& event) {
  if (ends_well(event)) return "🟢";
  switch (severity_of(event)) {
    case alert::Severity::critical:
      return "🔴";
    case alert::Severity::warning:
      return "🟡";
    case alert::Severity::info:
      break;
  }
  return "🔵";
}

bool is_one_story(const std::vector<alert::Event>& events) {
  const alert::Event& first = events.front();
  return events.size() == 1 || (is_ecs(first) && !first.incident.empty() &&
                                std::ranges::all_of(events, [&](const alert::Event& event) {
                                  return event.incident == first.incident;
                                }));
}

std::string headline(const std::vector<alert::Event>& events) {
  if (is_one_story(events)) return title_of(events.back());
  if (std::ranges::all_of(events, is_late)) {
    const auto oldest = std::ranges::max_element(events, {}, &alert::Event::late);
    return fmt::format("{} events while this channel could not be reached, up to {} late",
                       events.size(), spoken(*oldest->late));
  }
  const Tally sums = tally(events);
  std::string out;
  add_part(out, sums.down.size(), "is down", "are down");
  add_part(out, sums.still_down.size(), "is still down", "are still down");
  add_part(out, sums.short_of_tasks.size(), "is short of tasks", "are short of tasks");
  add_part(out, sums.failed.size(), "has trouble deploying", "have trouble deploying");
  add_part(out, sums.deploying.size(), "is deploying", "are deploying");
  add_part(out, sums.up.size(), "is up again", "are up again");
  add_part(out, sums.done.size(), "is done", "are done");
  if (out.empty()) return fmt::format("{} events", events.size());
  if (sums.others > 0) {
    out += ", " + count_of(sums.others, "other event", "other events");
  }
  return out;
}

std::string list_line(const alert::Event& event, const Texts& texts, const Style& style) {
  std::string text = texts.of(event.type).render(EventValues(event), style.escape);
  text.resize(std::min(text.find('\n'), text.size()));
  if (is_blank(text)) text = escaped(title_of(event), style.escape);
  text = as_test(event, std::move(text));
  // Among events of hours a line needs its time.
  if (is_late(event)) text = fmt::format("{}: {}", spoken(event.at), text);
  return marked(event, style, cut(text, style.line_limit, style.unit));
}

Composed compose(const Message& message, const Texts& texts, const Style& style) {
  Composed out;
  const auto& events = message.events;
  out.title = one_line(headline(events));
  for (const alert::Event& event : events) {
    out.severity = std::min(out.severity, severity_of(event));
  }
  out.closes =
      is_one_story(events) ? ends_well(events.back()) : std::ranges::all_of(events, ends_well);
  const bool formatted = message.formatted && !is_blank(*message.formatted);
  std::string text = formatted            ? as_test(events.front(), *message.formatted)
                     : events.size() == 1 ? event_text(events.front(), texts, style)
                                          : list(events, texts, style);
  out.text = cut(text, style.limit, style.unit);
  return out;
}

}  // namespace tocsin::notification

#pragma once
// One message out of one event or of many: what people read, whatever the provider.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "alert/event_type.hpp"
#include "notification/escape.hpp"
#include "notification/format.hpp"
#include "notification/incident.hpp"
#include "notification/texts.hpp"

namespace tocsin::notification {

struct Style {
  Escape escape = escape_nothing;
  bool marks = true;         // a coloured circle in front of each event
  std::size_t limit = 4000;  // of the text
  Unit unit = Unit::utf16;
  std::size_t line_limit = 300;  // of one event among several
};

struct Composed {
  std::string title;  // one line, not escaped: subjects and push titles
  std::string text;   // escaped; at most Style::limit
  alert::Severity severity = alert::Severity::info;  // the worst of all
  bool closes = false;                               // everything it tells of is over, and well
};

// `message` holds at least one event. One event: its template. Several: a head line, unless they
// are one story, and a line for each in their order; those beyond the limit are counted in a last
// line. A text that does not say itself how late it is gets a line that does. A formatter's text
// takes the place of all of it.
[[nodiscard]] Composed compose(const Message& message, const Texts& texts, const Style& style);

// "7 monitors are down", "12 events while this channel could not be reached".
[[nodiscard]] std::string headline(const std::vector<alert::Event>& events);
// The first line of the event's text, with its mark, as one line of a list.
[[nodiscard]] std::string list_line(const alert::Event& event, const Texts& texts,
                                    const Style& style);
// One event, or the steps of one incident of an ECS service. `events` is not empty.
[[nodiscard]] bool is_one_story(const std::vector<alert::Event>& events);
// 🔴 critical, 🟡 warning, 🔵 info, 🟢 over, and well.
[[nodiscard]] std::string_view mark_of(const alert::Event& event);

}  // namespace tocsin::notification

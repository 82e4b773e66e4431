#pragma once
// What placeholders name: the fields of an event or a report and what derives from them.

#include <string>
#include <string_view>

#include "alert/event.hpp"
#include "notification/format.hpp"
#include "notification/template.hpp"

namespace tocsin::notification {

// Of a text about one event: its fields (docs/events.md), label.NAME, and
//   title     "checkout is down"
//   outage    how long the outage lasted, for people: "5m12s"
//   late      how much later than it happened it is told
//   since     when the incident opened: "21 Nov 08:48:32 UTC"
//   time      when the event happened, in the same form
// and those of ECS services (deployment_words.hpp).
[[nodiscard]] Vocabulary event_vocabulary();
// Of a message: those of its first event, and
//   text      what the templates make of all events
//   count     how many events it holds
//   events    all of them, a JSON list
[[nodiscard]] Vocabulary message_vocabulary();
// Of an outcome for a sink: monitor kind label.NAME status reason message started_at duration_ms
// value.NAME timing.NAME, `outcome` (all of it, JSON) and `reports` (the batch, a JSON list).
[[nodiscard]] Vocabulary report_vocabulary();

class EventValues final : public Values {
 public:
  explicit EventValues(const alert::Event& event) : event_(event) {}
  [[nodiscard]] Value find(std::string_view name) const override;

 private:
  const alert::Event& event_;  // not owned
};

class MessageValues final : public Values {
 public:
  // All must outlive it. `message` holds at least one event.
  MessageValues(const Message& message, const std::string& title, const std::string& text)
      : message_(message), title_(title), text_(text) {}
  [[nodiscard]] Value find(std::string_view name) const override;

 private:
  const Message& message_;
  const std::string& title_;
  const std::string& text_;
};

class ReportValues final : public Values {
 public:
  explicit ReportValues(const Report& report, const std::vector<Report>* batch = nullptr)
      : report_(report), batch_(batch) {}
  [[nodiscard]] Value find(std::string_view name) const override;

 private:
  const Report& report_;              // not owned
  const std::vector<Report>* batch_;  // same; null: none
};

// {monitor,kind,labels,outcome}
[[nodiscard]] std::string to_json(const Report& report);
// [event, ...], [report, ...]
[[nodiscard]] std::string to_json(const std::vector<alert::Event>& events);
[[nodiscard]] std::string to_json(const std::vector<Report>& reports);

// `notify test` or `notify preview` made it (sample_event.hpp).
[[nodiscard]] bool is_test(const alert::Event& event);
// "checkout is down": the event in a few words, one line.
[[nodiscard]] std::string title_of(const alert::Event& event);
// "400ms", "12s", "5m12s", "2h5m", "3d4h": two units are enough for people.
[[nodiscard]] std::string spoken(Milliseconds duration);
// "21 Nov 08:48:32 UTC"
[[nodiscard]] std::string spoken(Instant at);
// When the incident opened, as its id says (alert::incident_id).
[[nodiscard]] std::optional<Instant> opened(const alert::Event& event);

}  // namespace tocsin::notification

// Channels and sinks: how they do, a test, a preview.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <expected>

#include "base/near_miss.hpp"
#include "base/utf8.hpp"
#include "config/text_names.hpp"
#include "notification/sample_event.hpp"
#include "web/fields.hpp"
#include "web/handlers.hpp"
#include "web/steps_json.hpp"

namespace tocsin::web {
namespace {

constexpr std::size_t kLongestName = 200;
// Of what the other side answered, shown.
constexpr std::size_t kLongestAnswer = 16U << 10U;

// --- How they do. ---

std::string_view state_of(const service::OutletView& outlet) {
  if (outlet.type.empty()) {
    return "not_configured";
  }
  if (outlet.health.refused) {
    return "refused";
  }
  return outlet.health.failing ? "failing" : "ok";
}

void write_outlet(JsonWriter& w, const service::OutletView& outlet, const Context& context) {
  const service::Line::Health& health = outlet.health;
  const Instant now = context.clock.now();
  w.object().field("name", outlet.name).field("type", outlet.type).field("sink", outlet.sink);
  w.field("state", state_of(outlet)).field("waiting", outlet.waiting).key("oldest");
  if (outlet.oldest == Instant{}) {
    w.null();
  } else {
    w.value(outlet.oldest);
  }
  w.key("failing_since");
  if (health.failing) {
    const auto since = context.clock.mono_now() - health.since;
    w.value(now - std::chrono::duration_cast<Milliseconds>(since));
    w.field("next_try", now + outlet.next_try_in);
    w.field("error", context.alerting->hide_secrets(health.error));
  } else {
    w.null().key("next_try").null().key("error").null();
  }
  const service::OutletStats& stats = outlet.stats;
  w.field("delivered", stats.delivered).field("messages", stats.messages);
  w.field("late", stats.late).field("failures", stats.failures);
  w.field("dropped", stats.dropped).end_object();
}

// --- A test and a preview. ---

struct Sample {
  alert::EventType type = alert::EventType::went_down;
  notification::SampleSubject subject;
};

std::string known_types() {
  std::string out;
  for (const alert::EventTypeInfo& info : alert::event_types()) {
    out += (out.empty() ? "" : " ") + std::string(info.name);
  }
  return out;
}

std::expected<Sample, Problem> read_sample(const Call& call, const Monitors& monitors) {
  Fields fields(call.body);
  Sample out;
  if (const auto name = fields.text("type", kLongestName)) {
    const auto type = config::text_type(*name);
    if (!type) {
      const auto near = near_miss(*name, config::text_names());
      fields.refuse(fmt::format("`type` is \"{}\", which is none of {}{}",
                                clip(printable(*name), 60), known_types(),
                                near ? fmt::format(" (did you mean {}?)", *near) : ""));
    }
    out.type = type.value_or(out.type);
  }
  const auto monitor = fields.text("monitor", kLongestName);
  if (auto problem = fields.problem()) {
    return std::unexpected(std::move(*problem));
  }
  if (monitor) {
    const std::size_t index = monitors.find(*monitor);
    if (index >= monitors.size()) {
      return std::unexpected(no_such_monitor(*monitor));
    }
    const config::Monitor& found = *monitors.view(index).config;
    const config::MonitorNotes& notes = *found.notes;
    out.subject = {found.name,    std::string(check::kind_of(*found.check)),
                   notes.labels,  notes.description,
                   notes.runbook, notes.dashboard};
  }
  return out;
}

std::optional<Problem> not_a_channel(const Alerting& alerting, const std::string& name) {
  const auto outlets = alerting.outlets();
  const auto found = std::ranges::find(outlets, name, &service::OutletView::name);
  const std::string shown = clip(printable(name), 100);
  if (found == outlets.end() || found->type.empty()) {
    return Problem{404, "not_found", fmt::format("there is no channel \"{}\"", shown)};
  }
  if (found->sink) {
    return Problem{
        409, "conflict",
        fmt::format("\"{}\" is a sink: it gets outcomes, and only channels get events", shown)};
  }
  return std::nullopt;
}

// The event to tell, or an answer was given.
std::optional<alert::Event> event_for(const SharedPtr& shared, const Call& call,
                                      Responder& respond) {
  if (auto problem = unexpected_parameter(call.query)) {
    respond(problem_response(*problem));
    return std::nullopt;
  }
  auto sample = read_sample(call, shared->context.monitors);
  if (!sample) {
    respond(problem_response(sample.error()));
    return std::nullopt;
  }
  const Alerting* alerting = alerting_of(shared, respond);
  if (alerting == nullptr) {
    return std::nullopt;
  }
  if (const auto problem = not_a_channel(*alerting, call.name)) {
    respond(problem_response(*problem));
    return std::nullopt;
  }
  const Instant now = shared->context.clock.now();
  return notification::sample_event(sample->type, shared->sample_ids.next(now), sample->subject,
                                    now);
}

std::string tested_json(const std::string& channel, const std::string& type,
                        const service::Dispatcher::Tested& tested, const Alerting& alerting) {
  std::string body;
  JsonWriter w(body);
  w.object().field("channel", channel).field("type", type);
  w.field("delivered", tested.delivered).field("verdict", alerting.hide_secrets(tested.verdict));
  w.key("answer").object();
  w.field("status", tested.answer.status);
  w.field("failure", alerting.hide_secrets(tested.answer.failure));
  w.field("body", clip(alerting.hide_secrets(tested.answer.body), kLongestAnswer)).end_object();
  w.end_object();
  return body;
}

}  // namespace

void list_channels(const SharedPtr& shared, Call call, Responder respond) {
  if (auto problem = unexpected_parameter(call.query)) {
    respond(problem_response(*problem));
    return;
  }
  const Alerting* alerting = alerting_of(shared, respond);
  if (alerting == nullptr) {
    return;
  }
  std::string body;
  JsonWriter w(body);
  w.object().key("items").array();
  for (const service::OutletView& outlet : alerting->outlets()) {
    write_outlet(w, outlet, shared->context);
  }
  end_list(w, std::nullopt);
  respond(json_response(200, std::move(body)));
}

void test_channel(const SharedPtr& shared, Call call, Responder respond) {
  auto event = event_for(shared, call, respond);
  if (!event) {
    return;
  }
  Alerting& alerting = *shared->context.alerting;
  auto answer = [&alerting, channel = call.name, type = event->type,
                 respond = std::move(respond)](Result<service::Dispatcher::Tested> tested) mutable {
    respond(tested ? json_response(200, tested_json(channel, type, *tested, alerting))
                   : problem_response(problem_of(tested.error())));
  };
  alerting.test(call.name, std::move(*event), std::move(answer));
}

void preview_channel(const SharedPtr& shared, Call call, Responder respond) {
  auto event = event_for(shared, call, respond);
  if (!event) {
    return;
  }
  const Alerting& alerting = *shared->context.alerting;
  const std::string type = event->type;
  const auto steps = alerting.preview(call.name, std::move(*event));
  if (!steps) {
    respond(problem_response(problem_of(steps.error())));
    return;
  }
  std::string body;
  JsonWriter w(body);
  w.object().field("channel", call.name).field("type", type).key("steps");
  write_steps(w, *steps, [&](std::string_view text) { return alerting.hide_secrets(text); });
  w.end_object();
  respond(json_response(200, std::move(body)));
}

}  // namespace tocsin::web

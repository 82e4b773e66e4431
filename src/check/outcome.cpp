#include "check/outcome.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/json_writer.hpp"

namespace tocsin::check {
namespace {

constexpr std::array<std::pair<Reason, std::string_view>, 20> kReasons{{
    {Reason::none, ""},
    {Reason::dns, "dns"},
    {Reason::connect, "connect"},
    {Reason::tls, "tls"},
    {Reason::timeout, "timeout"},
    {Reason::protocol, "protocol"},
    {Reason::redirect, "redirect"},
    {Reason::status, "status"},
    {Reason::assertion, "assertion"},
    {Reason::body_too_large, "body_too_large"},
    {Reason::exit, "exit"},
    {Reason::signal, "signal"},
    {Reason::expired, "expired"},
    {Reason::reported, "reported"},
    {Reason::tasks, "tasks"},
    {Reason::unreadable, "unreadable"},
    {Reason::resolver, "resolver"},
    {Reason::resources, "resources"},
    {Reason::interrupted, "interrupted"},
    {Reason::internal, "internal"},
}};

void write_timings(JsonWriter& w, const Timings& timings) {
  w.key("timings_ms").object();
  const auto phase = [&w](std::string_view name, const std::optional<Microseconds>& value) {
    if (value) {
      w.key(name).value_ms(*value);
    }
  };
  phase("dns", timings.dns);
  phase("connect", timings.connect);
  phase("tls", timings.tls);
  phase("first_byte", timings.first_byte);
  phase("total", timings.total);
  w.end_object();
}

}  // namespace

std::string_view to_string(Status status) {
  switch (status) {
    case Status::up:
      return "up";
    case Status::down:
      return "down";
    case Status::unknown:
      return "unknown";
  }
  return "unknown";
}

std::string_view to_string(Reason reason) {
  return kReasons.at(static_cast<std::size_t>(reason)).second;
}

std::string_view to_string(Origin origin) {
  switch (origin) {
    case Origin::scheduled:
      return "scheduled";
    case Origin::retry:
      return "retry";
    case Origin::manual:
      return "manual";
    case Origin::pushed:
      return "pushed";
  }
  return "scheduled";
}

std::optional<Status> parse_status(std::string_view name) {
  for (const Status status : {Status::up, Status::down, Status::unknown}) {
    if (to_string(status) == name) {
      return status;
    }
  }
  return std::nullopt;
}

std::optional<Reason> parse_reason(std::string_view name) {
  const auto* found =
      std::ranges::find(kReasons, name, &std::pair<Reason, std::string_view>::second);
  return found == kReasons.end() ? std::nullopt : std::optional(found->first);
}

std::string to_json(const Outcome& outcome) {
  std::string out;
  out.reserve(256);
  JsonWriter w(out);
  w.object();
  w.field("started_at", outcome.started).field("status", to_string(outcome.status));
  w.key("reason");
  if (outcome.reason == Reason::none) {
    w.null();
  } else {
    w.value(to_string(outcome.reason));
  }
  w.field("message", outcome.message).field("origin", to_string(outcome.origin));
  w.key("duration_ms").value_ms(outcome.duration);
  write_timings(w, outcome.timings);
  w.key("conditions").array();
  for (const ConditionResult& condition : outcome.conditions) {
    w.object().field("text", condition.text).field("passed", condition.passed);
    w.field("seen", condition.seen).end_object();
  }
  w.end_array().key("values").object();
  for (const CapturedValue& value : outcome.values) {
    w.key(value.name).raw(value.json);
  }
  w.end_object();
  if (!outcome.detail.empty()) {
    w.field("detail", outcome.detail);
  }
  if (outcome.confirmed) {
    w.field("confirmed", true);
  }
  w.end_object();
  return out;
}

}  // namespace tocsin::check

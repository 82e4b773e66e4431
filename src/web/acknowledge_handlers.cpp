// Acknowledgements: somebody works on it, so nobody else needs to be reminded.

#include <expected>

#include "web/fields.hpp"
#include "web/handlers.hpp"
#include "web/monitor_json.hpp"

namespace tocsin::web {
namespace {

constexpr std::size_t kLongestText = 1'000;
constexpr std::size_t kLongestName = 200;

std::expected<alert::Acknowledgement, Problem> read_acknowledgement(const Call& call, Instant now) {
  Fields fields(call.body);
  alert::Acknowledgement out;
  out.at = now;
  out.by = fields.text("by", kLongestName).value_or(call.caller);
  out.comment = fields.text("comment", kLongestText).value_or("");
  if (fields.any("from").exists()) {
    fields.refuse("an acknowledgement holds from now on: there is no field \"from\" here");
  }
  if (const auto period = read_period(fields, now)) {
    out.until = period->until;
  }
  if (auto problem = fields.problem()) {
    return std::unexpected(std::move(*problem));
  }
  return out;
}

void set_acknowledged(const SharedPtr& shared, const std::string& name,
                      const std::optional<alert::Acknowledgement>& acknowledgement,
                      Responder respond) {
  const Monitors& monitors = shared->context.monitors;
  if (monitors.find(name) >= monitors.size()) {
    respond(problem_response(no_such_monitor(name)));
    return;
  }
  Alerting* alerting = alerting_of(shared, respond);
  if (alerting == nullptr || !store_takes_writes(shared, respond)) {
    return;
  }
  auto answer = [name, acknowledgement, respond = std::move(respond)](Result<void> done) mutable {
    if (!done) {
      respond(problem_response(problem_of(done.error())));
      return;
    }
    std::string body;
    JsonWriter w(body);
    w.object().field("name", name).key("acknowledged");
    write_acknowledgement(w, acknowledgement);
    w.end_object();
    respond(json_response(200, std::move(body)));
  };
  alerting->acknowledge(name, acknowledgement, std::move(answer));
}

}  // namespace

void acknowledge_monitor(const SharedPtr& shared, Call call, Responder respond) {
  if (auto problem = unexpected_parameter(call.query)) {
    respond(problem_response(*problem));
    return;
  }
  const auto acknowledgement = read_acknowledgement(call, shared->context.clock.now());
  if (!acknowledgement) {
    respond(problem_response(acknowledgement.error()));
    return;
  }
  set_acknowledged(shared, call.name, *acknowledgement, std::move(respond));
}

void unacknowledge_monitor(const SharedPtr& shared, Call call, Responder respond) {
  if (auto problem = unexpected_parameter(call.query)) {
    respond(problem_response(*problem));
    return;
  }
  set_acknowledged(shared, call.name, std::nullopt, std::move(respond));
}

}  // namespace tocsin::web

// The outbox: what waits for delivery; try again, give up.

#include <fmt/format.h>

#include <algorithm>
#include <expected>

#include "alert/event.hpp"
#include "base/utf8.hpp"
#include "web/fields.hpp"
#include "web/handlers.hpp"
#include "web/params.hpp"

namespace tocsin::web {
namespace {

constexpr std::size_t kLongestName = 200;
constexpr std::size_t kLongestKey = 1'000;

// --- Listing. ---

struct OutboxQuery {
  std::string channel;  // "" every one
  service::WaitingPlace after;
  std::size_t limit = kDefaultLimit;
};

// "17-ops": the number first, so that a name may hold anything.
std::string cursor_of(const service::WaitingPlace& place) {
  return fmt::format("{}-{}", place.number, place.outlet);
}

std::optional<service::WaitingPlace> parse_cursor(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto number = parse_unsigned(text.substr(0, dash));
  if (dash == std::string_view::npos || !number) {
    return std::nullopt;
  }
  return service::WaitingPlace{std::string(text.substr(dash + 1)), *number};
}

std::expected<OutboxQuery, Problem> parse_outbox_query(const Query& query) {
  Params params(query);
  OutboxQuery out;
  out.channel = params.one("channel").value_or("");
  if (const auto cursor = params.one("cursor")) {
    auto place = parse_cursor(*cursor);
    if (!place) {
      params.refuse("invalid_cursor", "`cursor` is not one that this server gave out");
    }
    out.after = std::move(place).value_or(service::WaitingPlace{});
  }
  out.limit = params.limit();
  if (auto problem = params.problem()) {
    return std::unexpected(std::move(*problem));
  }
  return out;
}

void write_or_null(JsonWriter& w, std::string_view name, const std::string& text) {
  w.key(name);
  if (text.empty()) {
    w.null();
  } else {
    w.value(text);
  }
}

void write_waiting(JsonWriter& w, const service::WaitingView& view, const Context& context) {
  const ports::OutboxRow& row = *view.row;
  const auto event =
      row.sink ? Result<alert::Event>(std::unexpected(Error{})) : alert::parse_event(row.payload);
  const Instant now = context.clock.now();
  w.object().field("key", row.key).field("channel", row.target).field("sink", row.sink);
  w.field("monitor", row.monitor);
  write_or_null(w, "event", row.event_id);
  write_or_null(w, "type", event ? event->type : "");
  write_or_null(w, "message", event ? event->message : "");
  w.field("since", row.created);
  w.field("state", view.under_way ? "sending" : "waiting").field("attempts", view.attempts);
  w.key("next_try");
  if (view.under_way || view.next_try_in == Milliseconds{0}) {
    w.null();
  } else {
    w.value(now + view.next_try_in);
  }
  write_or_null(w, "error", context.alerting->hide_secrets(view.error));
  w.end_object();
}

Problem no_such_outlet(const std::string& name) {
  return {404, "not_found",
          fmt::format("there is no channel or sink \"{}\"", clip(printable(name), 100))};
}

bool known_outlet(const Alerting& alerting, const std::string& name) {
  const auto outlets = alerting.outlets();
  return std::ranges::find(outlets, name, &service::OutletView::name) != outlets.end();
}

// --- Acting. ---

void retry_all(const SharedPtr& shared, const std::string& channel, Responder& respond) {
  Alerting& alerting = *shared->context.alerting;
  std::vector<std::string> names{channel};
  if (channel.empty()) {
    names.clear();
    for (const service::OutletView& outlet : alerting.outlets()) {
      names.emplace_back(outlet.name);
    }
  }
  for (const std::string& name : names) {
    const auto retried = alerting.retry(name);
    // One that went meanwhile has nothing left to try.
    if (!retried && !channel.empty()) {
      respond(problem_response(no_such_outlet(name)));
      return;
    }
  }
  std::string body;
  JsonWriter w(body);
  w.object().key("retried").array();
  for (const std::string& name : names) {
    w.value(name);
  }
  w.end_array().end_object();
  respond(json_response(200, std::move(body)));
}

struct Drop {
  std::string key;
  std::string channel;
};

std::expected<Drop, Problem> read_drop(const Call& call) {
  Fields fields(call.body);
  Drop out;
  const auto key = fields.text("key", kLongestKey);
  const auto channel = fields.text("channel", kLongestName);
  if (key.has_value() == channel.has_value()) {
    fields.refuse(
        "say what to drop: `key`, of one that waits, or `channel`, for all that waits "
        "there; not both");
  }
  out.key = key.value_or("");
  out.channel = channel.value_or("");
  if (out.key.empty() && out.channel.empty()) {
    fields.refuse("`key` or `channel` is empty");
  }
  if (auto problem = fields.problem()) {
    return std::unexpected(std::move(*problem));
  }
  return out;
}

Problem not_dropped(const Drop& drop, const Error& error) {
  if (error.code != ErrorCode::not_found) {
    return problem_of(error);
  }
  if (drop.key.empty()) {
    return no_such_outlet(drop.channel);
  }
  return {404, "not_found",
          fmt::format("nothing with the key \"{}\" waits; what is being sent cannot be dropped",
                      clip(printable(drop.key), 100))};
}

}  // namespace

void list_outbox(const SharedPtr& shared, Call call, Responder respond) {
  const auto query = parse_outbox_query(call.query);
  if (!query) {
    respond(problem_response(query.error()));
    return;
  }
  const Alerting* alerting = alerting_of(shared, respond);
  if (alerting == nullptr) {
    return;
  }
  if (!query->channel.empty() && !known_outlet(*alerting, query->channel)) {
    respond(problem_response(no_such_outlet(query->channel)));
    return;
  }
  std::string body;
  JsonWriter w(body);
  w.object().key("items").array();
  std::size_t written = 0;
  service::WaitingPlace last;
  std::optional<std::string> next;
  alerting->visit_waiting(query->channel, query->after, query->limit + 1,
                          [&](const service::WaitingView& view) {
                            if (written++ == query->limit) {
                              next = cursor_of(last);
                              return;
                            }
                            last = {view.row->target, view.number};
                            write_waiting(w, view, shared->context);
                          });
  end_list(w, next);
  respond(json_response(200, std::move(body)));
}

void retry_outbox(const SharedPtr& shared, Call call, Responder respond) {
  Fields fields(call.body);
  const auto given = fields.text("channel", kLongestName);
  if (given && given->empty()) {
    fields.refuse("`channel` is empty: leave it out to try every one");
  }
  const std::string channel = given.value_or("");
  auto problem = unexpected_parameter(call.query);
  if (!problem) {
    problem = fields.problem();
  }
  if (problem) {
    respond(problem_response(*problem));
    return;
  }
  if (alerting_of(shared, respond) != nullptr) {
    retry_all(shared, channel, respond);
  }
}

void drop_outbox(const SharedPtr& shared, Call call, Responder respond) {
  if (auto problem = unexpected_parameter(call.query)) {
    respond(problem_response(*problem));
    return;
  }
  const auto drop = read_drop(call);
  if (!drop) {
    respond(problem_response(drop.error()));
    return;
  }
  Alerting* alerting = alerting_of(shared, respond);
  // What is dropped must stay dropped: a row that the store still holds would come back.
  if (alerting == nullptr || !store_takes_writes(shared, respond)) {
    return;
  }
  auto answer = [drop = *drop, respond = std::move(respond)](Result<std::size_t> dropped) mutable {
    if (!dropped) {
      respond(problem_response(not_dropped(drop, dropped.error())));
      return;
    }
    std::string body;
    JsonWriter w(body);
    w.object().field("dropped", std::uint64_t{*dropped}).end_object();
    respond(json_response(200, std::move(body)));
  };
  if (drop->key.empty()) {
    alerting->drop_all(drop->channel, std::move(answer));
  } else {
    alerting->drop_key(drop->key, std::move(answer));
  }
}

}  // namespace tocsin::web

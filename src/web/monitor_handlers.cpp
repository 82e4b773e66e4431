#include <fmt/format.h>

#include "base/utf8.hpp"
#include "web/handlers.hpp"
#include "web/monitor_json.hpp"
#include "web/monitor_list.hpp"

namespace tocsin::web {
namespace {

// Monitors looked at in one turn of the loop: below a millisecond.
constexpr std::size_t kSlice = 2000;

// One page on its way: items are taken at one moment, uptime follows from the store.
struct Page {
  std::vector<MonitorItem> items;
  std::vector<std::string> names;
  std::optional<std::string> next;
};

void write_page(std::string& out, const Page& page, Instant now,
                const Result<std::vector<ports::UptimeSums>>& sums) {
  JsonWriter w(out);
  const bool known = sums && sums->size() == page.items.size();
  w.object().key("items").array();
  for (std::size_t i = 0; i < page.items.size(); ++i) {
    page.items[i].finish(w, known ? &(*sums)[i] : nullptr, now);
  }
  end_list(w, page.next);
}

void send_page(const SharedPtr& shared, ListScan scan, Responder respond) {
  ListScan::Page found = std::move(scan).page();
  Page page;
  page.next = std::move(found.next);
  const Instant now = shared->context.clock.now();
  const Monitors& monitors = shared->context.monitors;
  for (std::string& name : found.names) {
    // A reload between two slices may have taken it away.
    const std::size_t index = monitors.find(name);
    if (index < monitors.size()) {
      page.items.emplace_back(monitors.view(index), now);
      page.names.push_back(std::move(name));
    }
  }
  std::vector<std::string> names = std::move(page.names);
  shared->context.store.read_uptime(
      std::move(names), now,
      [page = std::move(page), now,
       respond = std::move(respond)](const Result<std::vector<ports::UptimeSums>>& sums) mutable {
        std::string body;
        write_page(body, page, now, sums);
        respond(json_response(200, std::move(body)));
      });
}

void walk(const SharedPtr& shared, ListScan scan, Responder respond) {
  if (scan.step(kSlice)) {
    send_page(shared, std::move(scan), std::move(respond));
    return;
  }
  shared->context.loop.post(
      [shared, scan = std::move(scan), respond = std::move(respond)]() mutable {
        walk(shared, std::move(scan), std::move(respond));
      });
}

void set_paused(const SharedPtr& shared, Call call, Responder respond, bool paused) {
  if (auto problem = unexpected_parameter(call.query)) {
    respond(problem_response(*problem));
    return;
  }
  Monitors& monitors = shared->context.monitors;
  if (monitors.find(call.name) >= monitors.size()) {
    respond(problem_response(no_such_monitor(call.name)));
    return;
  }
  if (!store_takes_writes(shared, respond)) {
    return;
  }
  const std::string name = call.name;
  monitors.set_paused(name, paused,
                      [name, paused, respond = std::move(respond)](Result<void> done) mutable {
                        if (!done) {
                          respond(problem_response(problem_of(done.error())));
                          return;
                        }
                        std::string body;
                        JsonWriter w(body);
                        w.object().field("name", name).field("paused", paused).end_object();
                        respond(json_response(200, std::move(body)));
                      });
}

}  // namespace

Problem problem_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::invalid:
      return {400, "invalid", error.message};
    case ErrorCode::not_found:
      return {404, "not_found", error.message};
    case ErrorCode::conflict:
      return {409, "conflict", error.message};
    case ErrorCode::unavailable:
    case ErrorCode::exhausted:
    case ErrorCode::cancelled:
      return {503, "unavailable", error.message};
    case ErrorCode::timeout:
      return {504, "timeout", error.message};
    case ErrorCode::internal:
      break;
  }
  return {500, "internal", error.message};
}

Problem no_such_monitor(std::string_view name) {
  return {404, "not_found", fmt::format("there is no monitor \"{}\"", clip(printable(name), 100))};
}

bool store_takes_writes(const SharedPtr& shared, Responder& respond) {
  if (!shared->context.monitors.store_health().degraded) {
    return true;
  }
  respond(problem_response(
      {503, "store_degraded", "the store refuses writes for now, so nothing would be kept"}));
  return false;
}

std::optional<Problem> unexpected_parameter(const Query& query) { return Params(query).problem(); }

void list_monitors(const SharedPtr& shared, Call call, Responder respond) {
  auto query = parse_list_query(call.query);
  if (!query) {
    respond(problem_response(query.error()));
    return;
  }
  ListScan scan(std::move(*query), shared->context.monitors);
  walk(shared, std::move(scan), std::move(respond));
}

void show_monitor(const SharedPtr& shared, Call call, Responder respond) {
  if (auto problem = unexpected_parameter(call.query)) {
    respond(problem_response(*problem));
    return;
  }
  const Monitors& monitors = shared->context.monitors;
  const std::size_t index = monitors.find(call.name);
  if (index >= monitors.size()) {
    respond(problem_response(no_such_monitor(call.name)));
    return;
  }
  const Instant now = shared->context.clock.now();
  MonitorItem item(monitors.view(index), now);
  std::vector<std::string> names{std::move(call.name)};
  shared->context.store.read_uptime(
      std::move(names), now,
      [item = std::move(item), now,
       respond = std::move(respond)](const Result<std::vector<ports::UptimeSums>>& sums) mutable {
        std::string body;
        JsonWriter w(body);
        item.finish(w, sums && sums->size() == 1 ? sums->data() : nullptr, now);
        respond(json_response(200, std::move(body)));
      });
}

void pause_monitor(const SharedPtr& shared, Call call, Responder respond) {
  set_paused(shared, std::move(call), std::move(respond), true);
}

void resume_monitor(const SharedPtr& shared, Call call, Responder respond) {
  set_paused(shared, std::move(call), std::move(respond), false);
}

void check_monitor(const SharedPtr& shared, Call call, Responder respond) {
  if (auto problem = unexpected_parameter(call.query)) {
    respond(problem_response(*problem));
    return;
  }
  Monitors& monitors = shared->context.monitors;
  if (monitors.find(call.name) >= monitors.size()) {
    respond(problem_response(no_such_monitor(call.name)));
    return;
  }
  monitors.check_now(call.name, [respond = std::move(respond)](Result<std::string> done) mutable {
    respond(done ? json_response(200, std::move(*done))
                 : problem_response(problem_of(done.error())));
  });
}

}  // namespace tocsin::web

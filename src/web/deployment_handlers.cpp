// The deployments of an ECS service over time.

#include "base/json_writer.hpp"
#include "web/cursor.hpp"
#include "web/handlers.hpp"
#include "web/params.hpp"

namespace tocsin::web {
namespace {

constexpr std::string_view kList = "deployments";

std::expected<ports::DeploymentQuery, Problem> parse_query(const Query& query) {
  Params params(query);
  ports::DeploymentQuery out;
  out.limit = params.limit();
  if (const auto text = params.one("cursor")) {
    auto place = decode_cursor(kList, *text);
    if (!place || place->primary <= 0) {
      params.refuse("invalid_cursor", "`cursor` is not one that this server gave out");
    } else {
      out.before = from_unix_ms(place->primary);
      out.before_id = std::move(place->name);
    }
  }
  if (auto problem = params.problem()) {
    return std::unexpected(std::move(*problem));
  }
  return out;
}

std::string body_of(std::vector<ports::DeploymentRow> rows, std::size_t limit) {
  std::optional<std::string> next;
  if (rows.size() > limit) {
    rows.resize(limit);
    next = encode_cursor(kList, Position{unix_ms(rows.back().created), rows.back().id});
  }
  std::string body;
  JsonWriter w(body);
  w.object().key("items").array();
  for (const ports::DeploymentRow& row : rows) {
    // The stored object, with its monitor in front.
    std::string item = "{\"monitor\":";
    append_json_string(item, row.monitor);
    const bool filled = row.json.size() > 2 && row.json.front() == '{';
    item += filled ? "," + row.json.substr(1) : std::string("}");
    w.raw(item);
  }
  end_list(w, next);
  return body;
}

}  // namespace

void list_deployments(const SharedPtr& shared, Call call, Responder respond) {
  auto query = parse_query(call.query);
  if (!query) {
    respond(problem_response(query.error()));
    return;
  }
  // History outlives its monitor: a name is unknown when there is neither.
  const Monitors& monitors = shared->context.monitors;
  const bool known = monitors.find(call.name) < monitors.size() || query->before != Instant{};
  const std::size_t limit = query->limit;
  query->monitor = call.name;
  query->limit = limit + 1;
  shared->context.store.read_deployments(
      std::move(*query), [limit, known, name = std::move(call.name), respond = std::move(respond)](
                             Result<std::vector<ports::DeploymentRow>> rows) mutable {
        if (!rows) {
          respond(problem_response(problem_of(rows.error())));
        } else if (rows->empty() && !known) {
          respond(problem_response(no_such_monitor(name)));
        } else {
          respond(json_response(200, body_of(std::move(*rows), limit)));
        }
      });
}

}  // namespace tocsin::web

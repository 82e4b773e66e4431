// What was recorded: outcomes, roll-ups, events.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "alert/uptime.hpp"
#include "base/json_writer.hpp"
#include "base/utf8.hpp"
#include "web/handlers.hpp"
#include "web/params.hpp"

namespace tocsin::web {
namespace {

// False when there is no such monitor; then the answer is given.
bool known_monitor(const SharedPtr& shared, const std::string& name, Responder& respond) {
  const Monitors& monitors = shared->context.monitors;
  if (monitors.find(name) < monitors.size()) {
    return true;
  }
  respond(problem_response(no_such_monitor(name)));
  return false;
}

// --- Outcomes ---

std::string history_body(std::vector<ports::OutcomeRow> rows, std::size_t limit) {
  std::optional<std::string> next;
  if (rows.size() > limit) {
    rows.resize(limit);
    next = std::to_string(rows.back().sequence);
  }
  std::string body;
  JsonWriter w(body);
  w.object().key("items").array();
  for (const ports::OutcomeRow& row : rows) {
    // The stored object, with its number in front.
    const bool filled = row.json.size() > 2 && row.json.front() == '{';
    w.raw(fmt::format("{{\"sequence\":{}{}", row.sequence,
                      filled ? "," + row.json.substr(1) : std::string("}")));
  }
  end_list(w, next);
  return body;
}

// --- Roll-ups ---

struct RollupQuery {
  alert::RollupLevel level = alert::RollupLevel::hour;
  Instant from{};
  std::size_t limit = kDefaultLimit;
};

Milliseconds width_of(alert::RollupLevel level) {
  using std::chrono::hours;
  return level == alert::RollupLevel::hour ? hours{1} : hours{24};
}

std::expected<RollupQuery, Problem> parse_rollup_query(const Query& query, Instant now) {
  using std::chrono::hours;
  Params params(query);
  RollupQuery out;
  const std::string_view level = params.one("level").value_or("hour");
  if (level != "hour" && level != "day") {
    params.refuse("invalid_parameter", "`level` is hour or day");
  }
  out.level = level == "day" ? alert::RollupLevel::day : alert::RollupLevel::hour;
  out.from = now - (level == "day" ? hours{24 * 30} : hours{24});
  if (const auto text = params.one("from")) {
    const auto from = parse_rfc3339(*text);
    if (!from) {
      params.refuse("invalid_parameter",
                    "`from` is a time such as 2026-01-31T00:00:00Z (write + as %2B)");
    }
    out.from = from.value_or(out.from);
  }
  if (const auto cursor = params.number("cursor", "invalid_cursor")) {
    // Bounded by year 9999, so that a made-up cursor cannot overflow a time.
    constexpr std::uint64_t kLast = 253'402'300'799'999;
    if (*cursor > kLast) {
      params.refuse("invalid_cursor", "`cursor` is not one that this server gave out");
    }
    out.from = from_unix_ms(static_cast<std::int64_t>(std::min(*cursor, kLast)));
  }
  out.limit = params.limit();
  if (auto problem = params.problem()) {
    return std::unexpected(std::move(*problem));
  }
  return out;
}

// The bucket that is still filling, unless it is empty.
std::optional<alert::ClosedBucket> open_bucket(const SharedPtr& shared, const std::string& name,
                                               alert::RollupLevel level) {
  const Monitors& monitors = shared->context.monitors;
  const std::size_t index = monitors.find(name);
  if (index >= monitors.size() || monitors.view(index).buckets == nullptr) {
    return std::nullopt;
  }
  const alert::OpenBuckets& open = *monitors.view(index).buckets;
  const bool hour = level == alert::RollupLevel::hour;
  alert::ClosedBucket out{level, hour ? open.hour_start : open.day_start,
                          hour ? open.hour : open.day};
  const bool empty = out.tally.up + out.tally.down + out.tally.unknown == 0;
  return empty ? std::nullopt : std::optional(out);
}

void write_bucket(JsonWriter& w, const alert::ClosedBucket& bucket, bool open) {
  const alert::Tally& tally = bucket.tally;
  const std::uint64_t known = std::uint64_t{tally.up} + tally.down;
  w.object().field("start", bucket.start);
  w.field("up", std::uint64_t{tally.up}).field("down", std::uint64_t{tally.down});
  w.field("unknown", std::uint64_t{tally.unknown}).key("uptime");
  if (const auto ratio = alert::ratio(tally.up, tally.down)) {
    w.value(*ratio);
  } else {
    w.null();
  }
  w.key("duration_avg_ms");
  if (known > 0) {
    w.value_ms(Microseconds{static_cast<std::int64_t>(tally.duration_us_sum / known)});
  } else {
    w.null();
  }
  w.key("duration_max_ms").value_ms(Microseconds{tally.duration_us_max});
  w.field("open", open).end_object();
}

std::string rollup_body(const std::vector<ports::RollupRow>& rows, const RollupQuery& query,
                        const std::optional<alert::ClosedBucket>& open) {
  std::vector<std::pair<alert::ClosedBucket, bool>> buckets;
  for (const ports::RollupRow& row : rows) {
    buckets.emplace_back(row.bucket, false);
  }
  // A bucket may be both stored and open for a moment after the wall clock stepped back.
  const bool last = rows.size() <= query.limit;
  const Milliseconds width = width_of(query.level);
  if (open && last && open->start + width > query.from &&
      (rows.empty() || rows.back().bucket.start < open->start)) {
    buckets.emplace_back(*open, true);
  }
  std::optional<std::string> next;
  if (buckets.size() > query.limit) {
    next = std::to_string(unix_ms(buckets[query.limit].first.start));
    buckets.resize(query.limit);
  }
  std::string body;
  JsonWriter w(body);
  w.object().key("items").array();
  for (const auto& [bucket, is_open] : buckets) {
    write_bucket(w, bucket, is_open);
  }
  end_list(w, next);
  return body;
}

// --- Events ---

constexpr std::size_t kEventIdLength = 26;

bool is_event_id(std::string_view text) {
  constexpr std::string_view kCrockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  return text.size() == kEventIdLength &&
         text.find_first_not_of(kCrockford) == std::string_view::npos;
}

std::expected<ports::EventQuery, Problem> parse_event_query(const Query& query) {
  Params params(query);
  ports::EventQuery out;
  out.monitor = params.one("monitor").value_or("");
  out.type = params.one("type").value_or("");
  if (out.type.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") != std::string::npos) {
    params.refuse("invalid_parameter", "`type` is a name such as went_down");
  }
  out.before_id = params.one("cursor").value_or("");
  if (!out.before_id.empty() && !is_event_id(out.before_id)) {
    params.refuse("invalid_cursor", "`cursor` is not one that this server gave out");
  }
  out.limit = params.limit();
  if (auto problem = params.problem()) {
    return std::unexpected(std::move(*problem));
  }
  return out;
}

struct Listed {
  std::string id;
  std::string json;
};

// Events that are announced while the store refuses; newest first.
std::vector<Listed> journaled(const SharedPtr& shared, const ports::EventQuery& query) {
  std::vector<Listed> out;
  for (const alert::Event& event : shared->context.monitors.journaled_events()) {
    if ((query.monitor.empty() || event.monitor == query.monitor) &&
        (query.type.empty() || event.type == query.type) &&
        (query.before_id.empty() || event.id < query.before_id)) {
      out.push_back({event.id, alert::to_json(event)});
    }
  }
  return out;
}

std::string event_body(std::vector<Listed> events, std::size_t limit) {
  std::ranges::sort(events, std::ranges::greater{}, &Listed::id);
  const auto [from, to] = std::ranges::unique(events, {}, &Listed::id);
  events.erase(from, to);
  std::optional<std::string> next;
  if (events.size() > limit) {
    events.resize(limit);
    next = events.back().id;
  }
  std::string body;
  JsonWriter w(body);
  w.object().key("items").array();
  for (const Listed& event : events) {
    w.raw(event.json);
  }
  end_list(w, next);
  return body;
}

}  // namespace

void end_list(JsonWriter& w, const std::optional<std::string>& next) {
  w.end_array().key("next");
  if (next) {
    w.value(*next);
  } else {
    w.null();
  }
  w.end_object();
}

void list_history(const SharedPtr& shared, Call call, Responder respond) {
  Params params(call.query);
  const std::size_t limit = params.limit();
  const auto before = params.number("cursor", "invalid_cursor");
  if (before && *before == 0) {
    params.refuse("invalid_cursor", "`cursor` is not one that this server gave out");
  }
  if (const auto problem = params.problem()) {
    respond(problem_response(*problem));
    return;
  }
  if (!known_monitor(shared, call.name, respond)) {
    return;
  }
  shared->context.store.read_outcomes(
      std::move(call.name), before.value_or(0), limit + 1,
      [limit, respond = std::move(respond)](Result<std::vector<ports::OutcomeRow>> rows) mutable {
        respond(rows ? json_response(200, history_body(std::move(*rows), limit))
                     : problem_response(problem_of(rows.error())));
      });
}

void list_rollups(const SharedPtr& shared, Call call, Responder respond) {
  auto query = parse_rollup_query(call.query, shared->context.clock.now());
  if (!query) {
    respond(problem_response(query.error()));
    return;
  }
  if (!known_monitor(shared, call.name, respond)) {
    return;
  }
  const auto open = open_bucket(shared, call.name, query->level);
  shared->context.store.read_rollups(
      std::move(call.name), query->level, query->from, query->limit + 1,
      [query = *query, open,
       respond = std::move(respond)](const Result<std::vector<ports::RollupRow>>& rows) mutable {
        respond(rows ? json_response(200, rollup_body(*rows, query, open))
                     : problem_response(problem_of(rows.error())));
      });
}

void list_events(const SharedPtr& shared, Call call, Responder respond) {
  auto query = parse_event_query(call.query);
  if (!query) {
    respond(problem_response(query.error()));
    return;
  }
  const std::size_t limit = query->limit;
  std::vector<Listed> events = journaled(shared, *query);
  query->limit = limit + 1;
  shared->context.store.read_events(
      std::move(*query), [limit, events = std::move(events), respond = std::move(respond)](
                             Result<std::vector<ports::EventRow>> rows) mutable {
        if (!rows) {
          respond(problem_response(problem_of(rows.error())));
          return;
        }
        for (ports::EventRow& row : *rows) {
          events.push_back({std::move(row.id), std::move(row.json)});
        }
        respond(json_response(200, event_body(std::move(events), limit)));
      });
}

}  // namespace tocsin::web

// Silences: of which monitors nobody is told for a while.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "alert/selector.hpp"
#include "base/utf8.hpp"
#include "web/fields.hpp"
#include "web/handlers.hpp"
#include "web/params.hpp"

namespace tocsin::web {
namespace {

// Of those that hold or will: each is matched against every monitor once a second.
constexpr std::size_t kMostSilences = 1'000;
// With those that ended of late, which are kept for a week.
constexpr std::size_t kMostKept = 10'000;
constexpr std::size_t kLongestText = 1'000;
constexpr std::size_t kLongestName = 200;
constexpr std::size_t kMostTerms = 32;
// Monitors matched in one turn of the loop: below a millisecond.
constexpr std::size_t kSlice = 1'000;

// --- How a silence looks. ---

constexpr std::array<std::string_view, 3> kStates{"active", "pending", "ended"};

std::string_view state_of(const alert::Silence& silence, Instant now) {
  if (silence.active(now)) {
    return "active";
  }
  return now < silence.from ? "pending" : "ended";
}

void write_silence(JsonWriter& w, const alert::Silence& silence, Instant now,
                   std::optional<std::uint64_t> monitors) {
  w.object().field("id", silence.id).field("state", state_of(silence, now));
  w.key("match").array();
  for (const std::string& term : silence.match.terms()) {
    w.value(term);
  }
  w.end_array().field("from", silence.from).field("until", silence.until);
  w.field("reason", silence.reason).field("by", silence.by).field("created", silence.created);
  if (monitors) {
    w.field("monitors", *monitors);
  }
  w.end_object();
}

// --- Listing. ---

struct SilenceQuery {
  std::vector<std::string_view> states;  // empty: all
  std::string_view before;               // the id of the last one seen
  std::size_t limit = kDefaultLimit;
};

std::expected<SilenceQuery, Problem> parse_silence_query(const Query& query) {
  Params params(query);
  SilenceQuery out;
  out.states = params.comma_list("state");
  for (const std::string_view state : out.states) {
    if (std::ranges::find(kStates, state) == kStates.end()) {
      params.refuse("invalid_parameter", "`state` is any of active, pending and ended");
    }
  }
  out.before = params.one("cursor").value_or("");
  out.limit = params.limit();
  if (auto problem = params.problem()) {
    return std::unexpected(std::move(*problem));
  }
  return out;
}

bool selects(const SilenceQuery& query, const alert::Silence& silence, Instant now) {
  const bool state = query.states.empty() ||
                     std::ranges::find(query.states, state_of(silence, now)) != query.states.end();
  return state && (query.before.empty() || silence.id < query.before);
}

// --- Making one. ---

// {"team": "shop"} or ["team=shop", "env!=staging"] as terms.
std::vector<std::string> read_terms(Fields& fields) {
  const check::JsonValue match = fields.any("match");
  const bool object = match.kind() == check::JsonKind::object;
  std::vector<std::string> out;
  if (match.exists() && !object && match.kind() != check::JsonKind::array) {
    fields.refuse(
        "`match` must be an object such as {\"team\": \"shop\"}, or a list of terms such as "
        "[\"team=shop\", \"env!=staging\"]");
    return out;
  }
  for (check::JsonItems items(match); items.next() && out.size() <= kMostTerms;) {
    const auto value = items.value().string();
    if (!value) {
      fields.refuse(fmt::format("`match` holds {}, which is not text in quotes",
                                clip(printable(items.value().text()), 60)));
      return out;
    }
    if (object && items.key().find_first_of("=!") != std::string::npos) {
      fields.refuse(
          "a label's name in `match` holds no = and no !; for \"is not\" use a list of "
          "terms such as [\"env!=staging\"]");
      return out;
    }
    out.push_back(object ? items.key() + "=" + *value : *value);
  }
  return out;
}

alert::Selector read_match(Fields& fields) {
  const std::vector<std::string> terms = read_terms(fields);
  const bool all = fields.flag("all").value_or(false);
  if (terms.empty() && !all) {
    fields.refuse(
        "say which monitors: \"match\": {\"team\": \"shop\"}, or \"all\": true for every one");
  } else if (!terms.empty() && all) {
    fields.refuse("`match` and `all` exclude each other");
  }
  auto match = alert::Selector::parse(terms);
  if (!match) {
    fields.refuse("`match`: " + match.error().message);
    return {};
  }
  return std::move(*match);
}

std::expected<alert::Silence, Problem> read_silence(const Call& call, Instant now) {
  Fields fields(call.body);
  alert::Silence out;
  out.match = read_match(fields);
  const auto period = read_period(fields, now);
  if (!period) {
    fields.refuse("say how long: `for`, such as \"30m\", or `until`, a time");
  }
  out.from = period.value_or(Period{}).from;
  out.until = period.value_or(Period{}).until;
  out.reason = fields.text("reason", kLongestText).value_or("");
  out.by = fields.text("by", kLongestName).value_or(call.caller);
  if (auto problem = fields.problem()) {
    return std::unexpected(std::move(*problem));
  }
  return out;
}

std::optional<Problem> too_many(const std::vector<alert::Silence>& silences, Instant now) {
  const auto open = static_cast<std::size_t>(std::ranges::count_if(
      silences, [now](const alert::Silence& silence) { return now < silence.until; }));
  if (open < kMostSilences && silences.size() < kMostKept) {
    return std::nullopt;
  }
  return Problem{409, "too_many_silences",
                 fmt::format("there are {} silences that hold or will, of at most {}, and {} with "
                             "those of the last week, of at most {}: end some, or match more "
                             "monitors with one",
                             open, kMostSilences, silences.size(), kMostKept)};
}

// Counts the monitors that a new silence matches, a slice per turn of the loop, then answers.
struct Count {
  alert::Silence silence;
  std::string last;  // the name looked at last
  std::uint64_t monitors = 0;
};

void count_then_answer(const SharedPtr& shared, Count count, Responder respond) {
  const Monitors& monitors = shared->context.monitors;
  std::size_t index = monitors.lower_bound(count.last);
  if (index < monitors.size() && monitors.view(index).config->name == count.last) {
    ++index;
  }
  const std::size_t end = std::min(monitors.size(), index + kSlice);
  for (; index < end; ++index) {
    const config::Monitor& monitor = *monitors.view(index).config;
    const bool matches = count.silence.match.matches(monitor.name, check::kind_of(*monitor.check),
                                                     monitor.notes->labels);
    count.monitors += matches ? 1 : 0;
    if (index + 1 == end) {
      count.last = monitor.name;
    }
  }
  if (end < monitors.size()) {
    shared->context.loop.post(
        [shared, count = std::move(count), respond = std::move(respond)]() mutable {
          count_then_answer(shared, std::move(count), std::move(respond));
        });
    return;
  }
  std::string body;
  JsonWriter w(body);
  write_silence(w, count.silence, shared->context.clock.now(), count.monitors);
  respond(json_response(201, std::move(body)));
}

}  // namespace

Alerting* alerting_of(const SharedPtr& shared, Responder& respond) {
  if (shared->context.alerting == nullptr) {
    respond(problem_response({503, "unavailable", "this process tells nobody of anything"}));
  }
  return shared->context.alerting;
}

void list_silences(const SharedPtr& shared, Call call, Responder respond) {
  const auto query = parse_silence_query(call.query);
  if (!query) {
    respond(problem_response(query.error()));
    return;
  }
  const Alerting* alerting = alerting_of(shared, respond);
  if (alerting == nullptr) {
    return;
  }
  const Instant now = shared->context.clock.now();
  std::vector<const alert::Silence*> found;
  for (const alert::Silence& silence : alerting->silences()) {
    if (selects(*query, silence, now)) {
      found.push_back(&silence);
    }
  }
  std::ranges::sort(found, std::ranges::greater{}, &alert::Silence::id);
  std::optional<std::string> next;
  if (found.size() > query->limit) {
    found.resize(query->limit);
    next = found.back()->id;
  }
  std::string body;
  JsonWriter w(body);
  w.object().key("items").array();
  for (const alert::Silence* silence : found) {
    write_silence(w, *silence, now, std::nullopt);
  }
  end_list(w, next);
  respond(json_response(200, std::move(body)));
}

void add_silence(const SharedPtr& shared, Call call, Responder respond) {
  const Instant now = shared->context.clock.now();
  if (auto problem = unexpected_parameter(call.query)) {
    respond(problem_response(*problem));
    return;
  }
  auto silence = read_silence(call, now);
  if (!silence) {
    respond(problem_response(silence.error()));
    return;
  }
  Alerting* alerting = alerting_of(shared, respond);
  if (alerting == nullptr || !store_takes_writes(shared, respond)) {
    return;
  }
  if (const auto problem = too_many(alerting->silences(), now)) {
    respond(problem_response(*problem));
    return;
  }
  auto added = [shared, respond = std::move(respond)](Result<alert::Silence> done) mutable {
    if (!done) {
      respond(problem_response(problem_of(done.error())));
      return;
    }
    Count count;
    count.silence = std::move(*done);
    count_then_answer(shared, std::move(count), std::move(respond));
  };
  alerting->add_silence(std::move(*silence), std::move(added));
}

void end_silence(const SharedPtr& shared, Call call, Responder respond) {
  if (auto problem = unexpected_parameter(call.query)) {
    respond(problem_response(*problem));
    return;
  }
  Alerting* alerting = alerting_of(shared, respond);
  if (alerting == nullptr) {
    return;
  }
  const auto& silences = alerting->silences();
  if (std::ranges::find(silences, call.name, &alert::Silence::id) == silences.end()) {
    respond(problem_response({404, "not_found",
                              fmt::format("there is no silence \"{}\"; it may have ended by itself",
                                          clip(printable(call.name), 100))}));
    return;
  }
  if (!store_takes_writes(shared, respond)) {
    return;
  }
  const std::string id = call.name;
  alerting->end_silence(id, [id, respond = std::move(respond)](Result<void> done) mutable {
    if (!done) {
      respond(problem_response(problem_of(done.error())));
      return;
    }
    std::string body;
    JsonWriter w(body);
    w.object().field("id", id).field("state", "ended").end_object();
    respond(json_response(200, std::move(body)));
  });
}

}  // namespace tocsin::web

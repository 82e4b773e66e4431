#include "config/resolve.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/hash.hpp"
#include "schedule/cron.hpp"

namespace tocsin::config {
namespace {

using check::HttpOptions;

constexpr Milliseconds kHeartbeatEvery{std::chrono::hours{24}};

std::vector<std::string> names_of(const std::vector<NamedReference>& references) {
  std::vector<std::string> names;
  names.reserve(references.size());
  for (const NamedReference& reference : references) names.push_back(reference.name);
  return names;
}

// Equal options hash alike; fields left out only make buckets longer.
std::uint64_t hash_of(const HttpOptions& options) {
  std::string key = options.method + '\n' + options.body + '\n' + options.basic_username + '\n' +
                    options.basic_password + '\n' + options.bearer_token + '\n' +
                    options.connect_to + '\n' + options.tls.server_name + '\n' +
                    options.tls.certificate_file;
  for (const auto& [name, value] : options.headers) key += fmt::format("\n{}:{}", name, value);
  return stable_hash(key);
}

std::uint64_t hash_of(const MonitorNotes& notes) {
  std::string key = notes.description + '\n' + notes.runbook + '\n' + notes.dashboard;
  for (const auto& [name, value] : notes.labels) key += fmt::format("\n{}={}", name, value);
  for (const std::string& name : notes.depends_on) key += '\n' + name;
  key += '|';
  for (const ReportTo& to : notes.report) key += '\n' + to.sink;
  key += '|';
  for (const alert::Recipient& recipient : notes.notify) key += '\n' + recipient.channel;
  return stable_hash(key);
}

void add_references(const std::vector<NamedReference>& names, ReferenceKind kind,
                    std::vector<Reference>& out) {
  for (const NamedReference& name : names) out.push_back({kind, name});
}

// Of two keys that say the same thing or exclude each other, the monitor's own replaces the one of
// the defaults.
void prefer_own(const HttpOptions& own, HttpOptions& merged) {
  if (has_auth(own)) {
    std::erase_if(merged.headers, [](const auto& header) { return is_authorization(header); });
  } else if (std::ranges::any_of(own.headers, is_authorization)) {
    merged.basic_username.clear();
    merged.basic_password.clear();
    merged.bearer_token.clear();
  }
  if (!own.connect_to.empty()) merged.proxy.clear();
  if (!own.proxy.empty()) merged.connect_to.clear();
}

// What a check may take so that it is over when the next run is due: with all of the gap a target
// that hangs would cost every second run, skipped as overlap.
Milliseconds longest_within(Milliseconds gap) {
  return gap - std::min(gap / 20, Milliseconds{100});
}

std::string_view timing_key(Timing timing) {
  return timing == Timing::schedule ? "schedule" : timing == Timing::delay ? "delay" : "every";
}

}  // namespace

std::vector<Reference> references_of(const MonitorDraft& draft) {
  std::vector<Reference> out;
  for (const NotifyDraft& entry : draft.common.value.notify) {
    out.push_back({ReferenceKind::channel, entry.to});
  }
  add_references(draft.common.value.report, ReferenceKind::sink, out);
  add_references(draft.depends_on, ReferenceKind::monitor, out);
  return out;
}

void Resolver::set_defaults(const Defaults& defaults, bool sound) {
  defaults_sound_ = sound;
  http_own_ = defaults.http_common;
  tcp_own_ = defaults.tcp_common;
  http_base_ = tcp_base_ = Draft<Common>{};
  overlay(common_table(), defaults.common, http_base_);
  overlay(common_table(), defaults.http_common, http_base_);
  overlay(common_table(), defaults.common, tcp_base_);
  overlay(common_table(), defaults.tcp_common, tcp_base_);
  heartbeat_base_ = Draft<Common>{};
  heartbeat_base_.value.interval = kHeartbeatEvery;
  heartbeat_base_.value.thresholds = {1, 1, 1};
  Draft<Common> shared = defaults.common;
  for (const Field<Common>& row : common_table().fields) {
    if (!is_heartbeat_default(row.doc.name)) shared.given &= ~bit_of(common_table(), row.doc.name);
  }
  overlay(common_table(), shared, heartbeat_base_);
  http_options_base_ = defaults.http;
  tcp_options_base_ = defaults.tcp;
  plain_http_options_ =
      options_.intern(http_options_base_.value, hash_of(http_options_base_.value));
}

std::shared_ptr<const MonitorNotes> Resolver::intern_notes(MonitorNotes notes) {
  const std::uint64_t hash = hash_of(notes);
  return notes_.intern(std::move(notes), hash);
}

std::shared_ptr<const HttpOptions> Resolver::http_options(const HttpDraft& draft) {
  if (!draft.options) return plain_http_options_;
  Draft<HttpOptions> merged = http_options_base_;
  overlay(http_option_table(), *draft.options, merged);
  prefer_own(draft.options->value, merged.value);
  const std::uint64_t hash = hash_of(merged.value);
  return options_.intern(std::move(merged.value), hash);
}

const Resolver::SharedZone& Resolver::zone_of(const std::string& name) {
  const auto known = zones_.find(name);
  if (known != zones_.end()) return known->second;
  return zones_.emplace(name, schedule::find_zone(name)).first->second;
}

const Resolver::SharedCron& Resolver::cron_of(const std::string& key, const std::string& text,
                                              const std::shared_ptr<const schedule::Zone>& zone) {
  const auto known = crons_.find(key);
  if (known != crons_.end()) return known->second;
  SharedCron shared;
  auto cron = schedule::Cron::parse(text, zone);
  if (!cron) {
    shared = std::unexpected(cron.error());
  } else if (!cron->next(now_)) {
    shared = fail(ErrorCode::invalid, "this schedule never comes due");
  } else {
    shared = std::make_shared<const schedule::Cron>(std::move(*cron));
  }
  return crons_.emplace(key, std::move(shared)).first->second;
}

Resolver::PlanEntry Resolver::build_plan(const Common& common) {
  PlanEntry entry;
  schedule::Plan plan;
  plan.run_at_start = common.run_at_start;
  plan.max_overlap = common.max_overlap;
  plan.retry_every = common.retry_every;
  if (common.on_time_within > Milliseconds{0}) {
    plan.tolerance = common.on_time_within;
  }
  if (common.timing == Timing::delay) {
    plan.when = schedule::DelayPlan{common.interval};
  } else if (common.timing != Timing::schedule) {
    plan.when = schedule::EveryPlan{common.interval};
    entry.gap = common.interval;
  } else {
    const auto& zone = zone_of(common.timezone);
    if (!zone) entry.zone_problem = zone.error().message;
    const auto& readable = zone ? zone : zone_of("UTC");
    if (!readable) return entry;
    const std::string key = (zone ? common.timezone : "UTC") + ' ' + common.schedule;
    const auto& cron = cron_of(key, common.schedule, *readable);
    if (!cron) entry.problem = cron.error().message;
    if (!cron || !zone) return entry;
    plan.when = schedule::CronPlan{*cron};
    auto gap = gaps_.find(key);
    if (gap == gaps_.end()) gap = gaps_.emplace(key, schedule::shortest_gap(plan, now_)).first;
    entry.gap = gap->second;
  }
  entry.plan = std::make_shared<const schedule::Plan>(std::move(plan));
  return entry;
}

const Resolver::PlanEntry& Resolver::plan_of(const Common& common) {
  const bool cron = common.timing == Timing::schedule;
  std::string key = fmt::format("{}|{}|{}|{}|{}|{}|", timing_key(common.timing),
                                common.interval.count(), common.run_at_start, common.max_overlap,
                                common.retry_every.count(), common.on_time_within.count());
  if (cron) key += common.timezone + ' ' + common.schedule;
  const auto found = plans_.find(key);
  if (found != plans_.end()) return found->second;
  return plans_.emplace(std::move(key), build_plan(common)).first->second;
}

// Something wrong with a key that stands in the defaults of this file.
void Resolver::report_defaults(const Place& place, const MonitorDraft& draft, std::string_view key,
                               Position at, const std::string& message) const {
  const bool http = std::holds_alternative<HttpDraft>(draft.target);
  const bool of_kind = !std::holds_alternative<HeartbeatDraft>(draft.target) &&
                       given(common_table(), http ? http_own_ : tcp_own_, key);
  const auto kind = of_kind ? place.defaults->enter(http ? "http" : "tcp") : place.defaults->stay();
  const auto scope = place.defaults->enter(key);
  place.defaults->error(at, message);
}

void Resolver::report_plan(const Place& place, const MonitorDraft& draft, const Common& merged,
                           std::string_view key, const std::string& problem) const {
  if (problem.empty()) return;
  const bool zone = key == "timezone";
  const Position at = zone ? merged.timezone_at : merged.timing_at;
  const bool hidden = zone ? merged.timezone_filled_in : merged.timing_filled_in;
  const std::string message =
      hidden ? fmt::format("not a valid {} once its ${{...}} are filled in", key) : problem;
  if (given(common_table(), draft.common, key)) {
    const auto monitor = place.own.enter(draft.name);
    const auto scope = place.own.enter(key);
    place.own.error(at, message);
  } else if (place.defaults != nullptr) {
    report_defaults(place, draft, key, at, message);
  } else {
    const auto monitor = place.own.enter(draft.name);
    place.own.error(draft.at, fmt::format("the {} of the defaults: {}", key, message));
  }
}

void Resolver::report_timeout(const Place& place, const MonitorDraft& draft, const Common& merged,
                              Milliseconds gap) const {
  const bool hidden = merged.timeout_filled_in || merged.timing_filled_in;
  const std::string message =
      hidden ? "the timeout is longer than the shortest time between two runs; expected a shorter "
               "timeout, a longer interval or max_overlap: 2"
             : fmt::format(
                   "the timeout ({}) is longer than the shortest time between two runs "
                   "({}); expected at most {}, a longer interval or max_overlap: 2",
                   format_duration(merged.timeout), format_duration(gap), format_duration(gap));
  const Timing timing = draft.common.value.timing;
  const bool own_timeout = given(common_table(), draft.common, "timeout");
  if (!own_timeout && timing == Timing::none && place.defaults != nullptr) {
    report_defaults(place, draft, "timeout", merged.timeout_at, message);
    return;
  }
  const auto monitor = place.own.enter(draft.name);
  if (own_timeout) {
    const auto scope = place.own.enter("timeout");
    place.own.error(merged.timeout_at, message);
  } else if (timing != Timing::none) {
    const auto scope = place.own.enter(timing_key(timing));
    place.own.error(merged.timing_at, message);
  } else {
    place.own.error(draft.at, message);
  }
}

// Without a timeout of its own a monitor gets the built-in one, or what its gap allows.
bool Resolver::settle_timeout(const Place& place, const MonitorDraft& draft, Draft<Common>& merged,
                              const PlanEntry& plan) const {
  const bool passive = std::holds_alternative<HeartbeatDraft>(draft.target);
  if (passive || !plan.gap || merged.value.max_overlap > 1) return true;
  if (merged.value.timeout > *plan.gap && given(common_table(), merged, "timeout")) {
    report_timeout(place, draft, merged.value, *plan.gap);
    return false;
  }
  merged.value.timeout = std::min(merged.value.timeout, longest_within(*plan.gap));
  return true;
}

Draft<Common> Resolver::merge(const MonitorDraft& draft) const {
  Draft<Common> merged = std::holds_alternative<HttpDraft>(draft.target)  ? http_base_
                         : std::holds_alternative<TcpDraft>(draft.target) ? tcp_base_
                                                                          : heartbeat_base_;
  overlay(common_table(), draft.common, merged);
  return merged;
}

// Tells of what the keys that are understood are wrong about between themselves. What follows from
// a mistake that is told already stays untold.
void Resolver::judge_broken(const Place& place, const MonitorDraft& draft) {
  const bool sure = !draft.unsure && defaults_sound_;
  const bool own_timing = draft.common.value.timing != Timing::none;
  if (!own_timing && !sure) return;
  Draft<Common> merged = merge(draft);
  const Draft<Common>& timing = own_timing ? draft.common : merged;
  const auto is_wrong = [](const Draft<Common>& in, std::string_view key) {
    return failed(common_table(), in, key);
  };
  if (is_wrong(timing, "every") || is_wrong(timing, "schedule") || is_wrong(timing, "delay") ||
      is_wrong(merged, "timezone")) {
    return;
  }
  const PlanEntry& plan = plan_of(merged.value);
  if (!plan.plan) {
    report_plan(place, draft, merged.value, "schedule", plan.problem);
    report_plan(place, draft, merged.value, "timezone", plan.zone_problem);
    return;
  }
  if (!sure && !given(common_table(), draft.common, "timeout")) return;
  if (is_wrong(merged, "timeout") || is_wrong(merged, "max_overlap")) return;
  (void)settle_timeout(place, draft, merged, plan);
}

check::CheckSpec Resolver::spec_of(MonitorDraft& draft) {
  check::CheckSpec spec;
  spec.assertions = std::move(draft.assertions);
  if (const auto* http = std::get_if<HttpDraft>(&draft.target)) {
    spec.target = check::HttpCheck{http->target.url, http_options(*http)};
  } else if (auto* tcp = std::get_if<TcpDraft>(&draft.target)) {
    Draft<TcpOptions> options = tcp_options_base_;
    overlay(tcp_option_table(), tcp->options, options);
    spec.target =
        check::TcpCheck{std::move(tcp->target.host), tcp->target.port, options.value.family,
                        std::move(tcp->target.send), std::move(tcp->target.expect)};
  } else {
    spec.target = std::move(std::get<HeartbeatDraft>(draft.target).options.value);
    spec.assertions = check::Assertions::none();
  }
  return spec;
}

std::optional<Resolved> Resolver::resolve(const Place& place, MonitorDraft& draft) {
  if (draft.broken || !defaults_sound_) {
    judge_broken(place, draft);
    return std::nullopt;
  }
  Draft<Common> merged = merge(draft);
  const PlanEntry& plan = plan_of(merged.value);
  if (!plan.plan) {
    report_plan(place, draft, merged.value, "schedule", plan.problem);
    report_plan(place, draft, merged.value, "timezone", plan.zone_problem);
    return std::nullopt;
  }
  if (!settle_timeout(place, draft, merged, plan)) return std::nullopt;

  check::CheckSpec spec = spec_of(draft);
  spec.timeout = merged.value.timeout;

  Resolved out;
  out.references = references_of(draft);
  MonitorNotes notes;
  notes.labels = std::move(merged.value.labels);
  notes.notify = recipients_of(merged.value.notify);
  notes.severity = merged.value.severity;
  notes.remind_every = merged.value.remind_every;
  notes.flapping = merged.value.flapping;
  for (const NamedReference& sink : merged.value.report) {
    notes.report.push_back({sink.name, draft.report_on});
  }
  notes.delivery_unavailable = draft.delivery_unavailable;
  notes.depends_on = names_of(draft.depends_on);
  notes.description = std::move(draft.description);
  notes.runbook = std::move(draft.runbook);
  notes.dashboard = std::move(draft.dashboard);
  out.monitor =
      Monitor{std::move(draft.name), std::make_shared<const check::CheckSpec>(std::move(spec)),
              plan.plan, intern_notes(std::move(notes)), merged.value.thresholds};
  return out;
}

}  // namespace tocsin::config

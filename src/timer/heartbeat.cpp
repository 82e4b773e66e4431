#include "timer/heartbeat.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "schedule/cron.hpp"
#include "schedule/zone.hpp"

namespace tocsin::timer {
namespace {

using namespace std::chrono_literals;

constexpr Milliseconds kMostEarly = 30s;

const schedule::Cron* cron_of(const Rules& rules) {
  const auto* plan = std::get_if<schedule::CronPlan>(&rules.plan.when);
  return plan == nullptr ? nullptr : plan->cron.get();
}

Milliseconds interval_of(const Rules& rules) {
  const auto* plan = std::get_if<schedule::EveryPlan>(&rules.plan.when);
  return plan == nullptr ? 0ms : plan->every;
}

// How long after `expected` a start or an end may come.
Milliseconds window_of(const Rules& rules) {
  const check::HeartbeatCheck& options = rules.options;
  return options.start_within > 0ms ? std::min(options.start_within, options.grace) : options.grace;
}

Milliseconds limit_of(const Rules& rules) {
  return rules.options.max_runtime > 0ms ? rules.options.max_runtime : rules.options.grace;
}

// What is awaited after a ping at `ping`; epoch 0: nothing any more.
Instant following(const Rules& rules, Instant ping) {
  const schedule::Cron* cron = cron_of(rules);
  if (cron == nullptr) {
    const Milliseconds every = interval_of(rules);
    return every > 0ms ? ping + every : Instant{};
  }
  const auto match = cron->next(ping);
  if (!match) {
    return Instant{};
  }
  const auto later = cron->next(*match);
  const Milliseconds early = later ? std::min(kMostEarly, (*later - *match) / 4) : kMostEarly;
  return *match - ping > early ? *match : later.value_or(Instant{});
}

void await(Heartbeat& beat, const Rules& rules, Instant expected) {
  beat.expected = expected;
  beat.deadline = expected == Instant{} ? Instant{} : expected + window_of(rules);
  beat.plan = name_of(rules.plan);
  beat.window = window_of(rules);
}

// Awaits the first expectation after `expected` that lies after `floor`; how many were left out.
std::uint64_t move_on(Heartbeat& beat, const Rules& rules, Instant floor) {
  const Instant expected = beat.expected;
  if (const schedule::Cron* cron = cron_of(rules)) {
    const Instant from = std::max(expected, floor);
    await(beat, rules, cron->next(from).value_or(Instant{}));
    return cron->count(expected, from);
  }
  const Milliseconds every = interval_of(rules);
  if (every <= 0ms) {
    await(beat, rules, Instant{});
    return 0;
  }
  const std::int64_t passed = floor < expected ? 0 : (floor - expected) / every;
  await(beat, rules, expected + every * (passed + 1));
  return static_cast<std::uint64_t>(passed);
}

auto find_run(Heartbeat& beat, std::string_view rid) {
  return std::ranges::find(beat.runs, rid, &OpenRun::rid);
}

Applied start_run(Heartbeat& beat, Ping ping) {
  if (const auto run = find_run(beat, ping.rid); run != beat.runs.end()) {
    run->latest = ping.at;
  } else if (beat.runs.size() >= kMostRuns) {
    return {false, std::nullopt};
  } else {
    beat.runs.push_back({std::move(ping.rid), ping.at, ping.at});
  }
  beat.said = Said{Action::start, ping.at, std::move(ping.text)};
  return {};
}

Verdict verdict_of(const Ping& ping) {
  Verdict out;
  out.began = out.at = ping.at;
  if (ping.action == Action::success) {
    return out;
  }
  out.status = check::Status::down;
  out.reason = ping.exit_status ? check::Reason::exit : check::Reason::reported;
  out.message = ping.exit_status
                    ? fmt::format("the job ended with exit status {}", *ping.exit_status)
                    : "the job reported that it failed";
  return out;
}

Verdict end_run(Heartbeat& beat, const Rules& rules, const Ping& ping) {
  Verdict out = verdict_of(ping);
  if (const auto run = find_run(beat, ping.rid); run != beat.runs.end()) {
    out.began = std::min(run->latest, ping.at);
    out.timed = true;
    beat.runs.erase(run);
  }
  beat.last_ping = ping.at;
  beat.said.reset();
  await(beat, rules, following(rules, ping.at));
  return out;
}

std::string since(Instant last_ping) {
  return last_ping == Instant{} ? std::string("none came yet")
                                : fmt::format("the last one came {}", format_rfc3339(last_ping));
}

Verdict judge_run(Heartbeat& beat, const Rules& rules, std::size_t index) {
  const OpenRun run = beat.runs[index];
  beat.runs.erase(beat.runs.begin() + static_cast<std::ptrdiff_t>(index));
  Verdict out;
  out.status = check::Status::down;
  out.reason = check::Reason::timeout;
  out.began = run.first;
  out.at = run.first + limit_of(rules);
  out.timed = true;
  out.message = fmt::format("the run that started {} did not end within {}",
                            format_rfc3339(run.first), format_duration(limit_of(rules)));
  // The expectation that this run stood for is judged with it.
  if (beat.expected == Instant{}) {
    await(beat, rules, following(rules, out.at));
  } else if (beat.expected <= out.at) {
    static_cast<void>(move_on(beat, rules, out.at));
  } else if (interval_of(rules) > 0ms) {
    await(beat, rules, std::max(beat.expected, run.first + interval_of(rules)));
  }
  return out;
}

Verdict judge_silence(Heartbeat& beat, const Rules& rules, Instant now) {
  Verdict out;
  out.status = check::Status::down;
  out.reason = check::Reason::expired;
  out.began = out.at = beat.deadline;
  const bool start = rules.options.start_within > 0ms;
  out.message = fmt::format("no {} by {}, expected {}; {}", start ? "start" : "ping",
                            format_rfc3339(beat.deadline), format_rfc3339(beat.expected),
                            since(beat.last_ping));
  out.skipped = move_on(beat, rules, now - window_of(rules));
  return out;
}

// The run whose limit passes first; the index behind the last when there is none.
std::size_t earliest_run(const Heartbeat& beat) {
  const auto at = std::ranges::min_element(beat.runs, {}, &OpenRun::first);
  return static_cast<std::size_t>(at - beat.runs.begin());
}

}  // namespace

std::string_view to_string(Action action) {
  switch (action) {
    case Action::success:
      return "success";
    case Action::start:
      return "start";
    case Action::fail:
      return "fail";
    case Action::log:
      return "log";
  }
  return "log";
}

std::string name_of(const schedule::Plan& plan) {
  if (const auto* every = std::get_if<schedule::EveryPlan>(&plan.when)) {
    return "every " + format_duration(every->every);
  }
  if (const auto* cron = std::get_if<schedule::CronPlan>(&plan.when)) {
    return cron->cron->text() + ' ' + cron->cron->zone().name();
  }
  return {};
}

Applied apply(Heartbeat& beat, const Rules& rules, Ping ping) {
  switch (ping.action) {
    case Action::log:
      beat.said = Said{Action::log, ping.at, std::move(ping.text)};
      return {};
    case Action::start:
      return start_run(beat, std::move(ping));
    case Action::success:
    case Action::fail:
      return {true, end_run(beat, rules, ping)};
  }
  return {};
}

std::optional<Instant> next_due(const Heartbeat& beat, const Rules& rules) {
  if (!beat.runs.empty()) {
    return beat.runs[earliest_run(beat)].first + limit_of(rules);
  }
  return beat.expected == Instant{} ? std::nullopt : std::optional(beat.deadline);
}

std::optional<Verdict> judge_due(Heartbeat& beat, const Rules& rules, Instant now) {
  const auto due = next_due(beat, rules);
  if (!due || *due > now) {
    return std::nullopt;
  }
  return beat.runs.empty() ? judge_silence(beat, rules, now)
                           : judge_run(beat, rules, earliest_run(beat));
}

void shift(Heartbeat& beat, const Rules& rules, Instant before, Instant after) {
  const Milliseconds step = after - before;
  for (OpenRun& run : beat.runs) {
    run.first += step;
    run.latest += step;
  }
  if (beat.last_ping != Instant{}) {
    beat.last_ping += step;
  }
  if (beat.expected == Instant{}) {
    return;
  }
  const schedule::Cron* cron = cron_of(rules);
  if (cron == nullptr) {
    beat.expected += step;
    beat.deadline += step;
  } else if (beat.expected <= before) {
    beat.deadline += step;  // awaited already: what is left of the window is left of it
  } else if (step > 0ms) {
    await(beat, rules, std::max(beat.expected, cron->next(after).value_or(Instant{})));
  } else if (schedule::resume_after_step(rules.plan, before, after) == after) {
    await(beat, rules, cron->next(after).value_or(Instant{}));
  }
}

void excuse(Heartbeat& beat, const Rules& rules, Instant now) {
  beat.runs.clear();
  if (beat.expected != Instant{} && beat.expected < now) {
    await(beat, rules, cron_of(rules) == nullptr ? now : following(rules, now));
  }
}

void adopt(Heartbeat& beat, const Rules& rules, Instant now) {
  for (OpenRun& run : beat.runs) {
    run.first = std::min(run.first, now);
    run.latest = std::min(run.latest, now);
  }
  if (beat.last_ping > now) {
    beat.last_ping = now;
    await(beat, rules, following(rules, now));
  }
  if (beat.last_ping == Instant{} && beat.expected == Instant{}) {
    return;
  }
  if (beat.plan != name_of(rules.plan)) {
    const bool interval = cron_of(rules) == nullptr;
    await(beat, rules,
          interval ? std::max(following(rules, beat.last_ping), now) : following(rules, now));
  } else if (beat.expected != Instant{} && beat.window != window_of(rules)) {
    beat.deadline += window_of(rules) - beat.window;
    beat.window = window_of(rules);
  }
}

}  // namespace tocsin::timer

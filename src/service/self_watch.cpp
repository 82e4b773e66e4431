#include "service/self_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "check/outcome.hpp"
#include "notification/outbox.hpp"

namespace tocsin::service {
namespace {

using namespace std::chrono_literals;
using alert::Severity;

// Of the runs planned in a minute, more than this share late or skipped for overload is trouble.
constexpr std::uint64_t kLatePerHundred = 1;
constexpr std::uint64_t kLateAtLeast = 3;
constexpr unsigned kGoodMinutes = 3;  // that end it
constexpr Microseconds kUnknownLasts = 5min;
constexpr Microseconds kChannelFailsFor = 5min;

std::string channel_key(std::string_view name) { return fmt::format("channel:{}", name); }

std::string number(std::uint64_t value) { return fmt::format("{}", value); }

}  // namespace

SelfWatch::SelfWatch(Parts parts)
    : parts_(parts), minute_began_(parts.clock.mono_now()), alive_(std::make_shared<int>(0)) {
  next_report_ = next_beat_ = minute_began_ + 10s;
}

void SelfWatch::set_settings(config::SelfSettings settings) {
  parts_.troubles.set_recipients(settings.notify);
  settings_ = std::move(settings);
}

bool SelfWatch::well() const {
  const Troubles& troubles = parts_.troubles;
  return !troubles.has_reason("store") && !troubles.has_reason("lateness") &&
         !troubles.has_reason("channel") && !troubles.has_reason("gate");
}

void SelfWatch::tick() {
  look_at_store();
  look_at_lateness();
  look_at_unknown();
  look_at_gates();
  look_at_channels();
  parts_.troubles.tick();
  const MonoTime now = parts_.clock.mono_now();
  if (now >= next_report_) {
    next_report_ = now + settings_.report_every;
    report();
  }
  if (now >= next_beat_ && !settings_.heartbeat_url.empty()) {
    next_beat_ = now + settings_.heartbeat_every;
    beat();
  }
}

void SelfWatch::look_at_store() {
  const StoreHealth health = parts_.watch.store_health();
  if (health.degraded) {
    parts_.troubles.raise(
        "store", "store", Severity::critical,
        "the store refuses writes; checks and alerts go on from memory, a restart would lose what "
        "is held there: " +
            health.error);
  } else {
    parts_.troubles.clear("store", "the store takes writes again; nothing was lost");
  }
}

void SelfWatch::look_at_lateness() {
  const MonoTime now = parts_.clock.mono_now();
  if (now - minute_began_ < 1min) {
    return;
  }
  minute_began_ = now;
  const schedule::Counters& counters = parts_.watch.stats().counters;
  // Whoever looks at what no configuration names says himself why that is late.
  std::uint64_t bad_now = counters.late - parts_.watch.stats().found_late;
  bad_now += counters.skipped[static_cast<std::size_t>(schedule::Skip::overload)];
  const std::uint64_t planned = counters.planned - std::exchange(planned_then_, counters.planned);
  const std::uint64_t bad = bad_now - std::exchange(bad_then_, bad_now);
  if (bad >= kLateAtLeast && bad * 100 > planned * kLatePerHundred) {
    good_minutes_ = 0;
    parts_.troubles.raise(
        "lateness", "lateness", Severity::warning,
        fmt::format("{} of {} checks planned in the last minute started late or not at all; this "
                    "machine is too busy or limits.concurrent_checks is too low",
                    bad, planned));
  } else if (++good_minutes_ >= kGoodMinutes) {
    parts_.troubles.clear("lateness", "checks start on time again");
  }
}

void SelfWatch::look_at_unknown() {
  const auto unknown =
      parts_.watch.stats().monitors_by_state[static_cast<std::size_t>(alert::State::unknown)];
  const MonoTime now = parts_.clock.mono_now();
  if (unknown == 0) {
    unknown_since_ = MonoTime{};
    parts_.troubles.clear("unknown", "every monitor can be judged again");
    return;
  }
  if (unknown_since_ == MonoTime{}) {
    unknown_since_ = now;
  }
  if (now - unknown_since_ >= kUnknownLasts) {
    parts_.troubles.raise("unknown", "unknown", Severity::warning,
                          fmt::format("{} {} cannot be judged for 5 minutes, by a fault of ours or "
                                      "of the resolver; nobody is paged for them",
                                      unknown, unknown == 1 ? "monitor" : "monitors"));
  }
}

void SelfWatch::look_at_gates() {
  std::vector<std::string> open;  // by key: no trouble any more
  for (const auto& [key, trouble] : parts_.troubles.all()) {
    if (trouble.reason == "gate") open.push_back(key);
  }
  for (const std::string& name : settings_.gate) {
    const std::size_t at = parts_.watch.find(name);
    if (at == parts_.watch.size()) {
      continue;
    }
    const MonitorView gate = parts_.watch.view(at);
    if (gate.paused || !gate.state.incident_open()) {  // paused, it holds nobody back
      continue;
    }
    const std::string key = fmt::format("gate:{}", name);
    std::erase(open, key);
    parts_.troubles.raise(key, "gate", Severity::critical,
                          fmt::format("{} is down, so that Tocsin itself may be cut off: until it "
                                      "is back, nobody is told of any other monitor",
                                      name));
  }
  for (const std::string& key : open) {
    parts_.troubles.clear(key, key.substr(key.find(':') + 1) + " is no longer down");
  }
}

void SelfWatch::forget_channels_that_are_gone(const std::vector<OutletView>& outlets) {
  std::vector<std::string> gone;
  for (const auto& [key, trouble] : parts_.troubles.all()) {
    const auto is_its = [&key](const OutletView& outlet) {
      return !outlet.type.empty() && key == channel_key(outlet.name);
    };
    if (trouble.reason == "channel" && std::ranges::none_of(outlets, is_its)) {
      gone.push_back(key);
    }
  }
  for (const std::string& key : gone) {
    parts_.troubles.clear(key, key.substr(key.find(':') + 1) + " is no longer configured");
  }
}

void SelfWatch::look_at_channels() {
  const MonoTime now = parts_.clock.mono_now();
  const std::vector<OutletView> outlets = parts_.dispatcher.outlets();
  forget_channels_that_are_gone(outlets);
  for (const OutletView& outlet : outlets) {
    const std::string key = channel_key(outlet.name);
    const Line::Health& health = outlet.health;
    const bool dead = health.refused || (health.failing && now - health.since >= kChannelFailsFor);
    if (dead && !outlet.type.empty()) {
      parts_.troubles.raise(
          key, "channel", outlet.sink ? Severity::warning : Severity::critical,
          fmt::format("{} {} takes nothing, {} {}: {}", outlet.sink ? "sink" : "channel",
                      outlet.name, outlet.waiting,
                      outlet.waiting == 1 ? "notification waits" : "notifications wait",
                      health.error));
    } else if (!health.failing && (outlet.stats.messages > 0 || outlet.waiting == 0)) {
      // Not before something arrived: after a restart nothing has failed yet.
      parts_.troubles.clear(key, fmt::format("{} {} takes notifications again",
                                             outlet.sink ? "sink" : "channel", outlet.name));
    }
  }
}

// Tocsin's own health in the shape of an outcome: sinks need to know no other.
void SelfWatch::report() {
  if (settings_.report.empty()) {
    return;
  }
  const WatchStats& stats = parts_.watch.stats();
  check::Outcome outcome;
  outcome.status = well() ? check::Status::up : check::Status::down;
  outcome.reason = well() ? check::Reason::none : check::Reason::internal;
  for (const auto& [key, trouble] : parts_.troubles.all()) {
    outcome.message += (outcome.message.empty() ? "" : "; ") + trouble.message;
  }
  outcome.started = parts_.clock.now();
  const auto state = [&](alert::State which) {
    return number(stats.monitors_by_state[static_cast<std::size_t>(which)]);
  };
  outcome.values = {{"monitors", number(stats.monitors)},
                    {"up", state(alert::State::up)},
                    {"down", state(alert::State::down)},
                    {"unknown", state(alert::State::unknown)},
                    {"planned", number(stats.counters.planned)},
                    {"late", number(stats.counters.late)},
                    {"in_flight", number(stats.in_flight)},
                    {"outbox", number(parts_.dispatcher.waiting())},
                    {"troubles", number(parts_.troubles.all().size())}};
  const std::string json = check::to_json(outcome);
  for (const config::ReportTo& to : settings_.report) {
    if (!config::reports(to.on, outcome.status)) {
      continue;
    }
    parts_.watch.publish(notification::report(
        to.sink, {std::string(kSelfName), std::string(kSelfKind), {}, json}, 0, outcome.started));
  }
}

void SelfWatch::beat() {
  if (beating_ || !well()) {
    return;
  }
  beating_ = true;
  notification::HttpStep step;
  step.method = "GET";
  step.url = settings_.heartbeat_url;
  parts_.courier.carry(
      std::move(step), {},
      [this, alive = std::weak_ptr(alive_)](const notification::Answer& answer) {
        if (alive.expired()) {
          return;
        }
        beating_ = false;
        if (answer.status < 200 || answer.status > 299) {
          parts_.log.warn("the heartbeat of self.heartbeat_url was not taken",
                          {{"error", answer.failure.empty() ? fmt::format("HTTP {}", answer.status)
                                                            : answer.failure}});
        }
      });
}

}  // namespace tocsin::service

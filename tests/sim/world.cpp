#include "sim/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/hash.hpp"
#include "check/assertions.hpp"
#include "check/json.hpp"
#include "schedule/cron.hpp"

namespace tocsin::test {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<const schedule::Cron> cron(const char* text) {
  auto zone = schedule::find_zone("Europe/Zurich");
  auto parsed = schedule::Cron::parse(text, *zone);
  return std::make_shared<const schedule::Cron>(std::move(*parsed));
}

}  // namespace

World::World(WorldOptions options)
    : prober(loop, loop, options.seed * 31 + 7), random_(options.seed) {
  store.emplace(loop, loop);
  make_config(options);
  prober.on_start = [this](const std::string& url) {
    count_start();
    check_balance(url);
  };
  prober.on_done = [this](const std::string& url) { check_balance(url); };
}

World::~World() = default;

void World::make_config(const WorldOptions& options) {
  const auto assertions = check::Assertions::none();
  const auto http = std::make_shared<const check::HttpOptions>();
  auto all = std::make_shared<config::MonitorNotes>();
  all->notify = {alert::Recipient{"ops", {}, {}, {}}};
  for (const alert::EventTypeInfo& type : alert::event_types()) {
    all->notify.front().types.push_back(type.type);
  }
  all->flapping = false;  // every change is told
  const std::shared_ptr<const config::MonitorNotes> notes = all;
  for (std::size_t i = 0; i < options.monitors; ++i) {
    config::Monitor monitor;
    monitor.name = fmt::format("m{:05}", i);
    auto spec = std::make_shared<check::CheckSpec>();
    spec->target = check::HttpCheck{monitor.name, http};
    spec->assertions = assertions;
    spec->timeout = 10s;
    auto plan = std::make_shared<schedule::Plan>();
    plan->when = schedule::EveryPlan{options.shortest_interval};
    if (options.varied) {
      const std::uint64_t kind = random_.below(10);
      if (kind == 0) {
        plan->when = schedule::CronPlan{cron("*/2 * * * *")};
      } else if (kind == 1) {
        plan->when = schedule::DelayPlan{options.shortest_interval};
      } else {
        const auto factor = static_cast<int>(1 + random_.below(5));
        plan->when = schedule::EveryPlan{options.shortest_interval * factor};
      }
      plan->retry_every = random_.chance(1, 3) ? 5s : 0s;
      plan->max_overlap = random_.chance(1, 5) ? 2 : 1;
      monitor.thresholds.fail_count = static_cast<std::uint8_t>(1 + random_.below(3));
      monitor.thresholds.fail_window =
          static_cast<std::uint8_t>(monitor.thresholds.fail_count + random_.below(3));
      monitor.thresholds.recover_after = static_cast<std::uint8_t>(1 + random_.below(2));
    }
    monitor.check = spec;
    monitor.plan = plan;
    monitor.notes = notes;
    config.monitors.push_back(std::move(monitor));
  }
}

void World::boot() {
  watch = std::make_unique<service::Watch>(service::Watch::Ports{loop, loop, prober, *store, log_},
                                           ++boots_ * 7919);
  watch->on_change([this](const service::StateChange& change) { observe(change); });
  const Result<void> started = watch->start(config);
  require(started.has_value(), "the watch starts on what the store holds");
  expect_shown();
}

void World::kill() {
  remember_shown();
  // Nothing of the old process may run again: its timers and posts go with it.
  watch.reset();
  reopen_store();
  loop.clear();
  prober.forget_in_flight();
  learn_incidents();
}

void World::step_wall(Milliseconds by) {
  loop.step_wall(by);
  if (by < 0ms) {
    incidents_.clear();  // an incident is named by its millisecond, which may now come again
  }
}

void World::reopen_store() {
  StoreContents durable = store->contents();
  store.emplace(loop, loop, MemoryStoreOptions{}, std::move(durable));
}

void World::learn_incidents() {
  open_incidents_.clear();
  for (const auto& [id, row] : store->contents().events) {  // ids are in order of time
    const auto json = check::parse_json(row.json);
    const std::string incident = json->find("incident").string().value_or("");
    if (row.type == "went_down") {
      open_incidents_[row.monitor] = incident;
    } else if (row.type == "recovered") {
      open_incidents_.erase(row.monitor);
    }
  }
}

void World::shut_down() {
  bool stopped = false;
  watch->stop([&stopped] { stopped = true; });
  for (int i = 0; i < 1000 && !stopped; ++i) {
    loop.run_for(1ms);
  }
  require(stopped, "an orderly stop ends");
  watch.reset();
  reopen_store();
  loop.clear();
  prober.forget_in_flight();
}

void World::run_for(Milliseconds duration) {
  const MonoTime until = loop.mono_now() + duration;
  while (healthy() && loop.run_one(until)) {
    const service::WatchStats& stats = watch->stats();
    require(stats.counters.balanced(), "planned == on_time + late + skipped + running, in total");
    require(stats.in_flight == prober.in_flight(), "every check in flight is known");
  }
  loop.run_until(until);
}

void World::expect_recovery(Milliseconds within) {
  prober.heal();
  run_for(within);
  for (std::size_t i = 0; healthy() && i < watch->size(); ++i) {
    const service::MonitorView view = watch->view(i);
    require(view.state.state == alert::State::up, [&] {
      return fmt::format("{} is up after all faults ended, is {}", view.config->name,
                         alert::to_string(view.state.state));
    });
    require(!view.state.incident_open(),
            [&] { return view.config->name + " has no open incident when up"; });
  }
  require(open_incidents_.empty(), "every incident that opened was closed");
  for (const auto& [id, row] : store->contents().events) {
    require(store->contents().outbox.contains("ops/" + id),
            [&] { return id + " was stored together with its notification"; });
  }
}

void World::observe(const service::StateChange& change) {
  mix(fmt::format("{} {} {} {}", change.monitor, static_cast<int>(change.to), change.reason,
                  unix_ms(change.at)));
  if (change.event == nullptr) {
    return;
  }
  const alert::Event& event = *change.event;
  require(store->contents().events.contains(event.id) || watch->store_health().degraded,
          [&] { return "an announced event is durable, or in the journal: " + event.id; });
  if (event.type == "went_down") {
    require(!open_incidents_.contains(event.monitor),
            [&] { return event.monitor + " opens no second incident"; });
    require(incidents_.insert(event.incident).second,
            [&] { return event.incident + " opens once"; });
    open_incidents_[event.monitor] = event.incident;
  } else if (event.type == "recovered") {
    const auto open = open_incidents_.find(event.monitor);
    require(open != open_incidents_.end(),
            [&] { return event.monitor + " recovers from an open incident"; });
    if (open != open_incidents_.end()) {
      require(open->second == event.incident,
              [&] { return event.monitor + " closes the incident it opened"; });
      open_incidents_.erase(open);
    }
    require(event.outage && *event.outage >= 0ms, "an outage has a length");
  }
}

std::vector<std::string> World::events_of(const std::string& monitor) const {
  std::vector<std::string> types;
  for (const auto& [id, row] : store->contents().events) {
    if (row.monitor == monitor) {
      types.push_back(row.type);
    }
  }
  return types;
}

service::MonitorView World::view(const std::string& name) const {
  return watch->view(watch->find(name));
}

void World::remember_shown() {
  for (std::size_t i = 0; i < watch->size() && !watch->store_health().degraded; ++i) {
    const service::MonitorView view = watch->view(i);
    shown_.emplace(view.config->name, view.counters);
  }
}

void World::expect_shown() {
  for (const auto& [name, before] : std::exchange(shown_, {})) {
    const std::size_t at = watch->find(name);
    if (at == watch->size()) {
      continue;
    }
    const schedule::Counters now = watch->view(at).counters;
    bool kept = now.planned >= before.planned && now.on_time >= before.on_time &&
                now.late >= before.late && now.retries >= before.retries &&
                now.manual >= before.manual;
    for (std::size_t i = 0; i < schedule::kSkipKinds; ++i) {
      kept = kept && now.skipped[i] >= before.skipped[i];
    }
    require(kept, [&] { return name + " kept the counters that were shown before the kill"; });
  }
}

void World::check_balance(const std::string& url) {
  const std::size_t at = watch->find(url);
  if (at == watch->size()) {
    return;
  }
  const service::MonitorView view = watch->view(at);
  require(view.counters.balanced(),
          [&] { return url + ": planned == on_time + late + skipped + running"; });
  require(view.counters.running <= view.config->plan->max_overlap + 1U,
          [&] { return url + " runs at most max_overlap checks"; });
}

void World::count_start() {
  const std::int64_t second = loop.mono_now().time_since_epoch() / 1s;
  if (second != second_) {
    second_ = second;
    starts_in_second_ = 0;
  }
  peak_starts_ = std::max(peak_starts_, ++starts_in_second_);
}

void World::broken(const std::string& what) {
  if (problem_.empty()) {
    problem_ = fmt::format("{} (at {}, after {} checks)", what, format_rfc3339(loop.now()),
                           prober.started());
  }
}

void World::mix(std::string_view text) { trace_ = trace_ * 0x100000001b3ULL ^ stable_hash(text); }

}  // namespace tocsin::test

#pragma once
// What the rest of the program may see of a running watch: borrowed views and plain counters. Loop
// thread only; a view is valid until the caller returns to the loop.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "alert/announcement.hpp"
#include "alert/event.hpp"
#include "alert/state.hpp"
#include "alert/uptime.hpp"
#include "config/model.hpp"
#include "schedule/counters.hpp"
#include "timer/heartbeat.hpp"

namespace tocsin::service {

// One monitor as it may be announced: its state and last outcome are durable (or, while the store
// refuses, held in the journal).
struct MonitorView {
  const config::Monitor* config = nullptr;
  alert::MonitorState state;
  std::string_view last_json;  // check::to_json of the last outcome; "" when there is none yet
  Microseconds last_duration{0};
  schedule::Counters counters;  // balanced() always
  const alert::OpenBuckets* buckets = nullptr;
  Instant next_run{};  // epoch 0: none planned; of a heartbeat, when a ping is expected
  bool paused = false;
  bool silenced = false;
  bool flapping = false;
  const timer::Heartbeat* heartbeat = nullptr;    // null: it runs checks, or nothing is known yet
  const alert::Announcement* incident = nullptr;  // who was told of the open one; null: none
};

// Which heartbeat is pinged, and how it was asked.
struct PingOf {
  std::string uuid;  // in lower case; "": by `name`
  std::string name;
  bool by_post = false;
  std::uint64_t text_limit = 10'000;  // bytes kept of what it says, once secrets are hidden
};

// A change of state, after it became durable: for the console, the log and later delivery.
struct StateChange {
  std::string_view monitor;
  alert::State from = alert::State::fresh;
  alert::State to = alert::State::fresh;
  std::string_view reason;   // "" when there is none
  std::string_view message;  // of the outcome that decided
  Instant at{};
  const alert::Event* event = nullptr;  // null when nobody needs to hear of it (new to up)
};

struct StoreHealth {
  bool degraded = false;
  Instant since{};
  std::string error;                 // of the last refused commit
  std::uint64_t journal_events = 0;  // waiting in memory
  std::uint64_t lost_outcomes = 0;   // history rows given up while degraded, since the start
};

// Durations in buckets for metrics: counts[i] is for values <= kBounds[i], the last for more.
struct Histogram {
  static constexpr std::array<std::int64_t, 14> kBoundsMs{
      1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10'000, 30'000};
  std::array<std::uint64_t, 15> counts{};
  std::uint64_t total = 0;
  std::int64_t sum_us = 0;
  void add(Microseconds value);
};

struct WatchStats {
  std::array<std::uint64_t, 4> monitors_by_state{};  // index: alert::State
  std::uint64_t monitors = 0;
  std::uint64_t incidents = 0;  // open
  std::uint64_t paused = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t events = 0;  // since the start
  std::uint64_t reloads = 0;
  std::array<std::uint64_t, 3> outcomes{};  // by check::Status, since the start
  schedule::Counters counters;              // sums over all monitors
  std::uint64_t found_late = 0;             // of them, since the start: of kind ecs
  Histogram lateness;                       // planned to started
  std::uint64_t pings = 0;                  // that reached a heartbeat, since the start
  // Index: CheckSpec::target. Of heartbeats, runs whose start was told.
  std::array<Histogram, check::kKindNames.size()> duration_by_kind;

  // A monitor shows this state, or no longer does.
  void count(const alert::MonitorState& shown) {
    ++monitors_by_state[static_cast<std::size_t>(shown.state)];
    incidents += shown.incident_open() ? 1U : 0U;
  }
  void forget(const alert::MonitorState& shown) {
    --monitors_by_state[static_cast<std::size_t>(shown.state)];
    incidents -= shown.incident_open() ? 1U : 0U;
  }
};

}  // namespace tocsin::service

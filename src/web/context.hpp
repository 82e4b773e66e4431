#pragma once
// What the API needs from outside. Everything is borrowed and must outlive the loop's turning.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/time.hpp"
#include "ports/loop.hpp"
#include "ports/store.hpp"
#include "web/alerting.hpp"
#include "web/monitors.hpp"
#include "web/timer_calls.hpp"

namespace tocsin::web {

// Problems of the configuration that runs, for status and metrics. Holds no secrets.
struct ConfigProblems {
  struct DropIn {
    std::string file;
    std::string message;
  };
  std::uint64_t errors = 0;  // references into ignored files, refused reloads
  std::uint64_t warnings = 0;
  std::vector<DropIn> broken_dropins;  // ignored as a whole
};

// What the listener counts. Written and read on the loop thread.
struct TransportStats {
  std::uint64_t connections = 0;  // open now
  std::uint64_t accepted = 0;
  std::uint64_t rejected = 0;   // beyond Limits.connections
  std::uint64_t timeouts = 0;   // of headers, bodies and writes; not idle connections
  std::uint64_t malformed = 0;  // requests that were not HTTP, or beyond a limit
};

// What is counted of ECS services.
struct EcsFigures {
  std::uint64_t services = 0;          // looked at
  std::uint64_t clusters_failing = 0;  // that cannot be looked at now
  std::uint64_t looks = 0;             // at a service, answered; since the start
  std::uint64_t unanswered = 0;        // not answered
  std::uint64_t calls = 0;             // of AWS
  std::uint64_t notices = 0;           // told
};

struct Context {
  Monitors& monitors;
  ports::Store& store;
  const ports::Clock& clock;
  ports::Loop& loop;
  Logger& log;
  std::string version;
  Instant started_at{};
  MonoTime started_mono{};
  std::function<ConfigProblems()> config_problems;  // empty: none
  const TransportStats* transport = nullptr;        // null: not counted
  Alerting* alerting = nullptr;  // null: nobody is told of anything; what needs it answers 503
  TimerCalls* timers = nullptr;  // null: there are none; what needs them answers 404
  std::function<std::optional<EcsFigures>()> ecs;  // empty, or nothing: no cluster is watched
};

}  // namespace tocsin::web

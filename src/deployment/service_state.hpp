#pragma once
// What the rules remember of one service between two polls. Durable: a restart is not an
// observation and changes nothing.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace tocsin::deployment {

enum class Phase : std::uint8_t { fresh, deploying, stable, failed, gone };
[[nodiscard]] std::string_view to_string(Phase phase);

// A change of the desired count of a deployment that is finished.
struct Scaling {
  enum class Step : std::uint8_t { none, pending, told };
  Step step = Step::none;
  std::int64_t from = 0;
  Instant since{};  // pending: the last change; told: when it was
  Instant first_seen{};
  bool timeout_told = false;
  // While pending: the one that was told and not done, to `from`; epoch 0: none.
  Instant told_since{};
  Instant told_first_seen{};
  bool told_late = false;
  bool operator==(const Scaling&) const = default;
};

// Too few tasks of a deployment that is finished, until there are enough again.
struct Recovery {
  bool going_on = false;
  Instant began{};                // the first episode since there were enough: names the thread
  Instant episode{};              // the latest one: names what is told
  std::vector<Instant> episodes;  // their beginnings, within the window
  bool flapping = false;
  std::int64_t flaps = 0;  // episodes since the first that counted
  bool short_now = false;  // while flapping: a new dip is a new episode
  Instant enough_since{};  // while flapping; epoch 0: not enough now
  bool operator==(const Recovery&) const = default;
};

struct ServiceState {
  Phase phase = Phase::fresh;
  bool reborn = false;        // fresh, and the service is known to be new
  Instant service_created{};  // epoch 0: not known
  Instant reappeared{};       // after AWS had denied it; epoch 0: it did not

  // The deployment that is followed.
  std::string deployment;
  Instant created{};
  std::string task_definition;
  std::string thread;  // of what is told about it; a rollback stays in that of what it undoes
  bool rollback = false;
  Instant previous_created{};               // of the one that was followed before
  std::vector<std::string> past_rollbacks;  // deployments that came about so, the latest last
  bool timeout_told = false;
  bool failing_told = false;
  Instant age_from{};  // its age counts from here, if that is later than its creation

  std::string finished_task_definition;  // of the last deployment that finished
  std::int64_t desired = 0;
  std::int64_t running = 0;      // of the deployment, at the last answer
  std::int64_t running_all = 0;  // of all of them
  Instant steady_since{};        // finished or recovered
  std::int64_t dips = 0;         // answers in a row with too few tasks, not told yet
  Recovery recovery;
  Scaling scaling;

  std::int64_t missing = 0;  // answers in a row
  std::int64_t stale = 0;    // in a row: snapshots older than what was seen already
  std::int64_t denied = 0;   // of a service that is gone: answers in a row that say it is there
  Instant newest_event{};    // of the service's own log

  bool operator==(const ServiceState&) const = default;
};

[[nodiscard]] std::string to_json(const ServiceState& state);
// A fresh one when it cannot be read.
[[nodiscard]] ServiceState parse_service_state(std::string_view json);

}  // namespace tocsin::deployment

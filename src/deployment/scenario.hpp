#pragma once
// Sequences of polls as a file (docs/ecs.md, "Replay"): what people rehearse thresholds and
// templates on, and what the rules are tested with.
//
//   {"defaults": {"timeoutSeconds": 900, ...},
//    "scenarios": [{"name": "...", "config": {...}, "polls": [...], "expect": [...]}]}
//
// Times are seconds on the sequence's own clock, with an optional fraction. A poll is a snapshot
// {t, deployments, desiredCount, runningCount, ...}, {t, error}, {t, missing: true},
// {t, absent: true} or {t, restart: true}; `serverT` is what AWS's clock says, `t` when left out.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "deployment/options.hpp"
#include "deployment/snapshot.hpp"

namespace tocsin::deployment {

// The moment 0 of every sequence.
inline constexpr Instant kScenarioBegin = from_unix_ms(1'700'000'000'000);
// No time of a sequence is farther from it.
inline constexpr std::chrono::seconds kScenarioReach{10'000'000'000};

struct ScenarioPoll {
  Instant at{};          // by the clock of whoever polls
  std::string t;         // the same, as the file has it
  bool restart = false;  // nothing is observed: the process ends and another begins
  Observation observation;
};

struct Scenario {
  std::string name;
  Options options;
  std::vector<ScenarioPoll> polls;
  // What must be told, in order, as JSON objects; of each, every key must match.
  std::vector<std::string> expect;
};

// Error (invalid): which scenario, poll and field, what was found and what was expected. A key that
// is not known is an error where it would change what the sequence means: in `defaults`, `config`
// and a deployment; so is a state that AWS does not have, of which its own answers may be full.
[[nodiscard]] Result<std::vector<Scenario>> parse_scenarios(std::string_view json);

// The file of these sequences; parse_scenarios() reads it back. `t` of a poll is written from its
// `at`, `expect` left out.
[[nodiscard]] std::string write_scenarios(const std::vector<Scenario>& scenarios);

}  // namespace tocsin::deployment

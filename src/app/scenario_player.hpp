#pragma once
// Plays sequences of polls (deployment/scenario.hpp) through what watches services in production:
// follower, watch and store, on the sequence's own clock. Nothing is asked of AWS, nobody is told.

#include <functional>
#include <string>

#include "base/result.hpp"
#include "deployment/notice.hpp"
#include "deployment/scenario.hpp"

namespace tocsin::app {

// A notification that became visible.
struct Told {
  std::string t;  // of the poll that led to it, as the file has it: seconds
  deployment::Notice notice;
  std::string sentence;  // for people, without the service's name
};

class ScenarioPlayer {
 public:
  // Makes a folder for the stores of sequences, private and below `temporary_folder`. Error
  // (unavailable): it cannot be made there.
  [[nodiscard]] static Result<ScenarioPlayer> make(const std::string& temporary_folder);
  ScenarioPlayer(ScenarioPlayer&& other) noexcept;
  ScenarioPlayer& operator=(ScenarioPlayer&&) = delete;
  ScenarioPlayer(const ScenarioPlayer&) = delete;
  ScenarioPlayer& operator=(const ScenarioPlayer&) = delete;
  ~ScenarioPlayer();  // removes the folder

  // Blocks until every poll is dealt with; `told` runs on this thread, in order, each time when it
  // is durable. The file system decides how fast: each poll is a transaction. Error: the store's.
  [[nodiscard]] Result<void> play(const deployment::Scenario& scenario,
                                  const std::function<void(const Told&)>& told);

 private:
  explicit ScenarioPlayer(std::string folder) : folder_(std::move(folder)) {}

  std::string folder_;  // "" moved from
};

}  // namespace tocsin::app

#pragma once
// The part of the command line that is about ECS: ecs replay, ecs record.

#include <CLI/CLI.hpp>

#include "app/options.hpp"

namespace tocsin::app {

// Adds its commands to `app` and holds what they are given. Outlives the parsing.
class EcsCommands {
 public:
  explicit EcsCommands(CLI::App& app);
  EcsCommands(const EcsCommands&) = delete;
  EcsCommands& operator=(const EcsCommands&) = delete;

  // After parsing: whether the command is one of these, and which.
  [[nodiscard]] bool parsed() const { return group_->parsed(); }
  [[nodiscard]] Command chosen() const;

 private:
  void add_replay();
  void add_record();

  CLI::App* group_;
  const CLI::App* replay_command_ = nullptr;
  EcsReplayOptions replay_;
  EcsRecordOptions record_;
};

}  // namespace tocsin::app

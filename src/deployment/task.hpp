#pragma once
// A task of a service, as far as it tells why it stopped (types Task and Container of the ECS API).

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace tocsin::deployment {

struct Container {
  std::string name;
  std::string image;
  std::string digest;
  std::optional<std::int64_t> exit_code;  // once it stopped
  std::string reason;                     // "OutOfMemoryError: ..."
  bool operator==(const Container&) const = default;
};

struct Task {
  std::string arn;
  std::string started_by;  // the id of its deployment
  std::string last_status;
  std::string stop_code;  // EssentialContainerExited, ServiceSchedulerInitiated, ...
  std::string stopped_reason;
  Instant stopped{};  // epoch 0: it runs
  std::vector<Container> containers;
  bool operator==(const Task&) const = default;
};

}  // namespace tocsin::deployment

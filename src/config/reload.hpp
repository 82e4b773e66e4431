#pragma once
// What a running process cannot take over from a new configuration.

#include <string>
#include <vector>

#include "config/model.hpp"

namespace tocsin::config {

struct ReloadCheck {
  // One text per setting that needs a restart: "listen: ... needs a restart; 127.0.0.1:7400 stays".
  std::vector<std::string> errors;
  Settings settings;  // the new ones, with the old values where a restart is needed
};

[[nodiscard]] ReloadCheck check_reload(const Settings& running, const Settings& wanted);

}  // namespace tocsin::config

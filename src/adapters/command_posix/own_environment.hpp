#pragma once

#include <string>
#include <vector>

namespace tocsin::adapters {

// This process's environment as "NAME=value", for CommandPosix, which passes on little of it.
[[nodiscard]] std::vector<std::string> own_environment();

}  // namespace tocsin::adapters

#include "adapters/command_posix/own_environment.hpp"

#include <unistd.h>

namespace tocsin::adapters {

std::vector<std::string> own_environment() {
  std::vector<std::string> out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    out.emplace_back(*entry);
  }
  return out;
}

}  // namespace tocsin::adapters

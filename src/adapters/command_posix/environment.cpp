#include "adapters/command_posix/environment.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tocsin::adapters {
namespace {

constexpr std::string_view kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin";

bool inherited_name(std::string_view name) {
  return name.starts_with("LC_") ||
         std::ranges::find(ports::kInheritedVariables, name) != ports::kInheritedVariables.end();
}

}  // namespace

Environment inheritable(std::span<const std::string> own) {
  Environment out;
  for (const std::string& entry : own) {
    const auto equals = entry.find('=');
    if (equals != std::string::npos && inherited_name(std::string_view(entry).substr(0, equals))) {
      out.insert_or_assign(entry.substr(0, equals), entry.substr(equals + 1));
    }
  }
  return out;
}

Environment environment_of(const Environment& inherited, const ports::CommandRequest& request) {
  Environment out = inherited;
  out.try_emplace("PATH", kDefaultPath);
  for (const auto& [name, value] : request.environment) {
    out.insert_or_assign(name, value);
  }
  return out;
}

std::string invalid_words(const ports::CommandRequest& request) {
  if (request.argv.empty() || request.argv.front().empty()) {
    return "cannot run a command without a program's name";
  }
  for (std::size_t i = 0; i < request.argv.size(); ++i) {
    if (request.argv[i].find('\0') != std::string::npos) {
      return fmt::format("cannot run the command: its word {} holds a NUL byte", i + 1);
    }
  }
  for (const auto& [name, value] : request.environment) {
    if (name.empty() || name.find('=') != std::string::npos ||
        name.find('\0') != std::string::npos || value.find('\0') != std::string::npos) {
      return fmt::format(
          "cannot run {}: its environment variable `{}` needs a name without `=`, and no NUL byte",
          request.argv.front(), name.substr(0, name.find('\0')));
    }
  }
  return "";
}

}  // namespace tocsin::adapters

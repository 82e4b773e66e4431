#pragma once
// Which file a command names, and why it does not run. Looks at the file system; any thread.

#include <expected>
#include <string>
#include <string_view>

#include "ports/command_runner.hpp"

namespace tocsin::adapters {

// The file to run: `name` itself when it has a slash, else the first executable file of that name
// in the absolute folders of `search_path` (a PATH: separated by colons).
[[nodiscard]] std::expected<std::string, ports::CommandFailure> find_program(
    const std::string& name, std::string_view search_path);

// What an errno of the attempt to run `path` means.
[[nodiscard]] ports::CommandFailure explain_start(const std::string& path, int error);

}  // namespace tocsin::adapters

#pragma once
// Which variables a program gets: the rule of ports/command_runner.hpp. Pure.

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ports/command_runner.hpp"

namespace tocsin::adapters {

using Environment = std::map<std::string, std::string>;

// What of `own`, entries "NAME=value" as the process got them, programs inherit.
[[nodiscard]] Environment inheritable(std::span<const std::string> own);

// `inherited` with what the request names in front. An unset PATH becomes the system's default.
[[nodiscard]] Environment environment_of(const Environment& inherited,
                                         const ports::CommandRequest& request);

// "" when argv and environment can be handed to the kernel; else what is wrong, without values.
[[nodiscard]] std::string invalid_words(const ports::CommandRequest& request);

}  // namespace tocsin::adapters

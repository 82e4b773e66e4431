#pragma once
// What the AWS client needs of the world. Everything here outlives the client and its calls; all of
// it is used on the loop thread alone.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "base/result.hpp"
#include "ports/command_runner.hpp"
#include "ports/http_client.hpp"
#include "ports/loop.hpp"
#include "ports/resolver.hpp"

namespace tocsin::aws {

// Looks a variable up; an empty value counts as unset.
using Environment = std::function<std::optional<std::string>(std::string_view)>;

// The whole of a small local file. Errors: not_found when there is none, else why it cannot be
// read.
using ReadFile = std::function<Result<std::string>(const std::string& path)>;

struct World {
  const ports::Clock& clock;
  ports::Loop& loop;
  ports::Resolver& resolver;
  ports::HttpClient& http;
  ports::CommandRunner& commands;  // for credential_process
  Environment environment;
  ReadFile read_file;
  Random& random;  // jitter
};

}  // namespace tocsin::aws

#include "app/aws_machine.hpp"

#include <cstdint>
#include <utility>

#include "adapters/aws/credential_fetch.hpp"
#include "adapters/aws/region.hpp"
#include "adapters/command_posix/command_posix.hpp"
#include "adapters/command_posix/own_environment.hpp"
#include "adapters/config_files/config_files.hpp"
#include "app/network.hpp"
#include "app/version.hpp"
#include "base/random.hpp"

namespace tocsin::app {

namespace {

constexpr std::uint64_t kLargestFile = std::uint64_t{1} << 20U;
// Credentials on top of a client's own calls.
constexpr std::size_t kCredentialCalls = 64;

}  // namespace

std::optional<std::string> aws_variable(std::string_view name) {
  auto value = adapters::environment(name);
  return value && value->empty() ? std::nullopt : value;
}

Result<std::string> read_aws_file(const std::string& path) {
  return adapters::read_file(path, kLargestFile);
}

std::string aws_profile() { return aws_variable("AWS_PROFILE").value_or("default"); }

adapters::HttpCurlOptions aws_http_options(std::size_t most_calls) {
  adapters::HttpCurlOptions options;
  options.user_agent = std::string("tocsin/") + kVersion;
  options.max_transfers = most_calls + kCredentialCalls;
  return options;
}

Result<std::string> find_aws_region() {
  Network network{config::Limits{}};
  adapters::CommandPosix no_programs(network.loop(), network.clock(), network.loop().context(), {},
                                     {.max_running = 1});
  Random random(1);  // spreads attempts; one machine asks once
  const aws::World world{network.clock(), network.loop(), network.resolver(), network.http(),
                         no_programs,     aws_variable,   read_aws_file,      random};
  auto profiles = aws::read_profiles(world);
  if (!profiles) {
    return std::unexpected(std::move(profiles.error()));
  }
  std::optional<Result<std::string>> found;
  aws::find_region(world, *profiles, aws_profile(), [&](Result<std::string> region) {
    found = std::move(region);
    network.loop().stop();
  });
  network.loop().run();
  network.stop_clients();
  return found ? std::move(*found) : fail(ErrorCode::internal, "nobody answered for the region");
}

}  // namespace tocsin::app

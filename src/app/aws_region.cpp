#include "app/aws_region.hpp"

#include <optional>
#include <utility>

#include "adapters/aws/credential_fetch.hpp"
#include "adapters/aws/region.hpp"
#include "adapters/command_posix/command_posix.hpp"
#include "app/network.hpp"
#include "base/random.hpp"

namespace tocsin::app {

Result<std::string> find_aws_region(const aws::Environment& environment,
                                    const aws::ReadFile& read_file) {
  Network network{config::Limits{}};
  adapters::CommandPosix no_programs(network.loop(), network.clock(), network.loop().context(), {},
                                     {.max_running = 1});
  Random random(1);  // spreads attempts; one machine asks once
  const aws::World world{network.clock(), network.loop(), network.resolver(), network.http(),
                         no_programs,     environment,    read_file,          random};
  auto profiles = aws::read_profiles(world);
  if (!profiles) {
    return std::unexpected(std::move(profiles.error()));
  }
  std::optional<Result<std::string>> found;
  aws::find_region(world, *profiles, environment("AWS_PROFILE").value_or("default"),
                   [&](Result<std::string> region) {
                     found = std::move(region);
                     network.loop().stop();
                   });
  network.loop().run();
  network.stop_clients();
  return found ? std::move(*found) : fail(ErrorCode::internal, "nobody answered for the region");
}

}  // namespace tocsin::app

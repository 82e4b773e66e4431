// `tocsin ecs replay`: sequences of a file through the rules that run in production.

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <vector>

#include "adapters/config_files/config_files.hpp"
#include "app/commands.hpp"
#include "app/listing.hpp"
#include "app/scenario_player.hpp"
#include "app/told_line.hpp"
#include "base/near_miss.hpp"
#include "base/utf8.hpp"
#include "deployment/scenario.hpp"

namespace tocsin::app {
namespace {

using deployment::Scenario;

constexpr std::uint64_t kLargestFile = std::uint64_t{64} << 20U;
constexpr std::size_t kMostNamed = 20;

Result<std::vector<Scenario>> read_scenarios(const std::string& path) {
  const auto text = adapters::read_file(path, kLargestFile);
  if (!text) {
    return std::unexpected(text.error());
  }
  auto scenarios = deployment::parse_scenarios(*text);
  if (!scenarios) {
    return std::unexpected(std::move(scenarios.error()).with(path));
  }
  return scenarios;
}

// What somebody may have meant who asked for a scenario that is not there.
std::string no_scenario(const std::vector<Scenario>& scenarios, const std::string& wanted) {
  std::vector<std::string_view> names;
  std::ranges::for_each(scenarios, [&](const Scenario& one) { names.push_back(one.name); });
  if (const auto near = near_miss(wanted, names)) {
    return fmt::format("there is no scenario {}; did you mean {}?", wanted, *near);
  }
  const bool more = names.size() > kMostNamed;
  names.resize(std::min(names.size(), kMostNamed));
  return fmt::format(
      "there is no scenario {}; there {} {}{}", wanted, names.size() == 1 ? "is" : "are",
      names.empty() ? "none" : fmt::to_string(fmt::join(names, ", ")), more ? ", ..." : "");
}

int usage_error(const std::string& message) {
  fmt::print(stderr, "tocsin: {}\n", printable(message));
  return kUsage;
}

// The stores of a replay live as long as it does: memory is quicker than a disk that syncs.
Result<ScenarioPlayer> make_player() {
  const auto wanted = adapters::environment("TMPDIR");
  if (wanted && !wanted->empty()) {
    return ScenarioPlayer::make(*wanted);
  }
  auto in_memory = ScenarioPlayer::make("/dev/shm");
  return in_memory ? std::move(in_memory) : ScenarioPlayer::make("/tmp");
}

int play(const std::vector<Scenario>& scenarios, bool json) {
  auto player = make_player();
  if (!player) {
    fmt::print(stderr, "tocsin: {}\n", player.error().message);
    return kFailed;
  }
  for (const Scenario& scenario : scenarios) {
    std::size_t count = 0;
    if (!json) {
      fmt::print("{}\n", printable(scenario.name));
    }
    const auto played = player->play(scenario, [&](const Told& told) {
      ++count;
      fmt::print("{}", json ? told_json(scenario.name, told) : told_text(told));
    });
    if (!played) {
      fmt::print(stderr, "tocsin: scenario {}: {}\n", printable(scenario.name),
                 played.error().message);
      return kFailed;
    }
    if (!json) {
      fmt::print("{:>10}  {} from {}\n", "", counted(count, "notification"),
                 counted(scenario.polls.size(), "poll"));
    }
  }
  return kDone;
}

}  // namespace

int replay_ecs(const EcsReplayOptions& options) {
  auto scenarios = read_scenarios(options.file);
  if (!scenarios) {
    return usage_error(scenarios.error().message);
  }
  if (options.scenario) {
    const auto is_other = [&](const Scenario& one) { return one.name != *options.scenario; };
    if (std::ranges::all_of(*scenarios, is_other)) {
      return usage_error(
          fmt::format("{}: {}", options.file, no_scenario(*scenarios, *options.scenario)));
    }
    std::erase_if(*scenarios, is_other);
  }
  return play(*scenarios, options.json);
}

}  // namespace tocsin::app

// Single hard days: a channel that fails for all of it, a whole fleet that goes down at once.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "config/load.hpp"
#include "sim/alert_world.hpp"
#include "sim/seed.hpp"

namespace tocsin::test {
namespace {

using namespace std::chrono_literals;
using Mood = AlertWorld::Mood;

// Every monitor goes down and comes back once an hour, a few minutes apart.
void live_through_outages(AlertWorld& world, int hours) {
  for (int hour = 0; hour < hours && world.healthy(); ++hour) {
    for (int i = 0; i < 6; ++i) {
      const std::string name = fmt::format("m{:05}", i);
      world.prober.force(name, check::Status::down);
      world.run_for(4min);
      world.prober.force(name, check::Status::up);
      world.run_for(6min);
    }
  }
}

class AChannelThatFailsForADay : public testing::TestWithParam<std::pair<const char*, Mood>> {};

TEST_P(AChannelThatFailsForADay, DelaysNothingElseAndGetsEverythingAfterwardsInOrderMarkedLate) {
  AlertWorld world({.seed = 3, .monitors = 6, .steady = true});
  world.boot();
  live_through_outages(world, 1);
  ASSERT_EQ(world.ledger.late(), 0U);
  world.set_mood("ops", GetParam().second);
  live_through_outages(world, 23);
  EXPECT_LT(world.ledger.take_slowest("page"), 2s) << "another channel is told as ever";
  EXPECT_LT(world.ledger.take_slowest("hook"), 2s);
  EXPECT_EQ(world.ledger.late(), 0U);
  const std::uint64_t before = world.ledger.arrivals();
  const std::size_t waits = world.dispatcher->waiting();
  EXPECT_GE(waits, 23U * 6 * 2) << "an outage and its end, six times an hour";
  world.set_mood("ops", Mood::takes);
  if (GetParam().second == Mood::revoked) {
    world.reload_channels();  // with the new token
  }
  world.run_for(15min);
  EXPECT_EQ(world.dispatcher->waiting(), 0U);
  EXPECT_EQ(world.ledger.arrivals() - before, waits);
  EXPECT_GT(world.ledger.late(), waits - 12) << "all but those of the last minutes";
  const schedule::Counters& counters = world.watch->stats().counters;
  EXPECT_EQ(counters.late, 0U);
  EXPECT_EQ(counters.skipped_total(), 0U);
  world.settle();
  EXPECT_TRUE(world.healthy()) << world.problem();
}

INSTANTIATE_TEST_SUITE_P(Moods, AChannelThatFailsForADay,
                         testing::Values(std::pair{"Refuses", Mood::refuses},
                                         std::pair{"Hangs", Mood::hangs},
                                         std::pair{"Fails", Mood::fails},
                                         std::pair{"AsksForPatience", Mood::asks_for_patience},
                                         std::pair{"TokenIsRevoked", Mood::revoked},
                                         std::pair{"AnswersGarbage", Mood::garbage}),
                         [](const auto& row) { return std::string(row.param.first); });

std::vector<std::shared_ptr<const notification::Outlet>> slack_as_configured() {
  config::LoadInput input;
  config::Source source;
  source.path = "tocsin.yml";
  source.text =
      "channels: {ops: {slack: {webhook_url: \"https://hooks.slack.com/services/T/B/x\"}}}\n";
  source.is_main = true;
  input.sources.push_back(std::move(source));
  auto loaded = config::load(input);
  return loaded.config ? loaded.config->channels
                       : std::vector<std::shared_ptr<const notification::Outlet>>{};
}

TEST(AFleet, ThatGoesDownAtOnceIsToldInFewMessagesWithinTheProvidersLimits) {
  const auto channels = slack_as_configured();
  ASSERT_EQ(channels.size(), 1U);
  constexpr std::size_t kMonitors = 10'000;
  AlertWorld world({.seed = 4, .monitors = kMonitors, .steady = true, .channels = channels});
  world.boot();
  world.run_for(2min);
  ASSERT_TRUE(world.courier->seen.empty());
  for (std::size_t i = 0; i < kMonitors; ++i) {
    world.prober.force(fmt::format("m{:05}", i), check::Status::down);
  }
  world.run_for(3min);
  EXPECT_EQ(world.dispatcher->waiting(), 0U);
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < world.courier->seen.size(); ++i) {
    const auto& seen = world.courier->seen[i];
    const std::string& body = std::get<notification::HttpStep>(seen.step).body;
    EXPECT_LE(body.size(), 40'000U) << "a message is at most 40,000 characters";
    bytes += body.size();
    if (i > 0) {
      EXPECT_GE(seen.at - world.courier->seen[i - 1].at, 999ms) << "one message per second";
    }
  }
  EXPECT_LE(world.courier->seen.size(), 30U);
  EXPECT_LE(bytes, 1U << 20U);
  const schedule::Counters& counters = world.watch->stats().counters;
  EXPECT_EQ(counters.late, 0U);
  EXPECT_EQ(counters.skipped_total(), 0U);
  EXPECT_TRUE(world.healthy()) << world.problem();
}

}  // namespace
}  // namespace tocsin::test

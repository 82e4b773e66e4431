// Who is told, over random lives of random fleets on virtual time: every outage announced exactly
// once or accounted as held back, every announced one ended exactly once, in order, nothing that
// contradicts the state, whatever fails meanwhile.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "sim/alert_world.hpp"
#include "sim/seed.hpp"

namespace tocsin::test {
namespace {

using namespace std::chrono_literals;

void live(AlertWorld& world, Random& random, Milliseconds total) {
  const MonoTime end = world.loop.mono_now() + total;
  while (world.healthy() && world.loop.mono_now() < end) {
    world.run_for(Milliseconds{1s} * static_cast<int>(1 + random.below(240)));
    world.disturb();
  }
}

TEST(AlertSim, EveryOutageIsToldOnceOrAccountedAndEndsOnce) {
  std::uint64_t arrivals = 0, late = 0, repeated = 0, kills = 0;
  std::array<std::uint64_t, 5> holds{};
  std::map<std::string, std::uint64_t> types;
  const std::uint64_t lives = std::max<std::uint64_t>(
      4, from_environment("TOCSIN_SIM_SEEDS", 60) / static_cast<unsigned>(divisor()));
  for (std::uint64_t seed = seed_or(1), last = seed + lives; seed < last; ++seed) {
    AlertWorld world({.seed = seed, .monitors = 4 + seed % 20});
    Random random(seed ^ 0x5EED);
    world.boot();
    live(world, random, 8h);
    world.settle();
    ASSERT_TRUE(world.healthy()) << world.problem() << "; replay with TOCSIN_SEED=" << seed;
    arrivals += world.ledger.arrivals();
    late += world.ledger.late();
    repeated += world.ledger.repeated();
    kills += world.kills();
    for (std::size_t i = 0; i < holds.size(); ++i) {
      holds.at(i) += world.seen_hold(static_cast<alert::Hold>(i));
    }
    for (const alert::EventTypeInfo& type : alert::event_types()) {
      types[std::string(type.name)] += world.ledger.of_type(type.name);
    }
  }
  fmt::print("{} lives, {} kills: {} arrived, {} of them late, {} repeated; seconds held: {}\n",
             lives, kills, arrivals, late, repeated, fmt::join(holds, " "));
  if (lives < 50) return;  // a sanitizer's share: too few for all that is rare
  // The lives were worth the name: everything that the rules speak of came about.
  EXPECT_GT(late, 0U);
  EXPECT_GT(repeated, 0U);
  EXPECT_GT(kills, lives);
  for (const std::uint64_t count : holds) {
    EXPECT_GT(count, 0U);
  }
  for (const char* type :
       {"went_down", "still_down", "recovered", "flapping_started", "flapping_ended"}) {
    EXPECT_GT(types[type], 0U) << type;
  }
}

}  // namespace
}  // namespace tocsin::test

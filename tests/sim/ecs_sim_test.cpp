// ECS services watched over random weeks on virtual time: every deployment that was announced ends
// in one way, nothing is told twice or after its end, pages are closed, a quiet fleet says nothing,
// and when the faults stop what is known is what is true.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sim/ecs_world.hpp"
#include "sim/seed.hpp"

namespace tocsin::test {
namespace {

using namespace std::chrono_literals;

void live(EcsWorld& world, Random& random, Milliseconds total) {
  const MonoTime end = world.loop.mono_now() + total;
  while (world.healthy() && world.loop.mono_now() < end) {
    world.run_for(Milliseconds{1s} * static_cast<int>(1 + random.below(3600)));
    world.disturb();
  }
}

TEST(EcsSim, WhateverHappensIsToldOnceAndEndsAndFaultsLeaveNoTrace) {
  const std::uint64_t lives = std::max<std::uint64_t>(
      2, from_environment("TOCSIN_SIM_SEEDS", 24) / static_cast<unsigned>(divisor()));
  std::map<std::string, std::uint64_t> ends;
  std::uint64_t looks = 0, events = 0, kills = 0;
  for (std::uint64_t seed = seed_or(1), last = seed + lives; seed < last; ++seed) {
    EcsWorld world({.seed = seed, .services = seed % 8 == 0 ? 4 : 1 + seed * 7 % 60});
    Random random(seed ^ 0x5EED);
    world.boot();
    live(world, random, seed % 8 == 0 ? 14 * 24h : 36h);
    world.settle();
    ASSERT_TRUE(world.healthy()) << world.problem() << "; replay with TOCSIN_SEED=" << seed;
    for (const char* how : {"finished", "superseded", "rolled back", "failed", "service deleted",
                            "monitor removed"}) {
      ends[how] += world.ledger.ended(how);
    }
    looks += world.looks();
    events += world.ledger.events();
    kills += world.kills();
  }
  fmt::print("{} lives, {} looks, {} kills, {} events\n", lives, looks, kills, events);
  for (const auto& [how, count] : ends) fmt::print("  {} {}\n", count, how);
  if (lives < 20) return;  // a sanitizer's share: too few for all that is rare
  for (const auto& [how, count] : ends) {
    EXPECT_GT(count, 0U) << how;
  }
}

TEST(EcsSim, AQuietFleetSaysNothingForWeeks) {
  const int weeks = std::max(1, 3 / divisor());
  for (std::uint64_t seed = seed_or(1), last = seed + 3; seed < last; ++seed) {
    EcsWorld world({.seed = seed, .services = 6, .quiet = true});
    Random random(seed ^ 0x5EED);
    world.boot();
    live(world, random, 7 * 24h * weeks);
    world.settle();
    ASSERT_TRUE(world.healthy()) << world.problem() << "; replay with TOCSIN_SEED=" << seed;
    EXPECT_EQ(world.ledger.events(), 0U) << "replay with TOCSIN_SEED=" << seed;
  }
}

}  // namespace
}  // namespace tocsin::test

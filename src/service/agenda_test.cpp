#include "service/agenda.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/random.hpp"

namespace tocsin::service {
namespace {

MonoTime at(std::int64_t us) { return MonoTime{Microseconds{us}}; }

TEST(Agenda, YieldsEntriesByDueTimeThenBySlot) {
  Agenda agenda;
  agenda.set(2, at(5));
  agenda.set(1, at(5));
  agenda.set(0, at(9));
  EXPECT_EQ(agenda.earliest()->slot, 1U);
  agenda.remove(1);
  EXPECT_EQ(agenda.earliest()->slot, 2U);
  agenda.set(2, at(10));
  EXPECT_EQ(agenda.earliest()->slot, 0U);
}

TEST(Agenda, RemovingAnAbsentSlotDoesNothing) {
  Agenda agenda;
  agenda.remove(7);
  EXPECT_EQ(agenda.earliest(), std::nullopt);
}

TEST(Agenda, AgreesWithASortedMapOverRandomOperations) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    Agenda agenda;
    std::map<std::uint32_t, MonoTime> due;
    for (int step = 0; step < 2000; ++step) {
      const auto slot = static_cast<std::uint32_t>(random.below(50));
      if (random.chance(1, 4)) {
        agenda.remove(slot);
        due.erase(slot);
      } else {
        const MonoTime when = at(static_cast<std::int64_t>(random.below(1000)));
        agenda.set(slot, when);
        due[slot] = when;
      }
      ASSERT_EQ(agenda.size(), due.size());
      std::set<std::pair<MonoTime, std::uint32_t>> sorted;
      for (const auto& [s, w] : due) sorted.emplace(w, s);
      if (!sorted.empty()) {
        ASSERT_EQ(agenda.earliest()->due, sorted.begin()->first);
        ASSERT_EQ(agenda.earliest()->slot, sorted.begin()->second);
      }
    }
  }
}

}  // namespace
}  // namespace tocsin::service

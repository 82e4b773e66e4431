#pragma once
// Knobs of simulations: TOCSIN_SEED replays a life, TOCSIN_SIM_DIVISOR shortens lives (sanitizers).

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace tocsin::test {

inline std::uint64_t from_environment(const char* name, std::uint64_t usual) {
  const char* given = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
  return given == nullptr ? usual : std::strtoull(given, nullptr, 10);
}

inline std::uint64_t seed_or(std::uint64_t usual) { return from_environment("TOCSIN_SEED", usual); }

inline int divisor() {
  return static_cast<int>(std::max<std::uint64_t>(1, from_environment("TOCSIN_SIM_DIVISOR", 1)));
}

}  // namespace tocsin::test

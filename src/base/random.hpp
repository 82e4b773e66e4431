#pragma once
// The one source of randomness below adapters/: seeded, the same sequence on every platform.

#include <array>
#include <cstdint>

namespace tocsin {

// xoshiro256** seeded through splitmix64. Not for secrets. Not thread-safe: one per owner.
class Random {
 public:
  explicit Random(std::uint64_t seed);
  [[nodiscard]] std::uint64_t next();
  // Uniform in [0, bound); bound must be > 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);
  // True with probability numerator/denominator.
  [[nodiscard]] bool chance(std::uint64_t numerator, std::uint64_t denominator) {
    return below(denominator) < numerator;
  }

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace tocsin

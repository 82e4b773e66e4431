#pragma once
// A stable 64-bit hash: the same on every machine, compiler and release, because schedule phases,
// jobset ownership and de-duplication keys derive from it. Never std::hash for anything that lasts.

#include <cstdint>
#include <string_view>

namespace tocsin {

// FNV-1a over the bytes, then the finaliser of MurmurHash3 so that near-equal names spread.
[[nodiscard]] constexpr std::uint64_t stable_hash(std::string_view text) {
  std::uint64_t h = 0xcbf29ce484222325ULL;
  for (const char c : text) {
    h ^= static_cast<unsigned char>(c);
    h *= 0x100000001b3ULL;
  }
  h ^= h >> 33U;
  h *= 0xff51afd7ed558ccdULL;
  h ^= h >> 33U;
  h *= 0xc4ceb9fe1a85ec53ULL;
  h ^= h >> 33U;
  return h;
}

}  // namespace tocsin

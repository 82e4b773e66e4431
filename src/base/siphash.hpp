#pragma once
// SipHash, a keyed hash for tables whose keys strangers choose: without the key nobody finds keys
// that collide. Not for anything that lasts: the key is a process's own. Source: Aumasson and
// Bernstein, "SipHash: a fast short-input PRF" (2012).

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tocsin {

struct SipKey {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

// `Compression` rounds for each word, `Finalization` at the end: 1-3 for tables, 2-4 as published.
template <int Compression = 1, int Finalization = 3>
class SipHash {
 public:
  [[nodiscard]] static std::uint64_t of(const SipKey& key, std::string_view text) {
    SipHash hash(key);
    const std::size_t whole = text.size() / 8 * 8;
    for (std::size_t at = 0; at < whole; at += 8) {
      hash.add(word(text.substr(at, 8)));
    }
    hash.add(word(text.substr(whole)) | std::uint64_t{text.size()} << 56U);
    hash.v_[2] ^= 0xffU;
    hash.rounds(Finalization);
    return hash.v_[0] ^ hash.v_[1] ^ hash.v_[2] ^ hash.v_[3];
  }

 private:
  explicit SipHash(const SipKey& key)
      : v_{key.low ^ 0x736f6d6570736575ULL, key.high ^ 0x646f72616e646f6dULL,
           key.low ^ 0x6c7967656e657261ULL, key.high ^ 0x7465646279746573ULL} {}

  // Little-endian, at most 8 bytes.
  [[nodiscard]] static std::uint64_t word(std::string_view bytes) {
    std::uint64_t out = 0;
    std::memcpy(&out, bytes.data(), bytes.size());
    static_assert(std::endian::native == std::endian::little);
    return out;
  }

  void add(std::uint64_t next) {
    v_[3] ^= next;
    rounds(Compression);
    v_[0] ^= next;
  }

  void rounds(int count) {
    for (int i = 0; i < count; ++i) {
      v_[0] += v_[1];
      v_[1] = std::rotl(v_[1], 13) ^ v_[0];
      v_[0] = std::rotl(v_[0], 32);
      v_[2] += v_[3];
      v_[3] = std::rotl(v_[3], 16) ^ v_[2];
      v_[0] += v_[3];
      v_[3] = std::rotl(v_[3], 21) ^ v_[0];
      v_[2] += v_[1];
      v_[1] = std::rotl(v_[1], 17) ^ v_[2];
      v_[2] = std::rotl(v_[2], 32);
    }
  }

  std::array<std::uint64_t, 4> v_;
};

}  // namespace tocsin

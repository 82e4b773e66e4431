#pragma once
// Unpacks a compressed body piece by piece, and knows whether all of it came: libcurl 7.88 takes a
// body that ends in the middle of its compressed form for whole, so its own decoding is off.

#include <zlib.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace tocsin::adapters {

// The coding of a body (RFC 9110, section 8.4). `unsupported`: one that was not asked for.
enum class Coding : std::uint8_t { identity, gzip, deflate, unsupported };

// "gzip", "x-gzip", "deflate", "identity" in any letter case; everything else is unsupported.
[[nodiscard]] Coding coding_of(std::string_view name);

// Of one body at a time. Holds memory (about 40 KiB) only between the first piece and clear().
class Unpacker {
 public:
  // Gets what was unpacked; false ends it.
  using Take = std::function<bool(std::string_view)>;

  Unpacker() = default;
  ~Unpacker() { clear(); }
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;

  // False when `take` wanted no more, or when `packed` is not what `coding` promises; the same
  // coding for every piece, gzip or deflate. Throws std::bad_alloc.
  [[nodiscard]] bool feed(Coding coding, std::string_view packed, const Take& take);
  // Nothing came, or everything to its end.
  [[nodiscard]] bool complete() const { return started_ ? ended_ : held_.empty(); }
  // Ready for the next body.
  void clear();

 private:
  void start(Coding coding, std::string_view first);
  [[nodiscard]] bool inflate_some(Coding coding, std::string_view packed, const Take& take);

  z_stream stream_{};
  bool started_ = false;
  bool ended_ = false;
  std::string held_;  // the first bytes, until they tell which kind of deflate it is
};

}  // namespace tocsin::adapters

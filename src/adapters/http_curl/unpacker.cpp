#include "adapters/http_curl/unpacker.hpp"

#include <array>
#include <new>
#include <utility>

#include "adapters/http_curl/header_text.hpp"

namespace tocsin::adapters {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{16} << 10U;
// zlib's window bits: the largest window, and what surrounds the compressed data.
constexpr int kGzip = 15 + 16;
constexpr int kZlib = 15;
constexpr int kBare = -15;

// RFC 1950, section 2.2: method and check of the two bytes that begin a zlib stream.
bool begins_zlib(std::string_view bytes) {
  const auto first = static_cast<unsigned char>(bytes[0]);
  const auto second = static_cast<unsigned char>(bytes[1]);
  return (first & 0x0FU) == 8 && ((first << 8U) + second) % 31 == 0;
}

}  // namespace

Coding coding_of(std::string_view name) {
  if (same_name(name, "gzip") || same_name(name, "x-gzip")) {
    return Coding::gzip;
  }
  if (same_name(name, "deflate")) {
    return Coding::deflate;
  }
  return name.empty() || same_name(name, "identity") ? Coding::identity : Coding::unsupported;
}

void Unpacker::clear() {
  if (started_) {
    inflateEnd(&stream_);
  }
  stream_ = {};
  started_ = false;
  ended_ = false;
  held_.clear();
}

void Unpacker::start(Coding coding, std::string_view first) {
  // "deflate" is the zlib format (RFC 9110, section 8.4.1.2), and bare data of those who misread
  // it.
  const int bits = coding == Coding::gzip ? kGzip : begins_zlib(first) ? kZlib : kBare;
  if (inflateInit2(&stream_, bits) != Z_OK) {
    throw std::bad_alloc();
  }
  started_ = true;
}

bool Unpacker::feed(Coding coding, std::string_view packed, const Take& take) {
  if (started_) {
    return inflate_some(coding, packed, take);
  }
  held_.append(packed);
  if (held_.size() < (coding == Coding::deflate ? 2U : 1U)) {
    return true;
  }
  const std::string first = std::exchange(held_, {});
  start(coding, first);
  return inflate_some(coding, first, take);
}

bool Unpacker::inflate_some(Coding coding, std::string_view packed, const Take& take) {
  std::array<char, kPieceBytes> piece;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream_.avail_in = static_cast<uInt>(packed.size());
  do {
    if (ended_) {
      if (stream_.avail_in == 0) {
        return true;
      }
      // Members of gzip simply follow one another (RFC 1952, section 2.2).
      if (coding != Coding::gzip || inflateReset(&stream_) != Z_OK) {
        return false;
      }
      ended_ = false;
    }
    stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream_.avail_out = static_cast<uInt>(piece.size());
    const int state = inflate(&stream_, Z_NO_FLUSH);
    if (state == Z_MEM_ERROR) {
      throw std::bad_alloc();
    }
    if (state == Z_BUF_ERROR) {
      return true;  // waits for more
    }
    if (state != Z_OK && state != Z_STREAM_END) {
      return false;
    }
    ended_ = state == Z_STREAM_END;
    const std::size_t size = piece.size() - stream_.avail_out;
    if (size > 0 && !take({piece.data(), size})) {
      return false;
    }
  } while (ended_ || stream_.avail_in > 0 || stream_.avail_out == 0);
  return true;
}

}  // namespace tocsin::adapters

#include "adapters/http_curl/curl_memory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace tocsin::adapters::curl_memory {
namespace {

unsigned char* bytes_of(void* memory) { return static_cast<unsigned char*>(memory); }

// The edges of every step of block sizes, and what is beyond them.
std::vector<std::size_t> interesting_sizes() {
  std::vector<std::size_t> sizes{0, 1, 100'000};
  for (std::size_t edge = 64; edge <= 65'536; edge += edge < 1'024 ? 64 : 256) {
    for (std::size_t near = edge - 18; near <= edge + 2; ++near) {
      sizes.push_back(near);
    }
  }
  return sizes;
}

TEST(CurlMemory, BlocksAreAlignedAndDoNotOverlap) {
  std::vector<std::pair<unsigned char*, std::size_t>> blocks;
  for (int round = 0; round < 2; ++round) {  // fresh ones, then kept ones
    for (const std::size_t size : interesting_sizes()) {
      auto* const block = bytes_of(allocate(size));
      ASSERT_NE(block, nullptr);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % alignof(std::max_align_t), 0U);
      std::memset(block, static_cast<int>(blocks.size() % 251), size);
      blocks.emplace_back(block, size);
    }
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      const auto& [block, size] = blocks[i];
      const auto mark = static_cast<unsigned char>(i % 251);
      EXPECT_TRUE(std::all_of(block, block + size, [mark](unsigned char b) { return b == mark; }));
      release(block);
    }
    blocks.clear();
  }
}

TEST(CurlMemory, AReturnedBlockIsTheNextOfItsSize) {
  void* const first = allocate(500);
  release(first);
  void* const second = allocate(498);
  EXPECT_EQ(first, second);
  release(second);
}

TEST(CurlMemory, ReallocationKeepsTheContent) {
  auto* block = bytes_of(reallocate(nullptr, 10));
  std::iota(block, block + 10, '0');
  for (const std::size_t size : {60U, 400U, 5'000U, 40'000U, 200'000U}) {
    block = bytes_of(reallocate(block, size));
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(std::memcmp(block, "0123456789", 10), 0);
    std::memset(block + 10, 'x', size - 10);
  }
  release(block);
}

TEST(CurlMemory, ZeroedBlocksAreZeroAlsoWhenUsedBefore) {
  void* const dirty = allocate(300);
  std::memset(dirty, 0xff, 300);
  release(dirty);
  auto* const block = bytes_of(allocate_zeroed(3, 100));
  EXPECT_TRUE(std::all_of(block, block + 300, [](unsigned char b) { return b == 0; }));
  release(block);
}

TEST(CurlMemory, SizesThatOverflowAreRefused) {
  EXPECT_EQ(allocate(SIZE_MAX - 3), nullptr);
  EXPECT_EQ(allocate_zeroed(SIZE_MAX / 2, 3), nullptr);
}

TEST(CurlMemory, AnotherThreadMayReleaseABlockAndEnd) {
  char* const text = duplicate("made here, released there");
  EXPECT_STREQ(text, "made here, released there");
  std::thread([text] { release(text); }).join();
  release(nullptr);
}

}  // namespace
}  // namespace tocsin::adapters::curl_memory

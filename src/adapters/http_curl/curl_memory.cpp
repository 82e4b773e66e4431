#include "adapters/http_curl/curl_memory.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace tocsin::adapters {
namespace {

constexpr std::size_t kFine = 64;           // steps of the block sizes up to kCoarseFrom
constexpr std::size_t kCoarseFrom = 1'024;  // above, a quarter of the power of two below
constexpr std::size_t kLargest = 32'768;    // larger blocks are not kept
constexpr std::size_t kFineBins = kCoarseFrom / kFine;
constexpr std::size_t kBins = kFineBins + std::size_t{4} * 5;
constexpr std::size_t kKeptBytesPerBin = std::size_t{1} << 20U;
constexpr std::uint32_t kNoBin = UINT32_MAX;

// Stands before every block.
struct alignas(std::max_align_t) Header {
  std::size_t capacity = 0;  // bytes behind the header
  std::uint32_t bin = kNoBin;
};

struct Size {
  std::size_t block = 0;  // header included
  std::uint32_t bin = kNoBin;
};

// `wanted` includes the header.
Size size_for(std::size_t wanted) {
  if (wanted > kLargest) {
    return {wanted, kNoBin};
  }
  if (wanted <= kCoarseFrom) {
    const std::size_t bin = (wanted - 1) / kFine;
    return {(bin + 1) * kFine, static_cast<std::uint32_t>(bin)};
  }
  const auto bits = static_cast<std::size_t>(std::bit_width(wanted - 1));  // 11 to 15
  const std::size_t quarter = (wanted - 1) >> (bits - 3);                  // 4 to 7
  const std::size_t bin = kFineBins + (bits - 11) * 4 + (quarter - 4);
  return {(quarter + 1) << (bits - 3), static_cast<std::uint32_t>(bin)};
}

struct FreeBlock {
  FreeBlock* next;
};

// After a thread's blocks are given back, what libcurl still returns on it goes the same way.
thread_local bool thread_ends = false;

class ThreadBlocks {
 public:
  ThreadBlocks() = default;
  ~ThreadBlocks() {
    thread_ends = true;
    for (Bin& bin : bins_) {
      while (FreeBlock* block = bin.first) {
        bin.first = block->next;
        std::free(reinterpret_cast<Header*>(block) - 1);
      }
    }
  }
  ThreadBlocks(const ThreadBlocks&) = delete;
  ThreadBlocks& operator=(const ThreadBlocks&) = delete;

  [[nodiscard]] void* take(std::uint32_t index) {
    Bin& bin = bins_[index];
    FreeBlock* const block = bin.first;
    if (block != nullptr) {
      bin.first = block->next;
      bin.bytes -= (reinterpret_cast<Header*>(block) - 1)->capacity;
    }
    return block;
  }

  // False: there is enough of that size.
  [[nodiscard]] bool keep(void* memory, const Header& header) {
    Bin& bin = bins_[header.bin];
    if (bin.bytes + header.capacity > kKeptBytesPerBin) {
      return false;
    }
    auto* const block = static_cast<FreeBlock*>(memory);
    block->next = bin.first;
    bin.first = block;
    bin.bytes += header.capacity;
    return true;
  }

 private:
  struct Bin {
    FreeBlock* first = nullptr;
    std::size_t bytes = 0;
  };
  std::array<Bin, kBins> bins_{};
};

ThreadBlocks& blocks() {
  thread_local ThreadBlocks mine;
  return mine;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
#else
constexpr bool kSanitized = false;
#endif

}  // namespace

namespace curl_memory {

void* allocate(std::size_t bytes) {
  if (bytes > SIZE_MAX - sizeof(Header)) {
    return nullptr;
  }
  const Size size = size_for(bytes + sizeof(Header));
  if (size.bin != kNoBin && !thread_ends) {
    if (void* const kept = blocks().take(size.bin)) {
      return kept;
    }
  }
  auto* const header = static_cast<Header*>(std::malloc(size.block));
  if (header == nullptr) {
    return nullptr;
  }
  *header = {size.block - sizeof(Header), size.bin};
  return header + 1;
}

void release(void* memory) {
  if (memory == nullptr) {
    return;
  }
  Header* const header = static_cast<Header*>(memory) - 1;
  if (header->bin == kNoBin || thread_ends || !blocks().keep(memory, *header)) {
    std::free(header);
  }
}

void* reallocate(void* memory, std::size_t bytes) {
  if (memory == nullptr) {
    return allocate(bytes);
  }
  const std::size_t capacity = (static_cast<Header*>(memory) - 1)->capacity;
  if (bytes <= capacity) {
    return memory;
  }
  void* const larger = allocate(bytes);
  if (larger != nullptr) {
    std::memcpy(larger, memory, capacity);
    release(memory);
  }
  return larger;
}

void* allocate_zeroed(std::size_t count, std::size_t bytes) {
  std::size_t total = 0;
  if (__builtin_mul_overflow(count, bytes, &total)) {
    return nullptr;
  }
  void* const memory = allocate(total);
  if (memory != nullptr) {
    std::memset(memory, 0, total);
  }
  return memory;
}

char* duplicate(const char* text) {
  const std::size_t bytes = std::strlen(text) + 1;
  auto* const copy = static_cast<char*>(allocate(bytes));
  if (copy != nullptr) {
    std::memcpy(copy, text, bytes);
  }
  return copy;
}

}  // namespace curl_memory

CURLcode initialise_libcurl_with_memory() {
  if (kSanitized) {
    return curl_global_init(CURL_GLOBAL_DEFAULT);
  }
  return curl_global_init_mem(CURL_GLOBAL_DEFAULT, &curl_memory::allocate, &curl_memory::release,
                              &curl_memory::reallocate, &curl_memory::duplicate,
                              &curl_memory::allocate_zeroed);
}

}  // namespace tocsin::adapters

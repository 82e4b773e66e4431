#pragma once
// Memory for libcurl. It takes and returns some sixty blocks for every exchange, a read buffer of
// 16 KiB among them, and what the C library keeps at hand per thread is far too little for that:
// without this a sixth of the client thread's time goes to malloc. Returned blocks are kept per
// thread, by size, up to a bound. Under a sanitizer every block is the C library's.

#include <curl/curl.h>

#include <cstddef>

namespace tocsin::adapters {
namespace curl_memory {

// As malloc, free, realloc, calloc and strdup; a block of one is not a block of the other. A block
// may be released on another thread than the one that took it.
[[nodiscard]] void* allocate(std::size_t bytes);
void release(void* memory);
[[nodiscard]] void* reallocate(void* memory, std::size_t bytes);
[[nodiscard]] void* allocate_zeroed(std::size_t count, std::size_t bytes);
[[nodiscard]] char* duplicate(const char* text);

}  // namespace curl_memory

// curl_global_init() with this memory. Once per process, before any other use of libcurl.
[[nodiscard]] CURLcode initialise_libcurl_with_memory();

}  // namespace tocsin::adapters

#pragma once
// libcurl's variadic calls with their types and failures.

#include <curl/curl.h>

#include <new>

#include "base/result.hpp"

namespace tocsin::adapters {

// Throws std::bad_alloc; any other refusal is a defect of ours.
template <typename Value>
void set(CURL* easy, CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(easy, option, value);
  if (code == CURLE_OUT_OF_MEMORY) {
    throw std::bad_alloc();
  }
  TOCSIN_ASSERT(code == CURLE_OK);
}

// 0 for what libcurl does not know.
inline curl_off_t info_number(CURL* easy, CURLINFO what) {
  curl_off_t value = 0;
  return curl_easy_getinfo(easy, what, &value) == CURLE_OK ? value : 0;
}

inline long info_long(CURL* easy, CURLINFO what) {
  long value = 0;
  return curl_easy_getinfo(easy, what, &value) == CURLE_OK ? value : 0;
}

}  // namespace tocsin::adapters

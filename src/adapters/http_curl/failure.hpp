#pragma once
// What a transfer that libcurl gave up on means: kind and sentence of a ports::HttpFailure.

#include <curl/curl.h>

#include <cstdint>
#include <string_view>

#include "ports/http_client.hpp"

namespace tocsin::adapters {

// Why our own callbacks ended a transfer.
enum class Refusal : std::uint8_t {
  none,
  body_too_large,
  headers_too_large,
  body_budget,
  memory,
  coding_unsupported,
  coding_broken,
  coding_cut_short,
  codings_stacked,
  status_line,
  lengths_differ,
  headers_cut_short,
  http2_not_chosen,
  ca_unreadable,
};

// How far a transfer came.
enum class Phase : std::uint8_t { connecting, tls_handshake, waiting, headers, body };

struct Ending {
  CURLcode code = CURLE_OK;
  std::string_view error_text;  // CURLOPT_ERRORBUFFER
  Refusal refusal = Refusal::none;
  Phase phase = Phase::connecting;
  int socket_error = 0;    // errno of a socket() that failed
  int connect_error = 0;   // CURLINFO_OS_ERRNO
  long verify_result = 0;  // CURLINFO_SSL_VERIFYRESULT, an X509_V_ERR_ code
  long proxy_status = 0;   // CURLINFO_HTTP_CONNECTCODE
  std::uint64_t body_bytes = 0;
  std::uint64_t max_body_bytes = 0;
  Milliseconds timeout{0};
  Milliseconds connect_timeout{0};  // 0: none of its own
  Microseconds total{0};
};

// Only kind and message are set.
[[nodiscard]] ports::HttpFailure explain(const Ending& ending);

}  // namespace tocsin::adapters

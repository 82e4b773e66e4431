#pragma once
// One outbound HTTP exchange. Real: adapters/http_curl. Redirects, name lookups and retries are the
// caller's: the client connects where it is told and never asks a resolver.

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "check/excerpt.hpp"
#include "check/outcome.hpp"
#include "check/spec.hpp"

namespace tocsin::ports {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string url;  // absolute http or https URL; userinfo in it is refused
  std::string method = "GET";
  Headers headers;  // as given, in order; the client adds Host, User-Agent, Accept when absent
  std::string body;
  // Numeric address (no brackets) to connect to; the URL's host stays in Host, SNI and the
  // certificate check. Never empty, except that a URL with a numeric host may leave it out.
  std::string address;
  std::uint16_t port = 0;  // 0: the URL's
  std::string proxy;       // proxy URL, its host replaced by a numeric address; empty: none
  check::TlsOptions tls;
  check::HttpVersion version = check::HttpVersion::automatic;
  bool reuse_connection = false;
  bool decompress = true;
  bool keep_body = true;  // false: only its first check::kBodyHeadBytes; the rest is counted
  std::uint64_t max_body_bytes = std::uint64_t{1} << 20U;  // after decompression
  Milliseconds timeout{10'000};                            // whole exchange
  Milliseconds connect_timeout{0};                         // 0: the whole timeout
};

struct HttpResponse {
  int status = 0;
  Headers headers;  // names in lower case, in order; bounded at 256 KiB in total
  std::string body;
  std::uint64_t body_bytes = 0;
  std::string remote_address;  // numeric, as connected
  check::Timings timings;      // from the start of the exchange; dns is never set
  // Of the TLS peer, on a connection that is not kept, when the status is not 200 to 299.
  std::optional<check::CertificateFacts> certificate;
};

struct HttpFailure {
  enum class Kind : std::uint8_t {
    connect,         // refused, unreachable, reset while connecting
    tls,             // handshake or certificate
    timeout,         // `timeout` or `connect_timeout` passed
    protocol,        // not HTTP, cut short, reset, undecodable
    body_too_large,  // beyond max_body_bytes
    headers_too_large,
    resources,  // our descriptors, memory, local ports, body budget
    invalid,    // the request itself cannot be made (unreadable certificate file, bad URL)
    cancelled,  // the client is stopping
    internal
  };
  Kind kind = Kind::internal;
  // What was seen, without the host's name: "connection refused", "certificate has expired".
  std::string message;
  std::string remote_address;  // "" when never connected
  bool connected = false;      // TCP was established
  check::Timings timings;
  std::optional<check::CertificateFacts> certificate;  // that came, refused or not
};

using HttpResult = std::expected<HttpResponse, HttpFailure>;

class HttpClient {
 public:
  HttpClient() = default;
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  virtual ~HttpClient() = default;

  // Callable from any thread. `done` runs exactly once ON THE CLIENT'S OWN THREAD (it may evaluate
  // the response there, off the loop; it must not block) and posts to the loop what the loop needs.
  // It runs at the latest shortly after `timeout`; on the client's destruction with `cancelled`.
  virtual void start(HttpRequest request, std::move_only_function<void(HttpResult)> done) = 0;
};

}  // namespace tocsin::ports

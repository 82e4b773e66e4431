#pragma once
// ports::HttpClient on libcurl's multi interface, driven by epoll on one thread of its own, so that
// TLS work stays off the loop and thousands of silent targets cost nothing.
//
// What the port leaves open:
// - `address` with a `proxy`: empty lets the proxy find the host; given, the proxy is asked for a
//   tunnel (CONNECT) to that address. Only http:// proxies.
// - `version` http2 with an http:// URL speaks HTTP/2 at once (prior knowledge); with https:// it
// is
//   `protocol` when the peer does not choose it.
// - On a fresh connection HTTP/1 requests say "Connection: close" unless `headers` hold Connection.
// - A body with more than one content coding, or with zstd (whose window a peer chooses, up to
//   128 MiB), is not decompressed but is `protocol`.
// Nothing is taken from the environment: no proxy, no .netrc.

#include <cstdint>
#include <memory>
#include <string>

#include "ports/http_client.hpp"

namespace tocsin::adapters {

struct HttpCurlOptions {
  std::string user_agent = "tocsin";
  std::string system_ca_file = "/etc/ssl/certs/ca-certificates.crt";
  // Exchanges at a time; one beyond it fails with `resources`.
  std::size_t max_transfers = 16'384;
  // Bytes of kept bodies of exchanges in flight; one that would go beyond fails with `resources`.
  std::uint64_t body_budget_bytes = std::uint64_t{256} << 20U;
  // Idle connections kept for `reuse_connection`.
  std::uint32_t max_idle_connections = 512;
};

class HttpCurl final : public ports::HttpClient {
 public:
  // Starts the thread. Throws std::system_error without descriptors or threads.
  explicit HttpCurl(HttpCurlOptions options = {});
  // Everything pending gets `cancelled` on the client's thread, which is then joined. Not callable
  // from a `done`.
  ~HttpCurl() override;

  void start(ports::HttpRequest request,
             std::move_only_function<void(ports::HttpResult)> done) override;

  struct Stats {
    std::uint64_t active = 0;      // exchanges under way
    std::uint64_t queued = 0;      // handed over, not yet under way
    std::uint64_t body_bytes = 0;  // of the budget, in use
  };
  // Callable from any thread.
  [[nodiscard]] Stats stats() const;

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace tocsin::adapters

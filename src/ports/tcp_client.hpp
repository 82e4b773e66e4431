#pragma once
// One outbound TCP exchange: connect, optionally send, optionally wait for bytes. Real:
// adapters/tcp_asio.

#include <cstdint>
#include <expected>
#include <functional>
#include <string>

#include "base/time.hpp"
#include "check/outcome.hpp"

namespace tocsin::ports {

struct TcpRequest {
  std::string address;  // numeric, without brackets
  std::uint16_t port = 0;
  std::string send;
  std::string expect;  // read until the received bytes hold this; empty: do not read
  std::uint64_t max_read_bytes = std::uint64_t{64} << 10U;
  Milliseconds timeout{10'000};     // whole exchange
  Milliseconds connect_timeout{0};  // 0: the whole timeout
};

struct TcpResponse {
  std::string received;    // at most max_read_bytes
  check::Timings timings;  // connect, first_byte, total
};

struct TcpFailure {
  enum class Kind : std::uint8_t {
    connect,   // refused, unreachable, reset while connecting
    timeout,   // of the connect or of the wait; `connected` tells which
    closed,    // the peer closed or reset before `expect` was seen
    mismatch,  // max_read_bytes came without `expect`
    resources,
    cancelled,
    internal
  };
  Kind kind = Kind::internal;
  std::string message;  // "connection refused"
  bool connected = false;
  std::string received;
  check::Timings timings;
};

using TcpResult = std::expected<TcpResponse, TcpFailure>;

class TcpClient {
 public:
  TcpClient() = default;
  TcpClient(const TcpClient&) = delete;
  TcpClient& operator=(const TcpClient&) = delete;
  virtual ~TcpClient() = default;

  // Loop thread. `done` runs exactly once on the loop thread, never inline.
  virtual void start(TcpRequest request, std::move_only_function<void(TcpResult)> done) = 0;
};

}  // namespace tocsin::ports

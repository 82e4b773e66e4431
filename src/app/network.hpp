#pragma once
// The loop and everything that talks to the network, connected: what `run`, `run --once`, `probe`
// and `status` share.

#include <memory>

#include "adapters/clock_system/clock_system.hpp"
#include "adapters/loop_asio/loop_asio.hpp"
#include "config/model.hpp"
#include "ports/http_client.hpp"
#include "ports/prober.hpp"
#include "ports/resolver.hpp"
#include "ports/tcp_client.hpp"

namespace tocsin::app {

class Network {
 public:
  explicit Network(const config::Limits& limits);
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  [[nodiscard]] adapters::LoopAsio& loop() { return loop_; }
  [[nodiscard]] const ports::Clock& clock() const { return clock_; }
  [[nodiscard]] ports::Prober& prober() { return *prober_; }
  [[nodiscard]] ports::HttpClient& http() { return *http_; }
  [[nodiscard]] ports::Resolver& resolver() { return *resolver_; }

  // After the loop returned: ends the threads that post to it. Idempotent.
  void stop_clients();

 private:
  adapters::ClockSystem clock_;
  adapters::LoopAsio loop_;
  std::unique_ptr<ports::Resolver> resolver_;
  std::unique_ptr<ports::HttpClient> http_;
  std::unique_ptr<ports::TcpClient> tcp_;
  std::unique_ptr<ports::Prober> prober_;
};

}  // namespace tocsin::app

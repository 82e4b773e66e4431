#pragma once
// A server on an ephemeral loopback port that does to every connection what a script says, on a
// thread per connection. Scripts never sleep: they wait on the connection or on the server's end.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/test_certificates.hpp"

using SSL = struct ssl_st;
using SSL_CTX = struct ssl_ctx_st;

namespace tocsin::test {

// The server's end of one connection. Used by one script.
class Peer {
 public:
  // `tls`: what start_tls() uses.
  Peer(int socket, int stop, SSL_CTX* tls = nullptr);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // False: the handshake failed.
  bool handshake(SSL_CTX* context);
  // From here on the conversation is encrypted. False: the handshake failed.
  bool start_tls() { return handshake(context_); }
  // Reads up to and including `end`, keeping what came after it for the next call; "" when the peer
  // hangs up earlier.
  std::string read_until(std::string_view end);
  // Reads up to and including the blank line; what came, when the peer hangs up earlier.
  std::string read_request();
  // False when the peer hung up.
  bool send(std::string_view data);
  // Sends `data` again and again until the peer hangs up.
  void send_forever(std::string_view data);
  // Sends one byte every `gap` until the peer hangs up.
  void trickle(std::string_view data, std::chrono::milliseconds gap);
  // Until the peer hangs up or the server ends; at most `limit` when given.
  void hold(std::chrono::milliseconds limit = std::chrono::milliseconds{-1});
  // Closes with RST.
  void reset();
  [[nodiscard]] bool encrypted() const { return tls_ != nullptr; }
  // Name that the client asked for by SNI; "" without.
  [[nodiscard]] std::string server_name() const;

 private:
  [[nodiscard]] long receive(char* data, std::size_t size);
  [[nodiscard]] bool wait(short events, std::chrono::milliseconds limit) const;

  int socket_;
  int stop_;
  SSL_CTX* context_;
  SSL* tls_ = nullptr;
  std::string ahead_;  // read by read_until(), not yet asked for
};

class LoopbackServer {
 public:
  using Script = std::function<void(Peer&)>;

  struct Options {
    const Certificate* certificate = nullptr;       // serves TLS with it
    const Certificate* client_authority = nullptr;  // demands client certificates signed by it
    bool starttls = false;                          // not at once: the script says start_tls()
    bool http2 = false;                             // offers h2 by ALPN
    bool v6 = false;
    bool hold_all = false;  // accept and never say anything: no thread per connection
  };

  explicit LoopbackServer(Script script) : LoopbackServer(std::move(script), Options()) {}
  LoopbackServer(Script script, Options options);
  ~LoopbackServer();
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url(std::string_view path = "/") const;
  [[nodiscard]] int accepted() const { return accepted_; }

 private:
  void accept_all();
  void serve(int socket);

  Script script_;
  Options options_;
  SSL_CTX* tls_ = nullptr;
  int listener_ = -1;
  int stop_ = -1;  // an eventfd that becomes readable for good
  std::uint16_t port_ = 0;
  std::atomic<int> accepted_ = 0;
  std::vector<int> held_;
  std::vector<std::thread> serving_;  // accept thread, then the destructor
  std::thread accepting_;
};

// A port on which nobody listens.
[[nodiscard]] std::uint16_t closed_port();

// Raises the soft limit of descriptors as far as it goes; the limit then in force.
std::size_t raise_descriptor_limit();

}  // namespace tocsin::test

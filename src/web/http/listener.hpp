#pragma once
// Carries requests over HTTP/1.1 and TLS on the loop's thread. Knows nothing of what they ask.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/log.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "config/model.hpp"
#include "web/context.hpp"
#include "web/request.hpp"

namespace boost::asio {
class io_context;  // NOLINT(readability-identifier-naming): the library's name
}

namespace tocsin::web {

struct ListenerOptions {
  config::Listen listen;             // port 0: any free one
  std::uint32_t connections = 1000;  // served at one time; further ones get 503
  std::uint32_t max_header_bytes = 16U << 10U;
  std::uint64_t max_body_bytes = std::uint64_t{1} << 20U;
  std::uint64_t max_dropped_bytes = std::uint64_t{256} << 20U;  // of a body kept in part
  Milliseconds header_timeout{10'000};    // TLS handshake; a whole request head from its first byte
  Milliseconds body_timeout{30'000};      // a whole body
  Milliseconds idle_timeout{75'000};      // between two requests
  Milliseconds write_timeout{60'000};     // a whole answer
  Milliseconds handler_timeout{120'000};  // then 504; what was asked for goes on
  Milliseconds stop_grace{5'000};         // for answers under way when the listener stops
};

struct RequestHandler {
  // Judges a head before its body is read; nullopt: go on. See Api::refuse_head.
  std::function<std::optional<Response>(const Request&)> refuse_head;
  std::function<void(Request, Responder)> handle;
  // Of an accepted head: how many bytes of its body are to be kept, while the rest is read and
  // dropped; nullopt, or left empty: all of it, and more than max_body_bytes is refused.
  std::function<std::optional<std::uint64_t>(const Request&)> keep_of_body;
};

// Loop thread only: the thread that runs the io_context. Must be destroyed before the io_context;
// destroying it without stop() cuts every connection.
class Listener {
 public:
  // Binds and begins to accept as soon as the loop runs. conflict: the port is taken; invalid: the
  // address or the certificate cannot be used; unavailable: anything else. The message names the
  // key to change. `log` and `stats` are borrowed.
  [[nodiscard]] static Result<std::unique_ptr<Listener>> open(boost::asio::io_context& loop,
                                                              ListenerOptions options,
                                                              RequestHandler handler, Logger& log,
                                                              TransportStats& stats);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  // "https://127.0.0.1:7400"
  [[nodiscard]] std::string url() const;

  // Reads the files of `listen.tls` again, for connections from now on: certificates are renewed
  // more often than a daemon is restarted. Nothing happens without TLS. invalid: they cannot be
  // used, those in use stay.
  [[nodiscard]] Result<void> renew_certificate();

  // Accepts nothing more, closes idle connections, lets answers under way end within stop_grace.
  // `done` runs on the loop thread when the last connection is gone. Call once.
  void stop(std::move_only_function<void()> done);

 private:
  class Impl;
  explicit Listener(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace tocsin::web

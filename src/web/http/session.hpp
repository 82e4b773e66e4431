#pragma once
// One connection. Internal to web/http.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "web/http/listener.hpp"

namespace tocsin::web::http {

// What all connections of a listener share. Outlives them.
struct Environment {
  ListenerOptions options;
  RequestHandler handler;
  TransportStats* stats;  // never null
  Logger* log = nullptr;
  TransportStats orphaned{};  // counted into once the listener is gone and connections still end
  bool stopping = false;
};

class Session {
 public:
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  virtual ~Session() = default;

  // Until the connection is over. The caller keeps the session alive meanwhile.
  virtual boost::asio::awaitable<void> run() = 0;
  // Turns the connection away with 503 instead of run(); without TLS only.
  virtual boost::asio::awaitable<void> turn_away() = 0;
  // Ends an idle connection now and a busy one after its answer.
  virtual void stop() = 0;
  // Ends it now.
  virtual void abort() = 0;
};

// `tls` is null for plain HTTP; borrowed.
[[nodiscard]] std::shared_ptr<Session> make_session(boost::asio::ip::tcp::socket socket,
                                                    boost::asio::ssl::context* tls,
                                                    std::shared_ptr<Environment> environment);

}  // namespace tocsin::web::http

#include "web/http/listener.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <map>
#include <utility>

#include "web/http/session.hpp"

namespace tocsin::web {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

// Connections that are being turned away with 503; more are closed without a word.
constexpr std::size_t kTurnedAwayAtOnce = 64;
constexpr Milliseconds kAcceptPause{100};

Result<tcp::endpoint> endpoint_of(const config::Listen& listen) {
  std::string host = listen.host == "localhost" ? "127.0.0.1" : listen.host;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  error_code error;
  const auto address = asio::ip::make_address(host, error);
  if (error) {
    return fail(ErrorCode::invalid,
                fmt::format("`listen`: \"{}\" is not a numeric address: write for example "
                            "127.0.0.1:7400, 0.0.0.0:7400 or [::1]:7400",
                            listen.host));
  }
  return tcp::endpoint(address, listen.port);
}

Error bind_error(const tcp::endpoint& endpoint, const error_code& error) {
  std::string where = endpoint.address().is_v6()
                          ? fmt::format("[{}]:{}", endpoint.address().to_string(), endpoint.port())
                          : fmt::format("{}:{}", endpoint.address().to_string(), endpoint.port());
  if (error == asio::error::address_in_use) {
    return {ErrorCode::conflict,
            fmt::format("cannot listen on {}: another program has this port: change `listen` in "
                        "the configuration, or stop that program",
                        where)};
  }
  if (error == asio::error::access_denied) {
    return {ErrorCode::invalid,
            fmt::format("cannot listen on {}: permission denied: change `listen` to a port of "
                        "1024 or more",
                        where)};
  }
  if (error == boost::system::errc::address_not_available) {
    return {ErrorCode::invalid,
            fmt::format("cannot listen on {}: this machine does not have that address: change "
                        "`listen`",
                        where)};
  }
  return {ErrorCode::unavailable,
          fmt::format("cannot listen on {}: {}: see `listen`", where, error.message())};
}

Result<std::unique_ptr<asio::ssl::context>> tls_context(const config::ListenTls& files) {
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  error_code error;
  static_cast<void>(
      context->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                               asio::ssl::context::no_tlsv1_1 | asio::ssl::context::no_compression,
                           error));
  static_cast<void>(context->use_certificate_chain_file(files.certificate_file, error));
  if (error) {
    return fail(ErrorCode::invalid,
                fmt::format("`listen.tls.certificate_file`: cannot use \"{}\": {}",
                            files.certificate_file, error.message()));
  }
  // Otherwise OpenSSL asks whoever sits at the terminal, and waits.
  const auto encrypted = std::make_shared<bool>(false);
  const auto no_passphrase = [encrypted](std::size_t /*most*/,
                                         asio::ssl::context::password_purpose /*purpose*/) {
    *encrypted = true;
    return std::string();
  };
  static_cast<void>(context->set_password_callback(no_passphrase, error));
  static_cast<void>(context->use_private_key_file(files.key_file, asio::ssl::context::pem, error));
  if (error && *encrypted) {
    return fail(
        ErrorCode::invalid,
        fmt::format("`listen.tls.key_file`: \"{}\" is protected by a passphrase, which nobody "
                    "can be asked for; store the key without one",
                    files.key_file));
  }
  if (error) {
    return fail(ErrorCode::invalid,
                fmt::format("`listen.tls.key_file`: cannot use \"{}\" with that certificate: {}",
                            files.key_file, error.message()));
  }
  return context;
}

}  // namespace

// Owns the acceptor and every session. Kept alive by its tasks; close() cuts it off from the
// outside.
class Listener::Impl : public std::enable_shared_from_this<Listener::Impl> {
 public:
  Impl(asio::io_context& loop, ListenerOptions options, RequestHandler handler, Logger& log,
       TransportStats& stats)
      : loop_(loop),
        acceptor_(loop),
        pause_(loop),
        grace_(loop),
        log_(&log),
        environment_(std::make_shared<http::Environment>(
            http::Environment{std::move(options), std::move(handler), &stats, &log})) {}

  Result<void> bind() {
    const auto endpoint = endpoint_of(environment_->options.listen);
    if (!endpoint) {
      return std::unexpected(endpoint.error());
    }
    if (auto read = read_certificate(); !read) {
      return read;
    }
    error_code error;
    static_cast<void>(acceptor_.open(endpoint->protocol(), error));
    if (!error) {
      static_cast<void>(acceptor_.set_option(tcp::acceptor::reuse_address(true), error));
    }
    if (!error) {
      static_cast<void>(acceptor_.bind(*endpoint, error));
    }
    if (!error) {
      static_cast<void>(acceptor_.listen(asio::socket_base::max_listen_connections, error));
    }
    if (error) {
      return std::unexpected(bind_error(*endpoint, error));
    }
    bound_ = acceptor_.local_endpoint(error);
    return {};
  }

  // Connections that are there keep what they began with.
  Result<void> read_certificate() {
    const auto& files = environment_->options.listen.tls;
    if (!files) {
      return {};
    }
    auto context = tls_context(*files);
    if (!context) {
      return std::unexpected(std::move(context.error()));
    }
    tls_ = std::move(*context);
    return {};
  }

  void start() {
    auto ended = [self = shared_from_this()](const std::exception_ptr& failure) {
      self->report(failure, "the listener's accept loop ended");
    };
    asio::co_spawn(loop_, accept_loop(), std::move(ended));
  }

  [[nodiscard]] const tcp::endpoint& bound() const { return bound_; }
  [[nodiscard]] bool secure() const { return tls_ != nullptr; }

  void stop(std::move_only_function<void()> done) {
    stopped_ = std::move(done);
    environment_->stopping = true;
    close_acceptor();
    for (const auto& [id, session] : sessions_) {
      session->stop();
    }
    grace_.expires_after(environment_->options.stop_grace);
    grace_.async_wait([self = shared_from_this()](const error_code& error) {
      if (!error) {
        self->abort_all();
      }
    });
    tell_when_empty();
  }

  // The outside goes away: nothing of it may be used from here on.
  void close() {
    environment_->stopping = true;
    environment_->handler.refuse_head = [](const Request&) {
      return std::optional(problem_response({503, "unavailable", "Tocsin is stopping"}));
    };
    environment_->handler.handle = [](const Request&, const Responder&) {};
    environment_->handler.keep_of_body = nullptr;
    log_ = nullptr;
    environment_->log = nullptr;
    environment_->orphaned = *environment_->stats;
    environment_->stats = &environment_->orphaned;
    stopped_ = nullptr;
    close_acceptor();
    grace_.cancel();
    abort_all();
  }

 private:
  asio::awaitable<void> accept_loop() {
    while (acceptor_.is_open()) {
      error_code error;
      tcp::socket socket =
          co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (!error) {
        accept_trouble_ = false;
        take(std::move(socket));
      } else if (error != asio::error::operation_aborted && acceptor_.is_open()) {
        if (log_ != nullptr && !accept_trouble_) {
          log_->warn("cannot accept connections for now", {{"error", error.message()}});
        }
        accept_trouble_ = true;
        // Out of descriptors, most likely: the connection stays in the kernel's queue meanwhile.
        pause_.expires_after(kAcceptPause);
        co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, error));
      }
    }
  }

  void take(tcp::socket socket) {
    error_code ignored;
    static_cast<void>(socket.set_option(tcp::no_delay(true), ignored));
    TransportStats& stats = *environment_->stats;
    if (stats.connections < environment_->options.connections) {
      ++stats.accepted;
      spawn(std::move(socket), false);
      return;
    }
    ++stats.rejected;
    // A TLS handshake is too much work for somebody who is turned away.
    if (tls_ == nullptr && turned_away_ < kTurnedAwayAtOnce) {
      spawn(std::move(socket), true);
    }
  }

  void spawn(tcp::socket socket, bool turn_away) {
    const std::uint64_t id = ++last_id_;
    auto session = http::make_session(std::move(socket), tls_.get(), environment_);
    sessions_.emplace(id, session);
    ++(turn_away ? turned_away_ : environment_->stats->connections);
    auto ended = [self = shared_from_this(), session, id,
                  turn_away](const std::exception_ptr& failure) {
      --(turn_away ? self->turned_away_ : self->environment_->stats->connections);
      self->sessions_.erase(id);
      self->report(failure, "a connection ended by a failure of ours");
      self->tell_when_empty();
    };
    asio::co_spawn(loop_, turn_away ? session->turn_away() : session->run(), std::move(ended));
  }

  void report(const std::exception_ptr& failure, std::string_view what) {
    if (!failure || log_ == nullptr) {
      return;
    }
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& e) {
      log_->error(what, {{"error", e.what()}});
    }
  }

  void tell_when_empty() {
    if (stopped_ && sessions_.empty()) {
      grace_.cancel();
      asio::post(loop_, std::exchange(stopped_, nullptr));
    }
  }

  void abort_all() {
    for (const auto& [id, session] : sessions_) {
      session->abort();
    }
  }

  void close_acceptor() {
    error_code ignored;
    static_cast<void>(acceptor_.close(ignored));
    pause_.cancel();
  }

  asio::io_context& loop_;
  tcp::acceptor acceptor_;
  tcp::endpoint bound_;
  asio::steady_timer pause_;
  asio::steady_timer grace_;
  Logger* log_;
  std::unique_ptr<asio::ssl::context> tls_;
  std::shared_ptr<http::Environment> environment_;
  std::map<std::uint64_t, std::shared_ptr<http::Session>> sessions_;
  std::uint64_t last_id_ = 0;
  std::uint64_t turned_away_ = 0;
  bool accept_trouble_ = false;
  std::move_only_function<void()> stopped_;
};

Listener::Listener(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

// NOLINTNEXTLINE(bugprone-exception-escape): timers that cannot be cancelled are a defect of ours
Listener::~Listener() { impl_->close(); }

Result<std::unique_ptr<Listener>> Listener::open(boost::asio::io_context& loop,
                                                 ListenerOptions options, RequestHandler handler,
                                                 Logger& log, TransportStats& stats) {
  auto impl = std::make_shared<Impl>(loop, std::move(options), std::move(handler), log, stats);
  if (auto bound = impl->bind(); !bound) {
    return std::unexpected(std::move(bound.error()));
  }
  impl->start();
  return std::unique_ptr<Listener>(new Listener(std::move(impl)));
}

std::uint16_t Listener::port() const { return impl_->bound().port(); }

std::string Listener::url() const {
  const std::string host = impl_->bound().address().to_string();
  const bool v6 = impl_->bound().address().is_v6();
  return fmt::format("{}://{}{}{}:{}", impl_->secure() ? "https" : "http", v6 ? "[" : "", host,
                     v6 ? "]" : "", port());
}

Result<void> Listener::renew_certificate() { return impl_->read_certificate(); }

void Listener::stop(std::move_only_function<void()> done) { impl_->stop(std::move(done)); }

}  // namespace tocsin::web

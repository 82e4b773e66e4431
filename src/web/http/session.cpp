#include "web/http/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <exception>
#include <type_traits>
#include <utility>

#include "web/framing.hpp"
#include "web/http/clipped_body.hpp"
#include "web/http/exchange.hpp"

namespace tocsin::web::http {
namespace {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using TlsStream = asio::ssl::stream<tcp::socket>;
using Parser = beast_http::request_parser<ClippedBody>;

constexpr Milliseconds kFarewell{2000};
constexpr std::size_t kFarewellBytes = std::size_t{256} << 10U;

// What to say about a request that cannot be read; nullopt: the peer is gone, say nothing.
std::optional<Problem> problem_of_read(const error_code& code, bool timed_out) {
  using error = beast_http::error;
  if (timed_out) {
    return Problem{408, "request_timeout", "the request did not arrive in time"};
  }
  if (code.category() != beast_http::make_error_code(error::end_of_stream).category() ||
      code == error::end_of_stream) {
    return std::nullopt;
  }
  if (code == error::header_limit || code == error::buffer_overflow) {
    return Problem{431, "headers_too_large", "the request's head is longer than 16 KiB"};
  }
  if (code == error::body_limit) {
    return Problem{413, "body_too_large",
                   "the request's body is too long: 1 MiB is read, of a ping 256 MiB"};
  }
  if (code == error::bad_version) {
    return Problem{505, "version_not_supported", "only HTTP/1.1 and HTTP/1.0 are understood"};
  }
  if (code == error::partial_message) {
    return Problem{400, "bad_request", "the request ended too early"};
  }
  return Problem{400, "bad_request", "this is not valid HTTP: " + code.message()};
}

Request head_of(const Parser& parser, const std::string& peer) {
  Request out;
  const auto& message = parser.get();
  out.method = std::string(message.method_string());
  out.target = std::string(message.target());
  out.minor_version = message.version() == 10 ? 0 : 1;
  out.peer = peer;
  for (const auto& field : message) {
    std::string name(field.name_string());
    std::ranges::transform(name, name.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    out.headers.emplace_back(std::move(name), std::string(field.value()));
  }
  return out;
}

template <typename Stream>
class SessionOn final : public Session, public std::enable_shared_from_this<SessionOn<Stream>> {
 public:
  template <typename... Tls>
  SessionOn(std::shared_ptr<Environment> environment, tcp::socket socket, Tls&... tls)
      : environment_(std::move(environment)),
        deadline_(socket.get_executor()),
        answered_(socket.get_executor()),
        stream_(std::move(socket), tls...),
        buffer_(environment_->options.max_header_bytes + kReadAhead) {
    error_code ignored;
    const tcp::endpoint peer = this->socket().remote_endpoint(ignored);
    peer_ = fmt::format("{}:{}", peer.address().to_string(), peer.port());
  }

  asio::awaitable<void> run() override {
    bool go_on = co_await shake_hands();
    while (go_on) {
      go_on = co_await serve_one();
    }
    co_await say_farewell();
  }

  asio::awaitable<void> turn_away() override {
    Response response = problem_response(
        {503, "too_many_connections", "all connections are in use: try again shortly"});
    response.headers.emplace_back("Retry-After", "1");
    response.close = true;
    const bool head_only = false;
    co_await write(std::move(response), false, head_only);
    co_await say_farewell();
  }

  void stop() override {
    if (idle_) {
      end_reading();
    }
  }

  void abort() override {
    error_code ignored;
    socket().close(ignored);
    answered_.cancel();
  }

 private:
  static constexpr std::size_t kReadAhead = std::size_t{64} << 10U;
  enum class Expiry : std::uint8_t { end_reading, close };

  tcp::socket& socket() {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }

  // Bounds what follows until the next arm() or disarm(). Ending reading, unlike cancelling, also
  // stops a read that is between two of its steps, and leaves the way open for a 408.
  void arm(Milliseconds timeout, Expiry expiry) {
    timed_out_ = false;
    const std::uint64_t generation = ++generation_;
    deadline_.expires_after(timeout);
    deadline_.async_wait(
        [self = this->weak_from_this(), generation, expiry](const error_code& error) {
          const auto session = self.lock();
          if (!error && session != nullptr && session->generation_ == generation) {
            session->expire(expiry);
          }
        });
  }

  void disarm() {
    ++generation_;
    deadline_.cancel();
  }

  void expire(Expiry expiry) {
    timed_out_ = true;
    if (expiry == Expiry::end_reading) {
      end_reading();
    } else {
      error_code ignored;
      socket().close(ignored);
    }
  }

  void end_reading() {
    error_code ignored;
    socket().shutdown(tcp::socket::shutdown_receive, ignored);
  }

  asio::awaitable<bool> shake_hands() {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      arm(environment_->options.header_timeout, Expiry::close);
      error_code error;
      co_await stream_.async_handshake(asio::ssl::stream_base::server,
                                       asio::redirect_error(asio::use_awaitable, error));
      disarm();
      shaken_ = !error;
      environment_->stats->timeouts += timed_out_ ? 1U : 0U;
      environment_->stats->malformed += error && !timed_out_ ? 1U : 0U;
      co_return shaken_;
    }
    co_return true;
  }

  // Waits for the first byte of a request. False when the connection is over.
  asio::awaitable<bool> wait_for_request() {
    if (buffer_.size() > 0) {
      co_return !environment_->stopping;
    }
    if (environment_->stopping) {
      co_return false;
    }
    const ListenerOptions& options = environment_->options;
    arm(served_ ? options.idle_timeout : options.header_timeout, Expiry::end_reading);
    idle_ = true;
    error_code error;
    const std::size_t size = co_await stream_.async_read_some(
        buffer_.prepare(4096), asio::redirect_error(asio::use_awaitable, error));
    idle_ = false;
    disarm();
    buffer_.commit(size);
    co_return !error && size > 0;
  }

  // Reads, hands over, answers one request. False when the connection must end.
  asio::awaitable<bool> serve_one() {
    const bool begun = co_await wait_for_request();
    if (!begun) {
      co_return false;
    }
    served_ = true;
    Parser parser;
    parser.header_limit(environment_->options.max_header_bytes);
    // Until the head says whose body it is.
    parser.body_limit(
        std::max(environment_->options.max_dropped_bytes, environment_->options.max_body_bytes));
    arm(environment_->options.header_timeout, Expiry::end_reading);
    error_code error;
    co_await beast_http::async_read_header(stream_, buffer_, parser,
                                           asio::redirect_error(asio::use_awaitable, error));
    disarm();
    if (error) {
      co_await refuse_reading(error);
      co_return false;
    }
    Request request = head_of(parser, peer_);
    const bool head_only = request.method == "HEAD";
    const bool keep_alive = parser.keep_alive();
    if (auto refused = judge(request)) {
      refused->close = refused->close || announces_body(request);
      co_return co_await write(std::move(*refused), keep_alive, head_only);
    }
    if (!bound_body(request, parser)) {
      co_await refuse_reading(beast_http::make_error_code(beast_http::error::body_limit));
      co_return false;
    }
    const bool complete = co_await read_body(request, parser);
    if (!complete) {
      co_return false;
    }
    request.body = std::move(parser.get().body().text);
    Response response = co_await answer(std::move(request));
    co_return co_await write(std::move(response), keep_alive, head_only);
  }

  // False: the body is announced to be longer than is taken.
  [[nodiscard]] bool bound_body(const Request& head, Parser& parser) const {
    const auto& keep_of_body = environment_->handler.keep_of_body;
    if (const auto keep = keep_of_body ? keep_of_body(head) : std::nullopt) {
      parser.get().body().keep = *keep;
      return true;
    }
    const std::uint64_t most = environment_->options.max_body_bytes;
    parser.body_limit(most);
    return parser.content_length().value_or(0) <= most;
  }

  std::optional<Response> judge(const Request& head) {
    try {
      return environment_->handler.refuse_head(head);
    } catch (const std::exception& e) {
      return surprise(head, e);
    }
  }

  // The library's words are for the operator, not for the client.
  Response surprise(const Request& request, const std::exception& e) {
    if (environment_->log != nullptr) {
      // Whoever knows the path of a ping may ping.
      const bool ping = request.target.starts_with("/ping/");
      environment_->log->error(
          "a request failed by a defect of ours",
          {{"target", ping ? std::string("/ping/***") : request.target}, {"error", e.what()}});
    }
    return problem_response({500, "internal", "an internal failure; the log has more"});
  }

  // Awaited at once by the coroutine that owns both.
  // NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters)
  asio::awaitable<bool> read_body(const Request& head, Parser& parser) {
    if (parser.is_done()) {
      co_return true;
    }
    arm(environment_->options.body_timeout, Expiry::end_reading);
    error_code error;
    if (head.header("expect")) {
      static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      co_await asio::async_write(stream_, asio::buffer(kContinue),
                                 asio::redirect_error(asio::use_awaitable, error));
    }
    if (!error) {
      co_await beast_http::async_read(stream_, buffer_, parser,
                                      asio::redirect_error(asio::use_awaitable, error));
    }
    disarm();
    if (error) {
      co_await refuse_reading(error);
    }
    co_return !error;
  }

  asio::awaitable<void> refuse_reading(error_code error) {
    const auto problem = problem_of_read(error, timed_out_);
    environment_->stats->timeouts += timed_out_ ? 1U : 0U;
    if (!problem) {
      co_return;
    }
    environment_->stats->malformed += timed_out_ ? 0U : 1U;
    Response response = problem_response(*problem);
    const bool keep_alive = false;
    const bool head_only = false;
    co_await write(std::move(response), keep_alive, head_only);
  }

  // Asks the handler and waits until it answers.
  asio::awaitable<Response> answer(Request request) {
    auto exchange = std::make_shared<Exchange>();
    // When this frame goes, in whatever way, the handler's answer must not wake it.
    struct Forget {
      Exchange& exchange;
      ~Forget() { exchange.wake = nullptr; }
    } const forget{*exchange};
    try {
      environment_->handler.handle(std::move(request), Responder(Answer(exchange)));
    } catch (const std::exception& e) {
      exchange->answer = surprise(Request{}, e);
    }
    if (!exchange->answer) {
      answered_.expires_after(environment_->options.handler_timeout);
      exchange->wake = [this] { answered_.cancel(); };
      error_code ignored;
      co_await answered_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    if (!exchange->answer) {
      environment_->stats->timeouts += 1;
      exchange->answer =
          problem_response({504, "timeout", "no answer yet; what was asked for goes on"});
    }
    Response response = std::move(*exchange->answer);
    co_return response;
  }

  // True when the connection can serve another request.
  asio::awaitable<bool> write(Response response, bool keep_alive, bool head_only) {
    const bool stays = keep_alive && !response.close && !environment_->stopping;
    beast_http::response<beast_http::string_body> message;
    message.version(11);
    message.result(static_cast<unsigned>(response.status));
    for (const auto& [name, value] : response.headers) {
      message.insert(name, value);
    }
    message.body() = std::move(response.body);
    message.prepare_payload();
    message.keep_alive(stays);
    beast_http::response_serializer<beast_http::string_body> serializer(message);
    arm(environment_->options.write_timeout, Expiry::close);
    error_code error;
    if (head_only) {
      co_await beast_http::async_write_header(stream_, serializer,
                                              asio::redirect_error(asio::use_awaitable, error));
    } else {
      co_await beast_http::async_write(stream_, serializer,
                                       asio::redirect_error(asio::use_awaitable, error));
    }
    disarm();
    environment_->stats->timeouts += timed_out_ ? 1U : 0U;
    co_return stays && !error;
  }

  // Says that nothing follows, then reads what the peer still sends for a moment: closing a socket
  // with unread bytes resets it, which can destroy an answer on its way (RFC 9112 section 9.6).
  asio::awaitable<void> say_farewell() {
    if (!socket().is_open()) {
      co_return;
    }
    arm(std::min(kFarewell, environment_->options.stop_grace), Expiry::close);
    error_code error;
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      if (shaken_) {
        co_await stream_.async_shutdown(asio::redirect_error(asio::use_awaitable, error));
      }
    }
    error_code ignored;
    socket().shutdown(tcp::socket::shutdown_send, ignored);
    std::array<char, 4096> waste;
    std::size_t wasted = 0;
    error.clear();
    while (!error && wasted < kFarewellBytes && socket().is_open()) {
      wasted += co_await socket().async_read_some(asio::buffer(waste),
                                                  asio::redirect_error(asio::use_awaitable, error));
    }
    disarm();
    socket().close(ignored);
  }

  std::shared_ptr<Environment> environment_;
  asio::steady_timer deadline_;
  asio::steady_timer answered_;
  Stream stream_;
  boost::beast::flat_buffer buffer_;
  std::string peer_;
  std::uint64_t generation_ = 0;
  bool timed_out_ = false;
  bool served_ = false;
  bool idle_ = false;
  bool shaken_ = false;
};

}  // namespace

std::shared_ptr<Session> make_session(tcp::socket socket, asio::ssl::context* tls,
                                      std::shared_ptr<Environment> environment) {
  if (tls != nullptr) {
    return std::make_shared<SessionOn<TlsStream>>(std::move(environment), std::move(socket), *tls);
  }
  return std::make_shared<SessionOn<tcp::socket>>(std::move(environment), std::move(socket));
}

}  // namespace tocsin::web::http

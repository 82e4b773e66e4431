#include "adapters/tcp_asio/tcp_asio.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <set>
#include <string>
#include <utility>

#include "base/socket_error.hpp"

namespace tocsin::adapters {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Kind = ports::TcpFailure::Kind;
using Done = std::move_only_function<void(ports::TcpResult)>;

constexpr std::size_t kReadChunk = 4'096;

}  // namespace

// What exchanges need of the client, and who is under way. Outlives the client by its exchanges.
struct TcpAsio::Shared {
  ports::Loop& loop;
  const ports::Clock& clock;
  asio::io_context& context;
  std::set<Exchange*> active;
};

// Kept alive by the handlers of its socket and by its timer.
class TcpAsio::Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(std::shared_ptr<Shared> shared, ports::TcpRequest request, Done done)
      : shared_(std::move(shared)),
        request_(std::move(request)),
        done_(std::move(done)),
        socket_(shared_->context),
        started_(shared_->clock.mono_now()) {
    shared_->active.insert(this);
  }
  ~Exchange() { shared_->active.erase(this); }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  void start() {
    arm(connect_limit());
    error_code error;
    const auto address = asio::ip::make_address(request_.address, error);
    if (error) {
      fail(Kind::internal, "the address to connect to is not numeric");
      return;
    }
    const tcp::endpoint endpoint(address, request_.port);
    static_cast<void>(socket_.open(endpoint.protocol(), error));
    if (error) {
      fail_connect(error);
      return;
    }
    socket_.async_connect(endpoint, [self = shared_from_this()](const error_code& connected) {
      self->on_connect(connected);
    });
  }

  void cancel() { fail(Kind::cancelled, "stopping"); }

 private:
  // Until the connection stands; the whole timeout when the request sets none of its own.
  Milliseconds connect_limit() const {
    const bool own = request_.connect_timeout > Milliseconds{0};
    return own ? std::min(request_.connect_timeout, request_.timeout) : request_.timeout;
  }

  void arm(Milliseconds limit) {
    shared_->loop.cancel(timer_);
    timer_ = shared_->loop.call_at(started_ + limit,
                                   [self = shared_from_this()] { self->on_timeout(); });
  }

  Microseconds elapsed() const { return shared_->clock.mono_now() - started_; }

  void on_timeout() {
    timer_ = 0;
    const std::string limit = format_duration(request_.timeout);
    if (!connected_) {
      fail(Kind::timeout, "no connection within " + format_duration(connect_limit()));
    } else if (received_.empty()) {
      fail(Kind::timeout, "connected, but no answer within " + limit);
    } else {
      fail(Kind::timeout, "connected, but the expected answer did not come within " + limit);
    }
  }

  void on_connect(const error_code& error) {
    if (!done_) {
      return;
    }
    if (error) {
      fail_connect(error);
      return;
    }
    connected_ = true;
    timings_.connect = elapsed();
    if (connect_limit() < request_.timeout) {
      arm(request_.timeout);
    }
    if (!request_.send.empty()) {
      asio::async_write(socket_, asio::buffer(request_.send),
                        [self = shared_from_this()](const error_code& sent, std::size_t) {
                          self->on_sent(sent);
                        });
    } else if (request_.expect.empty()) {
      succeed();
    }
    // An answer may come, and be enough, before everything is sent.
    if (done_ && !request_.expect.empty()) {
      read();
    }
  }

  void on_sent(const error_code& error) {
    if (!done_) {
      return;
    }
    if (error) {
      fail_closed(error);
    } else if (request_.expect.empty()) {
      succeed();
    }
  }

  void read() {
    socket_.async_read_some(asio::buffer(chunk_),
                            [self = shared_from_this()](const error_code& error, std::size_t size) {
                              self->on_read(error, size);
                            });
  }

  void on_read(const error_code& error, std::size_t size) {
    if (!done_) {
      return;
    }
    if (error) {
      fail_closed(error);
      return;
    }
    if (!timings_.first_byte) {
      timings_.first_byte = elapsed();
    }
    const std::size_t room = request_.max_read_bytes - received_.size();
    const std::size_t before = received_.size();
    received_.append(chunk_.data(), std::min(size, room));
    // The expected bytes may have begun in an earlier chunk.
    const std::size_t overlap = std::min(before, request_.expect.size() - 1);
    if (received_.find(request_.expect, before - overlap) != std::string::npos) {
      succeed();
    } else if (received_.size() >= request_.max_read_bytes) {
      fail(Kind::mismatch,
           "the expected answer is not within the first " + format_size(request_.max_read_bytes));
    } else {
      read();
    }
  }

  void fail_connect(const error_code& error) {
    const bool ours = socket_fault(error.value()) == SocketFault::local;
    fail(ours ? Kind::resources : Kind::connect, describe_socket_error(error.value()));
  }

  void fail_closed(const error_code& error) {
    const bool orderly = error == asio::error::eof || error == asio::error::broken_pipe;
    const std::string what = orderly ? "connection closed" : describe_socket_error(error.value());
    fail(Kind::closed,
         what + (request_.expect.empty() ? " while sending" : " before the expected answer"));
  }

  void fail(Kind kind, std::string message) {
    if (!done_) {
      return;
    }
    timings_.total = elapsed();
    ports::TcpFailure failure;
    failure.kind = kind;
    failure.message = std::move(message);
    failure.connected = connected_;
    failure.received = std::move(received_);
    failure.timings = timings_;
    finish(std::unexpected(std::move(failure)));
  }

  void succeed() {
    timings_.total = elapsed();
    ports::TcpResponse response;
    response.received = std::move(received_);
    response.timings = timings_;
    finish(std::move(response));
  }

  void finish(ports::TcpResult result) {
    if (timer_ != 0) {
      shared_->loop.cancel(timer_);
    }
    error_code ignored;
    static_cast<void>(socket_.close(ignored));
    shared_->active.erase(this);
    Done done = std::exchange(done_, {});
    // A socket that cannot be opened ends inside start(): never inline.
    shared_->loop.post([done = std::move(done), result = std::move(result)]() mutable {
      done(std::move(result));
    });
  }

  std::shared_ptr<Shared> shared_;
  ports::TcpRequest request_;
  Done done_;  // empty: ended
  tcp::socket socket_;
  MonoTime started_;
  ports::TimerId timer_ = 0;
  bool connected_ = false;
  std::string received_;
  std::array<char, kReadChunk> chunk_{};
  check::Timings timings_;
};

TcpAsio::TcpAsio(ports::Loop& loop, const ports::Clock& clock, asio::io_context& context)
    : shared_(std::make_shared<Shared>(loop, clock, context)) {}

TcpAsio::~TcpAsio() {
  // Ending one lets go of it; its destructor must not disturb the walk.
  std::vector<std::shared_ptr<Exchange>> active;
  for (Exchange* exchange : shared_->active) {
    active.push_back(exchange->shared_from_this());
  }
  for (const auto& exchange : active) {
    exchange->cancel();
  }
}

void TcpAsio::start(ports::TcpRequest request, Done done) {
  std::make_shared<Exchange>(shared_, std::move(request), std::move(done))->start();
}

}  // namespace tocsin::adapters

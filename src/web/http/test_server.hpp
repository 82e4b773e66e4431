#pragma once
// For tests only: a real listener on a free loopback port, its loop on a thread, and a blocking raw
// client.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "web/http/listener.hpp"

namespace tocsin::web::test {

// Owns loop, thread and listener. The handler and everything it touches belong to the loop thread.
class TestServer {
 public:
  TestServer(ListenerOptions options, RequestHandler handler)
      : guard_(boost::asio::make_work_guard(loop_)) {
    options.listen.host = "127.0.0.1";
    options.listen.port = 0;
    auto opened = Listener::open(loop_, std::move(options), std::move(handler), log_, stats_);
    if (!opened) {
      ADD_FAILURE() << opened.error().message;
      std::abort();
    }
    listener_ = std::move(*opened);
    port_ = listener_->port();
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~TestServer() {  // NOLINT(bugprone-exception-escape): then the test may end here
    on_loop([this] { listener_.reset(); });
    guard_.reset();
    loop_.stop();
    thread_.join();
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] boost::asio::io_context& context() { return loop_; }
  // Runs on the loop thread and waits for it.
  void on_loop(const std::function<void()>& task) {
    std::promise<void> done;
    boost::asio::post(loop_, [&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }
  [[nodiscard]] TransportStats stats() {
    TransportStats out;
    on_loop([&] { out = stats_; });
    return out;
  }
  // Waits, by turning around the loop, until a count holds; the loop's own timeouts bound it.
  void wait_until(const std::function<bool(const TransportStats&)>& holds) {
    while (!holds(stats())) {
      std::this_thread::yield();
    }
  }
  // Begins a graceful stop; the future is ready when the last connection is gone.
  std::future<void> stop() {
    auto done = std::make_shared<std::promise<void>>();
    std::future<void> out = done->get_future();
    on_loop([&] { listener_->stop([done] { done->set_value(); }); });
    return out;
  }

 private:
  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  NullLogger log_;
  TransportStats stats_;
  std::unique_ptr<Listener> listener_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(context_) {
    const boost::asio::ip::tcp::endpoint server(boost::asio::ip::address_v4::loopback(), port);
    socket_.connect(server);
  }
  bool send(const std::string& text) {
    boost::system::error_code error;
    boost::asio::write(socket_, boost::asio::buffer(text), error);
    return !error;
  }
  void end() {
    boost::system::error_code ignored;
    static_cast<void>(socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored));
  }
  // One whole answer by its Content-Length; less when the server closes. `bodiless`: of a HEAD.
  std::string read_answer(bool bodiless = false) {
    while (true) {
      const std::size_t end = held_.find("\r\n\r\n");
      if (end != std::string::npos) {
        const std::size_t whole = end + 4 + (bodiless ? 0 : content_length(held_.substr(0, end)));
        if (held_.size() >= whole) {
          std::string out = held_.substr(0, whole);
          held_.erase(0, whole);
          return out;
        }
      }
      if (!read_more()) {
        return std::exchange(held_, "");
      }
    }
  }
  // Everything until the server closes.
  std::string read_all() {
    while (read_more()) {
    }
    return std::exchange(held_, "");
  }

 private:
  static std::size_t content_length(const std::string& head) {
    const std::size_t at = head.find("Content-Length: ");
    return at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
  }
  bool read_more() {
    std::array<char, 8192> chunk{};
    boost::system::error_code error;
    const std::size_t size = socket_.read_some(boost::asio::buffer(chunk), error);
    held_.append(chunk.data(), size);
    return !error;
  }

  boost::asio::io_context context_;
  boost::asio::ip::tcp::socket socket_;
  std::string held_;
};

inline int status_of(const std::string& answer) {
  return answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0;
}

// A handler that answers every path at once with its own request line.
inline RequestHandler echo_handler() {
  RequestHandler out;
  out.refuse_head = [](const Request&) { return std::optional<Response>(); };
  out.handle = [](const Request& request, Responder respond) {
    respond(
        text_response("text/plain", request.method + " " + request.target + " " + request.body));
  };
  return out;
}

}  // namespace tocsin::web::test

// The listener of the timers on real sockets: what it does with good and bad clients.

#include "web/wire/wire_server.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "adapters/clock_system/clock_system.hpp"
#include "base/log.hpp"

namespace tocsin::web {
namespace {

using namespace std::chrono_literals;

// A blocking client that sends bytes and reads them back.
class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{20, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) {
        return;
      }
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void get(const std::string& target, const std::string& fields = {}) const {
    send("GET " + target + " HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n");
  }
  void end_sending() const { ::shutdown(socket_, SHUT_WR); }
  // Until the peer closes or `count` bytes "\r\n\r\n"-ended heads with their bodies are there.
  std::string read_answers(std::size_t count) {
    while (answers() < count && more()) {
    }
    return text_;
  }
  std::string read_to_end() {
    while (more()) {
    }
    return text_;
  }
  [[nodiscard]] std::size_t answers() const {
    std::size_t found = 0;
    for (std::size_t at = text_.find("{\"n\":"); at != std::string::npos;
         at = text_.find("{\"n\":", at + 1)) {
      ++found;
    }
    return found;
  }

 private:
  bool more() {
    char bytes[4096];
    const ssize_t got = ::recv(socket_, bytes, sizeof bytes, 0);
    if (got <= 0) {
      return false;
    }
    text_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }

  int socket_;
  std::string text_;
};

// Answers {"n":"TARGET"}; a target with "later" only when told.
class WireServerTest : public ::testing::Test {
 protected:
  void start(WireOptions options = {}) {
    options.listen.host = "127.0.0.1";
    options.listen.port = 0;
    auto opened = WireServer::open(
        loop_, clock_, options,
        [this](const WireRequest& request, WireTicket ticket) { handle(request, ticket); }, log_,
        stats_);
    ASSERT_TRUE(opened) << opened.error().message;
    server_ = std::move(*opened);
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~WireServerTest() override {
    if (thread_.joinable()) {
      on_loop([this] { server_.reset(); });
      loop_.stop();
      thread_.join();
    }
  }
  void on_loop(const std::function<void()>& task) {
    std::promise<void> done;
    loop_.post([&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }
  void handle(const WireRequest& request, WireTicket ticket) {
    std::string body = "{\"n\":\"" + std::string(request.target) + "\"}";
    if (request.target.find("later") != std::string_view::npos) {
      later_.emplace_back(ticket, std::move(body));
      return;
    }
    server_->answer(ticket, {200, body, {}});
  }
  // Waits until so many answers are owed, then gives them in the opposite order.
  void answer_later(std::size_t count) {
    bool done = false;
    while (!done) {
      on_loop([&] {
        if (later_.size() == count) {
          for (auto at = later_.rbegin(); at != later_.rend(); ++at) {
            server_->answer(at->first, {200, at->second, {}});
          }
          later_.clear();
          done = true;
        }
      });
    }
  }
  void wait_until(const std::function<bool()>& holds) {
    bool held = false;
    while (!held) {
      on_loop([&] { held = holds(); });
    }
  }

  adapters::ClockSystem clock_;
  NullLogger log_;
  WireStats stats_;
  EpollLoop loop_{clock_};
  std::unique_ptr<WireServer> server_;
  std::vector<std::pair<WireTicket, std::string>> later_;
  std::thread thread_;
};

TEST_F(WireServerTest, AnswersRequestAfterRequestOnOneConnection) {
  start();
  Client client(server_->port());
  client.get("/a");
  const std::string first = client.read_answers(1);
  EXPECT_TRUE(first.starts_with("HTTP/1.1 200 OK\r\nDate: ")) << first;
  EXPECT_NE(first.find("Cache-Control: no-store\r\nContent-Type: application/json\r\n"
                       "Content-Length: 10\r\n\r\n{\"n\":\"/a\"}"),
            std::string::npos)
      << first;
  client.get("/b");
  EXPECT_TRUE(client.read_answers(2).ends_with("{\"n\":\"/b\"}"));
}

TEST_F(WireServerTest, HeadHasTheLengthAndNoBody) {
  start();
  Client client(server_->port());
  client.send("HEAD /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string answer = client.read_to_end();
  EXPECT_NE(answer.find("Content-Length: 10\r\n"), std::string::npos);
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(WireServerTest, AnOldClientIsToldThatItsConnectionStays) {
  start();
  Client client(server_->port());
  client.send("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(client.read_answers(1).find("Connection: keep-alive\r\n"), std::string::npos);
  client.send("GET /2 HTTP/1.0\r\n\r\n");
  const std::string all = client.read_to_end();
  EXPECT_EQ(client.answers(), 2U);
  EXPECT_NE(all.find("Connection: close\r\n"), std::string::npos);
  Client modern(server_->port());
  modern.get("/3");
  EXPECT_EQ(modern.read_answers(1).find("Connection:"), std::string::npos);
}

TEST_F(WireServerTest, PipelinedRequestsAreAnsweredInTheirOrderHoweverTheAnswersCome) {
  start();
  Client client(server_->port());
  client.send(
      "GET /later-1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n"
      "GET /later-3 HTTP/1.1\r\nHost: x\r\n\r\nGET /4 HTTP/1.1\r\nHost: x\r\n\r\n");
  answer_later(2);
  std::string all = client.read_answers(4);
  std::vector<std::size_t> at;
  for (const char* target : {"/later-1", "/2", "/later-3", "/4"}) {
    at.push_back(all.find("{\"n\":\"" + std::string(target) + "\"}"));
  }
  EXPECT_TRUE(std::ranges::is_sorted(at)) << all;
}

TEST_F(WireServerTest, ServesAFloodOfPipelinedRequestsWithinItsBounds) {
  WireOptions options;
  options.pipelined = 4;
  options.output_bytes = 1024;
  start(options);
  Client client(server_->port());
  std::string flood;
  for (int i = 0; i < 5'000; ++i) {
    flood += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  }
  std::thread sender([&] { client.send(flood); });
  const std::string all = client.read_answers(5'000);
  sender.join();
  EXPECT_EQ(client.answers(), 5'000U);
  EXPECT_TRUE(all.ends_with("{\"n\":\"/4999\"}"));
}

TEST_F(WireServerTest, PipelinedRequestsBeyondTheBoundAreServedWhenTheirTurnComes) {
  WireOptions options;
  options.pipelined = 2;
  start(options);
  Client client(server_->port());
  for (int i = 0; i < 6; ++i) {
    client.get("/later-" + std::to_string(i));
  }
  for (int i = 0; i < 3; ++i) {
    answer_later(2);
  }
  EXPECT_EQ(client.read_answers(6).substr(0, 12), "HTTP/1.1 200");
  EXPECT_EQ(client.answers(), 6U);
}

TEST_F(WireServerTest, ARequestMayComeByteByByte) {
  start();
  Client client(server_->port());
  for (const char c : std::string("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nxyz")) {
    client.send(std::string_view(&c, 1));
  }
  client.get("/b");
  EXPECT_TRUE(client.read_answers(2).ends_with("{\"n\":\"/b\"}"));
}

TEST_F(WireServerTest, ABodyIsPassedOverBeforeAndAfterItsAnswer) {
  start();
  Client client(server_->port());
  client.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nConnection: close\r\n\r\n" +
              std::string(50, 'x'));
  client.read_answers(1);
  client.send(std::string(50, 'x'));
  client.end_sending();
  EXPECT_TRUE(client.read_to_end().ends_with("{\"n\":\"/a\"}"));
}

TEST_F(WireServerTest, ABrokenBodyEndsTheConnectionBehindTheOneAnswer) {
  start();
  for (const char* body : {"5\r\nhello\r\nnonsense\r\n\r\n", "zz\r\n", "1\r\nab\r\n"}) {
    Client client(server_->port());
    client.send("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send(body);
    client.get("/b");
    EXPECT_TRUE(client.read_to_end().ends_with("{\"n\":\"/a\"}"));
    EXPECT_EQ(client.answers(), 1U) << body;
  }
  EXPECT_EQ(stats_.malformed, 3U);
}

TEST_F(WireServerTest, AHalfClosedClientGetsItsAnswers) {
  start();
  Client client(server_->port());
  client.get("/later");
  client.end_sending();
  answer_later(1);
  EXPECT_TRUE(client.read_to_end().ends_with("{\"n\":\"/later\"}"));
  wait_until([&] { return stats_.connections == 0; });
}

TEST_F(WireServerTest, AClientThatIsGoneTakesNoAnswerOfAnother) {
  start();
  {
    Client gone(server_->port());
    gone.get("/later-gone");
    wait_until([&] { return later_.size() == 1; });
  }
  // Only an answer shows that a half-closed peer is gone; a reset shows it before.
  answer_later(1);
  wait_until([&] { return stats_.connections == 0; });
  Client next(server_->port());
  next.get("/next");
  EXPECT_TRUE(next.read_answers(1).ends_with("{\"n\":\"/next\"}"));
}

TEST_F(WireServerTest, ABrokenRequestIsToldAndEndsTheConnection) {
  start();
  Client client(server_->port());
  client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\nBROKEN\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string all = client.read_to_end();
  EXPECT_NE(all.find("{\"n\":\"/a\"}"), std::string::npos);
  EXPECT_NE(all.find("HTTP/1.1 400 Bad Request\r\n"), std::string::npos);
  EXPECT_TRUE(all.ends_with("{\"Message\":\"Bad request line\"}")) << all;
  EXPECT_EQ(stats_.malformed, 1U);
}

TEST_F(WireServerTest, OversizedHeadersAreRefused) {
  start();
  Client client(server_->port());
  client.send("GET /a HTTP/1.1\r\nHost: x\r\nX: " + std::string(20'000, 'x'));
  EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 431 "));
}

TEST_F(WireServerTest, ASlowRequestIsEndedAndAnIdleConnectionClosed) {
  WireOptions options;
  options.request_timeout = 50ms;
  options.idle_timeout = 50ms;
  start(options);
  Client slow(server_->port());
  slow.send("GET /a HT");
  EXPECT_TRUE(slow.read_to_end().starts_with("HTTP/1.1 408 "));
  Client idle(server_->port());
  EXPECT_EQ(idle.read_to_end(), "");
  EXPECT_EQ(stats_.timeouts, 1U);
  wait_until([&] { return stats_.connections == 0; });
}

TEST_F(WireServerTest, ConnectionsBeyondTheBoundAreTurnedAwayAndTheOthersServed) {
  WireOptions options;
  options.connections = 2;
  start(options);
  Client one(server_->port());
  Client two(server_->port());
  one.get("/1");
  one.read_answers(1);
  two.get("/2");
  two.read_answers(1);
  Client three(server_->port());
  EXPECT_TRUE(three.read_to_end().starts_with("HTTP/1.1 503 "));
  one.get("/1");
  EXPECT_TRUE(one.read_answers(2).ends_with("{\"n\":\"/1\"}"));
}

TEST_F(WireServerTest, SaysContinueToWhoWaitsForIt) {
  start();
  Client client(server_->port());
  client.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_TRUE(client.read_answers(1).starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200"));
}

TEST_F(WireServerTest, StoppingLetsAnswersUnderWayLeave) {
  start();
  Client idle(server_->port());
  Client busy(server_->port());
  busy.get("/later");
  wait_until([&] { return later_.size() == 1; });
  std::promise<void> stopped;
  on_loop([&] { server_->stop(5s, [&] { stopped.set_value(); }); });
  EXPECT_EQ(idle.read_to_end(), "");
  answer_later(1);
  EXPECT_TRUE(busy.read_to_end().ends_with("{\"n\":\"/later\"}"));
  stopped.get_future().wait();
}

TEST_F(WireServerTest, APortThatIsTakenIsSaid) {
  start();
  EpollLoop loop(clock_);
  WireOptions options;
  options.listen.host = "127.0.0.1";
  options.listen.port = server_->port();
  const auto second = WireServer::open(loop, clock_, options, {}, log_, stats_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
  EXPECT_NE(second.error().message.find("`timers.listen`"), std::string::npos);
}

}  // namespace
}  // namespace tocsin::web

// What every ports::TcpClient promises.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "adapters/tcp_asio/tcp_asio.hpp"
#include "contract/loop_fixture.hpp"
#include "support/loopback_server.hpp"

namespace tocsin::test {
namespace {

using Kind = ports::TcpFailure::Kind;

std::string describe(const ports::TcpResult& result) {
  return result ? "received " + result->received
                : "failure " + std::to_string(static_cast<int>(result.error().kind)) + ": " +
                      result.error().message;
}

class TcpClientContract : public testing::Test {
 protected:
  TcpClientContract()
      : client_(std::make_unique<adapters::TcpAsio>(runner_.loop, runner_.clock,
                                                    runner_.loop.context())) {}
  ~TcpClientContract() override {
    runner_.on_loop([this] { client_.reset(); });
    runner_.stop();
  }

  ports::TcpRequest to(std::uint16_t port) const {
    ports::TcpRequest request;
    request.address = "127.0.0.1";
    request.port = port;
    request.timeout = Milliseconds{5'000};
    return request;
  }

  ports::TcpResult exchange(ports::TcpRequest request) {
    Awaited<ports::TcpResult> answer;
    runner_.on_loop([&] {
      client_->start(std::move(request), answer.taker());
      EXPECT_FALSE(answer.ready()) << "ran inline";
    });
    return answer.get();
  }

  void expect_failure(ports::TcpRequest request, Kind kind, const std::string& message,
                      bool connected) {
    const auto result = exchange(std::move(request));
    ASSERT_FALSE(result) << describe(result);
    EXPECT_EQ(result.error().kind, kind) << describe(result);
    EXPECT_EQ(result.error().message, message);
    EXPECT_EQ(result.error().connected, connected);
    EXPECT_TRUE(result.error().timings.total);
  }

  LoopThread runner_;
  std::unique_ptr<adapters::TcpAsio> client_;
};

TEST_F(TcpClientContract, ConnectingIsEnoughWithoutExpectation) {
  LoopbackServer server([](Peer& peer) { peer.hold(); });
  const auto result = exchange(to(server.port()));
  ASSERT_TRUE(result) << describe(result);
  EXPECT_TRUE(result->timings.connect);
  EXPECT_FALSE(result->timings.first_byte);
  EXPECT_TRUE(result->timings.total);
}

TEST_F(TcpClientContract, ConnectsToIpv6Addresses) {
  LoopbackServer::Options options;
  options.v6 = true;
  LoopbackServer server([](Peer& peer) { peer.hold(); }, options);
  auto request = to(server.port());
  request.address = "::1";
  const auto result = exchange(std::move(request));
  EXPECT_TRUE(result) << describe(result);
}

TEST_F(TcpClientContract, SendsThenReadsUntilTheExpectedBytes) {
  LoopbackServer server([](Peer& peer) {
    const std::string request = peer.read_request();
    peer.trickle("echo " + request + " and more", std::chrono::milliseconds{1});
    peer.hold();
  });
  auto request = to(server.port());
  request.send = "ping\r\n\r\n";
  request.expect = "ping\r\n\r\n and";
  const auto result = exchange(std::move(request));
  ASSERT_TRUE(result) << describe(result);
  EXPECT_EQ(result->received, "echo ping\r\n\r\n and");
  EXPECT_TRUE(result->timings.first_byte);
}

TEST_F(TcpClientContract, NamesRefusedConnections) {
  expect_failure(to(closed_port()), Kind::connect, "connection refused", false);
}

TEST_F(TcpClientContract, SaysThatAConnectedPeerStaysSilent) {
  LoopbackServer server([](Peer& peer) { peer.hold(); });
  auto request = to(server.port());
  request.expect = "hello";
  request.timeout = Milliseconds{200};
  expect_failure(std::move(request), Kind::timeout, "connected, but no answer within 200ms", true);
}

TEST_F(TcpClientContract, SaysThatThePeerClosedOrReset) {
  LoopbackServer closing([](Peer& peer) { peer.send("hell"); });
  auto request = to(closing.port());
  request.expect = "hello";
  expect_failure(std::move(request), Kind::closed, "connection closed before the expected answer",
                 true);
  LoopbackServer resetting([](Peer& peer) {
    peer.read_request();
    peer.reset();
  });
  request = to(resetting.port());
  request.send = "\r\n\r\n";
  request.expect = "hello";
  expect_failure(std::move(request), Kind::closed, "connection reset before the expected answer",
                 true);
}

TEST_F(TcpClientContract, GivesUpOnAnEndlessAnswerWithoutTheExpectedBytes) {
  LoopbackServer server([](Peer& peer) { peer.send_forever(std::string(4'096, 'x')); });
  auto request = to(server.port());
  request.expect = "hello";
  request.max_read_bytes = 10'000;
  const auto result = exchange(std::move(request));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, Kind::mismatch) << describe(result);
  EXPECT_EQ(result.error().received.size(), 10'000U);
}

TEST_F(TcpClientContract, EndsWhenThePeerDoesNotReadWhatIsSent) {
  LoopbackServer::Options hold;
  hold.hold_all = true;
  LoopbackServer server(nullptr, hold);
  auto request = to(server.port());
  request.send = std::string(64U << 20U, 'x');
  request.timeout = Milliseconds{200};
  const auto result = exchange(std::move(request));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, Kind::timeout) << describe(result);
}

TEST_F(TcpClientContract, BlamesOurselvesWhenDescriptorsRunOut) {
  LoopbackServer server([](Peer& peer) { peer.hold(); });
  rlimit old{};
  getrlimit(RLIMIT_NOFILE, &old);
  rlimit none = old;
  none.rlim_cur = 3;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  expect_failure(to(server.port()), Kind::resources, "no free file descriptor in this process",
                 false);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
}

// A listener whose queue is full: the kernel drops what else knocks, so connecting takes for ever.
class FullListener {
 public:
  FullListener() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t length = sizeof address;
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(bind(listener_, generic, length), 0);
    EXPECT_EQ(listen(listener_, 0), 0);
    EXPECT_EQ(getsockname(listener_, generic, &length), 0);
    port_ = ntohs(address.sin_port);
    for (int& caller : callers_) {
      caller = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
      static_cast<void>(connect(caller, generic, length));
    }
  }
  ~FullListener() {
    close(listener_);
    for (const int caller : callers_) close(caller);
  }
  FullListener(const FullListener&) = delete;
  FullListener& operator=(const FullListener&) = delete;
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  int listener_ = -1;
  std::array<int, 4> callers_{};
  std::uint16_t port_ = 0;
};

TEST_F(TcpClientContract, GivesUpConnectingAtItsOwnTimeout) {
  const FullListener full;
  auto request = to(full.port());
  request.timeout = Milliseconds{20'000};
  request.connect_timeout = Milliseconds{100};
  const auto result = exchange(std::move(request));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, Kind::timeout) << describe(result);
  EXPECT_EQ(result.error().message, "no connection within 100ms");
  EXPECT_FALSE(result.error().connected);
}

TEST_F(TcpClientContract, TheConnectTimeoutEndsWithTheConnection) {
  LoopbackServer server([](Peer& peer) { peer.hold(); });
  auto request = to(server.port());
  request.expect = "hello";
  request.timeout = Milliseconds{300};
  request.connect_timeout = Milliseconds{100};
  const auto result = exchange(std::move(request));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "connected, but no answer within 300ms");
}

TEST_F(TcpClientContract, CancelsWhatIsUnderWayAtItsEnd) {
  LoopbackServer server([](Peer& peer) { peer.hold(); });
  std::vector<Awaited<ports::TcpResult>> answers(10);
  runner_.on_loop([&] {
    for (auto& answer : answers) {
      auto request = to(server.port());
      request.expect = "hello";
      client_->start(std::move(request), answer.taker());
    }
    client_.reset();
  });
  for (auto& answer : answers) {
    const auto result = answer.get();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, Kind::cancelled);
  }
}

}  // namespace
}  // namespace tocsin::test

// What every ports::HttpClient promises, on well-behaved servers.

#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>
#include <thread>

#include "contract/http_fixture.hpp"

namespace tocsin::test {
namespace {

const char* const kHello =
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Two: a\r\nx-two:  b \r\n\r\nhello";

// Keeps the requests that it answered.
class Recorder {
 public:
  LoopbackServer::Script script(std::string text = "HTTP/1.1 204 No Content\r\n\r\n") {
    return [this, text = std::move(text)](Peer& peer) {
      std::string request = peer.read_request();
      {
        const std::scoped_lock lock(mutex_);
        last_ = std::move(request);
      }
      peer.send(text);
    };
  }
  std::string last() {
    const std::scoped_lock lock(mutex_);
    return last_;
  }

 private:
  std::mutex mutex_;
  std::string last_;
};

class HttpClientContract : public testing::Test {
 protected:
  adapters::HttpCurl client_;
};

TEST_F(HttpClientContract, GivesStatusHeadersBodyAddressAndTimings) {
  LoopbackServer server(answer(kHello));
  const auto result = fetch(client_, get(server.url()));
  ASSERT_TRUE(result) << describe(result);
  EXPECT_EQ(result->status, 200);
  EXPECT_EQ(result->body, "hello");
  EXPECT_EQ(result->body_bytes, 5U);
  EXPECT_EQ(result->remote_address, "127.0.0.1");
  const ports::Headers expected = {{"content-length", "5"}, {"x-two", "a"}, {"x-two", "b"}};
  EXPECT_EQ(result->headers, expected);
  const auto& timings = result->timings;
  EXPECT_FALSE(timings.dns);
  EXPECT_FALSE(timings.tls);
  ASSERT_TRUE(timings.connect && timings.first_byte && timings.total);
  EXPECT_LE(*timings.connect, *timings.first_byte);
  EXPECT_LE(*timings.first_byte, *timings.total);
}

TEST_F(HttpClientContract, ConnectsToTheGivenAddressAndKeepsTheNameInHost) {
  Recorder recorder;
  LoopbackServer server(recorder.script());
  auto request = get("http://shop.example.com:8080/a/../b?c=%20d");
  request.address = "127.0.0.1";
  request.port = server.port();
  ASSERT_TRUE(fetch(client_, std::move(request)));
  EXPECT_TRUE(recorder.last().starts_with("GET /a/../b?c=%20d HTTP/1.1\r\n")) << recorder.last();
  EXPECT_NE(recorder.last().find("\r\nHost: shop.example.com:8080\r\n"), std::string::npos);
  EXPECT_NE(recorder.last().find("\r\nConnection: close\r\n"), std::string::npos);
}

TEST_F(HttpClientContract, ConnectsToIpv6Addresses) {
  LoopbackServer::Options options;
  options.v6 = true;
  LoopbackServer server(answer(kHello), options);
  auto request = get("http://name.test/");
  request.address = "::1";
  request.port = server.port();
  const auto result = fetch(client_, std::move(request));
  ASSERT_TRUE(result) << describe(result);
  EXPECT_EQ(result->remote_address, "::1");
  EXPECT_TRUE(fetch(client_, get(server.url())));
}

TEST_F(HttpClientContract, SendsMethodHeadersAndBodyAsGiven) {
  for (const char* method : {"POST", "PUT", "PATCH", "GET", "DELETE", "PURGE"}) {
    Recorder recorder;
    LoopbackServer server(recorder.script());
    auto request = get(server.url("/x"));
    request.method = method;
    request.headers = {{"X-Empty", ""}, {"User-Agent", "mine"}, {"Content-Type", "text/plain"}};
    request.body = "payload";
    const auto result = fetch(client_, std::move(request));
    ASSERT_TRUE(result) << method << ": " << describe(result);
    const std::string seen = recorder.last();
    EXPECT_TRUE(seen.starts_with(std::string(method) + " /x HTTP/1.1\r\n")) << seen;
    EXPECT_NE(seen.find("\r\nX-Empty:\r\n"), std::string::npos) << seen;
    EXPECT_NE(seen.find("\r\nUser-Agent: mine\r\n"), std::string::npos) << seen;
    EXPECT_NE(seen.find("\r\nContent-Length: 7\r\n"), std::string::npos) << seen;
    EXPECT_EQ(seen.find("urlencoded"), std::string::npos) << seen;
    EXPECT_EQ(seen.find("Expect:"), std::string::npos) << seen;
  }
}

TEST_F(HttpClientContract, SaysNothingOfAnEmptyBodyThatNobodySaid) {
  for (const char* method : {"POST", "PUT", "PATCH"}) {
    Recorder recorder;
    LoopbackServer server(recorder.script());
    auto request = get(server.url("/"));
    request.method = method;
    ASSERT_TRUE(fetch(client_, std::move(request)));
    const std::string seen = recorder.last();
    EXPECT_NE(seen.find("\r\nContent-Length: 0\r\n"), std::string::npos) << seen;
    EXPECT_EQ(seen.find("Content-Type:"), std::string::npos) << seen;
  }
}

TEST_F(HttpClientContract, ForgetsTheLastRequestWhenAHandleIsUsedAgain) {
  Recorder recorder;
  LoopbackServer server(recorder.script());
  auto post = get(server.url("/first"));
  post.method = "POST";
  post.body = "secret";
  post.headers = {{"Authorization", "Bearer t"}};
  post.decompress = false;
  ASSERT_TRUE(fetch(client_, std::move(post)));
  auto head = get(server.url("/second"));
  head.method = "HEAD";
  ASSERT_TRUE(fetch(client_, std::move(head)));
  EXPECT_TRUE(recorder.last().starts_with("HEAD /second HTTP/1.1\r\n")) << recorder.last();
  EXPECT_EQ(recorder.last().find("Authorization"), std::string::npos);
  ASSERT_TRUE(fetch(client_, get(server.url("/third"))));
  EXPECT_TRUE(recorder.last().starts_with("GET /third HTTP/1.1\r\n")) << recorder.last();
  EXPECT_EQ(recorder.last().find("Content-Length"), std::string::npos);
  EXPECT_NE(recorder.last().find("Accept-Encoding: gzip"), std::string::npos);
}

TEST_F(HttpClientContract, AsksForCompressedBodiesOnlyWhenItMayUnpackThem) {
  for (const bool decompress : {true, false}) {
    Recorder recorder;
    LoopbackServer server(recorder.script());
    auto request = get(server.url());
    request.decompress = decompress;
    ASSERT_TRUE(fetch(client_, std::move(request)));
    EXPECT_EQ(recorder.last().find("Accept-Encoding: ") != std::string::npos, decompress)
        << recorder.last();
  }
}

TEST_F(HttpClientContract, LeavesABodyPackedThatItWasToldNotToUnpack) {
  LoopbackServer server(
      answer("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!"));
  auto request = get(server.url());
  request.decompress = false;
  const auto result = fetch(client_, std::move(request));
  ASSERT_TRUE(result) << describe(result);
  EXPECT_EQ(result->body, "not gzip!");
}

TEST_F(HttpClientContract, FollowsNoRedirect) {
  LoopbackServer server(
      answer("HTTP/1.1 302 Found\r\nLocation: http://other.test/\r\nContent-Length: 0\r\n\r\n"));
  const auto result = fetch(client_, get(server.url()));
  ASSERT_TRUE(result) << describe(result);
  EXPECT_EQ(result->status, 302);
}

TEST_F(HttpClientContract, RefusesRequestsThatCannotBeMade) {
  const auto refused = [this](const ports::HttpRequest& request) {
    auto copy = request;
    const auto result = fetch(client_, std::move(copy));
    EXPECT_FALSE(result) << request.url;
    EXPECT_EQ(result.error().kind, FailureKind::invalid) << request.url << " " << describe(result);
    EXPECT_FALSE(result.error().connected);
  };
  for (const char* url : {"", "nothing", "ftp://127.0.0.1/", "file:///etc/passwd", "http://",
                          "http://name.test/", "https://localhost/", "http://u:p@127.0.0.1/",
                          "http://127.0.0.1:0/", "http://127.0.0.1/a b"}) {
    refused(get(url));
  }
  auto request = get("http://127.0.0.1:9/");
  request.headers = {{"X-A", "b\r\nX-C: d"}};
  refused(request);
  request.headers = {{"X A", "b"}};
  refused(request);
  request.headers.clear();
  request.method = "GET / HTTP/1.1\r\nX: y";
  refused(request);
  request.method = "GET";
  request.address = "name.test";
  refused(request);
  request.address.clear();
  request.proxy = "http://proxy.test:3128";
  refused(request);
}

TEST_F(HttpClientContract, TakesNoProxyFromTheEnvironment) {
  ASSERT_EQ(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
  ASSERT_EQ(setenv("ALL_PROXY", "http://127.0.0.1:1", 1), 0);
  LoopbackServer server(answer(kHello));
  EXPECT_TRUE(fetch(client_, get(server.url())));
  unsetenv("http_proxy");
  unsetenv("ALL_PROXY");
}

TEST_F(HttpClientContract, AsksAProxyWithTheWholeUrlAndMindsNoExceptions) {
  ASSERT_EQ(setenv("no_proxy", "*", 1), 0);
  Recorder recorder;
  LoopbackServer proxy(recorder.script());
  auto request = get("http://name.test/x");
  request.proxy = "http://user:word@127.0.0.1:" + std::to_string(proxy.port());
  const auto result = fetch(client_, std::move(request));
  ASSERT_TRUE(result) << describe(result);
  EXPECT_TRUE(recorder.last().starts_with("GET http://name.test/x HTTP/1.1\r\n"))
      << recorder.last();
  EXPECT_NE(recorder.last().find("Proxy-Authorization: Basic"), std::string::npos);
  unsetenv("no_proxy");
}

TEST_F(HttpClientContract, SaysWhenAProxyRefusesTheTunnel) {
  LoopbackServer proxy(answer("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"));
  auto request = get("https://name.test/x");
  request.proxy = "http://127.0.0.1:" + std::to_string(proxy.port());
  const auto result = fetch(client_, std::move(request));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, FailureKind::connect) << describe(result);
  EXPECT_NE(result.error().message.find("403"), std::string::npos) << describe(result);
}

TEST_F(HttpClientContract, OpensAFreshConnectionUnlessTold) {
  LoopbackServer server([](Peer& peer) {
    while (!peer.read_request().empty() &&
           peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) {
    }
  });
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(fetch(client_, get(server.url())));
  }
  EXPECT_EQ(server.accepted(), 3);
  for (int i = 0; i < 3; ++i) {
    auto request = get(server.url());
    request.reuse_connection = true;
    const auto result = fetch(client_, std::move(request));
    ASSERT_TRUE(result) << describe(result);
    EXPECT_EQ(result->timings.connect.has_value(), i == 0);
    EXPECT_EQ(result->remote_address, "127.0.0.1");
  }
  EXPECT_EQ(server.accepted(), 4);
}

TEST_F(HttpClientContract, AKeptConnectionThatItsServerClosesIsReplaced) {
  LoopbackServer server(answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  for (int i = 0; i < 5; ++i) {
    auto request = get(server.url());
    request.reuse_connection = true;
    const auto result = fetch(client_, std::move(request));
    ASSERT_TRUE(result) << describe(result);
  }
  EXPECT_EQ(server.accepted(), 5);
}

TEST_F(HttpClientContract, CountsABodyThatIsNotKeptAndKeepsItsBeginning) {
  for (const std::size_t size : {std::size_t{5}, check::kBodyHeadBytes, std::size_t{200'000}}) {
    const std::string body(size, 'b');
    LoopbackServer server(
        answer("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + body));
    auto request = get(server.url());
    request.keep_body = false;
    const auto result = fetch(client_, std::move(request));
    ASSERT_TRUE(result) << describe(result);
    EXPECT_EQ(result->body, body.substr(0, check::kBodyHeadBytes));
    EXPECT_EQ(result->body_bytes, size);
  }
}

TEST_F(HttpClientContract, AllowsABodyOfExactlyTheLimit) {
  for (const std::uint64_t limit : {5U, 4U}) {
    LoopbackServer server(answer(kHello));
    auto request = get(server.url());
    request.max_body_bytes = limit;
    const auto result = fetch(client_, std::move(request));
    EXPECT_EQ(result.has_value(), limit == 5) << describe(result);
    if (!result) {
      EXPECT_EQ(result.error().kind, FailureKind::body_too_large);
      EXPECT_EQ(result.error().message, "body is larger than 4");
    }
  }
}

TEST_F(HttpClientContract, NamesRefusedConnections) {
  auto request = get("http://name.test/");
  request.address = "127.0.0.1";
  request.port = closed_port();
  const auto result = fetch(client_, std::move(request));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, FailureKind::connect);
  EXPECT_EQ(result.error().message, "connection refused");
  EXPECT_EQ(result.error().remote_address, "");
  EXPECT_FALSE(result.error().connected);
  EXPECT_TRUE(result.error().timings.total);
}

TEST_F(HttpClientContract, BlamesOurselvesWhenDescriptorsRunOut) {
  LoopbackServer server(answer(kHello));
  rlimit old{};
  getrlimit(RLIMIT_NOFILE, &old);
  rlimit none = old;
  none.rlim_cur = 3;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto result = fetch(client_, get(server.url()));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, FailureKind::resources);
  EXPECT_EQ(result.error().message, "no free file descriptor in this process");
  EXPECT_TRUE(fetch(client_, get(server.url())));
}

TEST(HttpClientBounds, RefusesBodiesBeyondTheSharedBudgetAndRecovers) {
  adapters::HttpCurlOptions options;
  options.body_budget_bytes = 1'000;
  adapters::HttpCurl client(options);
  LoopbackServer large(
      answer("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + std::string(2'000, 'x')));
  const auto result = fetch(client, get(large.url()));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, FailureKind::resources) << describe(result);
  LoopbackServer small(answer(kHello));
  EXPECT_TRUE(fetch(client, get(small.url())));
}

TEST(HttpClientBounds, RefusesExchangesBeyondTheirNumber) {
  adapters::HttpCurlOptions options;
  options.max_transfers = 1;
  adapters::HttpCurl client(options);
  LoopbackServer silent([](Peer& peer) { peer.hold(); });
  auto pending = begin_fetch(client, get(silent.url()));
  const auto result = fetch(client, get(silent.url()));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, FailureKind::resources);
  EXPECT_TRUE(pending.valid());
}

TEST(HttpClientEnd, CancelsWhatIsPendingExactlyOnce) {
  LoopbackServer silent([](Peer& peer) { peer.hold(); });
  std::vector<std::future<ports::HttpResult>> pending;
  {
    adapters::HttpCurl client;
    for (int i = 0; i < 50; ++i) {
      pending.push_back(begin_fetch(client, get(silent.url())));
    }
  }
  for (auto& future : pending) {
    const auto result = await(future);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, FailureKind::cancelled);
  }
}

TEST(HttpClientThreads, TakesRequestsFromManyThreadsAndFromItsOwn) {
  LoopbackServer server(answer(kHello));
  adapters::HttpCurl client;
  std::atomic<int> answered = 0;
  std::promise<void> all;
  constexpr int kThreads = 4;
  constexpr int kEach = 25;
  const auto done = [&](const ports::HttpResult& result) {
    EXPECT_TRUE(result) << describe(result);
    if (++answered == 2 * kThreads * kEach) {
      all.set_value();
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < kEach; ++j) {
        client.start(get(server.url()), [&](ports::HttpResult first) {
          done(first);
          client.start(get(server.url()), [&](ports::HttpResult second) { done(second); });
        });
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(all.get_future().wait_for(std::chrono::seconds{30}), std::future_status::ready);
}

}  // namespace
}  // namespace tocsin::test

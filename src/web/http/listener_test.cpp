#include "web/http/listener.hpp"

#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <cstdio>
#include <filesystem>

#include "web/http/test_server.hpp"

namespace tocsin::web {
namespace {

namespace asio = boost::asio;
using test::RawClient;
using test::status_of;
using test::TestServer;
using testing::HasSubstr;
using testing::StartsWith;

const std::string kGet = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n";

TEST(Listener, AnswersPipelinedRequestsInOrder) {
  TestServer server({}, test::echo_handler());
  RawClient client(server.port());
  std::string all;
  for (int i = 0; i < 50; ++i) {
    all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
    all += "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
  }
  client.send(all);
  for (int i = 0; i < 50; ++i) {
    EXPECT_THAT(client.read_answer(), HasSubstr("\r\n\r\nGET /" + std::to_string(i) + " "));
    EXPECT_THAT(client.read_answer(), HasSubstr("\r\n\r\nPOST /p abc"));
  }
}

TEST(Listener, ReadsChunkedBodiesAndExpectations) {
  TestServer server({}, test::echo_handler());
  RawClient client(server.port());
  client.send(
      "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n");
  EXPECT_THAT(client.read_answer(), HasSubstr("\r\n\r\nPOST /c abc"));
  client.send("POST /e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
  EXPECT_THAT(client.read_answer(), StartsWith("HTTP/1.1 100 Continue"));
  client.send("z");
  EXPECT_THAT(client.read_answer(), HasSubstr("\r\n\r\nPOST /e z"));
}

// However much is sent, framed in whatever way, and the connection goes on.
TEST(Listener, KeepsTheBeginningOfABodyAndDropsTheRest) {
  RequestHandler handler = test::echo_handler();
  handler.keep_of_body = [](const Request& head) {
    return head.target == "/k" ? std::optional<std::uint64_t>(5) : std::nullopt;
  };
  ListenerOptions options;
  options.max_body_bytes = 100'000;
  options.max_dropped_bytes = 3'000'000;
  TestServer server(options, handler);
  RawClient client(server.port());
  const std::string tail(2'000'000, 'x');
  client.send("POST /k HTTP/1.1\r\nHost: x\r\nContent-Length: 2000003\r\n\r\nabc" + tail);
  EXPECT_THAT(client.read_answer(), testing::EndsWith("\r\n\r\nPOST /k abcxx"));
  client.send(
      "POST /k HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1e8480\r\n" +
      tail + "\r\n0\r\n\r\n");
  EXPECT_THAT(client.read_answer(), testing::EndsWith("\r\n\r\nPOST /k abxxx"));
  client.send("POST /all HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\n12345678");
  EXPECT_THAT(client.read_answer(), testing::EndsWith("POST /all 12345678"));
  RawClient large(server.port());
  large.send("POST /all HTTP/1.1\r\nHost: x\r\nContent-Length: 100001\r\n\r\n");
  EXPECT_EQ(status_of(large.read_answer()), 413);
  RawClient huge(server.port());
  huge.send("POST /k HTTP/1.1\r\nHost: x\r\nContent-Length: 3000001\r\n\r\n");
  EXPECT_EQ(status_of(huge.read_answer()), 413);
}

TEST(Listener, AnswersHeadWithoutABodyAndKeepsTheConnection) {
  TestServer server({}, test::echo_handler());
  RawClient client(server.port());
  client.send("HEAD /h HTTP/1.1\r\nHost: x\r\n\r\n" + kGet);
  const std::string head = client.read_answer(true);
  EXPECT_THAT(head, HasSubstr("Content-Length: 8"));
  EXPECT_THAT(client.read_answer(), HasSubstr("\r\n\r\nGET /a"));
}

TEST(Listener, ClosesAfterHttp10AndOnRequest) {
  TestServer server({}, test::echo_handler());
  RawClient old(server.port());
  old.send("GET /a HTTP/1.0\r\n\r\n");
  EXPECT_THAT(old.read_all(), HasSubstr("Connection: close"));
  RawClient polite(server.port());
  polite.send("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(status_of(polite.read_all()), 200);
}

TEST(Listener, TurnsAwayTheNewestBeyondItsBound) {
  ListenerOptions options;
  options.connections = 3;
  TestServer server(options, test::echo_handler());
  std::vector<std::unique_ptr<RawClient>> held;
  for (int i = 0; i < 3; ++i) {
    held.push_back(std::make_unique<RawClient>(server.port()));
    held.back()->send(kGet);
    EXPECT_EQ(status_of(held.back()->read_answer()), 200);
  }
  RawClient newest(server.port());
  newest.send(kGet);
  const std::string refused = newest.read_all();
  EXPECT_EQ(status_of(refused), 503);
  EXPECT_THAT(refused, HasSubstr("too_many_connections"));
  EXPECT_THAT(refused, HasSubstr("Retry-After"));
  held.front()->send(kGet);
  EXPECT_EQ(status_of(held.front()->read_answer()), 200);
  EXPECT_EQ(server.stats().rejected, 1U);
  held.pop_back();
  server.wait_until([](const TransportStats& stats) { return stats.connections < 3; });
  RawClient next(server.port());
  next.send(kGet);
  EXPECT_EQ(status_of(next.read_answer()), 200);
}

TEST(Listener, DropsATrickledHeadWith408) {
  ListenerOptions options;
  options.header_timeout = Milliseconds{150};
  TestServer server(options, test::echo_handler());
  RawClient slow(server.port());
  slow.send("GET /a HTTP/1.1\r\nHost:");
  const std::string answer = slow.read_all();
  EXPECT_EQ(status_of(answer), 408);
  EXPECT_THAT(answer, HasSubstr("request_timeout"));
  EXPECT_EQ(server.stats().timeouts, 1U);
}

TEST(Listener, DropsATrickledBodyWith408) {
  ListenerOptions options;
  options.body_timeout = Milliseconds{150};
  TestServer server(options, test::echo_handler());
  RawClient slow(server.port());
  slow.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(status_of(slow.read_all()), 408);
}

TEST(Listener, ClosesSilentAndIdleConnections) {
  ListenerOptions options;
  options.header_timeout = Milliseconds{100};
  options.idle_timeout = Milliseconds{100};
  TestServer server(options, test::echo_handler());
  RawClient silent(server.port());
  EXPECT_EQ(silent.read_all(), "");
  RawClient idle(server.port());
  idle.send(kGet);
  EXPECT_EQ(status_of(idle.read_answer()), 200);
  EXPECT_EQ(idle.read_all(), "");
  EXPECT_EQ(server.stats().timeouts, 0U);
}

TEST(Listener, RefusesABodyBeforeReadingIt) {
  RequestHandler handler = test::echo_handler();
  handler.refuse_head = [](const Request& head) {
    return head.method == "POST"
               ? std::optional(problem_response({401, "unauthorized", "no token"}))
               : std::nullopt;
  };
  TestServer server({}, std::move(handler));
  RawClient client(server.port());
  client.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nabc");
  EXPECT_EQ(status_of(client.read_all()), 401);
}

TEST(Listener, AnswersLateAndWhenAHandlerForgetsOrThrows) {
  ListenerOptions options;
  options.handler_timeout = Milliseconds{100};
  std::vector<Responder> held;
  RequestHandler handler = test::echo_handler();
  handler.handle = [&held](const Request& request, Responder respond) {
    if (request.target == "/throw") {
      throw std::runtime_error("surprise");
    }
    if (request.target != "/forget") {
      held.push_back(std::move(respond));
    }
  };
  TestServer server(options, std::move(handler));
  RawClient client(server.port());
  client.send("GET /throw HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(status_of(client.read_answer()), 500);
  client.send("GET /forget HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(status_of(client.read_answer()), 503);
  client.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(status_of(client.read_answer()), 504);
  // Nobody waits for this one any more.
  server.on_loop([&] {
    ASSERT_EQ(held.size(), 1U);
    held.front()(text_response("text/plain", "late"));
    held.clear();
  });
  client.send("GET /forget HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(status_of(client.read_answer()), 503);
}

TEST(Listener, StopsGracefully) {
  std::promise<Responder> asked;
  RequestHandler handler = test::echo_handler();
  handler.handle = [&asked](const Request&, Responder respond) {
    asked.set_value(std::move(respond));
  };
  TestServer server({}, std::move(handler));
  RawClient idle(server.port());
  RawClient busy(server.port());
  busy.send(kGet);
  Responder respond = asked.get_future().get();
  server.wait_until([](const TransportStats& stats) { return stats.connections == 2; });
  std::future<void> stopped = server.stop();
  EXPECT_EQ(idle.read_all(), "");
  idle.end();
  server.on_loop([&] { respond(text_response("text/plain", "done")); });
  const std::string answer = busy.read_all();
  EXPECT_THAT(answer, HasSubstr("Connection: close"));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\ndone"));
  busy.end();
  stopped.get();
  EXPECT_EQ(server.stats().connections, 0U);
}

TEST(Listener, EndsStubbornConnectionsAfterItsGrace) {
  ListenerOptions options;
  options.stop_grace = Milliseconds{100};
  std::vector<Responder> held;
  RequestHandler handler = test::echo_handler();
  handler.handle = [&held](const Request&, Responder respond) {
    held.push_back(std::move(respond));
  };
  TestServer server(options, std::move(handler));
  RawClient busy(server.port());
  busy.send(kGet);
  bool taken = false;
  while (!taken) {
    server.on_loop([&] { taken = !held.empty(); });
  }
  server.stop().get();
  EXPECT_EQ(busy.read_all(), "");
  server.on_loop([&] { held.clear(); });
}

TEST(Listener, GoesAwayWithConnectionsAndAnswersOpen) {
  std::vector<Responder> held;
  RequestHandler handler = test::echo_handler();
  handler.handle = [&held](const Request&, Responder respond) {
    held.push_back(std::move(respond));
  };
  {
    TestServer server({}, std::move(handler));
    RawClient busy(server.port());
    RawClient idle(server.port());
    busy.send(kGet);
    bool taken = false;
    while (!taken) {
      server.on_loop([&] { taken = !held.empty(); });
    }
  }
  held.front()(text_response("text/plain", "nobody is there"));
}

TEST(Listener, NamesTheKeyOfATakenPort) {
  TestServer server({}, test::echo_handler());
  asio::io_context loop;
  NullLogger log;
  TransportStats stats;
  ListenerOptions options;
  options.listen.port = server.port();
  const auto second = Listener::open(loop, options, test::echo_handler(), log, stats);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
  EXPECT_THAT(second.error().message, HasSubstr("`listen`"));
  EXPECT_THAT(second.error().message, HasSubstr("127.0.0.1:" + std::to_string(server.port())));
}

TEST(Listener, NamesTheKeyOfABadAddressOrCertificate) {
  asio::io_context loop;
  NullLogger log;
  TransportStats stats;
  ListenerOptions options;
  options.listen.port = 0;
  options.listen.host = "example.invalid";
  const auto named = Listener::open(loop, options, test::echo_handler(), log, stats);
  EXPECT_THAT(named.error().message, HasSubstr("`listen`"));
  options.listen.host = "192.0.2.77";
  const auto foreign = Listener::open(loop, options, test::echo_handler(), log, stats);
  EXPECT_THAT(foreign.error().message, HasSubstr("`listen`"));
  options.listen.host = "127.0.0.1";
  options.listen.tls = config::ListenTls{"/nonexistent/cert.pem", "/nonexistent/key.pem"};
  const auto tls = Listener::open(loop, options, test::echo_handler(), log, stats);
  EXPECT_THAT(tls.error().message, HasSubstr("listen.tls.certificate_file"));
}

// --- TLS ---

// A self-signed certificate for localhost, made now, gone with the object.
class Certificate {
 public:
  Certificate() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tocsin-tls-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    files_ = {folder_ + "/cert.pem", folder_ + "/key.pem"};
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* name = X509_get_subject_name(certificate);
    std::string host = "localhost";
    std::vector<unsigned char> bytes(host.begin(), host.end());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, bytes.data(),
                               static_cast<int>(bytes.size()), -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_sign(certificate, key, EVP_sha256());
    std::FILE* out = std::fopen(files_.certificate_file.c_str(), "w");
    PEM_write_X509(out, certificate);
    std::fclose(out);
    out = std::fopen(files_.key_file.c_str(), "w");
    PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(out);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  ~Certificate() { std::filesystem::remove_all(folder_); }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;
  [[nodiscard]] const config::ListenTls& files() const { return files_; }

 private:
  std::string folder_;
  config::ListenTls files_;
};

TEST(ListenerTls, ServesOverTls) {
  const Certificate certificate;
  ListenerOptions options;
  options.listen.tls = certificate.files();
  TestServer server(options, test::echo_handler());
  asio::io_context loop;
  asio::ssl::context context(asio::ssl::context::tls_client);
  context.load_verify_file(certificate.files().certificate_file);
  context.set_verify_mode(asio::ssl::verify_peer);
  asio::ssl::stream<asio::ip::tcp::socket> stream(loop, context);
  stream.next_layer().connect({asio::ip::address_v4::loopback(), server.port()});
  stream.handshake(asio::ssl::stream_base::client);
  for (int i = 0; i < 3; ++i) {
    asio::write(stream, asio::buffer(kGet));
    std::array<char, 1024> answer{};
    const std::size_t size = stream.read_some(asio::buffer(answer));
    EXPECT_THAT(std::string(answer.data(), size), StartsWith("HTTP/1.1 200 OK"));
  }
  boost::system::error_code error;
  static_cast<void>(stream.shutdown(error));
  EXPECT_FALSE(error) << error.message();
}

TEST(ListenerTls, SurvivesPlainTextAndSilence) {
  const Certificate certificate;
  ListenerOptions options;
  options.listen.tls = certificate.files();
  options.header_timeout = Milliseconds{150};
  TestServer server(options, test::echo_handler());
  RawClient silent(server.port());
  RawClient plain(server.port());
  plain.send(kGet);
  EXPECT_EQ(status_of(plain.read_all()), 0);
  EXPECT_EQ(silent.read_all(), "");
  plain.end();
  silent.end();
  server.wait_until([](const TransportStats& stats) { return stats.connections == 0; });
  EXPECT_EQ(server.stats().malformed, 1U);
}

TEST(ListenerTls, RefusesAKeyThatDoesNotFit) {
  const Certificate one;
  const Certificate other;
  asio::io_context loop;
  NullLogger log;
  TransportStats stats;
  ListenerOptions options;
  options.listen.port = 0;
  options.listen.tls = config::ListenTls{one.files().certificate_file, other.files().key_file};
  const auto opened = Listener::open(loop, options, test::echo_handler(), log, stats);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("listen.tls.key_file"));
}

}  // namespace
}  // namespace tocsin::web

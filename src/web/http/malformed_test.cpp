// What a hostile or broken client may send, through real sockets to the real API: each has its
// status and code, and the server goes on.

#include <gmock/gmock.h>

#include "base/random.hpp"
#include "web/api.hpp"
#include "web/http/test_server.hpp"
#include "web/test_world.hpp"

namespace tocsin::web {
namespace {

using test::RawClient;
using test::status_of;
using test::TestServer;

// ports::Loop on the listener's own loop; no handler of the API uses timers.
class PostLoop final : public ports::Loop {
 public:
  void post(ports::Task task) override {
    boost::asio::post(*context, [task = std::move(task)]() mutable { task(); });
  }
  ports::TimerId call_at(MonoTime /*when*/, ports::Task /*task*/) override { return 0; }
  void cancel(ports::TimerId /*id*/) override {}
  boost::asio::io_context* context = nullptr;
};

class MalformedRequests : public testing::Test {
 protected:
  MalformedRequests() {
    monitors_.add("checkout");
    settings_.tokens = {{"dash", config::Role::read, "read-token"},
                        {"ci", config::Role::write, "write-token"}};
    ListenerOptions options;
    options.header_timeout = Milliseconds{300};
    options.body_timeout = Milliseconds{300};
    options.connections = 8;
    RequestHandler handler;
    handler.refuse_head = [this](const Request& head) { return api().refuse_head(head); };
    handler.handle = [this](Request request, Responder respond) {
      api().handle(std::move(request), std::move(respond));
    };
    server_ = std::make_unique<TestServer>(options, std::move(handler));
    loop_.context = &server_->context();
  }

  Api& api() {
    if (api_ == nullptr) {
      Context context{.monitors = monitors_,
                      .store = store_,
                      .clock = clock_,
                      .loop = loop_,
                      .log = log_,
                      .version = "1",
                      .alerting = &alerting_};
      api_ = std::make_unique<Api>(std::move(context), settings_);
    }
    return *api_;
  }

  void expect_alive() {
    RawClient client(server_->port());
    client.send(
        "GET /api/v1/monitors HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer read-token\r\n\r\n");
    const std::string answer = client.read_answer();
    EXPECT_EQ(status_of(answer), 200) << answer;
    EXPECT_THAT(answer, testing::HasSubstr("checkout"));
  }

  tocsin::test::VirtualLoop clock_;
  PostLoop loop_;
  test::ScriptedMonitors monitors_;
  test::ScriptedStore store_{loop_};
  test::ScriptedAlerting alerting_;
  NullLogger log_;
  config::Settings settings_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<TestServer> server_;
};

struct Malformed {
  std::string what;
  std::string bytes;
  int status = 400;  // 0: closed without an answer
  std::string code;
};

std::string with_auth(const std::string& line, const std::string& more = "",
                      const std::string& body = "") {
  return line + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer write-token\r\n" + more + "\r\n" +
         body;
}
std::string get(const std::string& target) { return with_auth("GET " + target); }
std::string plain(const std::string& more) {
  return "GET /healthz HTTP/1.1\r\nHost: x\r\n" + more + "\r\n";
}

std::vector<Malformed> of_the_request_line() {
  const std::string nul(1, '\0');
  return {
      {"no HTTP at all", "\x16\x03\x01\x02\x05 hello\r\n\r\n", 400, "bad_request"},
      {"HTTP/0.9", "GET /healthz\r\n\r\n", 400, "bad_request"},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "version_not_supported"},
      {"HTTP/1.2", "GET /healthz HTTP/1.2\r\nHost: x\r\n\r\n", 505, "version_not_supported"},
      {"a version of letters", "GET /healthz HTTP/x.y\r\nHost: x\r\n\r\n", 505,
       "version_not_supported"},
      {"no method", " /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 400, "bad_request"},
      {"a method with a bracket", "G(T /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 400, "bad_request"},
      {"an unknown method", "BREW /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 405, "method_not_allowed"},
      {"a method in lower case", "get /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 405,
       "method_not_allowed"},
      {"TRACE", "TRACE /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 405, "method_not_allowed"},
      {"OPTIONS (no CORS)", "OPTIONS /api/v1/monitors HTTP/1.1\r\nHost: x\r\n\r\n", 405,
       "method_not_allowed"},
      {"DELETE on a monitor", with_auth("DELETE /api/v1/monitors/checkout"), 405,
       "method_not_allowed"},
      {"CONNECT", "CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "invalid_target"},
      {"asterisk form", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 400, "invalid_target"},
      {"a target without a slash", "GET healthz HTTP/1.1\r\nHost: x\r\n\r\n", 400,
       "invalid_target"},
      {"absolute form with a user", "GET http://a@x/healthz HTTP/1.1\r\nHost: x\r\n\r\n", 400,
       "invalid_target"},
      {"a raw NUL in the target", "GET /he" + nul + "lthz HTTP/1.1\r\nHost: x\r\n\r\n", 400,
       "bad_request"},
      {"an encoded NUL", get("/api/v1/monitors/check%00out"), 400, "invalid_target"},
      {"an encoded line end", get("/api/v1/monitors/a%0d%0aX:%20y"), 400, "invalid_target"},
      {"half a percent code", get("/api/v1/monitors/%4"), 400, "invalid_target"},
      {"a percent code of letters", get("/api/v1/monitors/%zz"), 400, "invalid_target"},
      {"a name that is not UTF-8", get("/api/v1/monitors/%ff%fe"), 400, "invalid_target"},
      {"an overlong slash", get("/api/v1/monitors/%c0%af"), 400, "invalid_target"},
      {"raw bytes beyond ASCII", get("/api/v1/monitors/\xC3\xA9"), 400, "invalid_target"},
      {"a fragment", get("/api/v1/monitors#x"), 400, "invalid_target"},
      {"a path of 12,000 bytes", get("/" + std::string(12'000, 'a')), 414, "target_too_long"},
      {"a path of 40,000 bytes", get("/" + std::string(40'000, 'a')), 431, "headers_too_large"},
      {"path traversal", get("/api/v1/../../etc/passwd"), 404, "not_found"},
      {"encoded path traversal", get("/api/v1/monitors/%2e%2e%2f%2e%2e"), 404, "not_found"},
      {"an empty name", get("/api/v1/monitors/"), 404, "not_found"},
  };
}

std::vector<Malformed> of_the_headers() {
  std::string many;
  for (int i = 0; i < 150; ++i) {
    many += "X-" + std::to_string(i) + ": y\r\n";
  }
  const std::string nul(1, '\0');
  return {
      {"no Host", "GET /healthz HTTP/1.1\r\n\r\n", 400, "bad_request"},
      {"two Hosts", plain("Host: y\r\n"), 400, "bad_request"},
      {"150 headers", plain(many), 431, "headers_too_large"},
      {"a header of 20 KiB", plain("X-Big: " + std::string(20'480, 'a') + "\r\n"), 431,
       "headers_too_large"},
      {"a header without a colon", plain("X-Nothing\r\n"), 400, "bad_request"},
      {"a space before the colon", plain("Content-Length : 0\r\n"), 400, "bad_request"},
      {"an empty header name", plain(": y\r\n"), 400, "bad_request"},
      {"a NUL in a header", plain("X: a" + nul + "b\r\n"), 400, "bad_request"},
      {"a bare line feed", "GET /healthz HTTP/1.1\r\nHost: x\n\n\r\n\r\n", 400, "bad_request"},
      {"a bare carriage return", plain("X: a\rb\r\n"), 400, "bad_request"},
      {"Content-Length and chunked", plain("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
       400, "bad_request"},
      {"chunked and Content-Length", plain("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
       400, "bad_request"},
      {"two different lengths", plain("Content-Length: 5\r\nContent-Length: 6\r\n"), 400,
       "bad_request"},
      {"the same length twice", plain("Content-Length: 0\r\nContent-Length: 0\r\n"), 400,
       "bad_request"},
      {"a list of lengths", plain("Content-Length: 0, 0\r\n"), 400, "bad_request"},
      {"a negative length", plain("Content-Length: -1\r\n"), 400, "bad_request"},
      {"a length in hexadecimal", plain("Content-Length: 0x1\r\n"), 400, "bad_request"},
      {"a length beyond 64 bits", plain("Content-Length: 99999999999999999999\r\n"), 400,
       "bad_request"},
      {"an encoding other than chunked", plain("Transfer-Encoding: gzip\r\n"), 400, "bad_request"},
      {"a disguised chunked", plain("Transfer-Encoding: xchunked\r\n"), 400, "bad_request"},
      {"chunked in HTTP/1.0",
       "GET /healthz HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "bad_request"},
      {"an expectation we lack", plain("Expect: 200-ok\r\n"), 417, "expectation_failed"},
      {"no token", "GET /api/v1/monitors HTTP/1.1\r\nHost: x\r\n\r\n", 401, "unauthorized"},
      {"a wrong token",
       "GET /api/v1/monitors HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer nope\r\n\r\n", 401,
       "unauthorized"},
      {"two tokens", with_auth("GET /api/v1/monitors", "Authorization: Bearer read-token\r\n"), 401,
       "unauthorized"},
      {"basic authentication",
       "GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Basic d3JpdGU=\r\n\r\n", 401,
       "unauthorized"},
      {"a reader that writes",
       "POST /api/v1/monitors/checkout/pause HTTP/1.1\r\nHost: x\r\n"
       "Content-Type: application/json\r\nAuthorization: Bearer read-token\r\n\r\n",
       403, "forbidden"},
  };
}

std::vector<Malformed> of_parameters_and_bodies() {
  const std::string pause = "POST /api/v1/monitors/checkout/pause";
  const std::string json = "Content-Type: application/json\r\n";
  return {
      {"limit 0", get("/api/v1/monitors?limit=0"), 400, "invalid_parameter"},
      {"limit 5000", get("/api/v1/events?limit=5000"), 400, "invalid_parameter"},
      {"a limit of letters", get("/api/v1/monitors?limit=ten"), 400, "invalid_parameter"},
      {"a made-up cursor", get("/api/v1/monitors?cursor=AAAA"), 400, "invalid_cursor"},
      {"a made-up event cursor", get("/api/v1/events?cursor=AAAA"), 400, "invalid_cursor"},
      {"an unknown sort", get("/api/v1/monitors?sort=drop%20table"), 400, "invalid_parameter"},
      {"an unknown state", get("/api/v1/monitors?state=broken"), 400, "invalid_parameter"},
      {"an unknown parameter", get("/api/v1/monitors?colour=red"), 400, "unknown_parameter"},
      {"a repeated parameter", get("/api/v1/monitors?sort=name&sort=name"), 400,
       "invalid_parameter"},
      {"a write without a content type", with_auth(pause), 415, "unsupported_media_type"},
      {"a form", with_auth(pause, "Content-Type: text/plain\r\nContent-Length: 2\r\n", "{}"), 415,
       "unsupported_media_type"},
      {"unknown fields", with_auth(pause, json + "Content-Length: 7\r\n", R"({"a":1})"), 400,
       "invalid_body"},
      {"a body that is no JSON", with_auth(pause, json + "Content-Length: 3\r\n", "}{!"), 400,
       "invalid_body"},
      {"a body beyond 1 MiB", with_auth(pause, json + "Content-Length: 1048577\r\n"), 413,
       "body_too_large"},
      {"a chunked body beyond 1 MiB",
       with_auth(pause, json + "Transfer-Encoding: chunked\r\n",
                 "200000\r\n" + std::string(8, 'a')),
       413, "body_too_large"},
      {"a chunk size of letters",
       with_auth(pause, json + "Transfer-Encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n"), 400,
       "bad_request"},
      {"a chunk longer than it says",
       with_auth(pause, json + "Transfer-Encoding: chunked\r\n", "1\r\n{}\r\n0\r\n\r\n"), 400,
       "bad_request"},
      {"a GET with a body", with_auth("GET /api/v1/monitors", "Content-Length: 2\r\n", "{}"), 400,
       "unexpected_body"},
      {"no such monitor", with_auth("POST /api/v1/monitors/nope/check", json), 404, "not_found"},
      {"a body that never comes", with_auth(pause, json + "Content-Length: 5\r\n", "{"), 408,
       "request_timeout"},
      {"a head that never ends", "GET /healthz HTTP/1.1\r\nHost: x\r\nX-A:", 408,
       "request_timeout"},
      {"a lone byte", "G", 408, "request_timeout"},
      {"silence", "", 0, ""},
  };
}

// A write of alerting with this body.
std::string act(const std::string& line, const std::string& body) {
  return with_auth(
      line,
      "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n",
      body);
}

std::vector<Malformed> of_alerting() {
  const std::string silence = "POST /api/v1/silences";
  const std::string drop = "POST /api/v1/outbox/drop";
  const std::string acknowledge = "POST /api/v1/monitors/checkout/acknowledge";
  return {
      {"a silence of nothing", act(silence, ""), 400, "invalid_body"},
      {"a silence in a list", act(silence, "[]"), 400, "invalid_body"},
      {"a silence in half an object", act(silence, R"({"all": true, "for": "1h")"), 400,
       "invalid_body"},
      {"a silence for ever", act(silence, R"({"all": true, "for": "99999999d"})"), 400,
       "invalid_body"},
      {"a silence that is over", act(silence, R"({"all": true, "until": "2001-01-01T00:00:00Z"})"),
       400, "invalid_body"},
      {"a silence of a broken pattern", act(silence, R"({"match": ["a=[z"], "for": "1h"})"), 400,
       "invalid_body"},
      {"a silence with a field of ours", act(silence, R"({"all": true, "for": "1h", "id": "x"})"),
       400, "invalid_body"},
      {"a silence that is not UTF-8", act(silence, "{\"reason\": \"\xff\"}"), 400, "invalid_body"},
      {"a silence 300 deep",
       act(silence, "{\"match\":" + std::string(300, '[') + std::string(300, ']') + "}"), 400,
       "invalid_body"},
      {"a silence of 1,000 terms",
       act(
           silence, R"({"for": "1h", "match": ["a=b")" +
                        [] {
                          std::string more;
                          for (int i = 0; i < 999; ++i) {
                            more += ",\"a=b\"";
                          }
                          return more;
                        }() +
                        "]}"),
       400, "invalid_body"},
      {"the end of no silence", act("DELETE /api/v1/silences/nope", ""), 404, "not_found"},
      {"the end of every silence", act("DELETE /api/v1/silences", ""), 405, "method_not_allowed"},
      {"an end without a content type", with_auth("DELETE /api/v1/silences/nope"), 415,
       "unsupported_media_type"},
      {"a reader that ends a silence",
       "DELETE /api/v1/silences/nope HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
       "Authorization: Bearer read-token\r\n\r\n",
       403, "forbidden"},
      {"an acknowledgement by a number", act(acknowledge, R"({"by": 7})"), 400, "invalid_body"},
      {"an acknowledgement of 2 KiB",
       act(acknowledge, R"({"comment": ")" + std::string(2'048, 'x') + R"("})"), 400,
       "invalid_body"},
      {"a test of no channel", act("POST /api/v1/channels/nope/test", "{}"), 404, "not_found"},
      {"a test of no type", act("POST /api/v1/channels/ops/test", R"({"type": "boom"})"), 400,
       "invalid_body"},
      {"a drop of nothing", act(drop, "{}"), 400, "invalid_body"},
      {"a drop of everything", act(drop, R"({"channel": ""})"), 400, "invalid_body"},
      {"a made-up outbox cursor", get("/api/v1/outbox?cursor=AAAA"), 400, "invalid_cursor"},
      {"an unknown state of silences", get("/api/v1/silences?state=gone"), 400,
       "invalid_parameter"},
  };
}

std::vector<Malformed> all_malformed() {
  std::vector<Malformed> all = of_the_request_line();
  for (const auto& more : {of_the_headers(), of_parameters_and_bodies(), of_alerting()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

TEST_F(MalformedRequests, EachHasItsAnswerAndTheServerGoesOn) {
  const std::vector<Malformed> all = all_malformed();
  EXPECT_GE(all.size(), 40U);
  for (const Malformed& request : all) {
    RawClient client(server_->port());
    client.send(request.bytes);
    const std::string answer = client.read_answer();
    EXPECT_EQ(status_of(answer), request.status) << request.what << "\n" << answer;
    EXPECT_EQ(test::text_field(answer, "code"), request.code) << request.what;
    if (request.status >= 400) {
      EXPECT_THAT(answer, testing::HasSubstr("X-Content-Type-Options: nosniff")) << request.what;
    }
    expect_alive();
  }
  EXPECT_TRUE(monitors_.paused_calls.empty());
  EXPECT_TRUE(monitors_.checked.empty());
  EXPECT_TRUE(alerting_.kept.empty() && alerting_.ended.empty() && alerting_.dropped.empty());
  EXPECT_TRUE(alerting_.acknowledged.empty() && alerting_.tested.empty());
}

TEST_F(MalformedRequests, CutAnywhereAreRefusedOrIgnored) {
  const std::string whole =
      with_auth("POST /api/v1/monitors/checkout/pause",
                "Content-Type: application/json\r\nContent-Length: 2\r\n", "{}");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    RawClient client(server_->port());
    client.send(whole.substr(0, size));
    client.end();
    const std::string answer = client.read_all();
    EXPECT_EQ(status_of(answer), size == 0 ? 0 : 400) << size << "\n" << answer;
  }
  expect_alive();
  EXPECT_TRUE(monitors_.paused_calls.empty());
}

TEST_F(MalformedRequests, NeverSmuggleASecondRequest) {
  const std::string hidden =
      "POST /api/v1/monitors/checkout/pause HTTP/1.1\r\nHost: x\r\n"
      "Content-Type: application/json\r\nAuthorization: Bearer write-token\r\n\r\n";
  for (const std::string& headers : {"Content-Length: " + std::to_string(hidden.size() + 5) +
                                         "\r\nTransfer-Encoding: chunked\r\n",
                                     std::string("Transfer-Encoding: gzip, chunked\r\n"),
                                     std::string("Transfer-Encoding: chunked, identity\r\n"),
                                     std::string("Content-Length: 0\r\nContent-Length: 5\r\n"),
                                     "Content-Length: " + std::to_string(hidden.size()) + "\r\n"}) {
    RawClient client(server_->port());
    client.send(with_auth("GET /api/v1/monitors", headers, hidden));
    client.end();
    const std::string answers = client.read_all();
    EXPECT_EQ(status_of(answers), 400) << headers;
    EXPECT_EQ(answers.find("HTTP/1.1 ", 1), std::string::npos) << headers << answers;
  }
  EXPECT_TRUE(monitors_.paused_calls.empty());
}

TEST_F(MalformedRequests, SlowClientsAreBoundedAndGoAway) {
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 30; ++i) {
    slow.push_back(std::make_unique<RawClient>(server_->port()));
    slow.back()->send("GET / HTTP/1.1\r\nX:");
  }
  server_->wait_until(
      [](const TransportStats& stats) { return stats.accepted + stats.rejected == 30; });
  EXPECT_LE(server_->stats().connections, 8U);
  for (const auto& client : slow) {
    const int status = status_of(client->read_all());
    EXPECT_TRUE(status == 408 || status == 503) << status;
    client->end();
  }
  server_->wait_until([](const TransportStats& stats) { return stats.connections == 0; });
  expect_alive();
}

TEST_F(MalformedRequests, Http10AndAbsoluteFormAreAnswered) {
  RawClient old(server_->port());
  old.send("GET /healthz HTTP/1.0\r\n\r\n");
  EXPECT_EQ(status_of(old.read_all()), 200);
  RawClient proxy(server_->port());
  proxy.send("GET http://tocsin.example/healthz HTTP/1.1\r\nHost: tocsin.example\r\n\r\n");
  EXPECT_EQ(status_of(proxy.read_answer()), 200);
}

TEST_F(MalformedRequests, RandomBytesNeverBreakTheServer) {
  Random random(7);
  const std::string seed = get("/api/v1/monitors?limit=10&sort=-since");
  for (int round = 0; round < 300; ++round) {
    std::string bytes = seed;
    for (std::uint64_t change = 0; change <= random.below(4); ++change) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    }
    RawClient client(server_->port());
    client.send(bytes);
    client.end();
    const std::string answer = client.read_all();
    const int status = status_of(answer);
    EXPECT_TRUE(answer.empty() || status == 200 || (status >= 400 && status < 500) || status == 505)
        << "round " << round << ": " << answer;
  }
  expect_alive();
}

}  // namespace
}  // namespace tocsin::web

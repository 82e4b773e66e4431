#include "service/probe/http_prober.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "check/assertions.hpp"
#include "support/fake_network.hpp"

namespace tocsin::service {
namespace {

using check::Reason;
using check::Status;
using ports::HttpFailure;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Answer = test::FakeHttpClient::Answer;

std::string header(const ports::HttpRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) {
      return value;
    }
  }
  return "";
}

class HttpProberTest : public testing::Test {
 protected:
  HttpProberTest() { answer({test::http_response(200)}); }

  void answer(Answer with) {
    client.script = [with = std::move(with)](const ports::HttpRequest&) { return with; };
  }
  // Answers by the path of the URL; others are 404.
  void route(std::vector<std::pair<std::string, Answer>> routes) {
    client.script = [routes = std::move(routes)](const ports::HttpRequest& request) {
      for (const auto& [url, with] : routes) {
        if (request.url == url) {
          return with;
        }
      }
      return Answer{test::http_response(404)};
    };
  }

  std::shared_ptr<check::CheckSpec> spec(const std::string& url,
                                         const std::vector<std::string>& conditions = {}) {
    auto result = std::make_shared<check::CheckSpec>();
    result->target = check::HttpCheck{url, std::make_shared<const check::HttpOptions>(options)};
    result->assertions =
        check::Assertions::compile(conditions, {}, check::placeholders_of("http")).assertions;
    result->timeout = timeout;
    return result;
  }

  check::Outcome run(const std::string& url, const std::vector<std::string>& conditions = {}) {
    return run(spec(url, conditions));
  }
  check::Outcome run(std::shared_ptr<check::CheckSpec> with) {
    std::optional<check::Outcome> outcome;
    prober->start(std::move(with), [&](check::Outcome o) {
      EXPECT_FALSE(outcome) << "answered twice";
      outcome = std::move(o);
    });
    EXPECT_FALSE(outcome) << "answered inline";
    const MonoTime began = loop.mono_now();
    while (!outcome && loop.run_one(began + seconds{1000})) {
    }
    took = loop.mono_now() - began;
    EXPECT_TRUE(outcome);
    loop.run_ready();
    EXPECT_EQ(client.violations, std::vector<std::string>{});
    return outcome.value_or(check::Outcome{});
  }

  test::VirtualLoop loop;
  test::FakeResolver resolver{loop};
  test::FakeHttpClient client{loop};
  Lookups lookups{loop, resolver};
  std::unique_ptr<HttpProber> prober = std::make_unique<HttpProber>(loop, loop, lookups, client);
  check::HttpOptions options;
  Milliseconds timeout{10'000};
  Microseconds took{0};
};

TEST_F(HttpProberTest, NumericHostNeedsNoLookup) {
  answer({test::http_response(200, R"({"ok":true})"), milliseconds{25}});
  const Instant before = loop.now();
  const check::Outcome outcome = run("http://127.0.0.1:8080/x?q", {"[BODY].ok == true"});
  EXPECT_EQ(outcome.status, Status::up);
  EXPECT_EQ(outcome.reason, Reason::none);
  EXPECT_EQ(outcome.message, "");
  EXPECT_EQ(outcome.started, before);
  EXPECT_EQ(outcome.duration, milliseconds{25});
  EXPECT_EQ(outcome.timings.total, milliseconds{25});
  EXPECT_EQ(outcome.timings.dns, std::nullopt);
  EXPECT_TRUE(resolver.asked.empty());
  ASSERT_EQ(client.requests.size(), 1U);
  EXPECT_EQ(client.requests[0].url, "http://127.0.0.1:8080/x?q");
  EXPECT_TRUE(client.requests[0].keep_body);
  EXPECT_EQ(client.requests[0].timeout, timeout);
}

TEST_F(HttpProberTest, BodyIsKeptOnlyWhenACheckReadsIt) {
  run("http://127.0.0.1/", {"[STATUS] == 200"});
  EXPECT_FALSE(client.requests[0].keep_body);
}

TEST_F(HttpProberTest, AFailureCarriesWhatWasSeen) {
  ports::HttpResponse response = test::http_response(500, "oops");
  response.headers = {{"server", "nginx"}, {"set-cookie", "a=b"}};
  response.body_bytes = 4;
  answer({response, milliseconds{5}});
  EXPECT_EQ(run("http://127.0.0.1/").evidence,
            R"({"status":500,"body_bytes":4,"headers":{"server":"nginx","set-cookie":"***"},)"
            R"("body":"oops"})");
  answer({test::http_response(200, "fine"), milliseconds{5}});
  EXPECT_EQ(run("http://127.0.0.1/").evidence, "");
}

TEST_F(HttpProberTest, ARefusedCertificateIsEvidence) {
  ports::HttpFailure failure;
  failure.kind = ports::HttpFailure::Kind::tls;
  failure.message = "certificate has expired";
  failure.connected = true;
  failure.certificate =
      check::CertificateFacts{"CN=shop", "CN=CA", {}, from_unix_ms(0), from_unix_ms(1000)};
  answer({std::unexpected(failure), milliseconds{5}});
  EXPECT_EQ(run("https://127.0.0.1/").evidence,
            R"({"certificate":{"subject":"CN=shop","issuer":"CN=CA",)"
            R"("not_before":"1970-01-01T00:00:00.000Z","not_after":"1970-01-01T00:00:01.000Z"}})");
}

TEST_F(HttpProberTest, NamesAreLookedUpAndCountTowardsTimings) {
  resolver.set("shop.example.com", {"10.0.0.1"}, milliseconds{40});
  ports::HttpResponse response = test::http_response(503);
  response.timings.connect = milliseconds{10};
  response.timings.first_byte = milliseconds{50};
  answer({response, milliseconds{60}});
  const check::Outcome outcome = run("https://shop.example.com/health?token=hunter2");
  EXPECT_EQ(client.requests[0].address, "10.0.0.1");
  EXPECT_EQ(client.requests[0].port, 0);
  EXPECT_EQ(client.requests[0].timeout, milliseconds{9960});
  EXPECT_EQ(outcome.status, Status::down);
  EXPECT_EQ(outcome.reason, Reason::status);
  EXPECT_EQ(outcome.message,
            "GET shop.example.com (10.0.0.1:443): status 503, expected 200 to 299");
  EXPECT_EQ(outcome.timings.dns, milliseconds{40});
  EXPECT_EQ(outcome.timings.connect, milliseconds{50});
  EXPECT_EQ(outcome.timings.first_byte, milliseconds{90});
  EXPECT_EQ(outcome.timings.total, milliseconds{100});
  EXPECT_EQ(outcome.duration, milliseconds{100});
}

TEST_F(HttpProberTest, ResponseTimeCountsFromTheStartOfTheCheck) {
  resolver.set("h", {"10.0.0.1"}, milliseconds{40});
  answer({test::http_response(200), milliseconds{60}});
  EXPECT_EQ(run("http://h/", {"[RESPONSE_TIME] == 100ms", "[IP] == 10.0.0.1"}).status, Status::up);
}

TEST_F(HttpProberTest, FailedConditionIsAnAssertion) {
  answer({test::http_response(500, R"({"s":"bad"})")});
  const check::Outcome outcome = run("http://10.0.0.1/", {"[STATUS] == 200", "[BODY].s == bad"});
  EXPECT_EQ(outcome.reason, Reason::assertion);
  EXPECT_EQ(outcome.message, "GET 10.0.0.1:80: condition failed: [STATUS] (500) == 200");
  ASSERT_EQ(outcome.conditions.size(), 2U);
  EXPECT_TRUE(outcome.conditions[1].passed);
}

TEST_F(HttpProberTest, TransportErrorIsPassedByNoCondition) {
  answer({test::http_failure(HttpFailure::Kind::connect, "connection refused")});
  const check::Outcome outcome = run("http://10.0.0.1:81/", {"[RESPONSE_TIME] < 500"});
  EXPECT_EQ(outcome.status, Status::down);
  EXPECT_EQ(outcome.reason, Reason::connect);
  EXPECT_EQ(outcome.message, "GET 10.0.0.1:81: connection refused");
}

TEST_F(HttpProberTest, EveryFailureHasItsReason) {
  using Kind = HttpFailure::Kind;
  struct Row {
    Kind kind;
    Status status;
    Reason reason;
    std::string message;
  };
  for (const Row& row :
       {Row{Kind::connect, Status::down, Reason::connect, "seen"},
        Row{Kind::tls, Status::down, Reason::tls, "TLS: seen"},
        Row{Kind::timeout, Status::down, Reason::timeout, "no connection within 10s"},
        Row{Kind::protocol, Status::down, Reason::protocol, "seen"},
        Row{Kind::body_too_large, Status::down, Reason::body_too_large,
            "the body is longer than 1MiB"},
        Row{Kind::headers_too_large, Status::down, Reason::body_too_large, "seen"},
        Row{Kind::resources, Status::unknown, Reason::resources, "out of resources here: seen"},
        Row{Kind::invalid, Status::unknown, Reason::internal, "seen"},
        Row{Kind::cancelled, Status::unknown, Reason::interrupted, "the check was stopped"},
        Row{Kind::internal, Status::unknown, Reason::internal, "seen"}}) {
    answer({test::http_failure(row.kind, "seen")});
    const check::Outcome outcome = run("http://10.0.0.1/");
    EXPECT_EQ(outcome.status, row.status) << row.message;
    EXPECT_EQ(outcome.reason, row.reason) << row.message;
    EXPECT_EQ(outcome.message, "GET 10.0.0.1:80: " + row.message);
    EXPECT_TRUE(outcome.timings.total);
  }
}

TEST_F(HttpProberTest, TimeoutNamesThePhase) {
  const auto message = [&](bool connected, std::optional<Microseconds> tls,
                           std::optional<Microseconds> first_byte) {
    HttpFailure failure;
    failure.kind = HttpFailure::Kind::timeout;
    failure.connected = connected;
    failure.timings.tls = tls;
    failure.timings.first_byte = first_byte;
    answer({std::unexpected(failure)});
    return run("https://10.0.0.1/").message;
  };
  EXPECT_EQ(message(false, {}, {}), "GET 10.0.0.1:443: no connection within 10s");
  EXPECT_EQ(message(true, {}, {}), "GET 10.0.0.1:443: connected, but no TLS handshake within 10s");
  EXPECT_EQ(message(true, milliseconds{1}, {}),
            "GET 10.0.0.1:443: connected, but no answer within 10s");
  EXPECT_EQ(message(true, milliseconds{1}, milliseconds{2}),
            "GET 10.0.0.1:443: the answer was not complete within 10s");
}

TEST_F(HttpProberTest, AbsentNameIsDown) {
  const check::Outcome outcome = run("http://nowhere.example/");
  EXPECT_EQ(outcome.status, Status::down);
  EXPECT_EQ(outcome.reason, Reason::dns);
  EXPECT_EQ(outcome.message,
            "GET nowhere.example: lookup of nowhere.example: no such name (NXDOMAIN)");
  EXPECT_TRUE(client.requests.empty());
}

TEST_F(HttpProberTest, SilentResolverIsUnknownUntilOthersAnswer) {
  resolver.set("a.example", {.resolved = {}, .after = {}, .never = true});
  check::Outcome outcome = run("http://a.example/");
  EXPECT_EQ(outcome.status, Status::unknown);
  EXPECT_EQ(outcome.reason, Reason::resolver);
  EXPECT_EQ(took, timeout);
  EXPECT_EQ(outcome.duration, timeout);
  resolver.set("b.example", {"10.0.0.2"});
  EXPECT_EQ(run("http://b.example/").status, Status::up);
  outcome = run("http://a.example/");
  EXPECT_EQ(outcome.status, Status::down);
  EXPECT_EQ(outcome.reason, Reason::dns);
}

TEST_F(HttpProberTest, AddressesAreTriedInOrder) {
  resolver.set("h", {"10.0.0.1", "::1", "10.0.0.3"});
  client.script = [](const ports::HttpRequest& request) -> Answer {
    if (request.address == "10.0.0.1") {
      return {{}, {}, true};
    }
    if (request.address == "::1") {
      return {test::http_failure(HttpFailure::Kind::connect, "network is unreachable")};
    }
    return {test::http_response(200), milliseconds{5}};
  };
  const check::Outcome outcome = run("http://h/", {"[IP] == 10.0.0.3"});
  EXPECT_EQ(outcome.status, Status::up);
  ASSERT_EQ(client.requests.size(), 3U);
  EXPECT_EQ(client.requests[0].connect_timeout, milliseconds{3333});
  EXPECT_EQ(client.requests[1].connect_timeout, milliseconds{3333});
  EXPECT_EQ(client.requests[2].connect_timeout, milliseconds{0});
  EXPECT_EQ(client.requests[2].timeout, milliseconds{6667});
  EXPECT_EQ(outcome.duration, milliseconds{3338});
}

TEST_F(HttpProberTest, LastAddressIsNamedWhenAllFail) {
  resolver.set("h", {"10.0.0.1", "10.0.0.2"});
  answer({test::http_failure(HttpFailure::Kind::connect, "connection refused")});
  EXPECT_EQ(run("http://h/").message,
            "GET h (10.0.0.2:80): connection refused, as the last of 2 addresses");
}

TEST_F(HttpProberTest, OnceConnectedNoOtherAddressIsTried) {
  resolver.set("h", {"10.0.0.1", "10.0.0.2"});
  answer({{}, {}, false, true});
  EXPECT_EQ(run("http://h/").reason, Reason::timeout);
  EXPECT_EQ(client.requests.size(), 1U);
  EXPECT_EQ(took, timeout);
}

TEST_F(HttpProberTest, TimeoutCoversLookupAndEveryAddress) {
  resolver.set("h", {"10.0.0.1", "10.0.0.2", "10.0.0.3"}, seconds{4});
  answer({{}, {}, true});
  const check::Outcome outcome = run("http://h/");
  EXPECT_EQ(outcome.reason, Reason::timeout);
  EXPECT_EQ(took, timeout);
  EXPECT_EQ(client.requests.size(), 3U);
  EXPECT_EQ(outcome.message,
            "GET h (10.0.0.3:80): no connection within 10s, as the last of 3 addresses");
}

TEST_F(HttpProberTest, RedirectsAreFollowedWithFreshLookups) {
  resolver.set("a.example", {"10.0.0.1"}, milliseconds{10});
  resolver.set("b.example", {"10.0.0.2"}, milliseconds{20});
  route({{"http://a.example/",
          {test::http_response(301, "", {{"location", "https://b.example/x"}}), milliseconds{30}}},
         {"https://b.example/x", {test::http_response(503), milliseconds{40}}}});
  const check::Outcome outcome = run("http://a.example/");
  EXPECT_EQ(outcome.message,
            "GET b.example (10.0.0.2:443, after 1 redirect): status 503, expected 200 to 299");
  EXPECT_EQ(resolver.asked, (std::vector<std::string>{"a.example", "b.example"}));
  EXPECT_EQ(outcome.timings.dns, milliseconds{60});
  EXPECT_EQ(outcome.timings.total, milliseconds{100});
  EXPECT_EQ(client.requests[1].timeout, milliseconds{9940});
}

TEST_F(HttpProberTest, RedirectLoopsAndLongChainsAreDown) {
  answer({test::http_response(302, "", {{"location", "/"}})});
  check::Outcome outcome = run("http://10.0.0.1/?token=hunter2");
  EXPECT_EQ(outcome.reason, Reason::redirect);
  client.script = [n = 0](const ports::HttpRequest&) mutable {
    return Answer{test::http_response(302, "", {{"location", "/" + std::to_string(++n)}})};
  };
  client.requests.clear();
  outcome = run("http://10.0.0.1/");
  EXPECT_EQ(outcome.reason, Reason::redirect);
  EXPECT_EQ(client.requests.size(), 6U);
  EXPECT_NE(outcome.message.find("more than 5 redirects"), std::string::npos);
  answer({test::http_response(302)});
  EXPECT_EQ(run("http://10.0.0.1/").message, "GET 10.0.0.1:80: status 302 without a Location");
}

TEST_F(HttpProberTest, WithoutRedirectsTheRedirectIsTheAnswer) {
  options.max_redirects = 0;
  answer({test::http_response(302, "", {{"location", "/"}})});
  EXPECT_EQ(run("http://10.0.0.1/").reason, Reason::status);
  EXPECT_EQ(run("http://10.0.0.1/", {"[STATUS] == 302"}).status, Status::up);
}

TEST_F(HttpProberTest, CredentialsBodyAndTlsIdentityStayAtTheirOrigin) {
  options.method = "POST";
  options.body = "secret";
  options.bearer_token = "hunter2";
  options.headers = {{"Cookie", "a=b"},
                     {"X-Team", "shop"},
                     {"Content-Type", "text/plain"},
                     {"Host", "virtual.example"}};
  options.tls.server_name = "virtual.example";
  options.tls.certificate_file = "/c.pem";
  route({{"https://10.0.0.1/", {test::http_response(302, "", {{"location", "/here"}})}},
         {"https://10.0.0.1/here",
          {test::http_response(302, "", {{"location", "https://10.0.0.2/"}})}},
         {"https://10.0.0.2/",
          {test::http_response(302, "", {{"location", "https://10.0.0.1/back"}})}},
         {"https://10.0.0.1/back", {test::http_response(200)}}});
  EXPECT_EQ(run("https://10.0.0.1/").status, Status::up);
  ASSERT_EQ(client.requests.size(), 4U);
  EXPECT_EQ(client.requests[0].method, "POST");
  EXPECT_EQ(client.requests[0].body, "secret");
  EXPECT_EQ(header(client.requests[0], "Authorization"), "Bearer hunter2");
  EXPECT_EQ(header(client.requests[0], "Content-Type"), "text/plain");
  EXPECT_EQ(client.requests[1].method, "GET");
  EXPECT_EQ(client.requests[1].body, "");
  EXPECT_EQ(header(client.requests[1], "Authorization"), "Bearer hunter2");
  EXPECT_EQ(header(client.requests[1], "Cookie"), "a=b");
  EXPECT_EQ(header(client.requests[1], "Content-Type"), "");
  EXPECT_EQ(header(client.requests[1], "Host"), "virtual.example");
  EXPECT_EQ(client.requests[1].tls.server_name, "virtual.example");
  for (const std::size_t away : {2U, 3U}) {
    EXPECT_EQ(header(client.requests[away], "Authorization"), "");
    EXPECT_EQ(header(client.requests[away], "Cookie"), "");
    EXPECT_EQ(header(client.requests[away], "X-Team"), "shop");
  }
  EXPECT_EQ(header(client.requests[2], "Host"), "");
  EXPECT_EQ(client.requests[2].tls.server_name, "");
  EXPECT_EQ(client.requests[2].tls.certificate_file, "");
}

TEST_F(HttpProberTest, BasicCredentialsAreEncoded) {
  for (const auto& [user, password, expected] :
       {std::tuple{"Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
        std::tuple{"a", "", "Basic YTo="}, std::tuple{"ab", "", "Basic YWI6"},
        std::tuple{"\xFF", "\xFE>", "Basic /zr+Pg=="}}) {
    options.basic_username = user;
    options.basic_password = password;
    client.requests.clear();
    run("http://10.0.0.1/");
    EXPECT_EQ(header(client.requests[0], "Authorization"), expected);
  }
}

TEST_F(HttpProberTest, ConnectToReplacesTheAddressOfTheConfiguredOriginOnly) {
  options.connect_to = "backend.internal:8443";
  resolver.set("backend.internal", {"10.0.0.9"});
  resolver.set("other.example", {"10.0.0.2"});
  route({{"https://shop.example.com/",
          {test::http_response(302, "", {{"location", "https://other.example/"}})}},
         {"https://other.example/", {test::http_response(200)}}});
  EXPECT_EQ(run("https://shop.example.com/").status, Status::up);
  EXPECT_EQ(client.requests[0].url, "https://shop.example.com/");
  EXPECT_EQ(client.requests[0].address, "10.0.0.9");
  EXPECT_EQ(client.requests[0].port, 8443);
  EXPECT_EQ(client.requests[1].address, "10.0.0.2");
  EXPECT_EQ(client.requests[1].port, 0);
  options.connect_to = "[::1]:8443";
  client.requests.clear();
  answer({test::http_failure(HttpFailure::Kind::connect, "connection refused")});
  EXPECT_EQ(run("https://shop.example.com/").message,
            "GET shop.example.com ([::1]:8443): connection refused");
  EXPECT_EQ(client.requests[0].address, "::1");
}

TEST_F(HttpProberTest, ProxyHostIsLookedUpAndTheTargetsIsNot) {
  options.proxy = "http://joe:hunter2@proxy.internal:3128";
  resolver.set("proxy.internal", {"10.0.0.8"});
  answer({test::http_failure(HttpFailure::Kind::connect, "connection refused")});
  const check::Outcome outcome = run("http://shop.example.com/");
  EXPECT_EQ(resolver.asked, std::vector<std::string>{"proxy.internal"});
  EXPECT_EQ(client.requests[0].proxy, "http://joe:hunter2@10.0.0.8:3128");
  EXPECT_EQ(client.requests[0].address, "");
  EXPECT_EQ(outcome.message, "GET shop.example.com (proxy 10.0.0.8:3128): connection refused");
}

TEST_F(HttpProberTest, StoppedBetweenStepsIsInterruptedAndAsksNobody) {
  resolver.set("h", {"10.0.0.1"}, milliseconds{50});
  std::optional<check::Outcome> outcome;
  prober->start(spec("http://h/"), [&](check::Outcome o) { outcome = std::move(o); });
  prober.reset();
  loop.run_for(seconds{1});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->status, Status::unknown);
  EXPECT_EQ(outcome->reason, Reason::interrupted);
  EXPECT_TRUE(client.requests.empty());
}

TEST_F(HttpProberTest, ClientThatStopsInterruptsTheCheck) {
  answer({{}, {}, false, true});
  std::optional<check::Outcome> outcome;
  prober->start(spec("http://10.0.0.1/"), [&](check::Outcome o) { outcome = std::move(o); });
  loop.run_for(milliseconds{10});
  prober.reset();
  client.cancel_all();
  EXPECT_FALSE(outcome);
  loop.run_ready();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->reason, Reason::interrupted);
  EXPECT_EQ(outcome->duration, milliseconds{10});
}

TEST_F(HttpProberTest, SpecOfAnotherKindOrBadUrlIsInternal) {
  auto other = spec("http://h/");
  other->target = check::TcpCheck{"h", 1, {}, "", ""};
  EXPECT_EQ(run(other).reason, Reason::internal);
  EXPECT_EQ(run("not a url").reason, Reason::internal);
  options.connect_to = "nonsense";
  EXPECT_EQ(run("http://10.0.0.1/").reason, Reason::internal);
}

TEST_F(HttpProberTest, SecretsAreInNoMessage) {
  options.bearer_token = "hunter2";
  options.headers = {{"X-Key", "hunter2"}};
  for (const Answer& with :
       {Answer{test::http_response(500)},
        Answer{test::http_failure(HttpFailure::Kind::protocol, "cut short")},
        Answer{test::http_response(302, "", {{"location", "ftp://joe:hunter2@h/?hunter2"}})},
        Answer{test::http_response(302, "", {{"location", "?key=hunter2"}})}}) {
    answer(with);
    const check::Outcome outcome = run("http://10.0.0.1/?key=hunter2");
    EXPECT_EQ(outcome.status, Status::down);
    EXPECT_EQ(outcome.message.find("hunter2"), std::string::npos) << outcome.message;
  }
}

}  // namespace
}  // namespace tocsin::service

// Certificates: what is accepted, and how each problem is named.

#include "contract/http_fixture.hpp"

namespace tocsin::test {
namespace {

class HttpClientTls : public testing::Test {
 protected:
  HttpClientTls() {
    CertificateWish wish;
    wish.authority = true;
    authority_ = make_certificate(wish, nullptr);
    ca_file_ = folder_.write("ca.pem", to_pem(*authority_.certificate));
    good_ = make_certificate({}, &authority_);
  }

  LoopbackServer::Options serving(const Certificate& certificate) const {
    LoopbackServer::Options options;
    options.certificate = &certificate;
    return options;
  }

  ports::HttpRequest trusting(const LoopbackServer& server) const {
    auto request = get("https://server.test/");
    request.address = "127.0.0.1";
    request.port = server.port();
    request.tls.ca_file = ca_file_;
    return request;
  }

  void expect_problem(const Certificate& certificate, const std::string& message) {
    LoopbackServer server(hello_, serving(certificate));
    const auto result = fetch(client_, trusting(server));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, FailureKind::tls) << describe(result);
    EXPECT_EQ(result.error().message, message);
    EXPECT_TRUE(result.error().connected);
    auto insecure = trusting(server);
    insecure.tls.insecure = true;
    EXPECT_TRUE(fetch(client_, std::move(insecure)));
  }

  TempFolder folder_;
  Certificate authority_;
  Certificate good_;
  std::string ca_file_;
  LoopbackServer::Script hello_ = answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  adapters::HttpCurl client_;
};

TEST_F(HttpClientTls, VerifiesWithTheGivenBundleOnEveryFreshConnection) {
  LoopbackServer server(hello_, serving(good_));
  for (int i = 0; i < 3; ++i) {
    const auto result = fetch(client_, trusting(server));
    ASSERT_TRUE(result) << describe(result);
    ASSERT_TRUE(result->timings.tls);
    EXPECT_GE(*result->timings.tls, *result->timings.connect);
  }
}

TEST_F(HttpClientTls, TrustsNothingElseThanTheBundleInForce) {
  LoopbackServer server(hello_, serving(good_));
  ASSERT_TRUE(fetch(client_, trusting(server)));
  auto by_system = trusting(server);
  by_system.tls.ca_file.clear();
  const auto result = fetch(client_, std::move(by_system));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message,
            "certificate is signed by an unknown authority, or an intermediate one is missing");
}

TEST_F(HttpClientTls, NamesAnExpiredCertificate) {
  CertificateWish wish;
  wish.valid_from_days = -10;
  wish.valid_until_days = -1;
  expect_problem(make_certificate(wish, &authority_), "certificate has expired");
}

TEST_F(HttpClientTls, ShowsTheCertificateThatWasRefused) {
  CertificateWish wish;
  wish.valid_from_days = -10;
  wish.valid_until_days = -1;
  const Certificate expired = make_certificate(wish, &authority_);
  LoopbackServer server(hello_, serving(expired));
  const auto result = fetch(client_, trusting(server));
  ASSERT_FALSE(result);
  ASSERT_TRUE(result.error().certificate);
  const check::CertificateFacts& facts = *result.error().certificate;
  EXPECT_EQ(facts.names, (std::vector<std::string>{"server.test", "127.0.0.1", "::1"}));
  EXPECT_FALSE(facts.subject.empty());
  EXPECT_NE(facts.issuer, facts.subject);
  EXPECT_EQ(facts.not_after - facts.not_before, Milliseconds{std::chrono::hours{9 * 24}});
}

TEST_F(HttpClientTls, ShowsTheServersCertificateBesideABadStatus) {
  LoopbackServer bad(answer("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"), serving(good_));
  const auto result = fetch(client_, trusting(bad));
  ASSERT_TRUE(result) << describe(result);
  ASSERT_TRUE(result->certificate);
  EXPECT_EQ(result->certificate->names,
            (std::vector<std::string>{"server.test", "127.0.0.1", "::1"}));
  LoopbackServer fine(hello_, serving(good_));
  EXPECT_FALSE(fetch(client_, trusting(fine))->certificate) << "nobody asks for it";
}

TEST_F(HttpClientTls, NamesACertificateOfTheFuture) {
  CertificateWish wish;
  wish.valid_from_days = 1;
  wish.valid_until_days = 2;
  expect_problem(make_certificate(wish, &authority_), "certificate is not yet valid");
}

TEST_F(HttpClientTls, NamesASelfSignedCertificate) {
  CertificateWish wish;
  wish.self_signed = true;
  expect_problem(make_certificate(wish, nullptr), "certificate is self-signed");
}

TEST_F(HttpClientTls, NamesACertificateForAnotherHost) {
  CertificateWish wish;
  wish.dns_name = "other.test";
  expect_problem(make_certificate(wish, &authority_), "certificate is for another host name");
}

TEST_F(HttpClientTls, VerifiesAndAsksForTheServerNameInsteadOfTheUrlsHost) {
  std::string seen_request;
  std::string seen_name;
  LoopbackServer server(
      [&](Peer& peer) {
        seen_name = peer.server_name();
        seen_request = peer.read_request();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      },
      serving(good_));
  auto request = trusting(server);
  request.url = "https://public.example.com:8443/x";
  auto without = request;
  EXPECT_FALSE(fetch(client_, std::move(without)));
  request.tls.server_name = "server.test";
  const auto result = fetch(client_, std::move(request));
  ASSERT_TRUE(result) << describe(result);
  EXPECT_EQ(seen_name, "server.test");
  EXPECT_NE(seen_request.find("\r\nHost: public.example.com:8443\r\n"), std::string::npos)
      << seen_request;
}

TEST_F(HttpClientTls, ShowsAClientCertificateWhereOneIsDemanded) {
  const Certificate mine = make_certificate({}, &authority_);
  const std::string certificate = folder_.write("mine.pem", to_pem(*mine.certificate));
  const std::string key = folder_.write("mine.key", to_pem(*mine.key));
  auto options = serving(good_);
  options.client_authority = &authority_;
  LoopbackServer server(hello_, options);
  const auto without = fetch(client_, trusting(server));
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().kind, FailureKind::tls) << describe(without);
  auto request = trusting(server);
  request.tls.certificate_file = certificate;
  request.tls.key_file = key;
  const auto with = fetch(client_, std::move(request));
  EXPECT_TRUE(with) << describe(with);
}

TEST_F(HttpClientTls, CallsUnreadableFilesAnInvalidRequest) {
  LoopbackServer server(hello_, serving(good_));
  auto request = trusting(server);
  request.tls.ca_file = "/nonexistent/ca.pem";
  auto result = fetch(client_, std::move(request));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, FailureKind::invalid) << describe(result);
  request = trusting(server);
  request.tls.certificate_file = "/nonexistent/mine.pem";
  result = fetch(client_, std::move(request));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, FailureKind::invalid) << describe(result);
}

TEST_F(HttpClientTls, NeverSharesAKeptConnectionBetweenDifferentTrust) {
  LoopbackServer server(
      [](Peer& peer) {
        while (!peer.read_request().empty() &&
               peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) {
        }
      },
      serving(good_));
  auto request = trusting(server);
  request.reuse_connection = true;
  ASSERT_TRUE(fetch(client_, request));
  ASSERT_TRUE(fetch(client_, request));
  EXPECT_EQ(server.accepted(), 1);
  request.tls.ca_file.clear();
  const auto result = fetch(client_, request);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, FailureKind::tls) << describe(result);
}

}  // namespace
}  // namespace tocsin::test

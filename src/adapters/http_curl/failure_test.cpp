#include "adapters/http_curl/failure.hpp"

#include <gtest/gtest.h>
#include <openssl/x509_vfy.h>

#include <cerrno>

namespace tocsin::adapters {
namespace {

using Kind = ports::HttpFailure::Kind;

Ending ending(CURLcode code, Phase phase) {
  Ending out;
  out.code = code;
  out.phase = phase;
  out.timeout = Milliseconds{10'000};
  return out;
}

TEST(HttpFailureText, BlamesOurselvesWhenNoSocketOrPortIsLeft) {
  Ending e = ending(CURLE_COULDNT_CONNECT, Phase::connecting);
  e.socket_error = EMFILE;
  EXPECT_EQ(explain(e).kind, Kind::resources);
  e.socket_error = 0;
  e.connect_error = EADDRNOTAVAIL;
  EXPECT_EQ(explain(e).kind, Kind::resources);
  e.connect_error = ECONNREFUSED;
  EXPECT_EQ(explain(e).kind, Kind::connect);
  EXPECT_EQ(explain(e).message, "connection refused");
}

TEST(HttpFailureText, TellsAConnectTimeoutFromAnAnswerTimeout) {
  Ending e = ending(CURLE_OPERATION_TIMEDOUT, Phase::connecting);
  e.connect_timeout = Milliseconds{2'000};
  EXPECT_EQ(explain(e).message, "no connection within 2s");
  e.phase = Phase::waiting;
  EXPECT_EQ(explain(e).message, "connected, but no answer within 10s");
}

TEST(HttpFailureText, NamesTheCertificateProblem) {
  Ending e = ending(CURLE_PEER_FAILED_VERIFICATION, Phase::tls_handshake);
  e.verify_result = X509_V_ERR_CERT_HAS_EXPIRED;
  EXPECT_EQ(explain(e).message, "certificate has expired");
  e.verify_result = X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT;
  EXPECT_EQ(explain(e).message, "certificate is self-signed");
  e.verify_result = X509_V_OK;
  e.error_text = "SSL: no alternative certificate subject name matches target host name 'x'";
  EXPECT_EQ(explain(e).message, "certificate is for another host name");
}

TEST(HttpFailureText, KnowsAResetByAllItsNames) {
  for (const char* text :
       {"Recv failure: Connection reset by peer", "OpenSSL SSL_read: SSL_ERROR_SYSCALL, errno 104",
        "getpeername() failed with errno 107: Transport endpoint is not connected"}) {
    Ending e = ending(CURLE_RECV_ERROR, Phase::waiting);
    e.error_text = text;
    EXPECT_EQ(explain(e).message, "connection reset before an answer") << text;
  }
}

TEST(HttpFailureText, NeverNamesTheHost) {
  for (const CURLcode code : {CURLE_PEER_FAILED_VERIFICATION, CURLE_COULDNT_CONNECT,
                              CURLE_SSL_CONNECT_ERROR, CURLE_RECV_ERROR, CURLE_SEND_ERROR,
                              CURLE_OPERATION_TIMEDOUT, CURLE_COULDNT_RESOLVE_HOST, CURLE_PROXY}) {
    Ending e = ending(code, Phase::waiting);
    e.error_text = "something about secret.example.com port 443";
    EXPECT_EQ(explain(e).message.find("secret"), std::string::npos) << code;
  }
}

}  // namespace
}  // namespace tocsin::adapters

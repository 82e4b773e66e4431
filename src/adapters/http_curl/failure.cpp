#include "adapters/http_curl/failure.hpp"

#include <openssl/x509_vfy.h>

#include <string>

#include "base/socket_error.hpp"
#include "base/utf8.hpp"

namespace tocsin::adapters {
namespace {

using Kind = ports::HttpFailure::Kind;
using ports::HttpFailure;

HttpFailure failure(Kind kind, std::string message) {
  HttpFailure out;
  out.kind = kind;
  out.message = std::move(message);
  return out;
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string_view name_of(Phase phase) {
  switch (phase) {
    case Phase::connecting:
      return "while connecting";
    case Phase::tls_handshake:
      return "during the TLS handshake";
    case Phase::waiting:
      return "before an answer";
    case Phase::headers:
      return "within the headers";
    case Phase::body:
      return "within the body";
  }
  return "";
}

HttpFailure explain_refusal(const Ending& e) {
  switch (e.refusal) {
    case Refusal::body_too_large:
      return failure(Kind::body_too_large, "body is larger than " + format_size(e.max_body_bytes));
    case Refusal::headers_too_large:
      return failure(Kind::headers_too_large, "headers are larger than 256KiB");
    case Refusal::body_budget:
      return failure(Kind::resources, "no memory budget left for response bodies");
    case Refusal::memory:
      return failure(Kind::resources, "out of memory");
    case Refusal::coding_unsupported:
      return failure(Kind::protocol, "body has an unsupported content encoding");
    case Refusal::coding_broken:
      return failure(Kind::protocol, "body cannot be decompressed");
    case Refusal::coding_cut_short:
      return failure(Kind::protocol, "body ends within its compressed form (" +
                                         std::to_string(e.body_bytes) + " bytes were in it)");
    case Refusal::codings_stacked:
      return failure(Kind::protocol, "body has more than one content encoding");
    case Refusal::status_line:
      return failure(Kind::protocol, "not a valid answer: no HTTP status line");
    case Refusal::lengths_differ:
      return failure(Kind::protocol, "not a valid answer: two different Content-Length headers");
    case Refusal::headers_cut_short:
      return failure(Kind::protocol, "connection closed within the headers");
    case Refusal::http2_not_chosen:
      return failure(Kind::protocol, "the peer did not choose HTTP/2");
    case Refusal::ca_unreadable:
      return failure(Kind::invalid, "CA file is unreadable or holds no certificate");
    case Refusal::none:
      break;
  }
  return failure(Kind::internal, "transfer was given up");
}

HttpFailure explain_timeout(const Ending& e) {
  const bool by_connect = e.connect_timeout.count() > 0 && e.phase <= Phase::tls_handshake &&
                          e.connect_timeout < e.timeout;
  const std::string limit = format_duration(by_connect ? e.connect_timeout : e.timeout);
  switch (e.phase) {
    case Phase::connecting:
      return failure(Kind::timeout, "no connection within " + limit);
    case Phase::tls_handshake:
      return failure(Kind::timeout, "connected, but no TLS handshake within " + limit);
    case Phase::waiting:
      return failure(Kind::timeout, "connected, but no answer within " + limit);
    case Phase::headers:
      return failure(Kind::timeout, "headers were not complete within " + limit);
    case Phase::body:
      break;
  }
  return failure(Kind::timeout, "body was not complete within " + limit + " (" +
                                    std::to_string(e.body_bytes) + " bytes came)");
}

HttpFailure explain_connect(const Ending& e) {
  const int error = e.socket_error != 0 ? e.socket_error : e.connect_error;
  if (error == 0) {
    return failure(Kind::connect, "cannot connect");
  }
  const bool ours = socket_fault(error) == SocketFault::local;
  return failure(ours ? Kind::resources : Kind::connect, describe_socket_error(error));
}

std::string describe_certificate(const Ending& e) {
  // libcurl's own check of the name; it leaves no code.
  if (has(e.error_text, "subject name")) {
    return "certificate is for another host name";
  }
  switch (e.verify_result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "certificate has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "certificate is not yet valid";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "certificate is self-signed";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return "certificate chain ends in a self-signed certificate that is not trusted";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return "certificate is signed by an unknown authority, or an intermediate one is missing";
    case X509_V_ERR_CERT_REVOKED:
      return "certificate is revoked";
    case X509_V_ERR_INVALID_PURPOSE:
      return "certificate is not meant for servers";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "certificate is for another host name";
    default:
      return "certificate is not trusted: " +
             std::string(X509_verify_cert_error_string(e.verify_result));
  }
}

// The reason inside OpenSSL's "error:0A00010B:SSL routines::wrong version number".
std::string_view openssl_reason(std::string_view text) {
  constexpr std::string_view kMark = "SSL routines::";
  const auto at = text.find(kMark);
  if (at == std::string_view::npos) {
    return {};
  }
  const std::string_view reason = text.substr(at + kMark.size());
  return reason.substr(0, reason.find(','));
}

HttpFailure explain_handshake(const Ending& e) {
  const std::string_view reason = openssl_reason(e.error_text);
  if (has(reason, "unexpected eof") || has(e.error_text, "SSL_ERROR_SYSCALL") ||
      has(e.error_text, "SSL_ERROR_ZERO_RETURN")) {
    return failure(Kind::tls, "connection closed during the TLS handshake");
  }
  if (has(e.error_text, "Connection reset")) {
    return failure(Kind::tls, "connection reset during the TLS handshake");
  }
  if (has(reason, "wrong version number") || has(reason, "packet length too long") ||
      has(reason, "record layer failure")) {
    return failure(Kind::tls, "TLS handshake failed: the port does not speak TLS");
  }
  if (reason.empty()) {
    return failure(Kind::tls, "TLS handshake failed");
  }
  return failure(Kind::tls, "TLS handshake failed: " + printable(clip(reason, 200)));
}

HttpFailure explain_receive(const Ending& e) {
  const std::string_view reason = openssl_reason(e.error_text);
  if (e.proxy_status >= 300) {
    return failure(Kind::connect,
                   "proxy refused the tunnel with status " + std::to_string(e.proxy_status));
  }
  if (has(reason, "unexpected eof")) {
    return failure(Kind::protocol, "connection closed " + std::string(name_of(e.phase)));
  }
  if (has(reason, "alert")) {
    return failure(Kind::tls, "TLS alert from the peer: " + printable(clip(reason, 200)));
  }
  if (!reason.empty()) {
    return failure(Kind::protocol, "broken TLS record " + std::string(name_of(e.phase)));
  }
  // libcurl asks for the peer's name after connecting, which fails once a reset came.
  if (has(e.error_text, "onnection reset") || has(e.error_text, "errno 104") ||
      has(e.error_text, "errno 107")) {
    return failure(Kind::protocol, "connection reset " + std::string(name_of(e.phase)));
  }
  if (has(e.error_text, "roken pipe")) {
    return failure(Kind::protocol, "connection closed " + std::string(name_of(e.phase)));
  }
  if (has(e.error_text, "chunked-encoding")) {
    return failure(Kind::protocol, "body is not valid chunked encoding");
  }
  if (has(e.error_text, "response headers")) {
    return failure(Kind::headers_too_large, "headers are larger than 256KiB");
  }
  return failure(Kind::protocol, "connection failed " + std::string(name_of(e.phase)));
}

// These libcurl texts speak of the answer alone, never of a host.
HttpFailure quote(Kind kind, const Ending& e) {
  const std::string_view text =
      e.error_text.empty() ? std::string_view(curl_easy_strerror(e.code)) : e.error_text;
  return failure(kind, "not a valid answer: " + printable(clip(text, 200)));
}

HttpFailure explain_out_of_memory(const Ending& e) {
  // libcurl calls a header line beyond its own limit "out of memory".
  return e.phase == Phase::waiting || e.phase == Phase::headers
             ? failure(Kind::headers_too_large, "a header line is longer than 100KiB")
             : failure(Kind::resources, "out of memory");
}

}  // namespace

HttpFailure explain(const Ending& e) {
  if (e.refusal != Refusal::none) {
    return explain_refusal(e);
  }
  switch (static_cast<int>(e.code)) {
    case CURLE_OPERATION_TIMEDOUT:
      return explain_timeout(e);
    case CURLE_COULDNT_CONNECT:
      return explain_connect(e);
    case CURLE_PROXY:
      return failure(Kind::connect, "proxy did not set up the connection");
    case CURLE_PEER_FAILED_VERIFICATION:
      return failure(Kind::tls, describe_certificate(e));
    case CURLE_SSL_CLIENTCERT:
      return failure(Kind::tls, "peer demands a client certificate");
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_USE_SSL_FAILED:
      return explain_handshake(e);
    case CURLE_SSL_CERTPROBLEM:
      return failure(Kind::invalid, "client certificate or key file cannot be used");
    case CURLE_SSL_CACERT_BADFILE:
      return failure(Kind::invalid, "CA file is unreadable or holds no certificate");
    case CURLE_GOT_NOTHING:
      return failure(Kind::protocol, "connection closed without an answer");
    case CURLE_PARTIAL_FILE:
      return failure(Kind::protocol, "connection closed within the body (" +
                                         std::to_string(e.body_bytes) + " bytes came)");
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      return explain_receive(e);
    case CURLE_BAD_CONTENT_ENCODING:  // a transfer coding
      return failure(Kind::protocol, "body cannot be decompressed");
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return failure(Kind::protocol, "HTTP/2 error " + std::string(name_of(e.phase)));
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_CHUNK_FAILED:
      return quote(Kind::protocol, e);
    case CURLE_OUT_OF_MEMORY:
      return explain_out_of_memory(e);
    case CURLE_URL_MALFORMAT:
      return failure(Kind::invalid, "not a usable URL");
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return failure(Kind::invalid, "a host name came without an address to connect to");
    case CURLE_BAD_FUNCTION_ARGUMENT:
      return failure(Kind::invalid, "the request cannot be made");
    default:
      return failure(Kind::internal, std::string("transfer failed: ") + curl_easy_strerror(e.code));
  }
}

}  // namespace tocsin::adapters

#pragma once
// The certificates that a TLS handshake looks at, and what is worth telling of one.

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <optional>

#include "check/excerpt.hpp"

namespace tocsin::adapters {

struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using CertificatePtr = std::unique_ptr<X509, FreeCertificate>;

// From now on `seen` holds the certificate that a handshake of `context` looked at last: the
// refused one when it was refused, else the peer's own. `seen` outlives the handshakes.
void watch_certificates(SSL_CTX* context, CertificatePtr* seen);

// nullopt for nullptr.
[[nodiscard]] std::optional<check::CertificateFacts> facts_of(X509* certificate);

}  // namespace tocsin::adapters

#include "adapters/http_curl/certificate.hpp"

#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/x509v3.h>

#include <array>
#include <chrono>
#include <string>
#include <string_view>

#include "base/utf8.hpp"

namespace tocsin::adapters {
namespace {

constexpr std::size_t kNameBytes = 200;
constexpr int kMaxNames = 10;

int context_slot() {
  static const int kSlot = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return kSlot;
}

int on_certificate(int accepted, X509_STORE_CTX* chain) {
  auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
  X509* current = X509_STORE_CTX_get_current_cert(chain);
  auto* seen =
      ssl == nullptr
          ? nullptr
          : static_cast<CertificatePtr*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), context_slot()));
  if (seen != nullptr && current != nullptr && X509_up_ref(current) == 1) {
    seen->reset(current);
  }
  return accepted;
}

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};

std::string name_of(const X509_NAME* name) {
  const std::unique_ptr<BIO, FreeBio> out(BIO_new(BIO_s_mem()));
  if (!out || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0) {
    return {};
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return clip(printable({data, static_cast<std::size_t>(size)}), kNameBytes);
}

Instant instant_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) {
    return {};
  }
  return from_unix_ms(static_cast<std::int64_t>(timegm(&parts)) * 1000);
}

std::string alternative(const GENERAL_NAME* name) {
  const auto text = [](const ASN1_STRING* string) {
    const auto* data = static_cast<const void*>(ASN1_STRING_get0_data(string));
    return std::string_view(static_cast<const char*>(data),
                            static_cast<std::size_t>(ASN1_STRING_length(string)));
  };
  if (name->type == GEN_DNS) {
    return clip(printable(text(name->d.dNSName)), kNameBytes);
  }
  if (name->type == GEN_IPADD) {
    const std::string_view bytes = text(name->d.iPAddress);
    std::array<char, INET6_ADDRSTRLEN> out{};
    const int family = bytes.size() == 4 ? AF_INET : AF_INET6;
    if ((bytes.size() == 4 || bytes.size() == 16) &&
        inet_ntop(family, bytes.data(), out.data(), out.size()) != nullptr) {
      return out.data();
    }
  }
  return {};
}

struct FreeNames {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

std::vector<std::string> alternatives_of(const X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, FreeNames> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> out;
  const int count = names ? sk_GENERAL_NAME_num(names.get()) : 0;
  for (int i = 0; i < count && i < kMaxNames; ++i) {
    if (auto text = alternative(sk_GENERAL_NAME_value(names.get(), i)); !text.empty()) {
      out.push_back(std::move(text));
    }
  }
  return out;
}

}  // namespace

void watch_certificates(SSL_CTX* context, CertificatePtr* seen) {
  if (SSL_CTX_set_ex_data(context, context_slot(), seen) == 1) {
    SSL_CTX_set_verify(context, SSL_CTX_get_verify_mode(context), &on_certificate);
  }
}

std::optional<check::CertificateFacts> facts_of(X509* certificate) {
  if (certificate == nullptr) {
    return std::nullopt;
  }
  check::CertificateFacts out;
  out.subject = name_of(X509_get_subject_name(certificate));
  out.issuer = name_of(X509_get_issuer_name(certificate));
  out.names = alternatives_of(certificate);
  out.not_before = instant_of(X509_get0_notBefore(certificate));
  out.not_after = instant_of(X509_get0_notAfter(certificate));
  return out;
}

}  // namespace tocsin::adapters

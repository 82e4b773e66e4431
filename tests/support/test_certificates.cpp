#include "support/test_certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/result.hpp"

namespace tocsin::test {
namespace {

void add_extension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  TOCSIN_ASSERT(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

std::string drain(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

}  // namespace

void CertificateFree::operator()(X509* certificate) const { X509_free(certificate); }
void CertificateFree::operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }

Certificate make_certificate(const CertificateWish& wish, const Certificate* issuer) {
  static std::atomic<long> serial = 1;
  Certificate out{std::unique_ptr<X509, CertificateFree>(X509_new()),
                  std::unique_ptr<EVP_PKEY, CertificateFree>(EVP_EC_gen("P-256"))};
  X509* const certificate = out.certificate.get();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
  constexpr long kDay = 86'400;
  X509_gmtime_adj(X509_getm_notBefore(certificate), kDay * wish.valid_from_days);
  X509_gmtime_adj(X509_getm_notAfter(certificate), kDay * wish.valid_until_days);
  X509_set_pubkey(certificate, out.key.get());
  X509_NAME* const name = X509_get_subject_name(certificate);
  const std::string common = wish.authority ? "Test Authority" : wish.dns_name;
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(common.c_str()), -1, -1, 0);
  const bool own = wish.self_signed || wish.authority;
  TOCSIN_ASSERT(own || issuer != nullptr);
  X509_set_issuer_name(certificate, own ? name : X509_get_subject_name(issuer->certificate.get()));
  if (wish.authority) {
    add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
  } else {
    const std::string numbers = wish.only_name ? "" : ",IP:127.0.0.1,IP:::1";
    add_extension(certificate, NID_subject_alt_name, "DNS:" + wish.dns_name + numbers);
  }
  X509_sign(certificate, own ? out.key.get() : issuer->key.get(), EVP_sha256());
  return out;
}

std::string to_pem(const X509& certificate) {
  BIO* const bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, &certificate);
  return drain(bio);
}

std::string to_pem(const EVP_PKEY& key) {
  BIO* const bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, &key, nullptr, nullptr, 0, nullptr, nullptr);
  return drain(bio);
}

TempFolder::TempFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "tocsin-test-XXXXXX").string();
  TOCSIN_ASSERT(mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempFolder::write(const std::string& name, const std::string& text) const {
  const std::string path = path_ + "/" + name;
  std::ofstream(path) << text;
  return path;
}

}  // namespace tocsin::test

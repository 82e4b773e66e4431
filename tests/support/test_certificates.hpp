#pragma once
// Certificates made at test time: one authority and what it signs, with the faults that checks must
// name.

#include <memory>
#include <string>

using X509 = struct x509_st;
using EVP_PKEY = struct evp_pkey_st;

namespace tocsin::test {

struct CertificateFree {
  void operator()(X509* certificate) const;
  void operator()(EVP_PKEY* key) const;
};

struct Certificate {
  std::unique_ptr<X509, CertificateFree> certificate;
  std::unique_ptr<EVP_PKEY, CertificateFree> key;
};

struct CertificateWish {
  std::string dns_name = "server.test";  // also named: 127.0.0.1 and ::1, unless only_name
  bool only_name = false;
  bool self_signed = false;
  bool authority = false;
  int valid_from_days = -1;
  int valid_until_days = 1;
};

// `issuer` is not used for a self-signed one.
[[nodiscard]] Certificate make_certificate(const CertificateWish& wish, const Certificate* issuer);

[[nodiscard]] std::string to_pem(const X509& certificate);
[[nodiscard]] std::string to_pem(const EVP_PKEY& key);

// A folder that goes with the object.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  // Writes a file there and returns its path.
  std::string write(const std::string& name, const std::string& text) const;

 private:
  std::string path_;
};

}  // namespace tocsin::test

#pragma once
// Trusted certificates, parsed once and shared by every TLS connection: reading the system's bundle
// takes longer than the handshake it serves. (libcurl's own cache holds one file and is off as soon
// as a CA path is set, which Debian's build does by default.)

#include <chrono>
#include <map>
#include <memory>
#include <string>

using X509_STORE = struct x509_store_st;

namespace tocsin::adapters {

class CaStores {
 public:
  // `system_file` may be missing: OpenSSL's own default places are used then.
  explicit CaStores(std::string system_file);

  // The store of a PEM bundle; "" is the system's. Read again when the file changed (looked at no
  // more than every minute). nullptr: unreadable, or no certificate in it. Lives until the next
  // call; SSL_CTX_set1_cert_store takes its own reference.
  X509_STORE* get(const std::string& file);

 private:
  struct Free {
    void operator()(X509_STORE* store) const;
  };
  struct Entry {
    std::unique_ptr<X509_STORE, Free> store;
    std::string version;  // inode, size and change time of the file
    std::chrono::steady_clock::time_point look_again;
  };

  std::string system_file_;
  std::map<std::string, Entry> entries_;
};

}  // namespace tocsin::adapters

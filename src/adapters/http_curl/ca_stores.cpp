#include "adapters/http_curl/ca_stores.hpp"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <utility>

namespace tocsin::adapters {
namespace {

constexpr std::chrono::seconds kLookAgain{60};
// Above this many configured bundles the cache starts over: a bound, not a working size.
constexpr std::size_t kMaxEntries = 256;

// Empty when there is no such file.
std::string version_of(const std::string& file) {
  struct stat facts{};
  if (stat(file.c_str(), &facts) != 0) {
    return {};
  }
  return std::to_string(facts.st_ino) + ' ' + std::to_string(facts.st_size) + ' ' +
         std::to_string(facts.st_mtim.tv_sec) + '.' + std::to_string(facts.st_mtim.tv_nsec);
}

}  // namespace

void CaStores::Free::operator()(X509_STORE* store) const { X509_STORE_free(store); }

CaStores::CaStores(std::string system_file) : system_file_(std::move(system_file)) {}

X509_STORE* CaStores::get(const std::string& file) {
  const auto now = std::chrono::steady_clock::now();
  if (entries_.size() > kMaxEntries) {
    entries_.clear();
  }
  Entry& entry = entries_[file];
  if (entry.store && now < entry.look_again) {
    return entry.store.get();
  }
  const std::string& path = file.empty() ? system_file_ : file;
  std::string version = version_of(path);
  entry.look_again = now + kLookAgain;
  if (entry.store && version == entry.version) {
    return entry.store.get();
  }
  std::unique_ptr<X509_STORE, Free> store(X509_STORE_new());
  const bool loaded = store && (version.empty() && file.empty()
                                    ? X509_STORE_set_default_paths(store.get()) == 1
                                    : X509_STORE_load_file(store.get(), path.c_str()) == 1);
  ERR_clear_error();
  if (loaded) {
    entry.store = std::move(store);
    entry.version = std::move(version);
  } else if (!file.empty()) {
    entry.store.reset();  // a configured bundle that went away trusts nobody
  }
  return entry.store.get();
}

}  // namespace tocsin::adapters

#include "notification/signature.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <iterator>

#include "base/result.hpp"

namespace tocsin::notification {

std::string hmac_sha256_hex(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  const unsigned char* made =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  TOCSIN_ASSERT(made != nullptr);
  std::string out;
  for (unsigned int i = 0; i < size; ++i) {
    fmt::format_to(std::back_inserter(out), "{:02x}", static_cast<unsigned>(digest.at(i)));
  }
  return out;
}

std::string signature(std::string_view secret, Instant at, std::string_view body) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  return fmt::format("t={},v1={}", seconds,
                     hmac_sha256_hex(secret, fmt::format("{}.{}", seconds, body)));
}

}  // namespace tocsin::notification

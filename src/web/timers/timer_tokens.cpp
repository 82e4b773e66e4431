#include "web/timers/timer_tokens.hpp"

#include <openssl/crypto.h>
#include <openssl/sha.h>

namespace tocsin::web {
namespace {

std::array<unsigned char, 32> digest_of(std::string_view token) {
  std::array<unsigned char, 32> out{};
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), out.data());
  return out;
}

// RFC 6750, section 2.1; the scheme in any case. "" when it is another.
std::string_view bearer(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() <= kScheme.size()) {
    return {};
  }
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    const char c = authorization[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c) != kScheme[i]) {
      return {};
    }
  }
  authorization.remove_prefix(kScheme.size());
  while (authorization.starts_with(' ')) {
    authorization.remove_prefix(1);
  }
  return authorization;
}

}  // namespace

TimerTokens::TimerTokens(const config::TimerSettings& settings)
    : open_checks_(settings.open_checks) {
  for (const config::TimerToken& token : settings.tokens) {
    known_.push_back({digest_of(token.token), token.prefix});
  }
}

TimerTokens::Verdict TimerTokens::may_arm(std::string_view authorization,
                                          std::string_view id) const {
  if (known_.empty()) {
    return Verdict::allowed;
  }
  const std::string_view token = bearer(authorization);
  if (token.empty()) {
    return Verdict::unknown;
  }
  const Digest digest = digest_of(token);
  Verdict verdict = Verdict::unknown;
  for (const Known& known : known_) {
    if (CRYPTO_memcmp(known.digest.data(), digest.data(), digest.size()) == 0) {
      if (id.starts_with(known.prefix)) {
        verdict = Verdict::allowed;
      } else if (verdict == Verdict::unknown) {
        verdict = Verdict::other_ids;
      }
    }
  }
  return verdict;
}

TimerTokens::Verdict TimerTokens::may_check(std::string_view authorization,
                                            std::string_view id) const {
  return open_checks_ ? Verdict::allowed : may_arm(authorization, id);
}

}  // namespace tocsin::web

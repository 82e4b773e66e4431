#pragma once
// What a failed answer looked like, for the people who are told of it: status, headers, the
// beginning of the body, the certificate. Pure; bounded whatever a target sends.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"

namespace tocsin::check {

// Of the peer's own certificate, or of the one in its chain that was refused.
struct CertificateFacts {
  std::string subject, issuer;     // RFC 4514, at most 200 bytes each
  std::vector<std::string> names;  // subjectAltName: DNS names and addresses, at most 10
  Instant not_before{}, not_after{};
};

struct AnswerFacts {
  std::optional<int> status;                                     // HTTP
  std::span<const std::pair<std::string, std::string>> headers;  // names in lower case
  std::string_view body;                                         // the whole or its beginning
  std::uint64_t body_bytes = 0;                                  // of the whole
  const CertificateFacts* certificate = nullptr;
};

inline constexpr std::size_t kExcerptBodyBytes = 1024;
// A client that does not keep a body keeps this much of its beginning: so much that a cut shows.
inline constexpr std::size_t kBodyHeadBytes = 2 * kExcerptBodyBytes;

// {status,body_bytes,headers{},body,certificate{subject,issuer,names[],not_before,not_after}}, each
// only when it is known; "" when nothing is. What proves who somebody is (cookies, credentials)
// reads "***"; other secrets are for the caller to hide.
[[nodiscard]] std::string excerpt(const AnswerFacts& facts);

// What a job said, as {output}: its first kExcerptBodyBytes; "" when it said nothing.
[[nodiscard]] std::string output_excerpt(std::string_view output);

}  // namespace tocsin::check

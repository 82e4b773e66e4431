#pragma once
// AWS Signature Version 4 in request headers. Pure. Source: "Create a signed AWS API request" of
// the IAM user guide (canonical request, string to sign, signing key).

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/aws/credentials.hpp"
#include "base/time.hpp"

namespace tocsin::aws {

using Headers = std::vector<std::pair<std::string, std::string>>;

// A request as it goes over the wire. Every header here is signed: what a proxy may change, such as
// User-Agent, is added after signing.
struct SignableRequest {
  std::string method;
  std::string path = "/";  // percent-encoded as sent
  std::string query;       // as sent, without the question mark; any order
  Headers headers;         // Host among them; no Authorization, no X-Amz-Date
  std::string_view body;
};

struct SigningScope {
  std::string region;   // "us-east-1"
  std::string service;  // the signing name: "monitoring", not "cloudwatch"
};

// S3 takes the path as sent and wants the hash of the body in a header; all others normalise the
// path and encode it once more.
struct SigningRules {
  bool normalize_path = true;
  bool encode_path = true;
  bool body_hash_header = false;
  bool sign_token = true;  // false: the token is added afterwards, unsigned

  [[nodiscard]] static SigningRules for_s3() { return {false, false, true, true}; }
};

struct Signature {
  Headers headers;  // to be added: X-Amz-Date, X-Amz-Security-Token, Authorization ...
  // For the explanation of a refused signature; the secret key is in neither.
  std::string canonical_request;
  std::string string_to_sign;
};

// `now` is the server's time as far as it is known: AWS refuses what is 5 minutes off.
[[nodiscard]] Signature sign(const SignableRequest& request, const Credentials& credentials,
                             const SigningScope& scope, Instant now,
                             const SigningRules& rules = {});

// Percent-encodes all but unreserved characters (RFC 3986, section 2.3), in upper-case hex.
[[nodiscard]] std::string uri_encode(std::string_view text, bool keep_slash);
// Lower-case hex.
[[nodiscard]] std::string sha256_hex(std::string_view text);

}  // namespace tocsin::aws

#pragma once
// What proves to AWS who asks. Values only: the chain that finds them is elsewhere.

#include <optional>
#include <string>

#include "base/time.hpp"

namespace tocsin::aws {

struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;   // secret
  std::string session_token;       // secret; "" for keys that last
  std::optional<Instant> expires;  // with a session token, as a rule
};

}  // namespace tocsin::aws

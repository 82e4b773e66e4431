#pragma once
// Names to addresses. Real: adapters/dns_cares.

#include <functional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "check/spec.hpp"

namespace tocsin::ports {

struct Resolved {
  enum class Kind : std::uint8_t {
    found,     // at least one address
    no_name,   // NXDOMAIN
    no_data,   // the name exists without an address of the wanted family
    no_answer  // timeout, SERVFAIL, refused, no server configured: the resolver's fault, or unclear
  };
  Kind kind = Kind::no_answer;
  std::vector<std::string> addresses;  // numeric, without brackets, best first (RFC 6724)
  std::string message;                 // what was seen, when not found
};

class Resolver {
 public:
  Resolver() = default;
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  virtual ~Resolver() = default;

  // Loop thread. `done` runs exactly once on the loop thread, never inline, at the latest at
  // `deadline` (then no_answer). Numeric addresses answer without a lookup. Lookups of the same
  // name and family that are in flight together are one lookup.
  virtual void resolve(const std::string& name, check::IpFamily family, MonoTime deadline,
                       std::move_only_function<void(Resolved)> done) = 0;
};

}  // namespace tocsin::ports

#pragma once
// Host names of checks to addresses, with the blame decided: whether a failed lookup makes the
// target down or the check unknown. One for all probers of a process, because the resolver's health
// shows in the lookups of other names.

#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "check/outcome.hpp"
#include "check/resolver_health.hpp"
#include "ports/loop.hpp"
#include "ports/resolver.hpp"

namespace tocsin::service {

struct LookupFailure {
  check::Reason reason = check::Reason::resolver;  // dns or resolver
  std::string message;                             // "lookup of db.internal: no such name"
};

// Loop thread. The ports outlive it; callbacks that are still under way when it ends are safe.
class Lookups {
 public:
  using Done =
      std::move_only_function<void(std::expected<std::vector<std::string>, LookupFailure>)>;

  Lookups(ports::Clock& clock, ports::Resolver& resolver);

  // `done` runs once on the loop thread, never inline, with at least one address or the failure.
  void resolve(const std::string& host, check::IpFamily family, MonoTime deadline, Done done);

 private:
  ports::Clock& clock_;
  ports::Resolver& resolver_;
  std::shared_ptr<check::ResolverHealth> health_;
};

}  // namespace tocsin::service

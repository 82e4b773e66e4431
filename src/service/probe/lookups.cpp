#include "service/probe/lookups.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/utf8.hpp"

namespace tocsin::service {
namespace {

check::Lookup lookup_of(const ports::Resolved& resolved) {
  switch (resolved.kind) {
    case ports::Resolved::Kind::found:
      return resolved.addresses.empty() ? check::Lookup::absent : check::Lookup::found;
    case ports::Resolved::Kind::no_name:
    case ports::Resolved::Kind::no_data:
      return check::Lookup::absent;
    case ports::Resolved::Kind::no_answer:
      break;
  }
  return check::Lookup::no_answer;
}

std::string_view family_name(check::IpFamily family) {
  switch (family) {
    case check::IpFamily::v4:
      return "an IPv4";
    case check::IpFamily::v6:
      return "an IPv6";
    case check::IpFamily::any:
      break;
  }
  return "any";
}

LookupFailure describe_failure(const std::string& host, check::IpFamily family,
                               const ports::Resolved& resolved, bool blames_name) {
  if (lookup_of(resolved) == check::Lookup::absent) {
    const std::string what =
        resolved.kind == ports::Resolved::Kind::no_name
            ? "no such name (NXDOMAIN)"
            : fmt::format("the name exists without {} address", family_name(family));
    return {check::Reason::dns, fmt::format("lookup of {}: {}", host, what)};
  }
  const std::string seen = resolved.message.empty() ? "no answer" : printable(resolved.message);
  if (blames_name) {
    return {check::Reason::dns,
            fmt::format("lookup of {}: {}, while lookups of other names succeed", host, seen)};
  }
  return {check::Reason::resolver,
          fmt::format("lookup of {}: {}; no lookup of another name has shown within the last "
                      "minute that a resolver answers at all",
                      host, seen)};
}

}  // namespace

Lookups::Lookups(ports::Clock& clock, ports::Resolver& resolver)
    : clock_(clock), resolver_(resolver), health_(std::make_shared<check::ResolverHealth>()) {}

void Lookups::resolve(const std::string& host, check::IpFamily family, MonoTime deadline,
                      Done done) {
  resolver_.resolve(
      host, family, deadline,
      [health = health_, &clock = clock_, host, family,
       done = std::move(done)](ports::Resolved resolved) mutable {
        const check::Lookup result = lookup_of(resolved);
        const bool blames_name = health->blames_name(host, result, clock.mono_now());
        if (result == check::Lookup::found) {
          done(std::move(resolved.addresses));
        } else {
          done(std::unexpected(describe_failure(host, family, resolved, blames_name)));
        }
      });
}

}  // namespace tocsin::service

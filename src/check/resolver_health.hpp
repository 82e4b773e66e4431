#pragma once
// Tells a name that does not resolve from a resolver that does not answer, so that a fault of ours
// never turns a target down.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace tocsin::check {

// What a lookup brought, as far as health goes.
enum class Lookup : std::uint8_t {
  found,
  absent,    // NXDOMAIN or no address of the family: an answer about the name
  no_answer  // timeout, SERVFAIL, refused, no server
};

// One per process; one thread. Memory does not grow with the number of names.
class ResolverHealth {
 public:
  static constexpr std::chrono::seconds kWindow{60};

  // Notes the result. True when the name (down) and not the resolver (unknown) is to blame:
  // absent always; no_answer only if some lookup of any name found an address within kWindow before
  // `now` and more than one name was ever looked up. Meaningless for found.
  bool blames_name(std::string_view name, Lookup result, MonoTime now);

 private:
  std::optional<std::string> first_name_;
  bool several_names_ = false;
  std::optional<MonoTime> last_found_;
};

}  // namespace tocsin::check

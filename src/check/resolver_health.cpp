#include "check/resolver_health.hpp"

namespace tocsin::check {

bool ResolverHealth::blames_name(std::string_view name, Lookup result, MonoTime now) {
  if (!first_name_) {
    first_name_ = name;
  }
  several_names_ = several_names_ || *first_name_ != name;
  switch (result) {
    case Lookup::found:
      last_found_ = now;
      return false;
    case Lookup::absent:
      return true;
    case Lookup::no_answer:
      break;
  }
  return several_names_ && last_found_ && now - *last_found_ <= kWindow;
}

}  // namespace tocsin::check

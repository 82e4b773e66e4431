#include "timer/rule.hpp"

#include <algorithm>

#include "check/glob.hpp"

namespace tocsin::timer {

const Rule* rule_for(std::span<const Rule> rules, std::string_view id) {
  const auto found = std::ranges::find_if(
      rules, [id](const Rule& rule) { return check::glob_matches(rule.match, id); });
  return found == rules.end() ? nullptr : &*found;
}

}  // namespace tocsin::timer

#pragma once
// Picks monitors by their labels, for silences and maintenance windows.

#include <string>
#include <string_view>
#include <vector>

#include "alert/event.hpp"
#include "base/result.hpp"

namespace tocsin::alert {

// Terms such as `team=shop`, `env!=staging`, `monitor=check*`; all must hold. The key is a label's
// name, or `monitor` or `kind`; the value is a pattern as in pat(): * ? [a-z]. A label that a
// monitor does not have counts as empty. No term at all picks every monitor.
class Selector {
 public:
  // Error (invalid): which term, what is wrong with it.
  [[nodiscard]] static Result<Selector> parse(const std::vector<std::string>& terms);

  [[nodiscard]] bool matches(std::string_view monitor, std::string_view kind,
                             const Labels& labels) const;
  [[nodiscard]] std::vector<std::string> terms() const;
  [[nodiscard]] bool empty() const { return terms_.empty(); }
  bool operator==(const Selector&) const = default;

 private:
  struct Term {
    std::string key;
    bool negated = false;
    std::string pattern;
    bool operator==(const Term&) const = default;
  };
  std::vector<Term> terms_;
};

}  // namespace tocsin::alert

#pragma once
// Keeps secrets out of what is written: every occurrence of a known secret becomes "***".

#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

// Immutable; safe to share between threads.
class Redactor {
 public:
  // Shorter values are no secrets: hiding them would eat half of every line.
  static constexpr std::size_t kShortestSecretBytes = 4;

  Redactor() = default;
  explicit Redactor(std::vector<std::string> secrets);

  [[nodiscard]] bool empty() const { return secrets_.empty(); }
  [[nodiscard]] std::string redact(std::string_view text) const;

 private:
  std::vector<std::string> secrets_;  // longest first, so that no part of a longer one is left over
};

}  // namespace tocsin

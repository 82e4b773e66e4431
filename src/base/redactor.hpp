#pragma once
// Keeps secrets out of what is written: every occurrence of a known secret becomes "***", also
// where it is escaped as in JSON or by printable(), and so does the beginning of one that clip()
// cut off.

#include <cstddef>
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
  struct Span {
    std::size_t begin = 0, end = 0;
  };
  // The parts of `text` to hide; they may overlap.
  [[nodiscard]] std::vector<Span> spans(std::string_view text) const;

  std::vector<std::string> secrets_;  // in every form in which they can appear, without repetition
};

}  // namespace tocsin

#pragma once
// Exact decimal numbers as they are written: compared digit by digit, never through a double, so
// that 9007199254740993 is not 9007199254740992 and 1.10 is 1.1. Views the text it was read from.

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tocsin::check {

class Decimal {
 public:
  // -?digits[.digits][e[+-]digits]: JSON's numbers and, beyond them, leading zeros ("010" is ten).
  // nullopt for anything else, and for an exponent beyond +-10^15, where nothing real lives.
  [[nodiscard]] static std::optional<Decimal> parse(std::string_view text);

  // By value: 1e2 == 100, 1.0 == 1, -0 == 0.
  [[nodiscard]] std::strong_ordering operator<=>(const Decimal& other) const;
  [[nodiscard]] bool operator==(const Decimal& other) const { return (*this <=> other) == 0; }

  [[nodiscard]] bool is_zero() const { return count_ == 0; }
  [[nodiscard]] bool is_negative() const { return negative_ && !is_zero(); }
  // No fraction remains: 5, 5.0 and 5e3 are whole, 0.5 is not.
  [[nodiscard]] bool is_whole() const;

 private:
  // The i-th significant digit from the most significant one; 0 beyond the last.
  [[nodiscard]] char digit(std::size_t i) const;

  bool negative_ = false;
  std::string_view digits_;    // significant digits, the point possibly among them
  std::size_t point_ = 0;      // where the point stands in digits_, or its size
  std::size_t count_ = 0;      // significant digits without the point; 0 is zero
  std::int64_t exponent_ = 0;  // value = 0.d1d2d3... * 10^exponent_
};

}  // namespace tocsin::check

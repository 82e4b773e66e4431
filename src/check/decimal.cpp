#include "check/decimal.hpp"

#include <algorithm>

namespace tocsin::check {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t count_digits(std::string_view text, std::size_t from) {
  std::size_t end = from;
  while (end < text.size() && is_digit(text[end])) {
    ++end;
  }
  return end - from;
}

// What follows the "e".
std::optional<std::int64_t> parse_exponent(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) {
    text.remove_prefix(1);
  }
  if (text.empty() || count_digits(text, 0) != text.size()) {
    return std::nullopt;
  }
  constexpr std::int64_t kLimit = 1'000'000'000'000'000;
  std::int64_t value = 0;
  for (const char c : text) {
    value = value * 10 + (c - '0');
    if (value > kLimit) {
      return std::nullopt;
    }
  }
  return negative ? -value : value;
}

}  // namespace

std::optional<Decimal> Decimal::parse(std::string_view text) {
  Decimal result;
  if (text.starts_with('-')) {
    result.negative_ = true;
    text.remove_prefix(1);
  }
  const std::size_t whole = count_digits(text, 0);
  std::size_t end = whole;
  if (whole == 0) {
    return std::nullopt;
  }
  if (end < text.size() && text[end] == '.') {
    const std::size_t fraction = count_digits(text, end + 1);
    if (fraction == 0) {
      return std::nullopt;
    }
    end += 1 + fraction;
  }
  std::int64_t exponent = 0;
  if (end < text.size()) {
    if (text[end] != 'e' && text[end] != 'E') {
      return std::nullopt;
    }
    const auto parsed = parse_exponent(text.substr(end + 1));
    if (!parsed) {
      return std::nullopt;
    }
    exponent = *parsed;
  }
  const std::string_view mantissa = text.substr(0, end);
  const std::size_t first = mantissa.find_first_not_of("0.");
  if (first == std::string_view::npos) {
    return result;  // zero
  }
  const std::size_t last = mantissa.find_last_not_of("0.");
  result.digits_ = mantissa.substr(first, last - first + 1);
  result.point_ = std::min(result.digits_.find('.'), result.digits_.size());
  result.count_ = result.digits_.size() - (result.point_ < result.digits_.size() ? 1U : 0U);
  // Places between the first significant digit and the point: negative for leading zeros behind it.
  const auto places = first < whole ? static_cast<std::int64_t>(whole - first)
                                    : -static_cast<std::int64_t>(first - whole - 1);
  result.exponent_ = places + exponent;
  return result;
}

char Decimal::digit(std::size_t i) const {
  if (i >= count_) {
    return '0';
  }
  return digits_[i < point_ ? i : i + 1];
}

bool Decimal::is_whole() const {
  return is_zero() || (exponent_ > 0 && static_cast<std::uint64_t>(exponent_) >= count_);
}

std::strong_ordering Decimal::operator<=>(const Decimal& other) const {
  const auto sign = [](const Decimal& d) { return d.is_zero() ? 0 : (d.negative_ ? -1 : 1); };
  if (sign(*this) != sign(other) || is_zero()) {
    return sign(*this) <=> sign(other);
  }
  const auto by_magnitude = [](const Decimal& a, const Decimal& b) -> std::strong_ordering {
    if (a.exponent_ != b.exponent_) {
      return a.exponent_ <=> b.exponent_;
    }
    const std::size_t count = std::max(a.count_, b.count_);
    for (std::size_t i = 0; i < count; ++i) {
      if (a.digit(i) != b.digit(i)) {
        return a.digit(i) <=> b.digit(i);
      }
    }
    return std::strong_ordering::equal;
  };
  return negative_ ? by_magnitude(other, *this) : by_magnitude(*this, other);
}

}  // namespace tocsin::check

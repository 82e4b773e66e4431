#pragma once
// Strict reading of query parameters: what is not known, repeated without meaning or out of range
// is a 400 that says so, never ignored.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "web/target.hpp"

namespace tocsin::web {

inline constexpr std::size_t kDefaultLimit = 100;
inline constexpr std::size_t kLargestLimit = 1000;

// Reads named parameters and remembers the first problem. Borrows the query.
class Params {
 public:
  explicit Params(const Query& query) : query_(query), used_(query.size(), false) {}

  // The value of a parameter that may be given once; an empty value is a problem.
  [[nodiscard]] std::optional<std::string_view> one(std::string_view name);
  [[nodiscard]] std::vector<std::string_view> all(std::string_view name);
  // `a=x,y` as its parts; empty parts are problems.
  [[nodiscard]] std::vector<std::string_view> comma_list(std::string_view name);
  [[nodiscard]] std::size_t limit();
  // Digits only, no sign, no overflow.
  [[nodiscard]] std::optional<std::uint64_t> number(std::string_view name, std::string code);

  void refuse(std::string code, std::string message);
  // Call last: the first problem found, or that of a parameter nobody asked for.
  [[nodiscard]] std::optional<Problem> problem();

 private:
  const Query& query_;
  std::vector<bool> used_;
  std::optional<Problem> problem_;
};

[[nodiscard]] std::optional<std::uint64_t> parse_unsigned(std::string_view text);

}  // namespace tocsin::web

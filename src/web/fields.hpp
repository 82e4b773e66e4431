#pragma once
// Strict reading of a request's JSON body: what is not known, repeated, of a wrong kind or out of
// range is a 400 invalid_body that says so, never ignored.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "check/json.hpp"
#include "web/request.hpp"

namespace tocsin::web {

// Reads named fields of one object and remembers the first problem. Borrows the body.
class Fields {
 public:
  // An empty body is an empty object.
  explicit Fields(std::string_view body);

  // nullopt when it is not there, or wrong: then there is a problem.
  [[nodiscard]] std::optional<std::string> text(std::string_view name, std::size_t most_bytes);
  [[nodiscard]] std::optional<bool> flag(std::string_view name);
  [[nodiscard]] std::optional<Milliseconds> duration(std::string_view name);  // "30m", above zero
  [[nodiscard]] std::optional<Instant> time(std::string_view name);           // RFC 3339
  // Missing when it is not there.
  [[nodiscard]] check::JsonValue any(std::string_view name);

  void refuse(std::string message);
  // Call last: the first problem found, or that of a field nobody asked for.
  [[nodiscard]] std::optional<Problem> problem();

 private:
  struct Field {
    std::string name;
    check::JsonValue value;
    bool used = false;
  };
  std::vector<Field> fields_;
  std::optional<Problem> problem_;
};

// A time from when to when, as `from` (now when left out) and `for` or `until` say it.
struct Period {
  Instant from{};
  Instant until{};
};
inline constexpr Milliseconds kLongestPeriod{std::chrono::hours{24 * 366}};
// nullopt when neither `for` nor `until` is given, or something is wrong: then there is a problem.
[[nodiscard]] std::optional<Period> read_period(Fields& fields, Instant now);

}  // namespace tocsin::web

#pragma once
// Our own failures as values. A failed check is an Outcome (check/outcome.hpp), never an Error.

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace tocsin {

// What callers branch on. Closed: add here only when some caller decides differently because of it.
enum class ErrorCode {
  invalid,      // the input is wrong; trying again cannot help
  not_found,    // the named thing does not exist
  conflict,     // somebody else holds or changed it
  unavailable,  // the other side refuses or is not there for now
  timeout,      // the deadline passed
  exhausted,    // a bound of ours was hit: queue, descriptors, memory
  cancelled,    // we stopped it
  internal,     // a defect or a library's surprise
};

// One failure with the trail of what was being done. `message` says what was tried, on what, what
// was seen and what to do next; with() adds the outer object in front, as the error travels up.
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;

  [[nodiscard]] Error with(std::string_view context) && {
    message = std::string(context) + ": " + message;
    return std::move(*this);
  }
  // Whether the same call may succeed later without anybody changing its input.
  [[nodiscard]] bool retryable() const {
    return code == ErrorCode::unavailable || code == ErrorCode::timeout ||
           code == ErrorCode::exhausted;
  }
};

template <typename T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}

[[nodiscard]] std::string_view to_string(ErrorCode code);

// Prints the broken expectation and aborts: on in release too, for defects only, never for input.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

}  // namespace tocsin

#define TOCSIN_ASSERT(condition) \
  ((condition) ? void(0) : ::tocsin::assertion_failed(#condition, __FILE__, __LINE__))

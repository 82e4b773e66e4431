#pragma once
// The compiled expectations of a monitor: conditions and captures, in Gatus's syntax, typed and
// failing closed. Immutable; evaluated on any thread.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "check/outcome.hpp"

namespace tocsin::check {

// What the response of a check offers to conditions. Absent: the kind does not provide it.
struct Response {
  std::optional<int> http_status;
  std::optional<bool> connected;
  std::optional<std::string_view> ip;
  std::optional<std::string_view> body;
  Microseconds response_time{0};
};

// Which placeholders a kind provides; others are errors at load.
struct Placeholders {
  bool status = false;  // [STATUS]
  bool body = false;    // [BODY]
  // [RESPONSE_TIME], [CONNECTED] and [IP] are always there
};
[[nodiscard]] Placeholders placeholders_of(std::string_view kind);

// A problem in one condition or capture, found at load.
struct AssertionProblem {
  std::size_t index = 0;  // which of the given texts
  bool warning = false;
  std::size_t offset = 0;  // bytes into the text where it begins
  std::string message;     // found, expected, what to write instead
  std::string rule;        // the same without anything of the text
};

struct CaptureText {
  std::string name;
  std::string expression;  // "[BODY].version"
};

class Assertions {
 public:
  struct Compiled {
    std::shared_ptr<const Assertions> assertions;  // null when there is any error
    std::vector<AssertionProblem> problems;        // index counts conditions, then captures
  };
  [[nodiscard]] static Compiled compile(const std::vector<std::string>& conditions,
                                        const std::vector<CaptureText>& captures,
                                        Placeholders available);
  [[nodiscard]] static std::shared_ptr<const Assertions> none();

  Assertions();
  ~Assertions();
  Assertions(const Assertions&) = delete;
  Assertions& operator=(const Assertions&) = delete;

  [[nodiscard]] bool empty() const;
  [[nodiscard]] bool reads_body() const;
  // A condition names [STATUS]: then a status outside 200 to 299 is not by itself `down`.
  [[nodiscard]] bool names_status() const;

  struct Verdict {
    bool passed = true;
    std::vector<ConditionResult> conditions;  // one per condition, in order
    std::vector<CapturedValue> values;
    std::string message;  // of the first failed condition and how many more failed; "" when passed
  };
  [[nodiscard]] Verdict evaluate(const Response& response) const;

 private:
  struct Program;
  std::unique_ptr<const Program> program_;
};

}  // namespace tocsin::check
